//! What a client of the playground can do with what it holds: each a button.

use grantor::client::{Pending, PendingImplicit, TokenSet, TokenTypeHint, discover};
use grantor::model::{Metadata, Scope, Secret};

use super::clients::Who;
use super::runs::{Held, Taken};
use super::stage::Stage;
use super::trace::Lane;
use crate::form::Form;
use crate::moment::now;

/// Something that a client can do.
#[derive(Debug)]
pub(crate) struct Act {
    /// Its name in forms.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What it does, and what to look out for.
    pub(crate) text: &'static str,
    deed: Deed,
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Discover,
    ClientCredentials,
    Password,
    Photos(&'static str),
    Refresh,
    ReplayRefresh,
    ReplayCode,
    Introspect,
    RevokeAccess,
    RevokeRefresh,
}

pub(crate) static DISCOVER: Act = Act {
    name: "discover",
    title: "Ask for the metadata",
    text: "The client knows one thing, the issuer, and finds out the rest.",
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
    deed: Deed::Photos("GET"),
};
pub(crate) static ADD_PHOTO: Act = Act {
    name: "add-photo",
    title: "Add a photo with the token",
    text: "This takes the scope photos.write. A token without it is refused with insufficient_scope.",
    deed: Deed::Photos("POST"),
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
    title: "Introspect the access token",
    text: "The API authenticates with a secret of its own and asks what the token is good for. The server's machine for this cannot \
           write: by its type it has no Commit.",
    deed: Deed::Introspect,
};
pub(crate) static REVOKE_ACCESS: Act = Act {
    name: "revoke-access",
    title: "Revoke the access token",
    text: "The client says that it no longer needs its access token. The answer is 200 with nothing in it, also for a token that \
           the server does not know.",
    deed: Deed::RevokeAccess,
};
pub(crate) static REVOKE_REFRESH: Act = Act {
    name: "revoke-refresh",
    title: "Revoke the refresh token",
    text: "The client gives its refresh token back. One commit revokes the grant, and every token of it is dead.",
    deed: Deed::RevokeRefresh,
};

/// All that can be tried, once there is something to try it with.
pub(crate) static ACTS: [&Act; 8] =
    [&READ_PHOTOS, &ADD_PHOTO, &REFRESH, &REPLAY_REFRESH, &REPLAY_CODE, &INTROSPECT, &REVOKE_ACCESS, &REVOKE_REFRESH];

/// What a person typed into the client.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) username: String,
    pub(crate) password: Secret<'static>,
}

impl Typed {
    /// Name and password, if the page has fields for them.
    pub(crate) fn of(form: &Form<'_>) -> Self {
        Self { username: form.get("username"), password: Secret::new(form.get("password")) }
    }
}

/// What came of it, in a sentence.
pub(crate) type Outcome = Result<String, String>;

impl Act {
    /// Whether it can be tried with what is held.
    pub(crate) fn can_be_tried(&self, held: &Held) -> bool {
        let has_refresh = held.tokens.as_ref().is_some_and(|tokens| tokens.refresh_token().is_some());
        match self.deed {
            Deed::Discover | Deed::ClientCredentials | Deed::Password => false,
            Deed::Photos(_) | Deed::Introspect | Deed::RevokeAccess => held.tokens.is_some(),
            Deed::Refresh | Deed::RevokeRefresh => has_refresh,
            Deed::ReplayRefresh => held.worn.is_some(),
            Deed::ReplayCode => held.taken.is_some(),
        }
    }

    /// Whether a person types a password into the client for it.
    pub(crate) fn asks_for_password(&self) -> bool {
        matches!(self.deed, Deed::Password)
    }

    /// Does it, and writes down what happens.
    pub(crate) async fn perform(&self, stage: &Stage, held: &mut Held, typed: &Typed) {
        stage.recorder.begin(self.title, self.text);
        let outcome = match self.deed {
            Deed::Discover => discovered(stage).await,
            Deed::ClientCredentials => client_credentials(stage, held).await,
            Deed::Password => password(stage, held, typed).await,
            Deed::Photos(method) => photos(stage, held, method).await,
            Deed::Refresh => refresh(stage, held).await,
            Deed::ReplayRefresh => replay_refresh(stage, held).await,
            Deed::ReplayCode => replay_code(stage, held).await,
            Deed::Introspect => introspect(stage, held).await,
            Deed::RevokeAccess => revoke(stage, held, TokenTypeHint::AccessToken).await,
            Deed::RevokeRefresh => revoke(stage, held, TokenTypeHint::RefreshToken).await,
        };
        stage.recorder.end(outcome);
    }
}

async fn discovered(stage: &Stage) -> Outcome {
    let metadata: Metadata = discover(stage.issuer()).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    let endpoints = [
        &metadata.authorization_endpoint,
        &metadata.token_endpoint,
        &metadata.introspection_endpoint,
        &metadata.revocation_endpoint,
    ];
    let count = endpoints.into_iter().flatten().count();
    Ok(format!("The client knows {count} endpoints, and that the document is this issuer's."))
}

async fn client_credentials(stage: &Stage, held: &mut Held) -> Outcome {
    let client = stage.client(Who::Backup).await?;
    let request = client.client_credentials().start(now());
    let tokens = request.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, Who::Backup, tokens))
}

async fn password(stage: &Stage, held: &mut Held, typed: &Typed) -> Outcome {
    let client = stage.client(Who::Desktop).await?;
    let request = client.password(&typed.username, &typed.password).start(now());
    let tokens = request.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, Who::Desktop, tokens))
}

/// Goes on from a callback: exchanges the code.
pub(crate) async fn exchange(stage: &Stage, held: &mut Held, pending: Pending, query: &str) -> Outcome {
    let client = stage.client(Who::Printer).await?;
    let copy = serde_json::to_string(&pending).map_err(sentence)?;
    let request = client.callback(pending, query).map_err(sentence)?;
    held.taken = Some(Taken { pending: Secret::new(copy), query: Secret::new(query.to_owned()) });
    let tokens = request.start(now()).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, Who::Printer, tokens))
}

/// Goes on from a callback that brings the token itself: there is nothing to exchange.
pub(crate) async fn receive(stage: &Stage, held: &mut Held, pending: PendingImplicit, fragment: &str) -> Outcome {
    let client = stage.client(Who::Gallery).await?;
    let tokens = client.callback_implicit(pending, fragment, now()).map_err(sentence)?;
    Ok(keep(held, Who::Gallery, tokens))
}

async fn photos(stage: &Stage, held: &Held, method: &str) -> Outcome {
    let tokens = held.tokens.as_ref().ok_or(NOTHING)?;
    let request = axum::http::Request::builder()
        .method(method)
        .uri("/api/photos")
        .header(axum::http::header::AUTHORIZATION, tokens.authorization())
        .body(Vec::new())
        .map_err(sentence)?;
    let response = stage.http(Lane::Client).send(request).await.map_err(sentence)?;
    match response.status() {
        status if status.is_success() => Ok("The API takes the token.".to_owned()),
        status => Err(format!("The API refuses the token: {status}.")),
    }
}

async fn refresh(stage: &Stage, held: &mut Held) -> Outcome {
    let (who, tokens) = held.who.zip(held.tokens.as_ref()).ok_or(NOTHING)?;
    let worn = tokens.refresh_token().cloned();
    let client = stage.client(who).await?;
    let request = tokens.refresh(&client).ok_or(NOTHING)?;
    let tokens = request.start(now()).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    held.worn = worn;
    Ok(keep(held, who, tokens))
}

async fn replay_refresh(stage: &Stage, held: &Held) -> Outcome {
    let (who, worn) = held.who.zip(held.worn.as_ref()).ok_or(NOTHING)?;
    let client = stage.client(who).await?;
    match client.refresh(worn).start(now()).run_async(&stage.host(Lane::Client)).await {
        Ok(_) => Ok(format!(
            "This was within the grace of {} seconds, so it was taken for a repeated request. Wait that long and try again.",
            stage.grace()
        )),
        Err(error) => {
            Err(format!("{} After the grace, a second use is taken for theft: the grant is revoked.", sentence(error)))
        }
    }
}

async fn replay_code(stage: &Stage, held: &Held) -> Outcome {
    let taken = held.taken.as_ref().ok_or(NOTHING)?;
    let client = stage.client(Who::Printer).await?;
    let pending = serde_json::from_str(taken.pending.expose()).map_err(|_| NOTHING)?;
    let request = client.callback(pending, taken.query.expose()).map_err(sentence)?;
    match request.start(now()).run_async(&stage.host(Lane::Client)).await {
        Ok(_) => Err("The code was good twice. It must not be.".to_owned()),
        Err(error) => Err(format!("{} Does the access token still work? Try it.", sentence(error))),
    }
}

async fn introspect(stage: &Stage, held: &Held) -> Outcome {
    let tokens = held.tokens.as_ref().ok_or(NOTHING)?;
    let api = stage.client(Who::Api).await?;
    match api.introspect(tokens.access_token()).run_async(&stage.host(Lane::Resource)).await.map_err(sentence)? {
        Some(active) => {
            let scope = active.scope.as_ref().map_or("nothing in particular", Scope::as_str);
            Ok(format!("The token is active, and good for: {scope}."))
        }
        None => Err("The token is not active. The server does not say why.".to_owned()),
    }
}

async fn revoke(stage: &Stage, held: &Held, hint: TokenTypeHint) -> Outcome {
    let (who, tokens) = held.who.zip(held.tokens.as_ref()).ok_or(NOTHING)?;
    let client = stage.client(who).await?;
    let token = match hint {
        TokenTypeHint::AccessToken => tokens.access_token(),
        TokenTypeHint::RefreshToken => tokens.refresh_token().ok_or(NOTHING)?,
    };
    client.revoke(token, Some(hint)).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok("The token is revoked.".to_owned())
}

/// Keeps what was brought, and says what it is.
fn keep(held: &mut Held, who: Who, tokens: TokenSet) -> String {
    let scope = tokens.scope().map_or("nothing in particular", Scope::as_str);
    let lifetime = tokens.expires_at().map_or(0, |end| end.0.saturating_sub(now().0));
    let refresh = tokens.refresh_token().map_or("", |_| " There is a refresh token too.");
    let told = format!("The client has an access token for {scope}, good for {lifetime} seconds.{refresh}");
    held.tokens = Some(tokens);
    held.who = Some(who);
    told
}

const NOTHING: &str = "There is nothing left to try this with.";

/// An error as a sentence.
fn sentence(error: impl std::fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}
