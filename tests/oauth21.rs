//! OAuth 2.1, working draft of May 2026, in the order of its sections: what it asks for beyond the RFCs that it
//! collects, which have files of their own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use std::collections::HashSet;

use grantor::Moment;
use grantor::Timestamp;
use grantor::model::ClientId;
use grantor::server::Event;
use rand_core::{Infallible, TryCryptoRng, TryRng};

use common::*;

// §1.4.1, §2.3, §2.4, §3: tests/rfc6749. §2.3.1, §8.4: tests/rfc8252.rs.

// §3.2.4 Token Endpoint Error Response, §4.1.2.1 Error Response

/// "Values for the `error` parameter MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E", nor
/// those for `error_description`. [`Reply::of`] holds every reply of these tests to it; here, requests do their worst.
/// RFC 6749 §5.2: "MUST NOT include characters outside the set %x20-21 / %x23-5B / %x5D-7E".
#[test]
fn r22_error_and_description_keep_to_their_characters() {
    let world = World::new().with_everything();
    let mut descriptions = HashSet::new();
    for evil in ["\"", "\\", "\r\nSet-Cookie: a=b", "\0", "\u{e9}", "\u{7f}", "<script>", "%22", "\u{1f600}"] {
        for base in [authorize(), implicit()] {
            for name in base.names().into_iter().filter(|name| *name != "client_id" && *name != "redirect_uri") {
                for request in [base.clone().set(&name, evil), base.clone().again(&name, evil)] {
                    let reply = match world.authorize(&request) {
                        grantor::server::AuthorizeReply::Ask(_) => continue,
                        refused => Reply::of(world.respond(refused).into_http()),
                    };
                    // A state that cannot come back is told to the person.
                    let told = reply.is_page().then(|| reply.body().trim_end().to_owned());
                    let description = told.or_else(|| reply.parameter("error_description")).unwrap();
                    assert!(
                        reply.is_page() == (name == "state") && !description.contains(evil),
                        "nothing that the request brought comes back"
                    );
                    descriptions.insert(description);
                }
            }
        }
        for base in [exchange("code"), refresh("token"), client_credentials(), password()] {
            for name in base.names() {
                for form in [base.clone().set(&name, evil), base.clone().again(&name, evil)] {
                    let reply = world.token(&form);
                    assert!(!reply.error().is_empty());
                    let description = reply.member("error_description").unwrap();
                    assert!(!description.contains(evil), "nothing that the request brought comes back");
                    descriptions.insert(description);
                }
            }
        }
    }
    let outage = |retry_after| World::new().with_outage(At::Commit, retry_after);
    for reply in [outage(None).approve(authorize()), outage(Some(1)).approve(authorize())] {
        descriptions.extend(reply.parameter("error_description"));
    }
    descriptions.extend(outage(None).token(client_credentials()).member("error_description"));
    assert!(descriptions.len() > 20, "{descriptions:?}");
}

// §4.1.1 Authorization Request, §4.1.3 Token Endpoint Extension: tests/rfc7636.rs, tests/rfc6749.

// §7.5.2 Reuse of Authorization Codes

/// "The authorization server SHOULD NOT revoke any issued tokens when receiving a replayed authorization code that
/// contains invalid parameters."
#[test]
fn r33_an_invalid_replay_revokes_nothing() {
    let world = World::new().with_client(public("other"));
    let code = world.code(authorize());
    let (access_token, refresh_token) = world.token(exchange(&code)).tokens();
    for form in [
        exchange(&code).set("code_verifier", &"x".repeat(43)),
        exchange(&code).without("code_verifier"),
        exchange(&code).set("redirect_uri", "https://client.example.com/other"),
        exchange(&code).without("redirect_uri"),
        exchange(&code).set("client_id", "other"),
        exchange(&code).of_web(),
        exchange(&code).of_web().set("client_secret", "wrong"),
        exchange(&code).set("client_secret", "any"),
        exchange(&code).without("client_id"),
    ] {
        assert_eq!(world.token(&form).status(), 400, "{form}");
        assert!(!matches!(world.event(&form), Event::Replayed { .. }), "{form}");
        assert!(world.is_alive(&access_token), "{form}");
    }
    assert_eq!(world.token(refresh(&refresh_token)).status(), 200);
}

// §7.7 Credentials-Guessing Attacks

/// Draws what it is told.
struct Drawn([u8; Moment::POOL_LEN]);

impl TryRng for Drawn {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        panic!("a moment draws bytes")
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("a moment draws bytes")
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

fn moment(bytes: [u8; Moment::POOL_LEN]) -> Moment {
    Moment::new(Timestamp(NOW), &mut Drawn(bytes))
}

/// "The probability of an attacker guessing generated tokens [...] MUST be less than or equal to 2^(-128) and SHOULD be
/// less than or equal to 2^(-160)": 248 bits of what the host draws are in each, and each one of them counts.
#[test]
fn r49_every_code_and_token_has_248_bits_of_entropy() {
    // A world for each draw, so that nothing of one stands in the way of the next.
    let tokens = |bytes: [u8; Moment::POOL_LEN]| {
        let world = World::new();
        let step = world.ask(authorize()).approve(&world.server, approval(), moment(bytes));
        let code = Reply::of(step.run(&world).into_http()).parameter("code").unwrap();
        let form = post(exchange(&code));
        // Another draw: with the same, the access token would be the code.
        let mut others = bytes.map(|byte| !byte);
        others.reverse();
        let drawn = moment(others);
        let reply = Reply::of(world.server.token(&form, drawn).run(&world).into_http());
        let (access_token, refresh_token) = reply.tokens();
        [code, access_token, refresh_token]
    };
    let baseline = std::array::from_fn(|at| at as u8);
    // Codes, access tokens, refresh tokens.
    let mut seen: [HashSet<String>; 3] = Default::default();
    for (seen, token) in seen.iter_mut().zip(tokens(baseline)) {
        assert_eq!(token.len(), grantor::model::Key::TOKEN_LEN);
        seen.insert(token);
    }
    // Change one drawn bit after the other.
    let mut bits = [0; 3];
    for bit in 0..Moment::POOL_LEN * 8 {
        let mut bytes = baseline;
        bytes[bit / 8] ^= 1 << (bit % 8);
        for (at, token) in tokens(bytes).into_iter().enumerate() {
            if seen[at].insert(token) {
                bits[at] += 1;
            }
        }
    }
    // 248 of its own, and the 16 of the grant's partition.
    assert_eq!(bits, [248 + 16; 3]);
}

/// The same with the operating system's generator: no two are alike, and no character is fixed.
#[test]
fn r49_tokens_differ_in_every_position() {
    let world = World::new();
    let form = post(client_credentials());
    let tokens: HashSet<String> = (0..2000)
        .map(|_| {
            let moment = Moment::try_new(Timestamp(NOW), &mut getrandom::SysRng).unwrap();
            Reply::of(world.server.token(&form, moment).run(&world).into_http()).access_token()
        })
        .collect();
    assert_eq!(tokens.len(), 2000);
    for position in 0..grantor::model::Key::TOKEN_LEN {
        let characters: HashSet<u8> = tokens.iter().map(|token| token.as_bytes()[position]).collect();
        assert_eq!(characters.len(), 64, "position {position}");
    }
}

// §10.2 Redirect URI Parameter in Token Request

/// "The authorization server can use the `client_id` in the request to determine whether to enforce this behavior"; it
/// "MUST allow clients to send the `redirect_uri` parameter in the token request".
#[test]
fn a_client_of_oauth_2_1_need_not_repeat_the_redirect_uri() {
    let world = World::new().with_client(public("app").with(|client| client.require_redirect_uri = false));
    let [left_out, repeated, wrong] = [0; 3].map(|_| world.code(authorize()));
    assert_eq!(world.token(exchange(&left_out).without("redirect_uri")).status(), 200);
    assert_eq!(world.token(exchange(&repeated)).status(), 200);
    let form = exchange(&wrong).set("redirect_uri", "https://client.example.com/other");
    assert_eq!(world.token(form).error(), "invalid_grant");
    assert!(world.presented(&wrong).grant.client_id == ClientId::parse("app").unwrap());
}
