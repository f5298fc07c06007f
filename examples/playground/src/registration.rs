//! The work of a client that registers itself, each act with its outcome in a sentence: RFC 7591, RFC 7592.

use grantor::client::{Client, ClientMetadata, register};

use crate::clients::Who;
use crate::deeds::{NOTHING, Outcome, moment, sentence};
use crate::runs::Held;
use crate::stage::Stage;
use crate::trace::Lane;

/// Returns an application's client: one that the host has registered, or the one that has registered itself in this
/// run.
///
/// # Errors
/// The error is a sentence.
pub(crate) async fn client(stage: &Stage, held: &Held, who: Who) -> Result<Client, String> {
    if who != Who::Poster {
        return stage.client(who).await;
    }
    let registered = held.registered.as_ref().ok_or(NOTHING)?;
    registered.registration().map_err(sentence)?.at(stage.metadata().await?).map_err(sentence)
}

/// Registers the client: RFC 7591 §3.1.
pub(crate) async fn introduce(stage: &Stage, held: &mut Held) -> Outcome {
    let clients = &stage.place.playground.clients;
    let metadata = ClientMetadata::new().client_name(Who::Poster.name()).redirect_uri(&clients.callback);
    let metadata = metadata.scope(&clients.read_write);
    let step = register(&stage.metadata().await?, &metadata, None, moment()?);
    let registered = step.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    held.registered = Some(registered);
    Ok("The server knows the client now, by an id that it has drawn, and has told it a secret. It tells it once."
        .to_owned())
}

/// Changes the client's name: RFC 7592 §2.2.
pub(crate) async fn rename(stage: &Stage, held: &mut Held) -> Outcome {
    let registered = held.registered.as_ref().ok_or(NOTHING)?;
    let metadata = registered.metadata().clone().client_name("Poster and Postcard Shop");
    let step = registered.update(&metadata, moment()?);
    let registered = step.run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    let told = format!("It is called {} now.", registered.metadata().text("client_name").unwrap_or_default());
    held.registered = Some(registered);
    Ok(told)
}

/// Deletes the registration: RFC 7592 §2.3.
pub(crate) async fn leave(stage: &Stage, held: &mut Held) -> Outcome {
    let registered = held.registered.as_ref().ok_or(NOTHING)?;
    registered.delete(moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    held.registered = None;
    Ok("The server knows the client no longer. Does the access token still work? Try it.".to_owned())
}
