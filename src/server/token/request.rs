//! The access token request: [RFC 6749 §3.2].
//!
//! [RFC 6749 §3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-3.2

use http::Request;

use crate::model::{GrantType, Secret};
use crate::server::client_auth::ClientAuthentication;
use crate::server::error::EndpointError;
use crate::server::request::form;
use crate::wire::{Form, FormError, form_of};

/// An access token request that did not come as a form: from a gateway, or a test. The grant is named, and its parameters are those of its
/// RFC, by name.
///
/// ```
/// use grantor::model::{ClientId, GrantType};
/// use grantor::server::{ClientAuthentication, ClientAuthenticationMethod, TokenRequest};
///
/// # fn main() -> Result<(), grantor::model::SyntaxError> {
/// let client = ClientAuthentication::new(ClientId::parse("app")?, ClientAuthenticationMethod::None);
/// let request = TokenRequest::new(client, &GrantType::RefreshToken).parameter("refresh_token", "tGzv3JOkF0XG5Qx2TlKWIA");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing happens until it is handed to the server"]
pub struct TokenRequest {
    pub(super) client: ClientAuthentication<'static>,
    form: Secret<'static>,
}

impl TokenRequest {
    /// A request by this client, for this grant.
    pub fn new(client: ClientAuthentication<'static>, grant_type: &GrantType) -> Self {
        Self { client, form: Secret::new(form_of([("grant_type", grant_type.as_str())])) }
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

/// Who asks, and the parameters.
pub(super) fn read<'a, B: AsRef<[u8]>>(
    request: &'a Request<B>,
) -> Result<(ClientAuthentication<'a>, Form<'a>), EndpointError> {
    let form = form(request)?;
    Ok((ClientAuthentication::read(request.headers(), form)?, form))
}
