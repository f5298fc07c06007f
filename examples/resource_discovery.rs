//! A client that knows nothing but the API: RFC 9728, RFC 8414. Those of the Model Context Protocol begin so.

mod common;

use common::{Demo, Error, ISSUER, PHOTOS};
use grantor::client::{Challenge, Registration, discover, discover_resource};
use grantor::model::Resource;
use http::{Request, StatusCode};

pub(crate) fn main() -> Result<(), Error> {
    // At the API: `Demo` says in `resource::Config::authorization_servers` whose tokens it takes.
    let demo = Demo::new()?;

    // At the client: a request without a token is refused, and the challenge says where to read more (§5.1).
    let resource = Resource::parse(PHOTOS)?;
    let refused = demo.send(Request::get(PHOTOS).body(Vec::new())?)?;
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let challenge = Challenge::of_resource(&resource, refused.headers()).ok_or("there is no challenge")?;

    // The document names the authorization servers (§3.2), and each of these has a document of its own (RFC 8414 §3).
    let metadata = discover_resource(&resource, challenge.resource_metadata.as_ref()).run(&demo.http())?;
    let issuer = metadata.authorization_servers.first().ok_or("it names no authorization server")?;
    let server = discover(issuer).run(&demo.http())?;

    // Whoever runs the API chose that server. The client goes on only where it is registered, and shows nobody else
    // what it has from there.
    let registrations = [Registration::public(ISSUER.parse()?, "printer".parse()?)];
    let registration = registrations.iter().find(|registration| registration.issuer() == issuer);
    let registration = registration.ok_or("the client is not registered there")?;
    let client = registration.at(server)?;
    let tokens = demo.log_in(&client)?;
    assert_eq!(demo.get_photos(&tokens)?.status(), StatusCode::OK);
    Ok(())
}
