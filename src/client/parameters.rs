//! The parameters that a client may add to a request of any kind.

use crate::model::{Resource, Scope};
use crate::wire::PostForm;

/// The parameters of a request that is not sent yet.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    pub(super) form: PostForm,
    pub(super) scope: Option<Scope>,
}

impl Parameters {
    pub(super) fn new() -> Self {
        Self { form: PostForm::new(), scope: None }
    }

    /// With the empty scope, the server's default is asked for: RFC 6749 §3.3.
    pub(super) fn scope(&mut self, scope: Scope) {
        self.scope = Some(scope).filter(|scope| !scope.is_empty());
    }

    /// RFC 8707 §2.
    pub(super) fn resource(&mut self, resource: &Resource) {
        self.append("resource", resource.as_str());
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.form.append(name, value);
    }

    /// The form, and the scope that is asked for.
    pub(super) fn finish(self) -> (PostForm, Option<Scope>) {
        let Self { mut form, scope } = self;
        form.append_optional("scope", scope.as_ref().map(Scope::as_str));
        (form, scope)
    }
}
