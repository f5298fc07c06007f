//! The resource owner password credentials grant: RFC 6749 §4.3.
//!
//! RFC 9700 §2.4: "The resource owner password credentials grant [...] MUST NOT be used." It is here for those who must still
//! serve such clients while they move them on; it is off until the configuration and the client both name it.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Context, Token, TokenError, TokenPassword};
use crate::consult::{Owner, Password};
use crate::model::{Client, GrantType, Scope, Secret};
use crate::server::client_auth::Authenticated;
use crate::server::issue::Plan;
use crate::step::Step;

/// A resource owner's password, in a client's hands.
#[cfg_attr(feature = "explore", derive(Clone))]
pub(super) struct Ask<'a> {
    pub(super) username: Cow<'a, str>,
    pub(super) password: Secret<'a>,
    pub(super) scope: Option<Scope>,
}

impl Ask<'_> {
    /// RFC 6749 §4.3.2: "validate the resource owner password credentials using its existing password validation algorithm",
    /// which is the host's, as is the protection "against brute force attacks".
    pub(super) fn consult<'a>(self, context: Context<'a>, client: &Authenticated) -> Step<Token<'a>> {
        let Self { username, password, scope } = self;
        let (username, password) = (username.into_owned(), password.into_static());
        let question = Password { client: Arc::clone(client.client()), username, password };
        Step::Password(TokenPassword { question, scope, context })
    }
}

pub(super) fn decide(
    context: &Context<'_>,
    client: &Client,
    owner: Owner,
    scope: Option<Scope>,
) -> Result<Plan, TokenError> {
    let Owner::Subject(subject) = owner else { return Err(TokenError::PasswordRefused) };
    let plan = context.open(client, GrantType::Password, Some(subject), scope)?;
    Ok(Plan { refresh: context.refresh_token(client, &plan.scope), ..plan })
}
