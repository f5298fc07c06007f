//! What happened, for audit logs and metrics. No event holds a secret.

use crate::model::{ClientId, GrantId, GrantType, Scope, Subject};
use crate::resource::AccessError;
use crate::server::{AuthorizationError, AuthorizationRefused, EndpointError, RevokeError, TokenError};
use crate::step::Unavailable;

/// What a request came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// An authorization request is sound; the resource owner is asked.
    Asked {
        /// The client that asks.
        client_id: ClientId,
        /// What it asks for.
        scope: Scope,
    },
    /// A resource owner authorized a client: an authorization code was issued.
    Authorized {
        /// The client.
        client_id: ClientId,
        /// The grant that was opened.
        grant: GrantId,
        /// Who authorized.
        subject: Subject,
        /// What was authorized.
        scope: Scope,
    },
    /// Tokens were issued.
    Issued {
        /// The client.
        client_id: ClientId,
        /// On what grounds.
        grant_type: GrantType,
        /// The grant that they stand for.
        grant: GrantId,
        /// Whose it is; none if it is the client's own.
        subject: Option<Subject>,
        /// The scope of the access token.
        scope: Scope,
        /// Whether there is a refresh token.
        refresh_token: bool,
        /// Whether they were issued for a refresh token that had been used before, within its grace: a retry, the loser of a
        /// race, or a quick thief.
        within_grace: bool,
    },
    /// The authorization endpoint answered the client with an error.
    AuthorizationRefused {
        /// The client.
        client_id: ClientId,
        /// Why, exactly.
        reason: AuthorizationError,
    },
    /// The authorization endpoint showed an error to the person, since client or redirect URI are not proven.
    PageRefused {
        /// The client that was named, if it was.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: AuthorizationRefused,
    },
    /// The token endpoint refused.
    TokenRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: TokenError,
    },
    /// A spent code or refresh token was presented by a request that was valid otherwise. The grant is revoked. Somebody
    /// may have stolen it, or a client retries what it must not.
    Replayed {
        /// The client.
        client_id: ClientId,
        /// The grant that is dead now.
        grant: GrantId,
        /// What was replayed.
        reason: TokenError,
    },
    /// A resource server or client asked about a token.
    Introspected {
        /// Who asked.
        client_id: ClientId,
        /// Whether it was told of an active token.
        active: bool,
    },
    /// The introspection endpoint refused.
    IntrospectionRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: EndpointError,
    },
    /// A client gave up a token.
    Revoked {
        /// The client.
        client_id: ClientId,
        /// The grant of the token; none if there was no such token. A refresh token takes its whole grant with it.
        grant: Option<GrantId>,
    },
    /// The revocation endpoint refused.
    RevocationRefused {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Why, exactly.
        reason: RevokeError,
    },
    /// A protected resource let a request through.
    Accessed {
        /// The client that holds the token, if it is known.
        client_id: Option<ClientId>,
        /// Whose grant it is; none if it is the client's own, or not known.
        subject: Option<Subject>,
        /// The grant, if the token was looked up in the store.
        grant: Option<GrantId>,
    },
    /// A protected resource refused a request.
    AccessRefused {
        /// Why, exactly.
        reason: AccessError,
    },
    /// The host could not carry out an effect, or what it fetched cannot be used. Nothing was issued, and nobody was let through.
    Unavailable {
        /// The client that was named, proven or not.
        client_id: Option<ClientId>,
        /// Which effect.
        effect: &'static str,
        /// Why.
        cause: Unavailable,
    },
}
