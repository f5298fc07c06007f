//! Extension grants: RFC 6749 §4.5. The host judges the assertion; everything else is as for any grant.

use std::sync::Arc;

use super::{Context, Token, TokenError, TokenExtension};
use crate::consult::{Extension, Owner};
use crate::model::{Client, GrantType, Scope, Secret};
use crate::server::client_auth::Authenticated;
use crate::server::issue::Plan;
use crate::step::Step;

/// A grant that only the host understands.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Ask {
    pub(super) grant_type: GrantType,
    pub(super) parameters: Vec<(String, Secret<'static>)>,
    pub(super) scope: Option<Scope>,
}

impl Ask {
    pub(super) fn consult<'a>(self, context: Context<'a>, client: &Authenticated) -> Step<Token<'a>> {
        let Self { grant_type, parameters, scope } = self;
        let question = Extension { client: Arc::clone(client.client()), grant_type, parameters };
        Step::Extension(TokenExtension { question, scope, context })
    }
}

/// No refresh token: RFC 7521 §4.1 has the client present a fresh assertion in its place.
pub(super) fn decide(
    context: &Context<'_>,
    client: &Client,
    grant_type: GrantType,
    owner: Owner,
    scope: Option<Scope>,
) -> Result<Plan, TokenError> {
    let Owner::Subject(subject) = owner else { return Err(TokenError::ExtensionRefused) };
    context.open(client, grant_type, Some(subject), scope)
}
