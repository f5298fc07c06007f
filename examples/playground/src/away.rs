//! The requests with which a client sends the browser to the authorization server.

use grantor::client::AuthorizationRequest;
use grantor::model::{AuthorizationDetails, Metadata, PromptValue, ResponseMode, Secret};
use grantor::{Pause as _, Step};
use serde_json::{Value, json};

use crate::clients::{PAYMENT, Who};
use crate::deeds::{moment, sentence};
use crate::message;
use crate::registration;
use crate::runs::{Held, Waiting};
use crate::stage::Stage;
use crate::trace::Lane;

/// The kind of authorization request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Away {
    /// The browser comes back with a code.
    Code,
    /// The browser posts the code.
    FormPost,
    /// The browser comes back with a token.
    Implicit,
    /// The browser comes back with a code, to a client that has registered itself.
    Registered,
    /// The request is pushed, and the browser has a reference to it.
    Pushed,
    /// The same, for two transactions at once.
    Rich,
    /// The request is pushed, and is to be answered without a page.
    Silent,
}

impl Away {
    /// The application that asks.
    pub(crate) fn who(self) -> Who {
        match self {
            Self::Code | Self::FormPost => Who::Printer,
            Self::Implicit => Who::Gallery,
            Self::Registered => Who::Poster,
            Self::Pushed | Self::Rich | Self::Silent => Who::Studio,
        }
    }

    /// Returns the URL to which the browser is to be sent: RFC 6749 §4.1.1, §4.2.1. The client keeps what the callback
    /// needs.
    ///
    /// # Errors
    /// The error is a sentence.
    pub(crate) async fn begin(self, stage: &Stage, held: &mut Held) -> Result<String, String> {
        let (who, playground) = (self.who(), &stage.place.playground);
        let (client, clients) = (registration::client(stage, held, who).await?, &playground.clients);
        if self == Self::Implicit {
            let request = AuthorizationRequest::new(clients.callback_implicit.clone()).scope(clients.read.clone());
            let (url, pending) = client.begin_implicit(request, moment()?).map_err(sentence)?;
            held.waiting = Some(Waiting::Implicit(who, pending));
            return Ok(url);
        }
        let resources = playground.api.audience();
        let request = AuthorizationRequest::new(clients.callback.clone()).scope(clients.read_write.clone());
        let request = resources.resources().iter().cloned().fold(request, AuthorizationRequest::resource);
        let request = match self {
            Self::FormPost => request.response_mode(ResponseMode::FormPost),
            Self::Rich => request.authorization_details(payments(&["Prints Ltd", "Frames Ltd"])?),
            // A server that knows the type of the transaction is told it.
            Self::Pushed if knows_payments(client.server()) => {
                request.authorization_details(payments(&["Prints Ltd"])?)
            }
            // It asks for the scope that it was given before, and for no other payment.
            Self::Silent => {
                let given = held.tokens.as_ref().and_then(|tokens| tokens.scope()).cloned();
                request.scope(given.unwrap_or_default()).prompt([PromptValue::None])
            }
            Self::Code | Self::Implicit | Self::Registered | Self::Pushed => request,
        };
        let is_pushed = matches!(self, Self::Pushed | Self::Rich | Self::Silent);
        if !is_pushed && !client.server().require_pushed_authorization_requests {
            let (url, pending) = client.begin(request, moment()?).map_err(sentence)?;
            held.waiting = Some(Waiting::Code(who, pending));
            return Ok(url);
        }
        let step = client.push(request, moment()?);
        if let Step::Fetch(pause) = &step {
            stage.recorder.step(|| message::drawn(pause.effect().request().body()));
        }
        let pushed = step.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
        held.waiting = Some(Waiting::Code(who, pushed.pending));
        held.pushed = Some(Secret::new(pushed.url.clone()));
        Ok(pushed.url)
    }
}

fn knows_payments(server: &Metadata) -> bool {
    server.authorization_details_types_supported.iter().flatten().any(|name| name == PAYMENT)
}

/// Returns the details of a payment to each of these.
fn payments(creditors: &[&str]) -> Result<AuthorizationDetails, String> {
    let payment = |creditor: &&str| {
        json!({
            "type": PAYMENT,
            "instructedAmount": { "amount": "12.50", "currency": "EUR" },
            "creditorName": creditor,
            "actions": ["initiate", "status"],
        })
    };
    serde_json::from_value(creditors.iter().map(payment).collect::<Value>()).map_err(sentence)
}
