//! The acts that a client of the playground can do with its tokens: each is a button.

use axum::http::Method;
use grantor::client::TokenTypeHint;

use crate::api;
use crate::deeds::{self, Typed};
use crate::runs::Held;
use crate::stage::Stage;

/// An act that a client can do.
#[derive(Debug)]
pub(crate) struct Act {
    /// The act's name in forms.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// A text on what the act does, and what to look out for.
    pub(crate) text: &'static str,
    deed: Deed,
}

#[derive(Debug)]
enum Deed {
    Discover,
    ClientCredentials,
    Password,
    Photos(Method, &'static str),
    Refresh,
    ReplayRefresh,
    ReplayCode,
    Revoke(TokenTypeHint),
}

pub(crate) static DISCOVER: Act = Act {
    name: "discover",
    title: "Find the server of an API",
    text: "The client knows one thing, the API's address. It calls it without a token, reads in the refusal where the API's document \
           is, finds there who issues its tokens, and asks that server for its own document.",
    deed: Deed::Discover,
};
pub(crate) static CLIENT_CREDENTIALS: Act = Act {
    name: "client-credentials",
    title: "Ask for a token for the client itself",
    text: "The client shows its secret in the Authorization header. The server needs one lookup and one commit.",
    deed: Deed::ClientCredentials,
};
pub(crate) static PASSWORD: Act = Act {
    name: "password",
    title: "Ask for a token with your password",
    text: "The password goes from you to the client, and from the client to the server, which asks its host whose it is.",
    deed: Deed::Password,
};
pub(crate) static READ_PHOTOS: Act = Act {
    name: "read-photos",
    title: "List photos with the token",
    text: "The client shows its access token to the API. The API looks whether the token is alive and has the scope photos.read.",
    deed: Deed::Photos(Method::GET, api::PATH),
};
pub(crate) static ADD_PHOTO: Act = Act {
    name: "add-photo",
    title: "Add a photo with the token",
    text: "This takes the scope photos.write. A token without it is refused with insufficient_scope.",
    deed: Deed::Photos(Method::POST, api::PATH),
};
pub(crate) static REFRESH: Act = Act {
    name: "refresh",
    title: "Refresh",
    text: "The client presents its refresh token. One commit spends it and issues the next two tokens, all or nothing.",
    deed: Deed::Refresh,
};
pub(crate) static REPLAY_REFRESH: Act = Act {
    name: "replay-refresh",
    title: "Present the old refresh token again",
    text: "This is what a thief would do with a copy. Right after the first use it may be a request that was repeated, so there \
           is a short grace. Wait a little, and it is taken for theft: the whole grant is revoked.",
    deed: Deed::ReplayRefresh,
};
pub(crate) static REPLAY_CODE: Act = Act {
    name: "replay-code",
    title: "Present the code again",
    text: "The same code, with the right verifier. The commit that would spend it a second time is never made; another one revokes \
           the grant.",
    deed: Deed::ReplayCode,
};
pub(crate) static INTROSPECT: Act = Act {
    name: "introspect",
    title: "List photos at an API elsewhere",
    text: "This API does not share the server's store. It authenticates with a secret of its own and asks what the token is good \
           for. The server's machine for this cannot write: by its type it has no Commit.",
    deed: Deed::Photos(Method::GET, api::PATH_ELSEWHERE),
};
pub(crate) static REVOKE_ACCESS: Act = Act {
    name: "revoke-access",
    title: "Revoke the access token",
    text: "The client says that it no longer needs its access token. The answer is 200 with nothing in it, also for a token that \
           the server does not know.",
    deed: Deed::Revoke(TokenTypeHint::AccessToken),
};
pub(crate) static REVOKE_REFRESH: Act = Act {
    name: "revoke-refresh",
    title: "Revoke the refresh token",
    text: "The client gives its refresh token back. One commit revokes the grant, and every token of it is dead.",
    deed: Deed::Revoke(TokenTypeHint::RefreshToken),
};

/// All acts, each offered once there is something to try it with.
pub(crate) static ACTS: [&Act; 8] =
    [&READ_PHOTOS, &ADD_PHOTO, &REFRESH, &REPLAY_REFRESH, &REPLAY_CODE, &INTROSPECT, &REVOKE_ACCESS, &REVOKE_REFRESH];

impl Act {
    /// Tells if the act can be tried with what the clients hold.
    pub(crate) fn can_be_tried(&self, held: &Held) -> bool {
        let has_refresh = held.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token().is_some());
        match self.deed {
            Deed::Discover | Deed::ClientCredentials | Deed::Password => false,
            Deed::Refresh | Deed::Revoke(TokenTypeHint::RefreshToken) => has_refresh,
            Deed::Photos(..) | Deed::Revoke(_) => held.tokens.is_some(),
            Deed::ReplayRefresh => held.worn.is_some(),
            Deed::ReplayCode => held.taken.is_some(),
        }
    }

    /// Tells if a person types a password into the client for it.
    pub(crate) fn asks_for_password(&self) -> bool {
        matches!(self.deed, Deed::Password)
    }

    /// Does the act, and records its steps.
    pub(crate) async fn perform(&self, stage: &Stage, held: &mut Held, typed: &Typed) {
        stage.recorder.begin(self.title, self.text);
        let outcome = match &self.deed {
            Deed::Discover => deeds::find_server(stage).await,
            Deed::ClientCredentials => deeds::client_credentials(stage, held).await,
            Deed::Password => deeds::password(stage, held, typed).await,
            Deed::Photos(method, path) => deeds::photos(stage, held, method, path).await,
            Deed::Refresh => deeds::refresh(stage, held).await,
            Deed::ReplayRefresh => deeds::replay_refresh(stage, held).await,
            Deed::ReplayCode => deeds::replay_code(stage, held).await,
            Deed::Revoke(hint) => deeds::revoke(stage, held, *hint).await,
        };
        stage.recorder.end(outcome);
    }
}
