//! Drives a machine by hand and shows every pause: `cargo run --example step_by_step`.
//!
//! This is what the drivers `run` and `run_async` do in a loop. Do it yourself to log each effect, to batch lookups of
//! many requests, or to test what happens when a request dies between two of them.

use std::time::SystemTime;

use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{ClientId, GrantType, Issuer, Scope};
use grantor::record::Client;
use grantor::server::Config;
use grantor::store::{Commit, Lookup, MemoryStore, Store};
use grantor::{Effect as _, Moment, Pause, Server, Step, Unavailable};
use http::{Request, header};

pub(crate) fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = Client::confidential(ClientId::parse("backup")?, "a-secret-that-was-drawn-at-random");
    client.grant_types = vec![GrantType::ClientCredentials];
    client.scope = Scope::parse("photos.read")?;
    let server = Server::new(Config::new(Issuer::parse("https://photos.example")?))?;
    let store = MemoryStore::new().with_client(client);

    let body = "grant_type=client_credentials&client_id=backup&client_secret=a-secret-that-was-drawn-at-random";
    let request =
        Request::post("/token").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)?;

    println!("— a request that succeeds");
    let mut effects = Vec::new();
    let mut step = server.token(&request, moment());
    let reply = loop {
        step = match step {
            Step::Lookup(pause) => {
                effects.push(Lookup::NAME);
                println!("lookup: {:?}", pause.effect());
                let answer = Store::lookup(&store, pause.effect());
                println!("      → {answer:?}");
                pause.resume(answer)
            }
            Step::Commit(pause) => {
                effects.push(Commit::NAME);
                println!("commit:");
                for change in pause.effect().changes() {
                    println!("        {change:?}");
                }
                let answer = Store::commit(&store, pause.effect());
                println!("      → {answer:?}");
                pause.resume(answer)
            }
            // Questions to the host, each with its own answer type. The last word on what is issued is asked for unless
            // the configuration says otherwise; on this path, no other is.
            Step::Issuance(pause) => {
                effects.push(Issuance::NAME);
                println!("may this be issued? {:?}", pause.effect().scope);
                pause.resume(Ok(Verdict::Issue(Terms::default())))
            }
            Step::ClientSecret(pause) => pause.resume(Err(nobody_asked())),
            Step::Password(pause) => pause.resume(Err(nobody_asked())),
            Step::Extension(pause) => pause.resume(Err(nobody_asked())),
            // Where a client may be the URL of its metadata document, the document is asked for.
            Step::Fetch(pause) => pause.resume(Err(nobody_asked())),
            Step::Done(reply) => break reply,
        };
    };
    println!("event:  {:?}", reply.event());
    println!("reply:  {}", reply.into_http().status());
    assert_eq!(effects, ["lookup", "issuance", "commit"]);

    // The authorization endpoint asks for records, and for the metadata document of a client that has one. What its
    // machine never does has no values, so the match needs no arm for it: it *cannot* write.
    println!("— an authorization request while the store is down");
    let request = Request::get("/authorize?response_type=code&client_id=backup").body("")?;
    let mut step = server.authorize(&request, moment());
    let outcome = loop {
        step = match step {
            Step::Lookup(pause) => pause.resume(Err(Unavailable::new("the disk is full"))),
            Step::Fetch(pause) => pause.resume(Err(nobody_asked())),
            Step::Done(outcome) => break outcome,
        };
    };
    println!("event:  {:?}", outcome.event());
    assert_eq!(outcome.event().name(), "unavailable");
    Ok(())
}

fn nobody_asked() -> Unavailable {
    Unavailable::new("this example answers no questions")
}

fn moment() -> Moment {
    Moment::new(SystemTime::now(), &mut rand_core::UnwrapErr(getrandom::SysRng))
}
