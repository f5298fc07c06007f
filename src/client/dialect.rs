//! Known deviations of a server from the RFCs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Response;

use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Scope, Timestamp};
use crate::wire::{Member, MemberError, PostForm, RawMembers, RequestError, ServerAnswer, lenient};

/// The deviations of its server that a client was told of, beside the metadata.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialect {
    pub(super) token_types: Vec<String>,
    pub(super) pkce: Pkce,
    pub(super) lifetime: Lifetime,
    pub(super) has_commas_in_scope: bool,
    pub(super) has_any_media_type: bool,
    pub(super) tokens_in: Option<String>,
    pub(super) parameters: PostForm,
    pub(super) hook: Option<ResponseHook>,
}

/// The policy of a client for Proof Key for Code Exchange: [RFC 7636].
///
/// [RFC 7636]: https://www.rfc-editor.org/rfc/rfc7636
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pkce {
    /// Sends the parameters. A server without PKCE ignores them: [RFC 6749 §3.1], [RFC 7636 §5]. A server whose
    /// metadata lists methods, but not `S256`, is refused.
    ///
    /// [RFC 6749 §3.1]: https://www.rfc-editor.org/rfc/rfc6749#section-3.1
    /// [RFC 7636 §5]: https://www.rfc-editor.org/rfc/rfc7636#section-5
    #[default]
    Sent,
    /// Refuses a server whose metadata does not list `S256`. The Model Context Protocol requires this: without
    /// `code_challenge_methods_supported`, its clients do not proceed.
    Verified,
    /// Sends nothing, for a server that fails on the parameters. [RFC 9700 §2.1.1]: "Public clients MUST use PKCE", and
    /// for confidential clients it is RECOMMENDED: without PKCE, a code that leaks or is injected is worth more.
    ///
    /// [RFC 9700 §2.1.1]: https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1
    Off,
}

/// The lifetime of an access token whose `expires_in` is missing or wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifetime {
    /// As long as the server says. [RFC 6749 §5.1]: "The lifetime in seconds of the access token." A token without it
    /// counts as good until a resource server refuses it.
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    #[default]
    AsSaid,
    /// As long as the server says, where zero means that the token does not expire.
    ZeroIsNever,
    /// As long as the server says or, if there is nothing readable, this long. [RFC 6749 §5.1]: "If omitted, the
    /// authorization server SHOULD provide the expiration time via other means or document the default value."
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    OrElse(Duration),
    /// This long, whatever the server says.
    Always(Duration),
}

impl Lifetime {
    pub(super) fn seconds(self, said: Option<u64>) -> Option<u64> {
        match self {
            Self::AsSaid => said,
            Self::ZeroIsNever => said.filter(|seconds| *seconds > 0),
            Self::OrElse(lifetime) => said.or(Some(lifetime.as_secs())),
            Self::Always(lifetime) => Some(lifetime.as_secs()),
        }
    }
}

/// The function that every response passes through before it is read.
#[derive(Clone)]
pub(super) struct ResponseHook(Arc<Hook>);

type Hook = dyn Fn(Response<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync;

impl ResponseHook {
    pub(super) fn new(hook: impl Fn(Response<Vec<u8>>) -> Response<Vec<u8>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(hook))
    }
}

impl fmt::Debug for ResponseHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseHook")
    }
}

impl Dialect {
    /// Takes the answer to a request that was sent at this time, and passes it through the hook.
    pub(super) fn hear(&self, answer: Answer<Fetch>, asked_at: Timestamp) -> Result<ServerAnswer, RequestError> {
        let answer = match &self.hook {
            Some(ResponseHook(hook)) => answer.map(hook.as_ref()),
            None => answer,
        };
        ServerAnswer::asked_at(answer, asked_at)
    }

    /// Returns the members that the tokens are read from.
    pub(super) fn token_members<'a>(&self, answer: &'a ServerAnswer) -> Result<RawMembers<'a>, RequestError> {
        let members = self.members(answer)?;
        let nested = self.tokens_in.as_ref().and_then(|name| members.object(name));
        Ok(nested.filter(|nested| !matches!(nested.get("access_token"), Member::Absent)).unwrap_or(members))
    }

    pub(super) fn members<'a>(&self, answer: &'a ServerAnswer) -> Result<RawMembers<'a>, RequestError> {
        answer.members(self.has_any_media_type)
    }

    pub(super) fn scope(&self, members: &RawMembers<'_>, name: &str) -> Result<Option<Scope>, MemberError> {
        let is_separator =
            if self.has_commas_in_scope { |c: char| c.is_whitespace() || c == ',' } else { char::is_whitespace };
        members.read(name, |json| lenient::scope_separated_by(is_separator, json))
    }

    /// Checks that the client knows this token type: `Bearer`, in any case ([RFC 6749 §5.1]), or one that the client
    /// was told of. [RFC 6749 §7.1]: "The client MUST NOT use an access token if it does not understand the token
    /// type."
    ///
    /// [RFC 6749 §5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
    /// [RFC 6749 §7.1]: https://www.rfc-editor.org/rfc/rfc6749#section-7.1
    pub(super) fn understands(&self, token_type: &str) -> bool {
        let mut known = std::iter::once("Bearer").chain(self.token_types.iter().map(String::as_str));
        known.any(|known| known.eq_ignore_ascii_case(token_type))
    }
}
