//! The user code, as the person enters it on the verification page: [RFC 8628 §3.3].
//!
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use std::sync::Arc;

use super::error::DevicePageError;
use super::prompt::DevicePrompt;
use crate::effect::{Answer, Outage};
use crate::model::{ClientId, Moment, Timestamp, UserCode};
use crate::record::{Client, PendingKind, PendingRequest, Version};
use crate::server::authorize::{AuthorizationClient, AuthorizationPageError, AuthorizeFetch, identify};
use crate::server::{Config, Server};
use crate::step::{Pause, Step, machine};
use crate::store::{Found, Lookup, RequestKey};

machine! {
    /// The machine of the verification page. It has no `Commit`: nothing is written before the person decides.
    ///
    /// ```text
    /// user code ─▶ Lookup (the request) ─▶ Lookup (its client) ─▶ [Fetch] ─▶ Ask(DevicePrompt) │ Refuse(error)
    /// ```
    ///
    /// The machine draws nothing from its moment.
    VerifyUserCode<'a> {
        Lookup = VerifyUserCodeLookup<'a>,
        Fetch = AuthorizeFetch<'a, VerifyUserCodeRequest>,
        Reply = VerifyUserCodeReply,
    }
}

/// The result of entering a user code.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is a reply, moved once")]
#[must_use = "the person is to be asked, or to be told"]
pub enum VerifyUserCodeReply {
    /// A device waits with this code: log the person in, if that was not done before, and ask.
    Ask(DevicePrompt),
    /// There is nothing to ask. Show [`DevicePageError::description`], and count what
    /// [may be a guess](DevicePageError::is_guess).
    Refuse(DevicePageError),
}

impl Server {
    /// Finds the request that a person has typed the user code of, on the page at
    /// [`verification_uri`](super::DeviceConfig::verification_uri): [RFC 8628 §3.3]. `run` returns a
    /// [`VerifyUserCodeReply`].
    ///
    /// A code that came with `verification_uri_complete` is put into the page's field, and comes here once the person
    /// has confirmed it. The host must let somebody who tries many codes wait ([RFC 8628 §5.1]).
    ///
    /// [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3
    /// [RFC 8628 §5.1]: https://www.rfc-editor.org/rfc/rfc8628#section-5.1
    pub fn verify_user_code(&self, user_code: &str, moment: Moment) -> Step<VerifyUserCode<'_>> {
        if self.config.device.is_none() {
            return refuse(DevicePageError::NotConfigured);
        }
        let Ok(user_code) = UserCode::parse(user_code) else { return refuse(DevicePageError::UserCodeMalformed) };
        let lookup = Lookup::of_request(RequestKey::UserCode(user_code.key()));
        let now = moment.now();
        Step::Lookup(VerifyUserCodeLookup { lookup, user_code, request: None, now, config: &self.config })
    }
}

fn refuse<'a>(error: DevicePageError) -> Step<VerifyUserCode<'a>> {
    Step::Done(VerifyUserCodeReply::Refuse(error))
}

/// Waits for the request with this user code, and then for its client's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct VerifyUserCodeLookup<'a> {
    lookup: Lookup,
    user_code: UserCode,
    /// The request, once it is found.
    request: Option<Arc<PendingRequest>>,
    now: Timestamp,
    config: &'a Config,
}

impl<'a> Pause<Lookup> for VerifyUserCodeLookup<'a> {
    type Machine = VerifyUserCode<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<VerifyUserCode<'a>> {
        match (self.request.clone(), answer) {
            (Some(request), answer) => {
                let client_id = request.client_id.clone();
                identify(self.config, client_id, answer, VerifyUserCodeRequest { user_code: self.user_code, request })
            }
            (None, Ok(found)) => self.found_request(&found),
            (None, Err(cause)) => refuse(DevicePageError::Unavailable(Outage::of::<Lookup>(cause))),
        }
    }
}

impl<'a> VerifyUserCodeLookup<'a> {
    fn found_request(self, found: &Found) -> Step<VerifyUserCode<'a>> {
        let Some(presented) = found.request(RequestKey::UserCode(self.user_code.key())) else {
            return refuse(DevicePageError::UserCodeUnknown);
        };
        if !presented.is_alive(self.now) {
            return refuse(DevicePageError::Ended);
        }
        let request = Arc::clone(&presented.request);
        let lookup = Lookup::of_client(request.client_id.clone());
        Step::Lookup(Self { lookup, request: Some(request), ..self })
    }
}

/// A device's request whose client is being identified.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct VerifyUserCodeRequest {
    user_code: UserCode,
    request: Arc<PendingRequest>,
}

impl<'a> AuthorizationClient<'a> for VerifyUserCodeRequest {
    type Machine = VerifyUserCode<'a>;

    fn identified(self, client: Arc<Client>, _: &Found) -> Step<VerifyUserCode<'a>> {
        let Self { user_code, request } = self;
        let PendingKind::Device(device) = &request.kind else { return refuse(DevicePageError::UserCodeUnknown) };
        Step::Done(VerifyUserCodeReply::Ask(DevicePrompt {
            version: Version,
            client_id: client.client_id.clone(),
            client_name: client.client_name.clone(),
            client_is_self_registered: client.is_self_registered(),
            user_code,
            asked: request.asked.clone(),
            issued_at: request.issued_at,
            asked_from: device.asked_from.clone(),
            expires_at: request.expires_at,
            key: request.key,
        }))
    }

    fn unidentified(self, _: ClientId, error: AuthorizationPageError) -> Step<VerifyUserCode<'a>> {
        refuse(DevicePageError::of_client(error))
    }
}
