//! The work of a device without a browser, each act with its outcome in a sentence: RFC 8628.

use grantor::client::Polled;

use crate::clients::Who;
use crate::deeds::{NOTHING, Outcome, keep, moment, sentence};
use crate::moment::now;
use crate::runs::Held;
use crate::stage::Stage;
use crate::trace::Lane;

/// Asks for the codes: RFC 8628 §3.1.
pub(crate) async fn ask(stage: &Stage, held: &mut Held) -> Outcome {
    let client = stage.client(Who::Frame).await?;
    let playground = &stage.place.playground;
    let request = client.authorize_device().scope(playground.clients.read.clone());
    let resources = playground.api.audience();
    let request = resources.resources().iter().cloned().fold(request, |request, resource| request.resource(resource));
    let device = request.start(moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)?;
    let told = format!("The device shows the code {}, and waits.", device.user_code());
    held.device = Some(device);
    Ok(told)
}

/// Returns the URL of the page where a person types the user code: RFC 8628 §3.3.
pub(crate) fn page(held: &Held) -> Outcome {
    held.device.as_ref().map(|device| device.verification_uri().to_owned()).ok_or_else(|| NOTHING.to_owned())
}

/// Asks whether the person has decided: RFC 8628 §3.4.
pub(crate) async fn poll(stage: &Stage, held: &mut Held) -> Outcome {
    let device = held.device.as_ref().ok_or(NOTHING)?;
    let seconds = device.poll_at().0.saturating_sub(now().0);
    if seconds > 0 {
        return Ok(format!("It is too early: the device sends nothing. It may ask in {seconds} seconds."));
    }
    let client = stage.client(Who::Frame).await?;
    match client.poll(device, moment()?).run_async(&stage.host(Lane::Client)).await.map_err(sentence)? {
        Polled::Tokens(tokens) => {
            held.device = None;
            Ok(keep(held, Who::Frame, tokens))
        }
        Polled::Pending(device) | Polled::Retry(device, _) => {
            let seconds = device.poll_at().0.saturating_sub(now().0);
            held.device = Some(device);
            Ok(format!("You have not decided yet. The device may ask again in {seconds} seconds."))
        }
        Polled::Denied => {
            held.device = None;
            Err("You denied. The device stops asking.".to_owned())
        }
        Polled::Expired => {
            held.device = None;
            Err("The codes have expired. The device would have to begin again.".to_owned())
        }
    }
}
