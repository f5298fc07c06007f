//! The access token request: [RFC 6749 §3.2].
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

use std::borrow::Cow;

use http::Request;

use crate::model::{GrantType, Secret};
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

/// What every access token request has: who asks, by which grant, and the parameters, of which each grant reads its
/// own.
pub(super) fn read<'a, B: AsRef<[u8]>>(
    request: &'a Request<B>,
) -> Result<(ClientAuthentication<'a>, Cow<'a, str>, Form<'a>), EndpointError> {
    let form = form(request)?;
    let [client_id, client_secret, grant_type] = form.params(["client_id", "client_secret", "grant_type"]);
    let client = ClientAuthentication::read(request.headers(), client_id, client_secret)?;
    Ok((client, grant_type?.ok_or(FormError::Missing("grant_type"))?, form))
}
