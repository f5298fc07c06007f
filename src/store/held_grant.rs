//! Living grants as they are listed, and the selection and place of a list.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::model::{ClientId, GrantId, Subject, Timestamp};
use crate::record::{Credential, CredentialKind, Grant};

/// A selection of grants. Identifiers are compared byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantsOf {
    /// All grants of a resource owner, to any client.
    Subject(Subject),
    /// All grants to a client, by any resource owner, and those by which it acts for itself.
    Client(ClientId),
    /// The grants of a resource owner to a client.
    SubjectAndClient(Subject, ClientId),
}

impl GrantsOf {
    /// The resource owner, if the selection has one.
    #[must_use]
    pub fn subject(&self) -> Option<&Subject> {
        match self {
            Self::Subject(subject) | Self::SubjectAndClient(subject, _) => Some(subject),
            Self::Client(_) => None,
        }
    }

    /// The client, if the selection has one.
    #[must_use]
    pub fn client_id(&self) -> Option<&ClientId> {
        match self {
            Self::Client(client_id) | Self::SubjectAndClient(_, client_id) => Some(client_id),
            Self::Subject(_) => None,
        }
    }

    /// True if the grant is in the selection.
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
    /// Returns the place right after a grant.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self { client_id: grant.client_id.clone(), grant: grant.id }
    }

    /// True if the grant comes after this place.
    #[must_use]
    pub fn is_before(&self, grant: &Grant) -> bool {
        (&self.client_id, &self.grant) < (&grant.client_id, &grant.id)
    }
}

/// A living grant, and its credentials that are neither spent nor expired.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HeldGrant {
    /// The grant, as opened.
    pub grant: Arc<Grant>,
    /// The number of authorization codes that are not redeemed yet.
    pub authorization_codes: u32,
    /// The number of access tokens.
    pub access_tokens: u32,
    /// The number of refresh tokens.
    pub refresh_tokens: u32,
    /// The time at which the last of them expires. A store may report `i64::MAX` for a later time.
    pub expires_at: Timestamp,
}

impl HeldGrant {
    /// Creates a grant without any credential counted yet.
    #[must_use]
    pub fn new(grant: Arc<Grant>) -> Self {
        Self { grant, authorization_codes: 0, access_tokens: 0, refresh_tokens: 0, expires_at: Timestamp(0) }
    }

    /// Counts a living credential of the grant.
    pub fn count(&mut self, credential: &Credential) {
        let number = match credential.kind {
            CredentialKind::AuthorizationCode(_) => &mut self.authorization_codes,
            CredentialKind::AccessToken(_) => &mut self.access_tokens,
            CredentialKind::RefreshToken => &mut self.refresh_tokens,
        };
        *number = number.saturating_add(1);
        self.expires_at = self.expires_at.max(credential.expires_at);
    }

    /// True if the grant holds nothing but an unredeemed code, so that the client can do nothing yet.
    #[must_use]
    pub fn is_only_code(&self) -> bool {
        self.access_tokens == 0 && self.refresh_tokens == 0
    }
}
