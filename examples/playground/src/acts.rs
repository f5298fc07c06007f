//! The acts that a client of the playground can do with its tokens: each is a button.

use axum::http::Method;
use grantor::client::TokenTypeHint;

use crate::api;
use crate::away::Away;
use crate::clients::Who;
use crate::deeds::{self, Typed};
use crate::devices;
use crate::registration;
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
    SendAway(Away),
    Discover,
    ClientCredentials,
    Password,
    Photos(Method, &'static str),
    Refresh,
    ReplayRefresh,
    ReplayCode,
    ReplayRequest,
    Register,
    Rename,
    Deregister,
    AskDevice,
    TypeUserCode,
    Poll,
    Revoke(TokenTypeHint),
}

/// The text of the acts that send the browser away, for all that differ in nothing that it could say.
const SENDS_AWAY: &str =
    "The client sends your browser away with its request, and waits for it to come back with the answer.";

pub(crate) static ASK: Act = Act {
    name: "ask",
    title: "Ask the resource owner, and get a token",
    text: SENDS_AWAY,
    deed: Deed::SendAway(Away::Code),
};
pub(crate) static ASK_FORM_POST: Act = Act {
    name: "ask-form-post",
    title: "Ask the resource owner, and get a token by a form",
    text: "The client sends your browser away with its request, which names the response mode. The answer does not come in an \
           address: your browser posts it.",
    deed: Deed::SendAway(Away::FormPost),
};
pub(crate) static ASK_IMPLICIT: Act =
    Act { name: "ask-implicit", title: ASK.title, text: SENDS_AWAY, deed: Deed::SendAway(Away::Implicit) };
pub(crate) static ASK_PUSHED: Act = Act {
    name: "ask-pushed",
    title: "Push the request, ask the resource owner, and get a token",
    text: "The client pushes its request to the server, and sends your browser away with a reference to it.",
    deed: Deed::SendAway(Away::Pushed),
};
pub(crate) static ASK_RICH: Act = Act {
    name: "ask-rich",
    title: "Ask the resource owner for two payments, and get a token",
    text: "The client pushes a request whose authorization_details describe each payment. On the server's page you may untick one, \
           and see in the answer what is left.",
    deed: Deed::SendAway(Away::Rich),
};
pub(crate) static ASK_SILENTLY: Act = Act {
    name: "ask-silently",
    title: "Ask again, without a page",
    text: "Another transaction, with a request token and a secret of its own. The client asks for the scope that it was allowed \
           before, and for no page (prompt=none). You are logged in and have allowed all of it, so the server approves in silence. Your \
           browser goes there and back before you notice.",
    deed: Deed::SendAway(Away::Silent),
};
pub(crate) static REGISTER: Act = Act {
    name: "register",
    title: "Register the client",
    text: "The client describes itself: its name, its redirect URI, the scope that it may ask for. The server, if its host lets \
           anybody register, answers with an id, a secret, and a token for the client's own registration.",
    deed: Deed::Register,
};
pub(crate) static ASK_REGISTERED: Act = Act {
    name: "ask-registered",
    title: "Ask the resource owner, as the new client",
    text: "From here on it is a client like any other. But nobody has checked its name, and the page on which you decide says so.",
    deed: Deed::SendAway(Away::Registered),
};
pub(crate) static RENAME: Act = Act {
    name: "rename",
    title: "Change the client's name",
    text: "With the registration access token the client reads, replaces and deletes its registration, and no other. What it does \
           not send is removed.",
    deed: Deed::Rename,
};
pub(crate) static DEREGISTER: Act = Act {
    name: "deregister",
    title: "Delete the registration",
    text: "The client leaves. What was granted to it is revoked.",
    deed: Deed::Deregister,
};
pub(crate) static ASK_DEVICE: Act = Act {
    name: "ask-device",
    title: "Ask for a user code and a device code",
    text: "The device says who it is and what it wants. It gets a user code to show, an address to show with it, and a device code \
           to ask with.",
    deed: Deed::AskDevice,
};
pub(crate) static TYPE_USER_CODE: Act = Act {
    name: "type-user-code",
    title: "Go to the address and type the code",
    text: "This opens the server's page in another tab, since it would be on another machine. Type in there what the device \
           shows, log in and decide. Then come back to this tab.",
    deed: Deed::TypeUserCode,
};
pub(crate) static POLL: Act = Act {
    name: "poll",
    title: "Ask whether you have decided",
    text: "The device asks the token endpoint with its device code. While you think, the answer is authorization_pending. It has to \
           wait some seconds before it asks again; grantor's client sends nothing before that.",
    deed: Deed::Poll,
};
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
pub(crate) static REPLAY_REQUEST: Act = Act {
    name: "replay-request",
    title: "Present the request token again",
    text: "The address to which your browser was sent stands in its history. Whoever finds it there can open it: here the client \
           does, with the same request_uri. The server answers before it asks anybody anything.",
    deed: Deed::ReplayRequest,
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
pub(crate) static ACTS: [&Act; 15] = [
    &READ_PHOTOS,
    &ADD_PHOTO,
    &ASK_SILENTLY,
    &ASK_REGISTERED,
    &RENAME,
    &DEREGISTER,
    &TYPE_USER_CODE,
    &POLL,
    &REFRESH,
    &REPLAY_REFRESH,
    &REPLAY_CODE,
    &REPLAY_REQUEST,
    &INTROSPECT,
    &REVOKE_ACCESS,
    &REVOKE_REFRESH,
];

impl Act {
    /// Tells if the act can be tried with what the clients hold.
    pub(crate) fn can_be_tried(&self, held: &Held) -> bool {
        let has_refresh = held.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token().is_some());
        match self.deed {
            // What a person has allowed is remembered of the client that has the secret.
            Deed::SendAway(Away::Silent) => held.tokens.is_some() && held.who == Some(Away::Silent.who()),
            Deed::SendAway(Away::Registered) | Deed::Rename | Deed::Deregister => held.registered.is_some(),
            Deed::TypeUserCode | Deed::Poll => held.device.is_some(),
            Deed::SendAway(_)
            | Deed::Register
            | Deed::AskDevice
            | Deed::Discover
            | Deed::ClientCredentials
            | Deed::Password => false,
            Deed::Refresh | Deed::Revoke(TokenTypeHint::RefreshToken) => has_refresh,
            Deed::Photos(..) | Deed::Revoke(_) => held.tokens.is_some(),
            Deed::ReplayRefresh => held.worn.is_some(),
            Deed::ReplayCode => held.taken.is_some(),
            // Before the decision, it would be the first use.
            Deed::ReplayRequest => held.pushed.is_some() && held.waiting.is_none(),
        }
    }

    /// The application that does the act, where it begins a flow.
    pub(crate) fn application(&self) -> Who {
        match self.deed {
            Deed::SendAway(away) => away.who(),
            Deed::Register => Who::Poster,
            Deed::AskDevice => Who::Frame,
            Deed::Password => Who::Desktop,
            _ => Who::Backup,
        }
    }

    /// Tells if the browser needs a script to come back.
    pub(crate) fn needs_script(&self) -> bool {
        matches!(self.deed, Deed::SendAway(Away::Implicit))
    }

    /// Tells if the act goes on in another tab, since it would be at another machine.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self.deed, Deed::TypeUserCode)
    }

    /// Tells if a person types a password into the client for it.
    pub(crate) fn asks_for_password(&self) -> bool {
        matches!(self.deed, Deed::Password)
    }

    /// Does the act, and records its steps. Returns the URL to which the browser is to be sent, if the act goes on
    /// there: it ends when the browser comes back.
    pub(crate) async fn perform(&self, stage: &Stage, held: &mut Held, typed: &Typed) -> Option<String> {
        stage.recorder.begin(self.title, self.text);
        let outcome = match &self.deed {
            Deed::SendAway(away) => match away.begin(stage, held).await {
                Ok(url) => return Some(url),
                Err(error) => Err(error),
            },
            Deed::Register => registration::introduce(stage, held).await,
            Deed::Rename => registration::rename(stage, held).await,
            Deed::Deregister => registration::leave(stage, held).await,
            Deed::AskDevice => devices::ask(stage, held).await,
            Deed::TypeUserCode => match devices::page(held) {
                Ok(url) => return Some(url),
                Err(error) => Err(error),
            },
            Deed::Poll => devices::poll(stage, held).await,
            Deed::Discover => deeds::find_server(stage).await,
            Deed::ClientCredentials => deeds::client_credentials(stage, held).await,
            Deed::Password => deeds::password(stage, held, typed).await,
            Deed::Photos(method, path) => deeds::photos(stage, held, method, path).await,
            Deed::Refresh => deeds::refresh(stage, held).await,
            Deed::ReplayRefresh => deeds::replay_refresh(stage, held).await,
            Deed::ReplayCode => deeds::replay_code(stage, held).await,
            Deed::ReplayRequest => deeds::replay_request(stage, held).await,
            Deed::Revoke(hint) => deeds::revoke(stage, held, *hint).await,
        };
        stage.recorder.end(outcome);
        None
    }
}
