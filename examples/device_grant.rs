//! A device without a browser: RFC 8628, at the client and at the server.

mod common;

use std::time::Duration;

use common::{Demo, Error, ISSUER, alice};
use grantor::client::{Device, Polled, Registration};
use grantor::model::GrantType;
use grantor::server::{Approval, DeviceConfig, DevicePageError, VerifyUserCodeReply};
use grantor::{Timestamp, record};
use http::StatusCode;

pub(crate) fn main() -> Result<(), Error> {
    // At the server: the endpoint exists, the token endpoint takes its codes, and the metadata say so.
    let demo = Demo::with(|config| {
        config.device = Some(DeviceConfig::below(&config.issuer));
        config.token.grant_types.push(GrantType::DeviceCode);
        Ok(())
    })?;
    let mut frame = record::Client::public("frame".parse()?);
    frame.client_name = Some("Picture frame".to_owned());
    frame.grant_types = vec![GrantType::DeviceCode, GrantType::RefreshToken];
    frame.scope = "photos.read".parse()?;
    demo.register(frame)?;

    // At the device: it asks (§3.1), and shows the person where to go and what to type (§3.3).
    let client = Registration::public(ISSUER.parse()?, "frame".parse()?).at(demo.server.config().metadata())?;
    let request = client.authorize_device().scope("photos.read".parse()?);
    let mut device = request.start(demo.moment()).run(&demo.http())?;
    println!("— the frame shows: go to {} and type {}", device.verification_uri(), device.user_code());

    // It asks again and again whether they have decided (§3.4), never before it is time: a device sleeps until
    // `poll_at`. Here the clock is put forward, and the person types and decides between the second poll and the third.
    let mut polls = 0;
    let tokens = loop {
        demo.wait(until(device.poll_at(), demo.now()));
        if polls == 2 {
            decide(&demo, &device)?;
        }
        polls += 1;
        device = match client.poll(&device, demo.moment()).run(&demo.http())? {
            Polled::Tokens(tokens) => break tokens,
            Polled::Pending(device) => device,
            Polled::Retry(device, error) => {
                println!("{error}");
                device
            }
            Polled::Denied | Polled::Expired => return Err("nobody approved".into()),
        };
    };
    assert_eq!(polls, 3);
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}

/// The page at `verification_uri`, which is the host's: Alice types the code, logs in, and decides.
fn decide(demo: &Demo, device: &Device) -> Result<(), Error> {
    let enter = |typed: &str| demo.server.verify_user_code(typed, demo.moment()).run(&demo.host());
    // Wrong codes are counted, by session and by address, and have to wait after a few (§5.1).
    match enter("BBBB-BBBB") {
        VerifyUserCodeReply::Refuse(error @ DevicePageError::UserCodeUnknown) => assert!(error.is_guess()),
        other => return Err(format!("guessed: {other:?}").into()),
    }
    let prompt = match enter(&device.user_code().to_lowercase().replace('-', " ")) {
        VerifyUserCodeReply::Ask(prompt) => prompt,
        VerifyUserCodeReply::Refuse(error) => return Err(error.into()),
    };
    // The page says that a device asks, which one and with which code, so that nobody approves a stranger's (§5.4). The
    // prompt stays in the session of whoever typed the code: only they decide.
    println!("— {:?} shows {} and asks for {}", prompt.client_name, prompt.user_code, prompt.asked.scope);
    let decided = prompt.approve(&demo.server, Approval::by(alice()?), demo.moment()).run(&demo.host());
    assert_eq!(decided.is_approved(), Ok(true));
    Ok(())
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    Duration::from_secs(time.0.saturating_sub(now.0))
}
