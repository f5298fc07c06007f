//! The resource owner password credentials grant: [RFC 6749 §4.3].
//!
//! As [RFC 9700 §2.4] puts it: "The resource owner password credentials grant [...] MUST NOT be used." It exists for
//! servers that must support such clients until they have migrated, and is off unless both the configuration and the
//! client name it.
//!
//! [RFC 6749 §4.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3
//! [RFC 9700 §2.4]: https://www.rfc-editor.org/rfc/rfc9700#section-2.4

use std::borrow::Cow;
use std::sync::Arc;

use super::{Opened, Presents, Rules, Token, TokenEndpoint, TokenError, unavailable};
use crate::consult::{Owner, Password};
use crate::effect::Answer;
use crate::model::{Secret, is_unicodecharnocrlf};
use crate::record::Client;
use crate::step::{Pause, Step};
use crate::wire::FormError;

pub(super) const RULES: &Rules = &Rules {
    presents: Presents::Nothing,
    parameters: ["username", "password"],
    check: |mut endpoint, client, _| {
        let client = client.into_client();
        match question(std::mem::take(&mut endpoint.parameters.own), Arc::clone(&client)) {
            Ok(question) => Step::Password(TokenPassword { question, endpoint }),
            Err(error) => endpoint.refuse(client.client_id.clone(), error.into()),
        }
    },
};

/// Makes the question for the host. [RFC 6749 §4.3.2]: "validate the resource owner password credentials using its
/// existing password validation algorithm", which belongs to the host, as does the protection "against brute force
/// attacks".
///
/// [RFC 6749 §4.3.2]: https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2
fn question(sent: [Option<Cow<'_, str>>; 2], client: Arc<Client>) -> Result<Password, FormError> {
    let [username, password] = sent;
    let username = typed_by_a_person(username, "username")?.into_owned();
    let password = Secret::new(typed_by_a_person(password, "password")?).into_static();
    Ok(Password { client, username, password })
}

/// Checks a user name or password: [RFC 6749 appendix A.15], [A.16]: `*UNICODECHARNOCRLF`
///
/// [RFC 6749 appendix A.15]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.15
/// [A.16]: https://www.rfc-editor.org/rfc/rfc6749#appendix-A.16
fn typed_by_a_person<'a>(value: Option<Cow<'a, str>>, name: &'static str) -> Result<Cow<'a, str>, FormError> {
    let value = value.ok_or(FormError::Missing(name))?;
    if value.chars().all(is_unicodecharnocrlf) { Ok(value) } else { Err(FormError::Characters(name)) }
}

/// Waits for the host to check a resource owner's password.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenPassword<'a> {
    question: Password,
    endpoint: TokenEndpoint<'a>,
}

impl<'a> Pause<Password> for TokenPassword<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Password {
        &self.question
    }

    fn resume(self, answer: Answer<Password>) -> Step<Token<'a>> {
        let Self { question: Password { client, .. }, mut endpoint } = self;
        let client_id = client.client_id.clone();
        let plan = match answer {
            Err(cause) => return unavailable::<Password>(endpoint.reader, client_id, cause),
            Ok(Owner::Refused) => Err(TokenError::PasswordRefused),
            Ok(Owner::Subject(subject)) => {
                endpoint.open(client, Opened { subject: Some(subject), refresh_token: true, ..Opened::default() })
            }
        };
        endpoint.conclude(client_id, plan.map_err(Into::into))
    }
}
