//! Extension grants: [RFC 6749 §4.5]. The host judges the assertion; everything else is the same as for any grant.
//!
//! [RFC 6749 §4.5]: https://www.rfc-editor.org/rfc/rfc6749#section-4.5

use std::collections::BTreeSet;

use super::request::NONE;
use super::{Opened, Presents, Rules, Token, TokenEndpoint, TokenError, unavailable};
use crate::consult::{Extension, ExtensionGrant, ExtensionVerdict};
use crate::effect::Answer;
use crate::model::Secret;
use crate::server::issue::Plan;
use crate::step::{Pause, Step};
use crate::wire::{Form, FormError};

pub(super) const RULES: &Rules = &Rules {
    presents: Presents::Nothing,
    parameters: [NONE, NONE],
    check: |endpoint, client, _| {
        let client = client.into_client();
        match parameters(endpoint.parameters.form) {
            Ok(parameters) => {
                let grant_type = endpoint.grant_type.clone();
                let question = Extension { client, grant_type, parameters };
                Step::Extension(TokenExtension { question, endpoint })
            }
            Err(error) => endpoint.refuse(client.client_id.clone(), error.into()),
        }
    },
};

/// Reads the parameters that only the host understands. [RFC 8707 §2] and [RFC 8693 §2.1] say which of them may repeat.
///
/// [RFC 8707 §2]: https://www.rfc-editor.org/rfc/rfc8707#section-2
/// [RFC 8693 §2.1]: https://www.rfc-editor.org/rfc/rfc8693#section-2.1
fn parameters(form: Form<'_>) -> Result<Vec<(String, Secret<'static>)>, FormError> {
    let (mut seen, mut parameters) = (BTreeSet::new(), Vec::new());
    for (name, value) in form.pairs().filter(|(name, _)| *name != "client_id" && *name != "client_secret") {
        if !matches!(&*name, "resource" | "audience") && !seen.insert(name.clone()) {
            return Err(FormError::Repeated("of the extension grant"));
        }
        let value = value.ok_or(FormError::Encoding("of the extension grant"))?;
        if !value.is_empty() {
            parameters.push((name.into_owned(), Secret::new(value).into_static()));
        }
    }
    Ok(parameters)
}

/// Waits for the host to judge an extension grant.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct TokenExtension<'a> {
    question: Extension,
    endpoint: TokenEndpoint<'a>,
}

impl<'a> Pause<Extension> for TokenExtension<'a> {
    type Machine = Token<'a>;

    fn effect(&self) -> &Extension {
        &self.question
    }

    fn resume(self, answer: Answer<Extension>) -> Step<Token<'a>> {
        let Self { question: Extension { client, .. }, mut endpoint } = self;
        let client_id = client.client_id.clone();
        let plan = match answer {
            Err(cause) => return unavailable::<Extension>(endpoint.reader, client_id, cause),
            Ok(ExtensionVerdict::Refuse(refusal)) => Err(TokenError::ExtensionRefused(refusal)),
            Ok(ExtensionVerdict::Grant(granted)) => {
                let ExtensionGrant { subject, refresh_token, authentication, data, claims, response_members } = granted;
                let plan = endpoint.open(client, Opened { subject, authentication, data, refresh_token });
                plan.map(|plan| Plan { claims, response_members, ..plan })
            }
        };
        endpoint.conclude(client_id, plan.map_err(Into::into))
    }
}
