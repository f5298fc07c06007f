//! The decision of the person who entered the user code: [RFC 8628 §3.3].
//!
//! Time has passed since the [`DevicePrompt`] was made, and the host has kept it meanwhile. The request and, for an
//! approval, the client and its permissions are looked up and checked again. A denial is the person's alone: it is
//! written whatever became of the client, and however long the server of its metadata document keeps silent.
//!
//! [RFC 8628 §3.3]: https://www.rfc-editor.org/rfc/rfc8628#section-3.3

use std::sync::Arc;

use super::error::DevicePageError;
use super::may_use_the_grant;
use super::prompt::DevicePrompt;
use super::reply::{Decided, DeviceDecisionReply};
use crate::effect::{Answer, Effect, Outage, Unavailable};
use crate::model::{ClientId, GrantType, Key, Moment};
use crate::record::{
    Asked, AuthorizationCode, Client, Credential, CredentialKind, PendingKind, PendingRequest, Version,
};
use crate::server::authorize::{
    Approval, AuthorizationClient, AuthorizationError, AuthorizationPageError, AuthorizeFetch, granted, identify,
};
use crate::server::{Config, Server};
use crate::step::{Pause, Step, machine};
use crate::store::{Change, Commit, Found, Lookup, Outcome, RequestKey};

machine! {
    /// The machine that carries out a decision about a device.
    ///
    /// ```text
    /// approve ─▶ Lookup ─▶ [Fetch] ─▶ Commit ─▶ reply
    /// deny    ─▶ Lookup ─▶ Commit ─▶ reply
    ///            ▲              │ the device polled meanwhile: at most three times
    ///            └──────────────┘
    /// ```
    ///
    /// The machine draws the id of the grant from its moment, if the request is approved.
    DeviceDecision<'a> {
        Lookup = DeviceDecisionLookup<'a>,
        Fetch = AuthorizeFetch<'a, DeviceDecided<'a>>,
        Commit = DeviceDecisionCommit<'a>,
        Reply = DeviceDecisionReply,
    }
}

/// The number of times that a denial is tried again when a poll comes between its read and its write.
const RETRIES: u8 = 3;

impl DevicePrompt {
    /// Carries out the approval of the person who entered the user code. The device gets its tokens when it polls next.
    ///
    /// `run` returns a [`DeviceDecisionReply`].
    pub fn approve(self, server: &Server, approval: Approval, moment: Moment) -> Step<DeviceDecision<'_>> {
        self.decide(server, Some(approval), moment)
    }

    /// Carries out the denial. The device is told `access_denied` when it polls next.
    ///
    /// `run` returns a [`DeviceDecisionReply`].
    pub fn deny(self, server: &Server, moment: Moment) -> Step<DeviceDecision<'_>> {
        self.decide(server, None, moment)
    }

    fn decide(self, server: &Server, approval: Option<Approval>, moment: Moment) -> Step<DeviceDecision<'_>> {
        let Self { client_id, asked, key, .. } = self;
        let config = &server.config;
        DeviceDecided { config, client_id, asked, key, approval, retries: RETRIES, moment }.look_up()
    }
}

/// A decision that is being carried out, which every state has.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct DeviceDecided<'a> {
    config: &'a Config,
    client_id: ClientId,
    /// The terms, as the person saw them.
    asked: Asked,
    /// The key of the device code.
    key: Key,
    /// The approval; `None` for a denial.
    approval: Option<Approval>,
    /// The number of times that a denial may still be tried again.
    retries: u8,
    moment: Moment,
}

impl<'a> DeviceDecided<'a> {
    fn look_up(self) -> Step<DeviceDecision<'a>> {
        let request = RequestKey::Key(self.key);
        let lookup = match self.approval {
            Some(_) => Lookup::of_client(self.client_id.clone()).with_request(request),
            None => Lookup::of_request(request),
        };
        Step::Lookup(DeviceDecisionLookup { lookup, decided: self })
    }

    /// Carries the decision out if the request still waits: an approval for this client, or a denial.
    fn carry_out(self, client: Option<&Client>, found: &Found) -> Step<DeviceDecision<'a>> {
        let presented = found.request(RequestKey::Key(self.key));
        let presented = presented
            .filter(|presented| presented.is_alive(self.moment.now()) && presented.request.client_id == self.client_id);
        let Some(presented) = presented else { return self.end(Err(DevicePageError::Ended)) };
        let request = &presented.request;
        match (client, self.approval.clone()) {
            (Some(client), Some(approval)) if may_use_the_grant(self.config, client) => {
                self.approve(client, approval, request)
            }
            (Some(_), Some(_)) => self.deny(request, AuthorizationError::UnauthorizedClient),
            _ => self.deny(request, AuthorizationError::AccessDenied),
        }
    }

    fn end(self, outcome: Result<Decided, DevicePageError>) -> Step<DeviceDecision<'a>> {
        Step::Done(DeviceDecisionReply { client_id: self.client_id, outcome })
    }

    /// Ends in an outage: the outcome is not known.
    fn unavailable<E: Effect>(self, cause: Unavailable) -> Step<DeviceDecision<'a>> {
        self.end(Err(DevicePageError::Unavailable(Outage::of::<E>(cause))))
    }

    fn spend(&self) -> Change {
        Change::SpendRequest { key: self.key, at: self.moment.now() }
    }

    /// Opens the grant, in the request's partition, and issues its code under the key of the device code.
    fn approve(mut self, client: &Client, approval: Approval, request: &PendingRequest) -> Step<DeviceDecision<'a>> {
        let granted = match granted(self.config, client, &self.asked, &approval) {
            Ok(granted) => granted,
            Err(error) => return self.deny(request, error),
        };
        let (grant_type, partition) = (GrantType::DeviceCode, Some(self.key.partition));
        let grant = approval.open(self.config, client, grant_type, granted, partition, &mut self.moment);
        let expires_at = grant.at_most(request.expires_at);
        let code = Credential {
            version: Version,
            revision: 0,
            key: self.key,
            grant: grant.id,
            kind: CredentialKind::AuthorizationCode(AuthorizationCode::default()),
            scope: grant.scope.clone(),
            audience: grant.audience.clone(),
            issued_at: self.moment.now(),
            expires_at,
        };
        let open = Change::Open { grant: Arc::clone(&grant), until: expires_at };
        let changes = [self.spend(), open, Change::Issue(Arc::new(code))].into_iter().collect();
        self.write(Commit::in_one_partition(changes), Decided::Approved(grant))
    }

    /// Writes the denial in the request, so that whoever reads that alone knows it from an approval, and spends it.
    fn deny(self, request: &PendingRequest, error: AuthorizationError) -> Step<DeviceDecision<'a>> {
        let mut denied = request.next();
        if let PendingKind::Device(device) = &mut denied.kind {
            device.denied = true;
        }
        let changes = [Change::PutRequest(Arc::new(denied)), self.spend()].into_iter().collect();
        self.write(Commit::in_one_partition(changes), Decided::Denied(error))
    }

    fn write(self, commit: Commit, outcome: Decided) -> Step<DeviceDecision<'a>> {
        Step::Commit(DeviceDecisionCommit { commit, outcome, decided: self })
    }
}

/// Waits for the request as it is now and, if it is approved, for the client's record.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct DeviceDecisionLookup<'a> {
    lookup: Lookup,
    decided: DeviceDecided<'a>,
}

impl<'a> Pause<Lookup> for DeviceDecisionLookup<'a> {
    type Machine = DeviceDecision<'a>;

    fn effect(&self) -> &Lookup {
        &self.lookup
    }

    fn resume(self, answer: Answer<Lookup>) -> Step<DeviceDecision<'a>> {
        let Self { decided, .. } = self;
        if decided.approval.is_some() {
            return identify(decided.config, decided.client_id.clone(), answer, decided);
        }
        match answer {
            Ok(found) => decided.carry_out(None, &found),
            Err(cause) => decided.unavailable::<Lookup>(cause),
        }
    }
}

impl<'a> AuthorizationClient<'a> for DeviceDecided<'a> {
    type Machine = DeviceDecision<'a>;

    fn identified(self, client: Arc<Client>, found: &Found) -> Step<DeviceDecision<'a>> {
        self.carry_out(Some(&client), found)
    }

    fn unidentified(self, _: ClientId, error: AuthorizationPageError) -> Step<DeviceDecision<'a>> {
        self.end(Err(DevicePageError::of_client(error)))
    }
}

/// Waits for the outcome of the commit.
#[cfg_attr(feature = "explore", derive(Clone))]
#[allow(missing_debug_implementations, reason = "a state of a machine")]
pub struct DeviceDecisionCommit<'a> {
    commit: Commit,
    /// The outcome of the decision once the commit is applied.
    outcome: Decided,
    decided: DeviceDecided<'a>,
}

impl<'a> Pause<Commit> for DeviceDecisionCommit<'a> {
    type Machine = DeviceDecision<'a>;

    fn effect(&self) -> &Commit {
        &self.commit
    }

    fn resume(self, answer: Answer<Commit>) -> Step<DeviceDecision<'a>> {
        let Self { commit, outcome, decided } = self;
        match answer {
            Ok(Outcome::Applied) => decided.end(Ok(outcome)),
            Ok(Outcome::Conflict(at)) => match commit.changes().get(at) {
                // The device polled meanwhile, or somebody decided: the request as it is now tells.
                Some(Change::PutRequest(_)) => match decided.retries.checked_sub(1) {
                    Some(retries) => DeviceDecided { retries, ..decided }.look_up(),
                    None => decided.end(Err(DevicePageError::Busy)),
                },
                Some(Change::SpendRequest { .. }) => decided.end(Err(DevicePageError::Ended)),
                // The identifier of 128 random bits exists already.
                _ => decided.end(Err(DevicePageError::Collision)),
            },
            Err(cause) => decided.unavailable::<Commit>(cause),
        }
    }
}
