//! In what a server differs from the RFCs, as far as a client has been told.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::Response;

use crate::effect::Answer;
use crate::fetch::Fetch;
use crate::model::{Scope, Timestamp};
use crate::wire::{Member, MemberError, PostForm, RawMembers, RequestError, ServerAnswer, lenient};

/// What a client knows of its server beside the metadata.
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

/// What a client does about Proof Key for Code Exchange: RFC 7636.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Pkce {
    /// The parameters are sent. A server that has no PKCE ignores them: RFC 6749 §3.1, RFC 7636 §5. One that names
    /// methods in its metadata, and not `S256`, is refused.
    #[default]
    Sent,
    /// A server that does not say in its metadata that it takes `S256` is refused. The Model Context Protocol has it
    /// so: without `code_challenge_methods_supported`, its clients do not proceed.
    Verified,
    /// Nothing is sent, for a server that chokes on it. RFC 9700 §2.1.1: "Public clients MUST use PKCE", and for
    /// confidential clients it is RECOMMENDED: without it, a code that leaks, or is slipped in, is worth more.
    Off,
}

/// How long an access token lives, where `expires_in` does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lifetime {
    /// As long as the server says. RFC 6749 §5.1: "The lifetime in seconds of the access token." One of which it does
    /// not say it lasts until a resource server refuses it.
    #[default]
    AsSaid,
    /// As long as the server says, and zero means that it does not end.
    ZeroIsNever,
    /// As long as the server says or, where it says nothing that can be read, so long. RFC 6749 §5.1: "If omitted, the
    /// authorization server SHOULD provide the expiration time via other means or document the default value."
    OrElse(Duration),
    /// So long, whatever the server says.
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

/// What is done to each response before it is read.
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
    /// Takes the answer to a request that was sent at this time.
    pub(super) fn hear(&self, answer: Answer<Fetch>, asked_at: Timestamp) -> Result<ServerAnswer, RequestError> {
        let answer = match &self.hook {
            Some(ResponseHook(hook)) => answer.map(hook.as_ref()),
            None => answer,
        };
        ServerAnswer::asked_at(answer, asked_at)
    }

    /// The members that tokens are read from.
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

    /// RFC 6749 §7.1: "The client MUST NOT use an access token if it does not understand the token type." This one
    /// understands `Bearer`, in any case (§5.1), and those that it was told of.
    pub(super) fn understands(&self, token_type: &str) -> bool {
        let mut known = std::iter::once("Bearer").chain(self.token_types.iter().map(String::as_str));
        known.any(|known| known.eq_ignore_ascii_case(token_type))
    }
}
