//! A server that failed is left alone, whether the access token has ended or not: RFC 9110 §10.2.3, RFC 6585 §4. And
//! what an error is the end of: the table of `RequestError::remedy`.

use std::cell::Cell;
use std::pin::Pin;

use grantor::client::{Client, Fresh, RefreshError, Remedy, RequestError, SharedTokens, TokenSet};
use grantor::{Answer, Fetch, HttpHost, Timestamp, Unavailable};

use crate::canned::{self, *};
use crate::common::*;
use crate::crowd::*;

/// How often a server is asked in a hundred calls within ten seconds, by tokens of which the first is called for then.
fn asked_in_ten_seconds(tokens: &SharedTokens, from: Timestamp, answer: &Answer<Fetch>) -> usize {
    let (client, asked) = (public_client(), Cell::new(0));
    let http = HttpHost(|_: &Fetch| {
        asked.set(asked.get() + 1);
        answer.clone()
    });
    for call in 0..100 {
        drop(tokens.get(&client, canned::moment_at(Timestamp(from.0 + call / 10)), &http));
    }
    asked.get()
}

fn busy(retry_after: &'static str) -> Answer<Fetch> {
    with_header(canned::json(429, "{}"), "retry-after", retry_after)
}

#[test]
fn r99_a_server_that_failed_is_left_alone_after_the_end_too() {
    let gone = |code| canned::json(400, format!(r#"{{"error":"{code}"}}"#));
    let dated = with_header(busy("Thu, 01 Jan 1970 01:00:00 GMT"), "date", "Thu, 01 Jan 1970 00:00:00 GMT");
    #[rustfmt::skip]
    let cases = [
        (busy("3600"), 1),
        (busy("3599.2"), 1),
        (dated, 1),
        (busy("99999999999999999999"), 1),
        (with_header(gone("rate_limited"), "retry-after", "60"), 1),
        (canned::json(503, r#"{"error":"temporarily_unavailable"}"#), 2),
        (Err(Unavailable::new("down").with_retry_after(60)), 1),
        // Five seconds, where nobody says.
        (Err(Unavailable::new("down")), 2),
        (busy("1"), 2),
        (busy("soon"), 2),
        (response(502, "text/html", "<p>"), 2),
        (canned::json(200, "{}"), 2),
        (canned::json(302, ""), 2),
        (gone("invalid_client"), 2),
        (gone("Bad Request"), 2),
        // For ever.
        (gone("invalid_grant"), 1),
        (gone("bad_refresh_token"), 1),
    ];
    for (answer, asked) in cases {
        for (from, when) in [(END, "after its end"), (Timestamp(WORN.0), "worn, then ended")] {
            assert_eq!(asked_in_ten_seconds(&tokens(), from, &answer), asked, "{when}: {answer:?}");
        }
        let refused = tokens();
        refused.refused(&set("old", None));
        assert_eq!(asked_in_ten_seconds(&refused, Timestamp(NOW + 100), &answer), asked, "refused: {answer:?}");
    }
}

#[test]
fn r99_the_pause_ends_when_the_server_said() {
    let (tokens, client) = (tokens(), public_client());
    let host = HttpHost(|_: &Fetch| busy("3600"));
    assert!(tokens.get(&client, canned::moment_at(END), &host).is_err());
    let Fresh::Later { retry_at, error, .. } = tokens.fresh(Timestamp(END.0 + 3599)) else { panic!("asked too soon") };
    assert_eq!((retry_at, error.retry_after()), (Timestamp(END.0 + 3600), Some(3600)));
    assert_eq!(tokens.last_error(), Some(error));
    assert!(matches!(tokens.fresh(retry_at), Fresh::Refresh(_)));
    // Other tokens have nothing to do with it.
    tokens.replace(set("login", Some("its own")));
    assert!(matches!(tokens.fresh(END), Fresh::Refresh(_)));
    assert_eq!(tokens.last_error(), None);
}

/// A server that errs by a year, or a client whose clock does, is asked again within a day; and a clock that is set
/// back does not hold anybody up.
#[test]
fn no_clock_makes_the_pause_endless() {
    let year = "Fri, 31 Dec 2027 23:59:59 GMT";
    for answer in [busy("31536000"), busy(year), with_header(busy(year), "date", "Thu, 01 Jan 1970 00:00:00 GMT")] {
        let (tokens, client) = (tokens(), public_client());
        assert!(tokens.get(&client, canned::moment_at(END), &HttpHost(|_: &Fetch| answer.clone())).is_err());
        let day = 24 * 60 * 60;
        assert!(matches!(tokens.fresh(Timestamp(END.0 + day - 1)), Fresh::Later { .. }));
        assert!(matches!(tokens.fresh(Timestamp(END.0 + day)), Fresh::Refresh(_)));
    }
    let (tokens, client) = (tokens(), public_client());
    tokens.refused(&set("old", None));
    assert!(tokens.get(&client, canned::moment_at(END), &HttpHost(|_: &Fetch| busy("60"))).is_err());
    // Threads have moments that differ by a little.
    assert!(matches!(tokens.fresh(Timestamp(END.0 - 1)), Fresh::Later { .. }));
    assert!(matches!(tokens.fresh(Timestamp(NOW + 100)), Fresh::Refresh(_)));
}

/// RFC 9110 §5.6.7: "A recipient that parses a timestamp value in an HTTP field MUST accept all three HTTP-date
/// formats."
#[test]
fn retry_after_may_be_a_date() {
    let hour_later = ["Sun, 06 Nov 1994 09:49:37 GMT", "Sunday, 06-Nov-94 09:49:37 GMT", "Sun Nov  6 09:49:37 1994"];
    let now = Timestamp(784_111_777);
    let seconds = |answer: &Answer<Fetch>| {
        let request = confidential_client();
        answered(request.client_credentials().start(canned::moment_at(now)), answer).unwrap_err().retry_after()
    };
    for date in hour_later {
        assert_eq!(seconds(&busy(date)), Some(3600), "{date}");
        // The server's own clock counts, if it tells.
        let told = with_header(busy(date), "date", "Sun, 06 Nov 1994 09:49:07 GMT");
        assert_eq!(seconds(&told), Some(30), "{date}");
    }
    assert_eq!(seconds(&busy("Sun, 06 Nov 1994 08:49:36 GMT")), Some(0), "it is over");
    for nonsense in ["", "-1", "Sun", "Sun, 36 Nov 1994 09:49:37 GMT", "inf", "NaN"] {
        assert_eq!(seconds(&busy(nonsense)), None, "{nonsense}");
    }
    assert_eq!(seconds(&busy("0")), Some(0));
    assert_eq!(seconds(&busy("1.5")), Some(2));
}

/// The table of `RequestError::remedy`: what the server says, with which status, and what can be done.
#[test]
fn what_asking_again_cannot_mend_is_the_end() {
    use Remedy::{AskOwner, MendClient, Wait};
    #[rustfmt::skip]
    let table: [(&str, &[u16], Remedy); _] = [
        // RFC 6749 §5.2, RFC 8707 §2, RFC 8628 §3.5, OpenID Connect Core §3.1.2.6.
        ("invalid_grant",            &[200, 400, 401, 403, 429, 500, 503], AskOwner),
        ("invalid_scope",            &[400], AskOwner),
        ("invalid_target",           &[400], AskOwner),
        ("invalid_request",          &[400], AskOwner),
        ("unauthorized_client",      &[400, 401, 403], AskOwner),
        ("unsupported_grant_type",   &[400], AskOwner),
        ("expired_token",            &[400], AskOwner),
        ("interaction_required",     &[400], AskOwner),
        ("invalid_client",           &[200, 400, 401, 503], MendClient),
        ("slow_down",                &[400], Wait),
        ("server_error",             &[400, 500], Wait),
        ("temporarily_unavailable",  &[200, 400, 503], Wait),
        ("use_dpop_nonce",           &[400], Wait),
        // What providers say.
        ("bad_refresh_token",        &[200, 400], AskOwner),
        ("invalid_refresh_token",    &[200, 401], AskOwner),
        ("Invalid refresh token",    &[400], AskOwner),
        ("BAD_REFRESH_TOKEN",        &[400], AskOwner),
        ("token_revoked",            &[200], AskOwner),
        ("refresh_token_reused",     &[401], AskOwner),
        ("some_code_of_its_own",     &[200, 400, 401, 403], AskOwner),
        ("some_code_of_its_own",     &[404, 408, 425, 429, 500, 502, 503], Wait),
        ("invalid_request",          &[404, 429, 503], Wait),
        ("incorrect_client_credentials", &[200], MendClient),
        ("internal_error",           &[200], Wait),
        // What may come from whatever stands before the server.
        ("Bad Request",              &[400], Wait),
        ("Not Found",                &[404], Wait),
        ("forbidden",                &[403], Wait),
        ("error",                    &[400], Wait),
        ("40029",                    &[200], Wait),
    ];
    for (code, statuses, remedy) in table {
        for status in statuses {
            for media_type in ["application/json", "text/html; charset=UTF-8", "application/xml", "text/plain", ""] {
                let answer = response(*status, media_type, format!(r#"{{"error":"{code}"}}"#));
                let error = failed(&answer);
                assert_eq!((error.code(), error.remedy()), (Some(code), remedy), "{status}, {media_type}");
                let said = what_becomes_of_it(&answer);
                assert_eq!(said, if remedy == AskOwner { "ended" } else { "kept" }, "{code} {status} {media_type}");
            }
        }
    }
    for answer in [canned::json(400, "{}"), response(403, "text/html", "<p>"), Err(Unavailable::new("down"))] {
        assert_eq!((failed(&answer).remedy(), what_becomes_of_it(&answer)), (Wait, "kept"));
    }
    for error in [RequestError::OtherServer, RequestError::Unsendable, RequestError::NoEndpoint("token_endpoint")] {
        assert_eq!(error.remedy(), MendClient);
    }
    // The client has to be told of it; meanwhile nothing is lost that was not lost before.
    let strange = canned::json(200, r#"{"access_token":"x","token_type":"mac"}"#);
    assert_eq!((failed(&strange).remedy(), what_becomes_of_it(&strange)), (MendClient, "kept"));
    let busy = with_header(canned::json(400, r#"{"error":"some_code_of_its_own"}"#), "retry-after", "1");
    assert_eq!((failed(&busy).remedy(), what_becomes_of_it(&busy)), (Wait, "kept"));
}

/// The names that the documentation of `RequestError::remedy` has.
#[test]
fn a_name_that_is_known_means_what_it_means() {
    let names = [
        (
            "access_denied account_inactive authorization_declined bad_refresh_token expired_token invalid_refresh_token \
             refresh_token_expired refresh_token_invalidated refresh_token_reused refresh_token_revoked token_expired \
             token_inactive token_revoked invalid_grant",
            Remedy::AskOwner,
        ),
        (
            "bad_client_secret incorrect_client_credentials invalid_client_id invalid_client_secret invalid_client",
            Remedy::MendClient,
        ),
        (
            "authorization_pending fatal_error internal_error internal_failure internal_server_error rate_limit_exceeded \
             rate_limited request_timeout service_unavailable slow_down temporarily_unavailable too_many_requests \
             unknown_error use_dpop_nonce server_error",
            Remedy::Wait,
        ),
    ];
    for (name, remedy) in names.iter().flat_map(|(names, remedy)| names.split(' ').map(move |name| (name, *remedy))) {
        let error = failed(&canned::json(400, format!(r#"{{"error":"{name}"}}"#)));
        assert_eq!((error.code(), error.remedy()), (Some(name), remedy));
        // In another place, and written in another way.
        let shouted = name.to_ascii_uppercase().replace('_', "-");
        let error = failed(&canned::json(400, format!(r#"{{"status":"{shouted}"}}"#)));
        assert_eq!((error.code(), error.remedy()), (Some(name), remedy));
    }
}

/// Reading is linear, or a server could keep a client busy with what fits into a response.
#[test]
fn a_response_of_many_members_is_read_at_once() {
    let many: String = (0..20_000).map(|member| format!(r#""{member}":0,"#)).collect();
    let begun = std::time::Instant::now();
    let answer = canned::json(200, format!(r#"{{{many}"access_token":"x"}}"#));
    let client = confidential_client();
    let tokens = answered(client.client_credentials().start(canned::moment_at(Timestamp(NOW))), &answer).unwrap();
    assert_eq!(tokens.members().len(), 20_000);
    assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{:?}", begun.elapsed());
}

fn failed(answer: &Answer<Fetch>) -> RequestError {
    answered(confidential_client().client_credentials().start(canned::moment_at(Timestamp(NOW))), answer).unwrap_err()
}

/// Whether a token set that was answered so can be refreshed afterwards, by a client that was mended, at a server that
/// is back.
fn what_becomes_of_it(answer: &Answer<Fetch>) -> &'static str {
    let (tokens, client) = (tokens(), public_client());
    let first = tokens.get(&client, canned::moment_at(END), &HttpHost(|_: &Fetch| answer.clone()));
    let again = tokens.fresh(Timestamp(END.0 + 24 * 60 * 60));
    assert!(tokens.last_error().is_some());
    match (first, again) {
        (Err(RefreshError::Ended), Fresh::Ended) => "ended",
        (Err(RefreshError::Request(_)), Fresh::Refresh(_)) => "kept",
        other => panic!("{other:?}"),
    }
}

/// What failed before anything was sent is no reason to leave the server alone.
#[test]
fn a_wrong_client_does_not_keep_the_right_one_waiting() {
    let (tokens, server) = (tokens(), Server::that_refreshes());
    let nowhere = public_at(grantor::model::Metadata::new(metadata().issuer));
    let refused = tokens.get(&nowhere, canned::moment_at(END), &HttpHost(&server));
    assert!(matches!(refused, Err(RefreshError::Request(RequestError::NoEndpoint(_)))));
    // Nor those whose clock is a little behind.
    assert!(matches!(tokens.fresh(Timestamp(END.0 - 1)), Fresh::Refresh(_)));
    assert_eq!(on_threads(&tokens, &server, END, 4), ["new"; 4]);
}

// A caller who knows better

#[test]
fn a_caller_may_say_that_it_is_the_end() {
    for (name, crowd, count) in CROWDS {
        let (tokens, server) = (tokens(), Server::that_refreshes());
        tokens.ended(&set("another", None));
        assert!(matches!(tokens.fresh(WORN), Fresh::Refresh(_)), "of other tokens it is no news");
        tokens.ended(&tokens.current());
        assert_eq!(crowd(&tokens, &server, WORN, count), vec!["old"; count], "{name}: it lasts as long as it lasts");
        assert_eq!(crowd(&tokens, &server, END, count), vec!["ended"; count], "{name}");
        assert_eq!(server.asked(), 0);
        tokens.replace(set("login", Some("its own")));
        assert_eq!(crowd(&tokens, &server, END, count), vec!["new"; count], "{name}");
    }
}

/// By hand: whoever has the turn, and reads in the server's words that the refresh token is dead.
#[test]
fn whoever_has_the_turn_may_say_so() {
    let (tokens, client) = (tokens(), public_client());
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let Fresh::Wait(wait) = tokens.fresh(END) else { panic!("no wait") };
    let answer = canned::json(400, r#"{"error":"E4711"}"#);
    let reply = turn.start(&client, canned::moment_at(END)).run(&HttpHost(|_: &Fetch| answer.clone()));
    assert_eq!(reply.as_ref().unwrap_err().remedy(), Remedy::Wait);
    tokens.ended(turn.tokens());
    assert!(matches!(turn.finish(reply), Err(RefreshError::Ended)));
    assert!(matches!(wait.block(), Err(RefreshError::Ended)));
    assert!(matches!(tokens.fresh(END), Fresh::Ended));
    assert_eq!(tokens.last_error().unwrap().code(), Some("E4711"));
}

// RFC 6749 §4.4.3: "A refresh token SHOULD NOT be included."

fn own(client: &Client, answer: &Answer<Fetch>) -> SharedTokens {
    let request = client.client_credentials().scope(scope("read")).resource(resource("https://api.example"));
    SharedTokens::new(answered(request.start(canned::moment_at(Timestamp(NOW))), answer).unwrap())
}

#[test]
fn what_a_client_has_for_itself_is_fetched_once_for_all() {
    let first = canned::json(200, r#"{"access_token":"old","expires_in":3600}"#);
    for (name, crowd, count) in CROWDS {
        let server = Server::that_answers(canned::json(200, r#"{"access_token":"new","expires_in":7200}"#));
        let tokens = own(&confidential_client(), &first);
        // Kept over a restart.
        let tokens: TokenSet = serde_json::from_str(&serde_json::to_string(&*tokens.current()).unwrap()).unwrap();
        let tokens = SharedTokens::new(tokens);
        assert_eq!(crowd(&tokens, &server, END, count), vec!["new"; count], "{name}");
        assert_eq!(server.asked(), 1, "{name}");
        // And so on.
        let later = Timestamp(END.0 + 7200);
        assert_eq!(crowd(&tokens, &server, later, count), vec!["new"; count]);
        assert_eq!(server.asked(), 2, "{name}");
    }
}

#[test]
fn it_asks_for_the_same_again() {
    let client = confidential_client().with_parameter("audience", "https://a.example");
    let tokens = own(&client, &canned::json(200, r#"{"access_token":"old","scope":"read write","expires_in":3600}"#));
    let Fresh::Refresh(turn) = tokens.fresh(END) else { panic!("no turn") };
    let body = String::from_utf8(sent(&turn.start(&client, canned::moment_at(END))).body().clone()).unwrap();
    assert_eq!(
        body,
        "grant_type=client_credentials&resource=https%3A%2F%2Fapi.example&scope=read&audience=https%3A%2F%2Fa.example"
    );
}

/// What was said in one request is not known to the next: an assertion is good once, and without its audience it would
/// be another token.
#[test]
fn a_request_with_a_parameter_of_its_own_is_not_repeated() {
    let client = confidential_client();
    let request = client.client_credentials().parameter("audience", "https://a.example");
    let answer = canned::json(200, r#"{"access_token":"old","expires_in":3600}"#);
    let tokens = answered(request.start(canned::moment_at(Timestamp(NOW))), &answer).unwrap();
    assert!(!tokens.is_renewable() && tokens.renew(&client).is_none());
    assert!(matches!(SharedTokens::new(tokens).fresh(END), Fresh::Ended));
}

/// A future that is dropped while it waits for the pause to be over, or for anything else, is nobody's turn.
#[test]
fn those_who_come_during_the_pause_do_not_wait() {
    let (tokens, server) = (tokens(), Server::that_answers(busy("60")));
    assert_eq!(in_tasks(&tokens, &server, END, 1).len(), 1);
    let client = public_client();
    let host = HttpHost(&server);
    let mut later = Box::pin(tokens.get_async(&client, canned::moment_at(Timestamp(END.0 + 30)), &host));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(Pin::new(&mut later).poll(&mut context).is_ready());
    assert_eq!(server.asked(), 1);
}
