//! The work of the acts, each with its outcome in a sentence. Each is a few lines of [`grantor::client`].

use std::fmt;

use axum::body::Bytes;
use axum::http::{Method, Request, header};
use grantor::Moment;
use grantor::client::{
    CallbackError, Challenge, Client, Pending, PendingImplicit, TokenRequest, TokenSet, TokenTypeHint, discover,
    discover_resource,
};
use grantor::model::{Scope, Secret};

use crate::api;
use crate::clients::Who;
use crate::form::Form;
use crate::moment::now;
use crate::registration;
use crate::runs::{Held, Taken};
use crate::stage::Stage;
use crate::trace::Lane;

/// The user name and password that a person typed into the client.
#[derive(Debug)]
pub(crate) struct Typed {
    pub(crate) username: String,
    pub(crate) password: Secret<'static>,
}

impl Typed {
    /// Reads name and password, if the page has fields for them.
    pub(crate) fn of(form: &Form<'_>) -> Self {
        Self { username: form.get("username"), password: Secret::new(form.get("password")) }
    }
}

/// The outcome of an act, in a sentence.
pub(crate) type Outcome = Result<String, String>;

pub(crate) async fn find_server(stage: &Stage) -> Outcome {
    let (host, resource) = (stage.host(Lane::Client), stage.place.playground.resource());
    let request = Request::get(api::PATH).body(Vec::new()).map_err(sentence)?;
    let refusal = stage.http(Lane::Client).send(request).await.map_err(sentence)?;
    let place = Challenge::of(refusal.headers()).and_then(|challenge| challenge.resource_metadata);
    let document = discover_resource(resource, place.as_ref()).run_async(&host).await.map_err(sentence)?;
    let issuer = document.authorization_servers.first().ok_or("The document names no authorization server.")?;
    let metadata = discover(issuer).run_async(&host).await.map_err(sentence)?;
    let endpoints = [
        &metadata.authorization_endpoint,
        &metadata.token_endpoint,
        &metadata.introspection_endpoint,
        &metadata.revocation_endpoint,
    ];
    let count = endpoints.into_iter().flatten().count();
    Ok(format!("The client knows {count} endpoints. It has checked that each document is about whom it was asked."))
}

pub(crate) async fn client_credentials(stage: &Stage, held: &mut Held) -> Outcome {
    let client = stage.client(Who::Backup).await?;
    let request = client.client_credentials().start(moment()?);
    let tokens = request.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, Who::Backup, tokens))
}

pub(crate) async fn password(stage: &Stage, held: &mut Held, typed: &Typed) -> Outcome {
    let client = stage.client(Who::Desktop).await?;
    let request = client.password(&typed.username, &typed.password).start(moment()?);
    let tokens = request.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, Who::Desktop, tokens))
}

/// The answer with which the browser comes back to a client.
pub(crate) enum Arrival {
    Query(String),
    /// A form that the browser posted.
    Form(Box<Request<Bytes>>),
}

/// Does not show the code.
impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if let Self::Query(_) = self { "Query(…)" } else { "Form(…)" })
    }
}

impl Arrival {
    /// The parameters of the answer.
    pub(crate) fn parameters(&self) -> &str {
        match self {
            Self::Query(query) => query,
            Self::Form(request) => str::from_utf8(request.body()).unwrap_or_default(),
        }
    }

    fn redeem<'c>(&self, client: &'c Client, pending: Pending) -> Result<TokenRequest<'c>, CallbackError> {
        match self {
            Self::Query(query) => client.callback(pending, query),
            Self::Form(request) => client.callback_form_post(pending, request),
        }
    }
}

/// Continues after a callback: exchanges the code.
pub(crate) async fn exchange(
    stage: &Stage,
    held: &mut Held,
    (who, pending): (Who, Pending),
    arrival: Arrival,
) -> Outcome {
    let client = registration::client(stage, held, who).await?;
    let copy = serde_json::to_string(&pending).map_err(sentence)?;
    let request = arrival.redeem(&client, pending).map_err(sentence)?;
    held.taken = Some(Taken { who, pending: Secret::new(copy), arrival });
    let tokens = request.start(moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok(keep(held, who, tokens))
}

/// Continues after a callback that brings the token itself, so that there is nothing to exchange.
pub(crate) async fn receive(
    stage: &Stage,
    held: &mut Held,
    (who, pending): (Who, PendingImplicit),
    fragment: &str,
) -> Outcome {
    let client = registration::client(stage, held, who).await?;
    let tokens = client.callback_implicit(pending, fragment, now()).map_err(sentence)?;
    Ok(keep(held, who, tokens))
}

pub(crate) async fn photos(stage: &Stage, held: &Held, method: &Method, path: &str) -> Outcome {
    let tokens = held.tokens.as_ref().ok_or(NOTHING)?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, tokens.authorization())
        .body(Vec::new())
        .map_err(sentence)?;
    let response = stage.http(Lane::Client).send(request).await.map_err(sentence)?;
    match response.status() {
        status if status.is_success() => Ok("The API takes the token.".to_owned()),
        status => {
            let error = Challenge::of(response.headers()).and_then(|challenge| challenge.error).unwrap_or_default();
            Err(format!("The API refuses the token: {status}, {error}."))
        }
    }
}

pub(crate) async fn refresh(stage: &Stage, held: &mut Held) -> Outcome {
    let (who, tokens) = held.who.zip(held.tokens.as_ref()).ok_or(NOTHING)?;
    let worn = tokens.refresh_token().cloned();
    let client = registration::client(stage, held, who).await?;
    let request = tokens.refresh(&client).ok_or(NOTHING)?;
    let tokens = request.start(moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    held.worn = worn;
    Ok(keep(held, who, tokens))
}

pub(crate) async fn replay_refresh(stage: &Stage, held: &Held) -> Outcome {
    let (who, worn) = held.who.zip(held.worn.as_ref()).ok_or(NOTHING)?;
    let client = registration::client(stage, held, who).await?;
    match client.refresh(worn).start(moment()?).run_async(&stage.host(Lane::Client)).await {
        Ok(_) => Ok(format!(
            "This was within the grace of {} seconds, so it was taken for a repeated request. Wait that long and try again.",
            stage.grace()
        )),
        Err(error) => {
            Err(format!("{} After the grace, a second use is taken for theft: the grant is revoked.", sentence(error)))
        }
    }
}

pub(crate) async fn replay_code(stage: &Stage, held: &Held) -> Outcome {
    let taken = held.taken.as_ref().ok_or(NOTHING)?;
    let client = registration::client(stage, held, taken.who).await?;
    let pending = serde_json::from_str(taken.pending.expose()).map_err(|_| NOTHING)?;
    let request = taken.arrival.redeem(&client, pending).map_err(sentence)?;
    match request.start(moment()?).run_async(&stage.host(Lane::Client)).await {
        Ok(_) => Err("The code was good twice. It must not be.".to_owned()),
        Err(error) => Err(format!("{} Does the access token still work? Try it.", sentence(error))),
    }
}

pub(crate) async fn replay_request(stage: &Stage, held: &Held) -> Outcome {
    let url = held.pushed.as_ref().ok_or(NOTHING)?;
    let request = Request::get(url.expose()).body(Vec::new()).map_err(sentence)?;
    let response = stage.http(Lane::Client).send(request).await.map_err(sentence)?;
    match response.status() {
        status if status.is_client_error() => {
            Err(format!("The server refuses: {status}. The request_uri is spent, and begins nothing any more."))
        }
        _ => Err("The request_uri was good twice. It must not be.".to_owned()),
    }
}

pub(crate) async fn revoke(stage: &Stage, held: &Held, hint: TokenTypeHint) -> Outcome {
    let (who, tokens) = held.who.zip(held.tokens.as_ref()).ok_or(NOTHING)?;
    let client = registration::client(stage, held, who).await?;
    let token = match hint {
        TokenTypeHint::RefreshToken => tokens.refresh_token().ok_or(NOTHING)?,
        _ => tokens.access_token(),
    };
    client.revoke(token, Some(hint), moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    Ok("The token is revoked.".to_owned())
}

/// Keeps the tokens, and describes them.
pub(crate) fn keep(held: &mut Held, who: Who, tokens: TokenSet) -> String {
    let scope = tokens.scope().map_or("nothing in particular", Scope::as_str);
    let lifetime = tokens.expires_at().map_or(0, |end| end.0.saturating_sub(now().0));
    let refresh = tokens.refresh_token().map_or("", |_| " There is a refresh token too.");
    let told = format!("The client has an access token for {scope}, good for {lifetime} seconds.{refresh}");
    held.tokens = Some(tokens);
    held.who = Some(who);
    told
}

pub(crate) fn moment() -> Result<Moment, String> {
    crate::moment::moment().map_err(sentence)
}

pub(crate) const NOTHING: &str = "There is nothing left to try this with.";

/// An error as a sentence.
pub(crate) fn sentence(error: impl fmt::Display) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}
