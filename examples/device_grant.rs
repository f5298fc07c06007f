//! A device without a browser: RFC 8628, on the client.
//!
//! grantor's server does not have this grant yet, so what answers here is not grantor but four responses, as the RFC
//! prints them.

mod common;

use std::cell::Cell;
use std::time::SystemTime;

use common::Error;
use common::network::{show_request, show_response};
use grantor::client::{Polled, Registration};
use grantor::model::Metadata;
use grantor::{Answer, Fetch, HttpHost, Moment, Timestamp, Unavailable};
use http::Response;

const ANSWERS: [(u16, &str); 4] = [
    (
        200,
        r#"{"device_code":"GmRhmhcxhwAzkoEqiMEg_DnyEysNkuNhszIySk9eS","user_code":"WDJB-MJHT",
            "verification_uri":"https://album.example/device","expires_in":1800,"interval":5}"#,
    ),
    (400, r#"{"error":"authorization_pending"}"#),
    (400, r#"{"error":"slow_down"}"#),
    (200, r#"{"access_token":"2YotnFZFEjr1zCsicMWpAA","token_type":"Bearer","expires_in":3600}"#),
];

pub(crate) fn main() -> Result<(), Error> {
    let server: Metadata = serde_json::from_str(
        r#"{"issuer":"https://album.example","token_endpoint":"https://album.example/token",
            "device_authorization_endpoint":"https://album.example/device_authorization"}"#,
    )?;
    let answers = Cell::new(ANSWERS.iter());
    let http = HttpHost(|fetch: &Fetch| -> Answer<Fetch> {
        show_request(fetch.request());
        let mut rest = answers.take();
        let (status, body) = rest.next().ok_or_else(|| Unavailable::new("it has said all it has to say"))?;
        answers.set(rest);
        let response = Response::builder().status(*status).body(body.as_bytes().to_vec()).map_err(Unavailable::new)?;
        show_response(&response);
        Ok(response)
    });
    let client = Registration::public(server.issuer.clone(), "frame".parse()?).at(server)?;
    let mut now = Timestamp::from(SystemTime::now());
    let moment = |now| Moment::try_new(now, &mut getrandom::SysRng);

    // The device asks (§3.1), and shows the person where to go and what to type (§3.3).
    let request = client.authorize_device().scope("photos.read".parse()?);
    let mut device = request.start(moment(now)?).run(&http)?;
    println!("Go to {} and type {}", device.verification_uri(), device.user_code());

    // It asks again and again whether they have decided (§3.4), never before it is time. A device sleeps until
    // `poll_at`; here, the clock is put forward.
    let mut waits = Vec::new();
    let tokens = loop {
        waits.push(device.poll_at().0 - now.0);
        now = device.poll_at();
        device = match client.poll(&device, moment(now)?).run(&http)? {
            Polled::Tokens(tokens) => break tokens,
            Polled::Pending(device) => device,
            Polled::Retry(device, error) => {
                println!("{error}");
                device
            }
            Polled::Denied | Polled::Expired => return Err("nobody approved".into()),
        };
    };
    assert_eq!(waits, [5, 5, 10], "slow_down asks for five seconds more");
    assert_eq!(tokens.authorization(), "Bearer 2YotnFZFEjr1zCsicMWpAA");
    Ok(())
}
