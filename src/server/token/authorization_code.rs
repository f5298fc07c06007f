//! The authorization code grant: RFC 6749 §4.1.3, RFC 7636 §4.6.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Context, Refused, TokenError};
use crate::model::{Claims, CodeVerifier, CredentialKind, Digest, GrantType, Key, Secret};
use crate::server::client_auth::Authenticated;
use crate::server::issue::{IfSpent, Plan};
use crate::store::{Change, Found};

/// A code to be redeemed.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Ask<'a> {
    pub(super) key: Option<Key>,
    redirect_uri: Option<Cow<'a, str>>,
    verifier: Option<Digest>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(
        code: &Secret<'_>,
        redirect_uri: Option<Cow<'a, str>>,
        verifier: Option<&CodeVerifier<'_>>,
    ) -> Self {
        Self { key: Key::of(code.expose()), redirect_uri, verifier: verifier.map(CodeVerifier::digest) }
    }

    /// RFC 6749 §4.1.3: "The authorization server MUST", in its order; and only then whether the code was spent before, so
    /// that an invalid replay changes nothing (OAuth 2.1 §7.5.2).
    pub(super) fn decide(self, context: &Context<'_>, client: &Authenticated, found: &Found) -> Result<Plan, Refused> {
        let presented = self.key.and_then(|key| found.credential(key)).ok_or(TokenError::CodeUnknown)?;
        let (code, grant) = (&*presented.credential, &presented.grant);
        let CredentialKind::AuthorizationCode { redirect_uri, code_challenge } = &code.kind else {
            return Err(TokenError::CodeUnknown.into());
        };

        // "ensure that the authorization code was issued to the authenticated confidential client, or if the client is
        // public, ensure that the code was issued to "client_id" in the request"
        if grant.client_id != client.client().client_id {
            return Err(TokenError::CodeOfAnotherClient.into());
        }

        // "ensure that the "redirect_uri" parameter is present if the "redirect_uri" parameter was included in the initial
        // authorization request [...], and if included ensure that their values are identical."
        match (&self.redirect_uri, redirect_uri) {
            (Some(sent), Some(bound)) if *sent == bound.as_str() => {}
            (None, Some(_)) if client.client().require_redirect_uri => {
                return Err(TokenError::RedirectUriMissing.into());
            }
            (None, _) => {}
            (Some(_), _) => return Err(TokenError::RedirectUriMismatch.into()),
        }

        // OAuth 2.1 §4.1.3: "verify that the `code_verifier` parameter is present if and only if a `code_challenge` parameter
        // was present in the authorization request". RFC 7636 §4.6: "If the values are not equal, an error response
        // indicating "invalid_grant" [...] MUST be returned."
        match (&self.verifier, code_challenge) {
            (Some(verifier), Some(challenge)) if *verifier == challenge.digest() => {}
            (Some(_), Some(_)) => return Err(TokenError::VerifierMismatch.into()),
            (None, Some(_)) => return Err(TokenError::VerifierMissing.into()),
            (Some(_), None) => return Err(TokenError::VerifierUnexpected.into()),
            (None, None) if client.client().require_pkce => return Err(TokenError::ChallengeMissing.into()),
            (None, None) => {}
        }

        // RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request
        // and SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
        if presented.spent_at.is_some() {
            return Err(Refused::Revoking(grant.id, TokenError::CodeReplayed));
        }
        if presented.revoked {
            return Err(TokenError::GrantRevoked.into());
        }
        // "verify that the authorization code is valid"
        if code.expires_at.is_past(context.moment.now()) {
            return Err(TokenError::CodeExpired.into());
        }

        Ok(Plan {
            grant_type: GrantType::AuthorizationCode,
            grant: Arc::clone(grant),
            opens: false,
            within_grace: false,
            payment: Some(Change::Spend { key: code.key, at: context.moment.now() }),
            if_spent: IfSpent::Revoke(grant.id),
            scope: grant.scope.clone(),
            resource: context.granted_resource(client.client(), &grant.resource)?,
            access_token_lifetime: context.config.access_token_lifetime,
            claims: Claims::new(),
            refresh: context.refresh_token(client.client(), &grant.scope),
        })
    }
}
