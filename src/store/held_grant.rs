//! Living grants, as they are listed: whose, from where on, and what they hold.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{ClientId, GrantId, Subject, Timestamp};
use crate::record::{Credential, CredentialKind, Grant};

/// Says whose grants are meant. Identifiers are compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantsOf {
    /// All of a resource owner, to whatever client.
    Subject(Subject),
    /// All of a client, by whatever resource owner; those too by which it acts for itself.
    Client(ClientId),
    /// Those of a resource owner to a client.
    SubjectAndClient(Subject, ClientId),
}

impl GrantsOf {
    /// The resource owner, if one is meant.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Subject(subject) | Self::SubjectAndClient(subject, _) => Some(subject),
            Self::Client(_) => None,
        }
    }

    /// The client, if one is meant.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Client(client_id) | Self::SubjectAndClient(_, client_id) => Some(client_id),
            Self::Subject(_) => None,
        }
    }

    /// Returns whether a grant is meant.
    #[must_use]
    pub fn includes(&self, grant: &Grant) -> bool {
        self.subject().is_none_or(|subject| grant.subject.as_ref() == Some(subject))
            && self.client_id().is_none_or(|client_id| grant.client_id == *client_id)
    }
}

/// A place in a list of grants, which are ordered by client id and then by grant id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantCursor {
    /// The client of the grant that comes before this place.
    pub client_id: ClientId,
    /// The grant that comes before this place.
    pub grant: GrantId,
}

impl GrantCursor {
    /// The place right after a grant.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self { client_id: grant.client_id.clone(), grant: grant.id }
    }

    /// Returns whether a grant comes after this place.
    #[must_use]
    pub fn is_before(&self, grant: &Grant) -> bool {
        (&self.client_id, &self.grant) < (&grant.client_id, &grant.id)
    }
}

/// A living grant, and what it still holds: credentials that are neither spent nor expired.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldGrant {
    /// The grant, as opened.
    pub grant: Arc<Grant>,
    /// How many authorization codes, which wait to be redeemed.
    pub authorization_codes: u32,
    /// How many access tokens.
    pub access_tokens: u32,
    /// How many refresh tokens.
    pub refresh_tokens: u32,
    /// When the last of them ends. A store may say `i64::MAX` for what is later.
    pub expires_at: Timestamp,
}

impl HeldGrant {
    /// A grant of which no credential is counted yet.
    #[must_use]
    pub fn new(grant: Arc<Grant>) -> Self {
        Self { grant, authorization_codes: 0, access_tokens: 0, refresh_tokens: 0, expires_at: Timestamp(0) }
    }

    /// Counts a living credential of it.
    pub fn count(&mut self, credential: &Credential) {
        let number = match credential.kind {
            CredentialKind::AuthorizationCode(_) => &mut self.authorization_codes,
            CredentialKind::AccessToken(_) => &mut self.access_tokens,
            CredentialKind::RefreshToken => &mut self.refresh_tokens,
        };
        *number = number.saturating_add(1);
        self.expires_at = self.expires_at.max(credential.expires_at);
    }

    /// Returns whether it holds nothing but an unredeemed code: the client can do nothing yet.
    #[must_use]
    pub fn is_only_code(&self) -> bool {
        self.access_tokens == 0 && self.refresh_tokens == 0
    }
}
