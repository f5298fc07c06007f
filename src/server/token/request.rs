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
use crate::server::scope::Requested;
use crate::wire::{Form, FormError, form_of};

/// An access token request that did not come as a form, from a gateway or a test. It has the grant type and, by name,
/// the parameters of the grant's RFC.
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
    /// Creates a request by this client, for this grant.
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

/// Reads the common parts of an access token request: the client, the grant type, and the form with the grant's
/// parameters.
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

/// The placeholder for a parameter that a grant does not have.
pub(super) const NONE: &str = "";

/// The parameters of a grant: [RFC 6749 §4], [§6].
///
/// [RFC 6749 §4]: https://www.rfc-editor.org/rfc/rfc6749#section-4
/// [§6]: https://www.rfc-editor.org/rfc/rfc6749#section-6
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Parameters<'a> {
    pub(super) form: Form<'a>,
    /// The key of the presented credential, if it can be one of ours.
    pub(super) presented: Option<Key>,
    /// The parameters that the rules of the grant name, in their order.
    pub(super) own: [Option<Cow<'a, str>>; 2],
    pub(super) scope: Option<Cow<'a, str>>,
    /// The authorization details, as JSON: [RFC 9396 §6].
    ///
    /// [RFC 9396 §6]: https://www.rfc-editor.org/rfc/rfc9396#section-6
    pub(super) authorization_details: Option<Cow<'a, str>>,
    /// The protected resources. [RFC 8707 §2]: "Multiple `resource` parameters MAY be used".
    ///
    /// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
    pub(super) resource: Vec<Cow<'a, str>>,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(
        form: Form<'a>,
        presents: Option<&'static str>,
        own: [&'static str; 2],
    ) -> Result<Self, FormError> {
        let [first, second] = own;
        let names = [presents.unwrap_or(NONE), first, second, "scope", "authorization_details"];
        let ([presented, first, second, scope, details], resource) = form.params_and_all(names, "resource");
        let presented = match (presented?, presents) {
            (None, Some(presents)) => return Err(FormError::Missing(presents)),
            (presented, _) => presented.as_deref().and_then(Key::of),
        };
        let (own, authorization_details) = ([first?, second?], details?);
        Ok(Self { form, presented, own, scope: scope?, authorization_details, resource })
    }

    /// Returns the terms that the request asks for.
    pub(super) fn requested(&self) -> Requested<'_, Cow<'a, str>> {
        let (scope, authorization_details) = (self.scope.as_deref(), self.authorization_details.as_deref());
        Requested { scope, resource: &self.resource, authorization_details }
    }
}
