//! The parameters that a client may add to a request of any kind.

use crate::model::{AuthorizationDetails, Resource, Scope};
use crate::wire::PostForm;

/// The parameters of a request that is not sent yet.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    form: PostForm,
    scope: Option<Scope>,
    resource: Vec<Resource>,
    authorization_details: Option<AuthorizationDetails>,
    /// True if there are others than the grant's own, scope and resource.
    pub(super) has_further: bool,
}

impl Parameters {
    pub(super) fn new() -> Self {
        Self {
            form: PostForm::new(),
            scope: None,
            resource: Vec::new(),
            authorization_details: None,
            has_further: false,
        }
    }

    /// Sets the scope; an empty one asks for the server's default: [RFC 6749 §3.3].
    ///
    /// [RFC 6749 §3.3]: https://www.rfc-editor.org/rfc/rfc6749#section-3.3
    pub(super) fn scope(&mut self, scope: Scope) {
        self.scope = Some(scope).filter(|scope| !scope.is_empty());
    }

    /// Adds a protected resource: [RFC 8707 §2].
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    pub(super) fn resource(&mut self, resource: Resource) {
        self.append("resource", resource.as_str());
        self.resource.push(resource);
    }

    /// Sets the authorization details: [RFC 9396 §6]. An empty list is sent too, and asks for none.
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    pub(super) fn authorization_details(&mut self, details: AuthorizationDetails) {
        self.authorization_details = Some(details);
    }

    /// The authorization details, if set.
    pub(super) fn details(&self) -> Option<&AuthorizationDetails> {
        self.authorization_details.as_ref()
    }

    /// Adds a parameter by its name. `resource` counts as a resource, however it is added.
    pub(super) fn further(&mut self, name: &str, value: &str) {
        match Resource::parse(value) {
            Ok(resource) if name == "resource" => self.resource(resource),
            _ => {
                self.append(name, value);
                self.has_further = true;
            }
        }
    }

    pub(super) fn append(&mut self, name: &str, value: &str) {
        self.form.append(name, value);
    }

    /// Returns the form, the scope and the resources of the request. If no resource was named, these known ones are
    /// sent.
    pub(super) fn finish(mut self, known: Vec<Resource>) -> (PostForm, Option<Scope>, Vec<Resource>) {
        if self.resource.is_empty() {
            known.into_iter().for_each(|resource| self.resource(resource));
        }
        let Self { mut form, scope, resource, authorization_details, .. } = self;
        form.append_optional("scope", scope.as_ref().map(Scope::as_str));
        form.append_optional("authorization_details", authorization_details.map(|it| it.to_string()).as_deref());
        (form, scope, resource)
    }
}
