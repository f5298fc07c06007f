//! The access token request: [RFC 6749 §3.2].
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

use std::borrow::Cow;

use http::Request;

use crate::model::{GrantType, Key, Secret};
use crate::server::Config;
use crate::server::client_auth::ClientAuthentication;
use crate::server::error::EndpointError;
use crate::server::request::form;
use crate::wire::{Form, FormError, form_of};

/// An access token request that did not come as a form: from a gateway, or a test. The grant is named, and its
/// parameters are those of its RFC, by name.
///
/// ```
/// use grantor::model::{ClientId, GrantType};
/// use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, TokenRequest};
///
/// # fn main() -> Result<(), grantor::model::SyntaxError> {
/// let client = ClientAuthentication::new(ClientId::parse("app")?, ClientAuthenticationMethod::None);
/// let request = TokenRequest::new(client, &GrantType::RefreshToken);
/// let request = request.parameter("refresh_token", "tGzv3JOkF0XG5Qx2TlKWIA");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is handed to the server"]
pub struct TokenRequest {
    pub(super) client: ClientAuthentication<'static>,
    pub(super) grant_type: GrantType,
    form: Secret<'static>,
}

impl TokenRequest {
    /// A request by this client, for this grant.
    pub fn new(client: ClientAuthentication<'static>, grant_type: &GrantType) -> Self {
        let form = Secret::new(form_of([("grant_type", grant_type.as_str())]));
        Self { client, grant_type: grant_type.clone(), form }
    }

    /// Adds a parameter.
    pub fn parameter(self, name: &str, value: &str) -> Self {
        let form = format!("{}&{}", self.form.expose(), form_of([(name, value)]));
        Self { form: Secret::new(form), ..self }
    }

    pub(super) fn form(&self) -> Result<Form<'_>, FormError> {
        Form::new(self.form.expose().as_bytes())
    }
}

/// What every access token request has: who asks, by which grant, and the form, which has the parameters of the grant.
pub(super) fn read<'a, B: AsRef<[u8]>>(
    config: &Config,
    request: &'a Request<B>,
) -> Result<(ClientAuthentication<'a>, Cow<'a, str>, Form<'a>), EndpointError> {
    config.cross_origin.check(request)?;
    let form = form(request)?;
    let [client_id, client_secret, grant_type] = form.params(["client_id", "client_secret", "grant_type"]);
    let client = ClientAuthentication::read(config.client_authentication, request.headers(), client_id, client_secret)?;
    Ok((client, grant_type?.ok_or(FormError::Missing("grant_type"))?, form))
}

/// The name that no parameter has.
pub(super) const NONE: &str = "";

/// The parameters of a grant: RFC 6749 §4, §6.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Parameters<'a> {
    pub(super) form: Form<'a>,
    /// What is presented, if it can be a credential of ours.
    pub(super) presented: Option<Key>,
    /// Those that the rules of the grant name, in their order.
    pub(super) own: [Option<Cow<'a, str>>; 2],
    pub(super) scope: Option<Cow<'a, str>>,
    /// RFC 8707 §2: "Multiple `resource` parameters MAY be used".
    pub(super) resource: Vec<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(form: Form<'a>, presents: &'static str, own: [&'static str; 2]) -> Result<Self, FormError> {
        let [first, second] = own;
        let ([presented, first, second, scope], resource) =
            form.params_and_all([presents, first, second, "scope"], "resource");
        let presented = match presented? {
            None if presents != NONE => return Err(FormError::Missing(presents)),
            presented => presented.as_deref().and_then(Key::of),
        };
        Ok(Self { form, presented, own: [first?, second?], scope: scope?, resource })
    }
}
