//! Attacks by whoever may register a client, and on those that did: RFC 7591 §5, RFC 7592 §5.

use std::sync::Barrier;

use grantor::server::{MAX_REGISTRATION_LEN, Registrants};
use grantor::store::{Change, Commit, Lookup, MemoryStore, Outcome, Store};
use grantor::{Pause as _, Step, Timestamp};
use http::Method;
use serde_json::{Value, json};

use crate::common::registering::*;
use crate::common::*;

fn set(name: &str, value: Value) -> Value {
    metadata().set(name, value)
}

/// Where a person's browser, or a server that looks at a logo, must not be led.
#[test]
fn urls_that_lead_into_a_private_network_are_refused() {
    let world = registering();
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "[fd00::1]",
        "10.0.0.1",
        "192.168.1.1:8443",
        "172.16.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "localhost",
        "localhost.",
        "api.localhost",
        "intranet",
        "printer.local",
        "metadata.google.internal",
        "router.home.arpa",
        "user@client.example.org",
        "client.example.org@10.0.0.1",
        "client.example.org\\@10.0.0.1",
    ];
    for name in ["logo_uri", "client_uri", "tos_uri", "policy_uri", "logo_uri#fr"] {
        for host in hosts {
            let error = refused(&world, set(name, json!(format!("https://{host}/logo.png"))));
            assert_eq!(error, "invalid_client_metadata", "{name} {host}");
        }
        for url in [
            "http://client.example.org/",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "//client.example.org/",
            "https:client.example.org",
            "https://",
            "https://client.example.org/\"><script>",
            "https://client.example.org/#\"><script>",
            "https://client.example.org/a b",
            "x",
        ] {
            assert_eq!(refused(&world, set(name, json!(url))), "invalid_client_metadata", "{name} {url}");
        }
    }
}

/// What a client says of its keys is not fetched: the machine has no `Fetch`, by type, so that this is all that could
/// be asked of its host.
#[test]
fn a_registration_asks_for_nothing_but_a_commit() {
    let world = registering();
    let request = request(set("jwks_uri", json!("https://169.254.169.254/latest/meta-data")));
    let Step::Commit(pause) = world.server.register(&request, world.moment()) else { panic!("it writes at once") };
    let written = format!("{:?}", pause.effect());
    assert!(!written.contains("169.254"), "{written}");
}

#[test]
fn redirect_uris_with_tricks_are_refused() {
    let world = registering();
    for redirect_uri in [
        "https://client.example.org/cb#fragment",
        "https://client.example.org/cb#",
        "https://user@client.example.org/cb",
        "https://user:password@client.example.org/cb",
        "https://@client.example.org/cb",
        "https://client.example.org@evil.example/cb",
        "http://client.example.org/cb",
        "http://10.0.0.1/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://2130706433/cb",
        "javascript:alert(document.cookie)",
        "JavaScript:alert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "about:blank",
        "view-source:https://client.example.org/cb",
        "myapp://cb",
        "myapp:/cb",
        "urn:ietf:wg:oauth:2.0:oob",
        "https://*.example.org/cb",
        "https://*/cb",
        "https://client.example.org:*/cb",
        "https://client.example.org\\.evil.example/cb",
        "https://client.example.org/c b",
        "https://client.example.org/%zz",
        "https:///cb",
        "https://",
        "//client.example.org/cb",
        "/cb",
        "*",
        "",
        "https://client.example.org/cb\r\nLocation: https://evil.example",
    ] {
        let alone = refused(&world, set("redirect_uris", json!([redirect_uri])));
        let beside = refused(&world, set("redirect_uris", json!(["https://client.example.org/cb", redirect_uri])));
        assert_eq!(
            (alone.as_str(), beside.as_str()),
            ("invalid_redirect_uri", "invalid_redirect_uri"),
            "{redirect_uri}"
        );
    }
    let long = format!("https://client.example.org/{}", "a".repeat(2048));
    assert_eq!(refused(&world, set("redirect_uris", json!([long]))), "invalid_redirect_uri");
}

/// What nobody may have, a client gets neither at once nor by and by.
#[test]
fn nothing_escalates() {
    let world = registering();
    let client = Managed::new(&world, metadata());
    let before = client.record(&world);
    for (name, value) in [
        ("scope", json!("read write admin")),
        ("scope", json!("admin")),
        ("grant_types", json!(["client_credentials"])),
        ("grant_types", json!(["password"])),
        ("grant_types", json!(["implicit"])),
        ("response_types", json!(["token"])),
        ("redirect_uris", json!(["https://*.example.org/"])),
    ] {
        assert_eq!(register(&world, set(name, value.clone())).status(), 400, "{name} {value}");
        assert_eq!(client.update(&world, &client.updated().set(name, value.clone())).status(), 400, "{name} {value}");
    }
    // Together with what is allowed, they are left out.
    let greedy = ["authorization_code", "client_credentials", "password", "implicit"];
    let greedy = client.updated().set("grant_types", json!(greedy)).set("response_types", json!(["code", "token"]));
    let reply = client.update(&world, &greedy);
    assert_eq!(reply.member("grant_types").as_deref(), Some(r#"["authorization_code"]"#));
    // What is the server's own is not theirs to set.
    let policy = json!({ "version": 3, "revision": 9, "require_pkce": false, "require_redirect_uri": false,
        "resource_server": ["https://server.example.com/"], "grant_lifetime": 0, "disabled": true, "authentication": "none",
        "registration": { "self_registered": false }, "self_registered": false, "client_id_issued_at": null });
    let with_policy = policy
        .as_object()
        .unwrap()
        .clone()
        .into_iter()
        .fold(client.updated(), |all, (name, value)| all.set(&name, value));
    assert_eq!(client.update(&world, &with_policy).status(), 200);
    let after = client.record(&world);
    assert_eq!((after.revision, &after.authentication), (before.revision + 2, &before.authentication));
    let policy = |client: &grantor::record::Client| {
        (
            client.require_pkce,
            client.require_redirect_uri,
            client.resource_server.clone(),
            client.disabled,
            client.grant_lifetime,
        )
    };
    assert_eq!(policy(&after), policy(&before));
    assert!(after.is_self_registered());
    let header = basic(&client.client_id, client.client_secret.as_ref().unwrap());
    let for_itself = world.token_by(&post_as(&header, params(&[("grant_type", "client_credentials")])));
    assert_eq!(for_itself.error(), "unauthorized_client");
}

#[test]
fn a_huge_body_is_refused_before_it_is_read() {
    let world = registering();
    let client = Managed::new(&world, metadata());
    let huge = |len: usize| format!("{{\"client_name\":\"{}\"}}", "a".repeat(len));
    for len in [MAX_REGISTRATION_LEN, 64 * 1024, 1024 * 1024] {
        let reply = register_by(&world, &request(huge(len)));
        assert_eq!((reply.status(), reply.error().as_str()), (413, "invalid_client_metadata"));
        let mut update = client.request(Method::PUT, &Value::Null);
        *update.body_mut() = huge(len).into_bytes();
        assert_eq!(configure(&world, &update).status(), 413);
    }
    // Deep nesting, many members, many entries: nothing of it is stored.
    let deep = format!("{{\"redirect_uris\":{}{}}}", "[".repeat(8000), "]".repeat(8000));
    assert_eq!(register_by(&world, &request(deep)).status(), 400);
    let many: serde_json::Map<_, _> = (0..1000).map(|at| (format!("m{at}"), json!(1))).collect();
    let all = metadata().as_object().unwrap().clone().into_iter().chain(many).collect::<serde_json::Map<_, _>>();
    let reply = register(&world, Value::Object(all));
    assert_eq!(reply.status(), 201);
    let stored = serde_json::to_string(&Managed::of(&reply).record(&world)).unwrap();
    assert!(stored.len() < 2000, "{stored}");
    let languages = (0..40).fold(metadata(), |all, at| all.set(&format!("client_name#de-x-{at}"), json!("x")));
    assert_eq!(refused(&world, languages), "invalid_client_metadata");
}

/// Names that look like others, or hide a part of themselves.
#[test]
fn names_have_no_invisible_characters() {
    let world = registering();
    for name in ["a\u{202e}b", "a\u{200b}b", "a\nb", "a\u{0}b", "a\u{feff}", "\u{2066}a"] {
        for member in ["client_name", "client_name#fr", "software_id", "software_version"] {
            assert_eq!(refused(&world, set(member, json!(name))), "invalid_client_metadata");
        }
        assert_eq!(refused(&world, set("contacts", json!([name]))), "invalid_client_metadata");
    }
}

/// Everybody else's tokens open nothing, whatever they are.
#[test]
fn tokens_of_another_client_open_nothing() {
    let world = registering();
    let (victim, attacker) = (Managed::new(&world, metadata()), Managed::new(&world, metadata()));
    let before = victim.record(&world);
    let stolen = Managed { token: attacker.token.clone(), ..victim.clone() };
    for reply in [stolen.read(&world), stolen.update(&world, &victim.updated()), stolen.delete(&world)] {
        assert_eq!(reply.status(), 401);
        assert!(!reply.body().contains(&victim.token) && !reply.body().contains("client_name"));
    }
    // An update of one's own that names the other.
    let reply = attacker.update(&world, &victim.updated());
    assert_eq!((reply.status(), victim.record(&world)), (400, before));
    // A registration access token is no access token, and no secret.
    let about = params(&[("token", &victim.token)]).of_web();
    let told = world.server.introspect(&post(about), world.moment()).run(&world).into_http();
    assert_eq!(told.into_body(), br#"{"active":false}"#);
    let header = basic(&victim.client_id, &victim.token);
    assert_eq!(
        world.token_by(&post_as(&header, params(&[("grant_type", "client_credentials")]))).error(),
        "invalid_client"
    );
    // Whether there is such a client, nobody learns.
    let unknown = Managed { uri: format!("{REGISTER}/{}", "A".repeat(22)), ..attacker.clone() };
    let (of_another, of_nobody) = (stolen.read(&world), unknown.read(&world));
    assert_eq!((of_another.body(), of_another.headers()), (of_nobody.body(), of_nobody.headers()));
}

/// Of an update and a deletion that race, one wins, and a client that was told 204 is gone.
#[test]
fn an_update_never_undoes_a_deletion() {
    for _ in 0..50 {
        let world = registering();
        let client = Managed::new(&world, metadata());
        let barrier = Barrier::new(8);
        let race = |at: usize| {
            barrier.wait();
            let is_deletion = at.is_multiple_of(4);
            let reply = if is_deletion { client.delete(&world) } else { client.update(&world, &client.updated()) };
            (is_deletion, reply.status())
        };
        let race = &race;
        let statuses: Vec<(bool, u16)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|at| scope.spawn(move || race(at))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let deleted = statuses.iter().filter(|(is_deletion, status)| *is_deletion && *status == 204).count();
        assert!(deleted <= 1, "{statuses:?}");
        assert!(statuses.iter().all(|(_, status)| matches!(status, 200 | 204 | 401 | 409)), "{statuses:?}");
        assert_eq!(client.record(&world).disabled, deleted == 1, "{statuses:?}");
        assert_eq!(client.read(&world).status(), if deleted == 1 { 401 } else { 200 });
    }
}

/// A token request that was under way when its client was deleted issues nothing that the host's revocation missed.
#[test]
fn a_code_that_is_exchanged_while_its_client_is_deleted_buys_nothing_that_lasts() {
    let world = registering();
    let client = Managed::new(&world, metadata());
    let redirect_uri = "https://client.example.org/callback";
    let of_client = |request: Params| request.set("client_id", &client.client_id).set("redirect_uri", redirect_uri);
    let code = world.code(of_client(authorize()));
    let header = basic(&client.client_id, client.client_secret.as_ref().unwrap());
    let request = post_as(&header, of_client(exchange(&code)).without("client_id"));
    // It has looked its client up, and has not written yet.
    let Step::Lookup(pause) = world.server.token(&request, world.moment()) else { panic!("it reads first") };
    let found = Store::lookup(&world.store, pause.effect()).unwrap();
    let next = pause.resume(Ok(found));
    let next = match next {
        Step::Issuance(pause) => pause.resume(Ok(grantor::consult::Verdict::Issue(grantor::consult::Terms::default()))),
        other => other,
    };
    let Step::Commit(pause) = next else { panic!("it writes") };
    assert_eq!(client.delete(&world).status(), 204);
    let outcome = Store::commit(&world.store, pause.effect()).unwrap();
    assert!(matches!(outcome, Outcome::Conflict(_)), "the grant is revoked");
    assert!(!world.is_alive(&code));
}

/// A client that was forgotten does not come back with the next update, and its identifier is nobody's.
#[test]
fn an_update_of_a_client_that_was_purged_meanwhile_is_refused() {
    use grantor::store::PurgeClients;
    let world = registering();
    let client = Managed::new(&world, metadata());
    let request = client.request(Method::PUT, &client.updated());
    let Step::Lookup(pause) = world.server.configure(&request, world.moment()) else { panic!("it reads first") };
    let found = Store::lookup(&world.store, pause.effect());
    let Step::Commit(pause) = pause.resume(found) else { panic!("it writes") };
    assert_eq!(world.store.purge_clients(Timestamp(NOW), 10), Ok(1));
    let outcome = Store::commit(&world.store, pause.effect()).unwrap();
    assert_eq!(outcome, Outcome::Conflict(0));
    assert_eq!(client.read(&world).status(), 401);
}

/// Whoever floods the endpoint is forgotten, and whoever is used stays.
#[test]
fn clients_that_nobody_uses_are_forgotten() {
    use grantor::store::PurgeClients;
    let mut world = registering();
    let used = Managed::new(&world, metadata());
    let request = authorize().set("client_id", &used.client_id);
    world.code(request.set("redirect_uri", "https://client.example.org/callback"));
    for _ in 0..100 {
        Managed::new(&world, metadata());
    }
    world.now += 3600;
    let fresh = Managed::new(&world, metadata());
    assert_eq!(world.store.purge_clients(Timestamp(NOW), 1000), Ok(100));
    assert!([used, fresh].iter().all(|client| client.read(&world).status() == 200));
    assert!(!record(&world, "app").disabled);
}

/// No secret of a registration is in an event, an error, a commit or a `Debug` output.
#[test]
fn secrets_are_told_to_the_client_alone() {
    let world = registering_by(Registrants::Anybody);
    let request = request(metadata());
    let step = world.server.register(&request, world.moment());
    let Step::Commit(pause) = step else { panic!("it writes") };
    let commit = format!("{:?}", pause.effect());
    let written = match pause.effect().changes() {
        [Change::PutClient(client)] => serde_json::to_string(&**client).unwrap(),
        other => panic!("{other:?}"),
    };
    let store = MemoryStore::new();
    let Step::Done(reply) = pause.resume(Store::commit(&store, &commit_of(&written))) else { panic!("it replies") };
    let told = [commit, written, format!("{reply:?}"), format!("{:?}", reply.event())];
    let event = serde_json::to_string(&reply.event()).unwrap();
    let client = Managed::of(&Reply::of(reply.into_http()));
    for secret in [client.client_secret.unwrap(), client.token] {
        assert!(told.iter().chain([&event]).all(|text| !text.contains(&secret)));
    }
    let lookup = Lookup::of_client(client.client_id.parse().unwrap());
    assert!(Store::lookup(&store, &lookup).unwrap().client().is_some());
}

/// What a store makes of a record's text.
fn commit_of(record: &str) -> Commit {
    Commit::of(Change::PutClient(serde_json::from_str::<grantor::record::Client>(record).unwrap().into()))
}
