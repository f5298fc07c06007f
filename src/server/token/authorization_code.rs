//! The authorization code grant: [RFC 6749 §4.1.3], [RFC 7636 §4.6].
//!
//! [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
//! [RFC 7636 §4.6]: https://www.rfc-editor.org/rfc/rfc7636#section-4.6

use std::sync::Arc;

use super::request::Parameters;
use super::{Presents, Refused, Rules, TokenEndpoint, TokenError};
use crate::model::{CodeVerifier, GrantType};
use crate::record::{Client, CredentialKind};
use crate::server::issue::{Basis, Plan};
use crate::store::Found;

pub(super) const RULES: &Rules = &Rules {
    presents: Presents::Credential("code"),
    parameters: ["redirect_uri", "code_verifier"],
    check: |endpoint, client, found| endpoint.decide(client, found, check),
};

/// Checks the code, in the order of [RFC 6749 §4.1.3], and only then for an earlier use, so that an invalid replay
/// changes nothing ([OAuth 2.1 §7.5.2]).
///
/// [RFC 6749 §4.1.3]: https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3
/// [OAuth 2.1 §7.5.2]: https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-7.5.2
fn check(endpoint: &TokenEndpoint<'_>, client: Arc<Client>, found: &Found) -> Result<Plan, Refused> {
    let now = endpoint.moment.now();
    let Parameters { presented, own: [redirect_uri, code_verifier], .. } = &endpoint.parameters;
    let verifier = code_verifier.as_deref().map(CodeVerifier::parse).transpose();
    let verifier = verifier.map_err(|_| TokenError::VerifierMalformed)?;

    let presented = presented.and_then(|key| found.credential(key)).ok_or(TokenError::CodeUnknown)?;
    let (credential, grant) = (&*presented.credential, &presented.grant);
    let CredentialKind::AuthorizationCode(code) = &credential.kind else {
        return Err(TokenError::CodeUnknown.into());
    };
    // The code of a device that was approved is good at its own grant alone.
    if grant.grant_type != GrantType::AuthorizationCode {
        return Err(TokenError::CodeUnknown.into());
    }

    // RFC 6749 §4.1.3: "The authorization server MUST [...] ensure that the authorization code was issued to the
    // authenticated confidential client, or if the client is public, ensure that the code was issued to "client_id" in
    // the request"
    if grant.client_id != client.client_id {
        return Err(TokenError::CodeOfAnotherClient.into());
    }

    // RFC 6749 §4.1.3: "The authorization server MUST [...] ensure that the "redirect_uri" parameter is present if the
    // "redirect_uri" parameter was included in the initial authorization request [...], and if included ensure that
    // their values are identical."
    match (redirect_uri, &code.redirect_uri) {
        (Some(sent), Some(bound)) if sent == bound.as_str() => {}
        (None, Some(_)) if client.require_redirect_uri => return Err(TokenError::RedirectUriMissing.into()),
        (None, _) => {}
        (Some(_), _) => return Err(TokenError::RedirectUriMismatch.into()),
    }

    // OAuth 2.1 §4.1.3: "verify that the `code_verifier` parameter is present if and only if a `code_challenge`
    // parameter was present in the authorization request". RFC 7636 §4.6: "If the values are not equal, an error
    // response indicating "invalid_grant" [...] MUST be returned." RFC 9700 §2.1.1: "Authorization servers MUST
    // mitigate PKCE downgrade attacks by ensuring that a token request containing a code_verifier parameter is accepted
    // only if a code_challenge parameter was present in the authorization request".
    match (&verifier, &code.code_challenge) {
        (Some(verifier), Some(challenge)) if verifier.digest() == challenge.digest() => {}
        (Some(_), Some(_)) => return Err(TokenError::VerifierMismatch.into()),
        (None, Some(_)) => return Err(TokenError::VerifierMissing.into()),
        (Some(_), None) => return Err(TokenError::VerifierUnexpected.into()),
        (None, None) if client.require_pkce => return Err(TokenError::ChallengeMissing.into()),
        (None, None) => {}
    }

    // RFC 6749 §4.1.2: "If an authorization code is used more than once, the authorization server MUST deny the request
    // and SHOULD revoke (when possible) all tokens previously issued based on that authorization code."
    if presented.spent_at.is_some() {
        return Err(Refused::replayed(presented, TokenError::CodeReplayed));
    }
    if presented.revoked {
        return Err(TokenError::CodeRevoked.into());
    }
    // RFC 6749 §4.1.3: "The authorization server MUST [...] verify that the authorization code is valid"
    if credential.expires_at.is_past(now) {
        return Err(TokenError::CodeExpired.into());
    }

    let config = endpoint.config;
    let held = (&grant.scope, &grant.audience, &grant.authorization_details);
    let granted = config.within(&client, held, None, &endpoint.parameters.requested())?;
    // RFC 8707 §2.2: the token is for the requested resources, "while any refresh token that is returned is bound to
    // the full original grant".
    let refresh_token = endpoint.refresh_token(&client, &grant.scope);
    let holder = (client, Arc::clone(grant));
    let plan = Plan::new(config, holder, GrantType::AuthorizationCode, Basis::Code(credential.key), granted, now);
    Ok(Plan { refresh_token, ..plan })
}
