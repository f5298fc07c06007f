//! §2: client registration and authentication.

use grantor::Answer;
use grantor::consult::{Authenticity, ClientSecret};
use grantor::model::{ClientId, GrantType, ResponseType};
use grantor::record::{Client, RegisteredAuthentication, SecretPresentation};

use crate::common::*;

// §2.1 Client Types

#[test]
fn a_client_is_confidential_if_it_has_credentials_and_public_if_not() {
    let id = || ClientId::parse("s6BhdRkqt3").unwrap();
    assert!(Client::confidential(id(), SECRET).is_confidential());
    assert!(!Client::public(id()).is_confidential());
    let host = RegisteredAuthentication::Host { presented: SecretPresentation::Basic };
    assert!(Client::public(id()).with(|client| client.authentication = host).is_confidential());
}

#[test]
fn a_client_of_the_code_flow_has_what_that_takes_once() {
    let redirect_uris = ["https://client.example.com/cb", "http://127.0.0.1/cb"].map(redirect_uri);
    let [first, second] = redirect_uris.clone();
    let client = public("app").with(|client| {
        client.redirect_uris = Vec::new();
        client.grant_types = vec![GrantType::ClientCredentials, GrantType::RefreshToken];
        client.response_types = Vec::new();
    });
    let client = client.with_code_flow(first).with_code_flow(second);
    assert_eq!(client.redirect_uris, redirect_uris);
    let grant_types = [GrantType::ClientCredentials, GrantType::RefreshToken, GrantType::AuthorizationCode];
    assert_eq!(client.grant_types, grant_types);
    assert_eq!(client.response_types, [ResponseType::Code]);
}

// §2.3 Client Authentication: "The client MUST NOT use more than one authentication method in each request."

#[test]
fn r41_two_authentication_methods_in_one_request_are_refused() {
    let world = World::new();
    let web = basic("web", SECRET);
    let form = params(&[("grant_type", "client_credentials")]);
    let twice = {
        let mut request = post_as(&web, &form);
        request.headers_mut().append("authorization", web.parse().unwrap());
        request
    };
    for (case, request) in [
        ("header and body", post_as(&web, form.clone().of_web())),
        ("header, and another secret in the body", post_as(&web, form.clone().set("client_secret", "another"))),
        ("header, and another client in the body", post_as(&web, form.clone().set("client_id", "app"))),
        ("two headers", twice),
    ] {
        let reply = world.token_by(&request);
        // §5.2: invalid_request "includes multiple credentials, utilizes more than one mechanism for authenticating".
        assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"), "{case}");
    }
    // §3.2.1: "A client MAY use the "client_id" request parameter to identify itself": that is no second method.
    assert_eq!(world.token_by(&post_as(&web, form.set("client_id", "web"))).status(), 200);
}

// §2.3.1 Client Password

fn of_section_2_3_1() -> World {
    let client = confidential("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw").with(|client| client.require_pkce = false);
    World::new().with_client(client)
}

#[test]
fn the_basic_header_of_the_rfc_authenticates() {
    let header = "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3";
    assert_eq!(header, basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"));
    let reply = of_section_2_3_1().token_by(&post_as(header, "grant_type=client_credentials"));
    assert_eq!(reply.status(), 200);
}

#[test]
fn r40_the_secret_may_stand_in_the_body_as_the_rfc_prints_it() {
    let world = of_section_2_3_1();
    let code = world.code(params(&[("response_type", "code"), ("client_id", "s6BhdRkqt3")]));
    let form = params(&[("grant_type", "authorization_code"), ("code", &code)]);
    let header = basic("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw");
    let (_, refresh_token) = world.token_by(&post_as(&header, form)).tokens();
    let printed = "
        POST /token HTTP/1.1
        Host: server.example.com
        Content-Type: application/x-www-form-urlencoded

        grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA
        &client_id=s6BhdRkqt3&client_secret=7Fjfp0ZBr1KtDRbnfVdmIw";
    let reply = world.token_by(&as_printed(&printed.replace("tGzv3JOkF0XG5Qx2TlKWIA", &refresh_token)));
    assert_eq!(reply.status(), 200);
}

#[test]
fn r40_the_secret_is_never_taken_from_the_uri() {
    let world = World::new();
    let uri = |query: String| format!("/token?{query}").parse().unwrap();
    // Only there, it is refused; there too, it has leaked already, and the client must learn of its mistake.
    let alone = params(&[("grant_type", "client_credentials"), ("client_id", "web")]);
    for form in [alone, client_credentials()] {
        for query in [format!("client_id=web&client_secret={SECRET}"), format!("client_secret={SECRET}")] {
            let mut request = post(&form);
            *request.uri_mut() = uri(query);
            let reply = world.token_by(&request);
            assert_eq!((reply.status(), reply.error().as_str()), (400, "invalid_request"));
            assert!(!reply.body().contains(SECRET));
        }
    }
    let mut request = post(params(&[]));
    *request.uri_mut() = uri(client_credentials().to_string());
    assert_eq!(world.token_by(&request).error(), "invalid_request");
    // §3.2: "The endpoint URI MAY include an [...] query component".
    let mut request = post(client_credentials());
    *request.uri_mut() = uri("tenant=acme".to_owned());
    assert_eq!(world.token_by(&request).status(), 200);
}

/// "The client identifier is encoded using the "application/x-www-form-urlencoded" encoding algorithm per Appendix B,
/// and the encoded value is used as the username; the client password is encoded using the same algorithm".
#[test]
fn basic_credentials_are_form_encoded() {
    let world =
        World::new().with_client(confidential("a:b c%", "p&=+ :%/~")).with_client(confidential("plain", "sl/ash=="));
    for (user, password, status) in [
        ("a%3Ab+c%25", "p%26%3D%2B+%3A%25%2F%7E", 200),
        ("a%3Ab%20c%25", "p%26%3d%2b%20:%25/~", 200),
        // A separator cannot be in an encoded value: this client forgot to encode, and what it says is clear.
        ("plain", "sl/ash==", 200),
        ("plain", "sl%2Fash%3D%3D", 200),
        ("a%3Ab+c%25", "p%26%3D%2B+%3A%25%2F", 401),
        ("a:b c%", "p&=+ :%/~", 401),
    ] {
        let reply = world.token_by(&post_as(&basic(user, password), "grant_type=client_credentials"));
        assert_eq!(reply.status(), status, "{user} {password}");
    }
}

/// `curl -u` and many libraries send the secret as it is. The RFC's reading comes first, what is written second.
#[test]
fn basic_credentials_that_were_not_form_encoded_authenticate_too() {
    for secret in ["ab+cd/efgh01", "a%41b", "50%off+tax", "a%2Bb", "%FF", "+", "a%"] {
        let world = World::new().with_client(confidential("plus", secret)).with_client(confidential("web", "a b"));
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for (written, status) in [(secret, 200), (&*encoded, 200), ("ab cd/efgh02", 401), ("", 401)] {
            let reply = world.token_by(&post_as(&basic("plus", written), "grant_type=client_credentials"));
            assert_eq!(reply.status(), status, "{written} for {secret}");
            let token = world.token(client_credentials().set("client_id", "plus").set("client_secret", secret));
            let form = params(&[("token", &token.access_token())]);
            let request = post_as(&basic("plus", written), form);
            let introspected = world.server.introspect(&request, world.moment()).run(&world).into_http();
            assert_eq!(introspected.status(), status, "{written} for {secret}");
            let revoked = world.server.revoke(&request, world.moment()).run(&world).into_http();
            assert_eq!(revoked.status(), status, "{written} for {secret}");
        }
        // In the body there is one encoding, the form's.
        let doubly = client_credentials().set("client_id", "plus").set("client_secret", &encoded);
        assert_eq!(world.token(doubly).status() == 200, encoded == secret, "{secret}");
    }
    // While a secret is rotated, both readings of both are good.
    let rotated = confidential("web", "old+1").rotate_secret("new+2");
    let world = World::new().with_client(rotated);
    for written in ["old+1", "old%2B1", "new+2", "new%2B2"] {
        let reply = world.token_by(&post_as(&basic("web", written), "grant_type=client_credentials"));
        assert_eq!(reply.status(), 200, "{written}");
    }
}

/// A host that checks secrets itself is shown both readings, in one question.
#[test]
fn a_host_is_asked_about_both_readings() {
    struct Asked(std::cell::RefCell<Vec<Vec<String>>>);
    impl grantor::Policy for Asked {
        fn client_secret(&self, question: &ClientSecret) -> Answer<ClientSecret> {
            let readings: Vec<_> = question.readings().map(|reading| reading.expose().to_owned()).collect();
            let is_right = readings.iter().any(|reading| reading == "a+b");
            self.0.borrow_mut().push(readings);
            Ok(if is_right { Authenticity::Genuine } else { Authenticity::Refused })
        }
    }
    let authentication = RegisteredAuthentication::Host { presented: SecretPresentation::Either };
    let world =
        World::new().with_client(confidential("web", "x").with(|client| client.authentication = authentication));
    let host = grantor::Hosted { store: &world, policy: Asked(Vec::new().into()) };
    for (written, status) in [("a+b", 200), ("a%2Bb", 200), ("a b", 401), ("a%2Bc", 401)] {
        let request = post_as(&basic("web", written), "grant_type=client_credentials");
        let response = world.server.token(&request, world.moment()).run(&host).into_http();
        assert_eq!(response.status(), status, "{written}");
    }
    let asked = host.policy.0.into_inner();
    assert_eq!(asked, [vec!["a b", "a+b"], vec!["a+b", "a%2Bb"], vec!["a b"], vec!["a+c", "a%2Bc"]]);
}

/// RFC 6749 §2.3 forbids a second *client authentication* method; an access token is none.
#[test]
fn a_header_that_authenticates_no_client_is_refused_in_words_or_ignored_as_configured() {
    let strict = World::new();
    let lenient = World::new().with(|config| config.client_authentication.ignore_other_schemes = true);
    for (header, words) in [
        ("Bearer mF_9.B5f-4.1JqM", "unsupported scheme in the Authorization header"),
        ("bearer", "unsupported scheme in the Authorization header"),
        ("DPoP mF_9.B5f-4.1JqM", "unsupported scheme in the Authorization header"),
        ("", "an empty Authorization header"),
        ("  ", "an empty Authorization header"),
    ] {
        let refreshing = |world: &World| post_as(header, refresh(&world.tokens().1));
        let reply = strict.token_by(&refreshing(&strict));
        assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_client"), "{header}");
        assert_eq!(reply.member("error_description").unwrap(), words);
        assert_eq!(lenient.token_by(&refreshing(&lenient)).status(), 200, "{header}");
        assert_eq!(lenient.token_by(&post_as(header, client_credentials())).status(), 200, "{header}");
        // At the other endpoints that have clients, too.
        let about = |world: &World| {
            let request = post_as(header, params(&[("token", &world.tokens().0)]).of_web());
            let introspected = world.server.introspect(&request, world.moment()).run(world).into_http().status();
            (introspected, world.server.revoke(&request, world.moment()).run(world).into_http().status())
        };
        assert_eq!(about(&strict), (401.try_into().unwrap(), 401.try_into().unwrap()), "{header}");
        assert_eq!(about(&lenient).0, 200, "{header}");
        assert_ne!(about(&lenient).1, 401, "{header}");
        // It proves nothing.
        let alone = lenient.token_by(&post_as(header, "grant_type=client_credentials"));
        assert_eq!(alone.error(), "invalid_client", "{header}");
        let without_secret = lenient.token_by(&post_as(header, client_credentials().without("client_secret")));
        assert_eq!(without_secret.error(), "invalid_client", "{header}");
    }
    // What was meant to authenticate is never passed over.
    for header in ["Basic", "Basic !", "basic d2Vi"] {
        assert_eq!(lenient.token_by(&post_as(header, client_credentials())).error(), "invalid_client", "{header}");
    }
    let mut twice = post_as("Bearer a", client_credentials());
    twice.headers_mut().append("authorization", basic("web", SECRET).parse().unwrap());
    assert_eq!(lenient.token_by(&twice).error(), "invalid_request");
    assert_eq!(lenient.token_by(&post_as(&basic("web", SECRET), client_credentials())).error(), "invalid_request");
}

#[test]
fn a_basic_header_that_cannot_be_read_authenticates_nobody() {
    let world = World::new();
    let good = basic("web", SECRET);
    let credentials = good.strip_prefix("Basic ").unwrap().to_owned();
    let unpadded = credentials.trim_end_matches('=');
    assert_ne!(unpadded, credentials);
    for (header, status) in [
        // RFC 9110 §11.1: the scheme is case-insensitive. RFC 7617 §2: base64 with padding, which some forget.
        (good.clone(), 200),
        (format!("basic {credentials}"), 200),
        (format!("BASIC  {credentials}"), 200),
        (format!("Basic {unpadded}"), 200),
        ("Basic".to_owned(), 401),
        ("Basic ".to_owned(), 401),
        (format!("Basic{credentials}"), 401),
        (format!("Basic {credentials}!"), 401),
        (format!("Basic {credentials} {credentials}"), 401),
        (format!("Basic {}", credentials.replace('d', "*")), 401),
        // No colon, no client, a secret that is not UTF-8, base64url where base64 is asked for.
        ("Basic d2Vi".to_owned(), 401),
        (basic("", SECRET), 401),
        ("Basic d2ViOv8=".to_owned(), 401),
        (basic("web", "%FF"), 401),
        ("Basic d2ViOj8_Pz8=".to_owned(), 401),
        // Other schemes.
        (format!("Bearer {credentials}"), 401),
        (format!("Digest {credentials}"), 401),
    ] {
        let reply = world.token_by(&post_as(&header, "grant_type=client_credentials"));
        assert_eq!(reply.status(), status, "{header}");
        if status == 401 {
            assert_eq!(reply.error(), "invalid_client", "{header}");
        }
    }
    // A broken header is not passed over for the credentials in the body.
    let reply = world.token_by(&post_as("Basic !", client_credentials()));
    assert_eq!((reply.status(), reply.error().as_str()), (401, "invalid_client"));
}

/// RFC 7591 §2: `token_endpoint_auth_method`, for clients that are held to one.
#[test]
fn a_client_that_is_registered_for_one_presentation_may_not_use_the_other() {
    use SecretPresentation::{Basic, Either, Post};
    for (presented, in_header, in_body) in [(Basic, 200, 400), (Post, 401, 200), (Either, 200, 200)] {
        let authentication = RegisteredAuthentication::secret(SECRET, presented);
        let client = confidential("web", SECRET).with(|client| client.authentication = authentication);
        let world = World::new().with_client(client);
        let header = post_as(&basic("web", SECRET), "grant_type=client_credentials");
        assert_eq!(world.token_by(&header).status(), in_header, "{presented:?}");
        assert_eq!(world.token(client_credentials()).status(), in_body, "{presented:?}");
    }
}

// §2.3.1: "The authorization server MAY support [...] client authentication": with two passwords, while one is rotated.

#[test]
fn r81_while_a_secret_is_rotated_both_are_good_and_then_the_new_one_alone() {
    let world = |client: Client| World::new().with_client(client);
    let is_good = |world: &World, secret: &str| {
        let basic = world.token_by(&post_as(&basic("web", secret), "grant_type=client_credentials"));
        let posted = world.token(client_credentials().set("client_secret", secret));
        assert_eq!(basic.status() == 200, posted.status() == 200);
        posted.status() == 200
    };
    let before = confidential("web", "first");
    let rotated = before.clone().rotate_secret("second");
    assert_eq!((before.revision, rotated.revision), (0, 1));
    let during = world(rotated.clone());
    assert_eq!(["first", "second", "third", ""].map(|it| is_good(&during, it)), [true, true, false, false]);
    // The next rotation ends the first.
    let again = world(rotated.clone().rotate_secret("third"));
    assert_eq!(["first", "second", "third"].map(|it| is_good(&again, it)), [false, true, true]);
    let retired = rotated.retire_secret();
    assert_eq!(retired.revision, 2);
    let after = world(retired);
    assert_eq!(["first", "second"].map(|it| is_good(&after, it)), [false, true]);
    // A client whose secret the host checked, or that had none, has one of its own from then on.
    for authentication in
        [RegisteredAuthentication::None, RegisteredAuthentication::Host { presented: SecretPresentation::Either }]
    {
        let moved = before.clone().with(|client| client.authentication = authentication).rotate_secret("own");
        assert_eq!(["first", "own"].map(|it| is_good(&world(moved.clone()), it)), [false, true]);
    }
}
