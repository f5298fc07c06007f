//! The applications that a resource owner has allowed: reads grants page by page, and collects them into one line per
//! client.

use serde::Serialize;

use super::held_grant::{GrantCursor, HeldGrant};
use crate::effect::Unavailable;
use crate::model::{ClientId, GrantId, Scope, Timestamp};
use crate::record::Client;

/// A client with all grants that a resource owner has given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Application {
    /// The client's identifier.
    pub client_id: ClientId,
    /// The client's name for people, as its record has it now. `None` if it has none, or there is no such client any
    /// more: show the identifier.
    pub client_name: Option<String>,
    /// True if nobody but the client itself vouches for its name: it registered itself ([RFC 7591 §5]). Say so where
    /// you show the name.
    ///
    /// [RFC 7591 §5]: https://www.rfc-editor.org/rfc/rfc7591#section-5
    pub client_is_self_registered: bool,
    /// The scope of all grants together, as far as that fits into one scope.
    pub scope: Scope,
    /// The time of the oldest grant.
    pub first_granted_at: Timestamp,
    /// The time of the newest grant.
    pub last_granted_at: Timestamp,
    /// The number of grants; usually one for each login.
    pub grants: usize,
    /// The number of valid access tokens that the client holds.
    pub access_tokens: u64,
    /// The number of valid refresh tokens that the client holds.
    pub refresh_tokens: u64,
    /// The time at which the last of these tokens expires. As in [`HeldGrant::expires_at`], a store may report
    /// `i64::MAX` for a later time.
    pub expires_at: Timestamp,
}

impl Application {
    fn of(held: &HeldGrant) -> Self {
        let grant = &held.grant;
        let mut application = Self {
            client_id: grant.client_id.clone(),
            client_name: None,
            client_is_self_registered: false,
            scope: grant.scope.clone(),
            first_granted_at: grant.issued_at,
            last_granted_at: grant.issued_at,
            grants: 0,
            access_tokens: 0,
            refresh_tokens: 0,
            expires_at: held.expires_at,
        };
        application.add(held);
        application
    }

    /// Fills in what the client's record says.
    pub(super) fn describe(&mut self, client: Option<&Client>) {
        self.client_name = client.and_then(|client| client.client_name.clone());
        self.client_is_self_registered = client.is_some_and(Client::is_self_registered);
    }

    fn add(&mut self, held: &HeldGrant) {
        let grant = &held.grant;
        if !grant.scope.is_subset(&self.scope) {
            let more = grant.scope.tokens().filter(|token| !self.scope.contains(token));
            let all: Vec<_> = self.scope.tokens().chain(more).collect();
            self.scope = Scope::parse(&all.join(" ")).unwrap_or_else(|_| self.scope.clone());
        }
        self.first_granted_at = self.first_granted_at.min(grant.issued_at);
        self.last_granted_at = self.last_granted_at.max(grant.issued_at);
        self.grants += 1;
        self.access_tokens += u64::from(held.access_tokens);
        self.refresh_tokens += u64::from(held.refresh_tokens);
        self.expires_at = self.expires_at.max(held.expires_at);
    }
}

/// A cursor that reads a list page by page.
pub(super) struct Pages {
    pub(super) after: Option<GrantCursor>,
    pub(super) is_last: bool,
}

impl Pages {
    pub(super) const LIMIT: usize = 100;

    /// Starts after the last grant of a client, or at the beginning.
    pub(super) fn after_client(client_id: Option<&ClientId>) -> Self {
        let last = GrantId::from_bytes([0xFF; 18]);
        let after = client_id.map(|client_id| GrantCursor { client_id: client_id.clone(), grant: last });
        Self { after, is_last: false }
    }

    pub(super) fn turn(&mut self, page: &[HeldGrant]) -> Result<(), Unavailable> {
        self.is_last = page.len() < Self::LIMIT;
        let Some(last) = page.last() else { return Ok(()) };
        if self.after.as_ref().is_some_and(|after| !after.is_before(&last.grant)) {
            return Err(Unavailable::new("a page of grants begins before its cursor"));
        }
        self.after = Some(GrantCursor::of(&last.grant));
        Ok(())
    }
}

/// Lines in the making: collects grants, which come ordered by client, into one line per client.
pub(super) struct Lines {
    pub(super) lines: Vec<Application>,
    limit: usize,
    pub(super) is_full: bool,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self { lines: Vec::new(), limit, is_full: limit == 0 }
    }

    pub(super) fn add(&mut self, page: &[HeldGrant]) {
        for held in page.iter().filter(|held| !held.is_only_code()) {
            let count = self.lines.len();
            match self.lines.last_mut() {
                Some(line) if line.client_id == held.grant.client_id => line.add(held),
                _ if count < self.limit => self.lines.push(Application::of(held)),
                _ => {
                    self.is_full = true;
                    return;
                }
            }
        }
    }
}
