//! What a server or a protected resource writes, a client or a protected resource reads.

use std::fmt::Debug;

use grantor::client::{
    AuthorizationErrorResponse, AuthorizationRequest, CallbackError, Challenge, ClientMetadata, Introspection,
    Registered, Registration, RequestError, TokenSet, register,
};
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::{Acr, Claims, GrantType, Issuer, Key, PageUrl, RedirectUri, ResponseType, Scope, Secret, Subject};
use grantor::resource::{Access, Introspector, Requirement};
use grantor::server::Approval;
use grantor::store::Presented;
use grantor::{Answer, Hosted, Policy, Timestamp};
use http::Request;
use proptest::prelude::*;
use serde_json::Value;

use crate::common::*;
use crate::names::*;
use crate::{cases, client_of, reach};

proptest! {
    #![proptest_config(cases())]

    /// RFC 6749 §4.1.2: "The exact value received from the client."
    #[test]
    fn state_comes_back_as_it_was(state in VSCHARS, query in "(\\?([a-z&=]|%2[0-9a-f]){0,8})?") {
        let callback = format!("{CALLBACK}{query}");
        let client = public("app").with(|client| client.redirect_uris = vec![redirect_uri(&callback)]);
        let world = World::new().with_client(client);
        let reply = world.approve(authorize().set("redirect_uri", &callback).set("state", &state));
        prop_assert!(reply.location().starts_with(&callback));
        let read = form_urlencoded::parse(query_of(reply.location()).as_bytes()).filter(|(name, _)| name == "state").last();
        prop_assert_eq!(read.unwrap().1, state);
    }

    /// The whole way: request, response, token request, token response, token.
    #[test]
    fn a_flow_brings_the_scope_that_was_asked_for(
        issuer in names::<Issuer>(issuers()),
        asked in names::<Scope>(scopes()),
        registered in names::<Scope>(scopes()),
        further in VSCHARS,
    ) {
        let registered = Scope::parse(&format!("{registered} {asked}")).unwrap();
        let world = World::new().with(|config| config.issuer = issuer);
        let world = world.with_client(public("app").with(|client| client.scope = registered));
        let client = client_of(&world, "app");
        let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(asked.clone()).parameter("x", &further);
        let (url, pending) = client.begin(request, world.moment()).unwrap();
        let reply = world.approve(query_of(&url));
        let exchange = client.callback(pending, query_of(reply.location())).unwrap().start(world.moment());
        let tokens = exchange.run(&reach(|request| world.token_by(request).0)).unwrap();
        prop_assert_eq!(tokens.scope(), Some(&asked));

        let session = serde_json::to_string(&tokens).unwrap();
        let tokens: TokenSet = serde_json::from_str(&session).unwrap();
        prop_assert_eq!(tokens.issuer(), &world.server.config().issuer);
        prop_assert!(world.is_alive(tokens.access_token().expose()));
        prop_assert_eq!(tokens.authorization(), format!("Bearer {}", tokens.access_token().expose()));
    }

    /// RFC 6750 §3, whatever the realm.
    #[test]
    fn the_client_reads_the_challenge_that_the_resource_server_writes(
        realm in any::<String>(),
        scope in names::<Scope>(scopes()),
    ) {
        let photos = photos::photos_with(|config| config.realm = realm);
        let response = World::new().refused(&photos, &photos::bare(), &Requirement::scope(scope.clone()));
        let challenge = Challenge::of(response.headers()).unwrap();
        prop_assert_eq!(challenge.scope, Some(scope));
        prop_assert_eq!(challenge.resource_metadata, photos.config().resource_metadata.clone());
    }

    /// RFC 7591 §3.2.1: what a client asks for within the limits is what it reads to have, and the store too.
    #[test]
    fn a_client_reads_what_it_was_registered_with(
        callbacks in prop::collection::hash_set(names::<RedirectUri>(endpoints()), 1..4),
        scope in names::<Scope>(scopes()),
        client_name in r"[\p{Lu}\p{Ll}\p{N}\p{P}]{1,20}", // of other letters, some cannot be seen
        page in prop::option::of(names::<PageUrl>(r"https://[a-z]{1,8}\.example(/[a-z0-9.~-]{0,9}){0,2}(#[a-z]{1,5})?")),
        is_public in any::<bool>(),
    ) {
        let world = registering::registering().with(|config| config.registration.as_mut().unwrap().scope = scope.clone());
        let grant_types = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        let asked = ClientMetadata::new().client_name(&client_name).scope(&scope).grant_types(&grant_types);
        let asked = callbacks.iter().fold(asked, ClientMetadata::redirect_uri);
        let asked = if is_public { asked.public() } else { asked };
        let asked = page.iter().fold(asked, ClientMetadata::client_uri);
        let endpoint = |request: &Request<_>| world.server.register(request, world.moment()).run(&world).into_http();
        let registering = register(&world.server.config().metadata(), &asked, None, world.moment());
        let registered = registering.run(&reach(endpoint)).unwrap();
        for (name, value) in asked.members() {
            prop_assert_eq!(registered.metadata().get(name), Some(value), "{}", name);
        }
        let record = registering::record(&world, registered.client_id().as_str());
        prop_assert_eq!(record.is_confidential(), !is_public);
        prop_assert_eq!((record.scope, record.client_name), (scope, Some(client_name)));
        prop_assert_eq!(record.redirect_uris, callbacks.into_iter().collect::<Vec<_>>());
        prop_assert_eq!(record.registration.unwrap().client_uri, page);
        let kept = serde_json::to_string(&registered).unwrap();
        let read: Registered = serde_json::from_str(&kept).unwrap();
        prop_assert_eq!((read.metadata(), serde_json::to_string(&read).unwrap()), (registered.metadata(), kept));
    }

    /// RFC 7662 §2.2, RFC 9470 §6.2: to a client each member as it is stored, to a resource server the same access as
    /// from the store.
    #[test]
    fn introspection_tells_what_the_store_knows(issued in issued()) {
        let world = issued.world();
        let token = issued.token(&world);
        let metadata = world.server.config().metadata();
        let registration = Registration::confidential(metadata.issuer.clone(), api().client_id, Secret::new(SECRET));
        let endpoint = |request: &Request<_>| world.server.introspect(request, world.moment()).run(&world).into_http();
        let client = registration.at(metadata.clone()).unwrap();
        let read = client.introspect(&Secret::new(token.clone()), None, world.moment()).run(&reach(endpoint)).unwrap().unwrap();
        as_stored(&read, &world, &token)?;

        let (photos, any, request) = (photos::photos(), Requirement::any(), photos::with_token(&token));
        let introspector = Introspector::at(&registration, &metadata).unwrap();
        let stored = world.check(&photos, &request, &any).into_result().unwrap();
        let introspected = photos.check_by_introspection(&request, &any, &introspector, world.moment()).run(&reach(endpoint));
        prop_assert_eq!(issued.seen(&introspected.into_result().unwrap()), issued.seen(&stored));
    }

    /// RFC 6749 §4.1.2.1, with `state`, and with `iss` (RFC 9207 §2), without which the client would not read on.
    #[test]
    fn the_client_reads_the_refusal_that_the_server_redirects_with(
        issuer in names::<Issuer>(issuers()),
        refusal in prop::sample::select(REFUSALS.to_vec()),
    ) {
        let (code, asked, answered) = refusal;
        let world = World::new().with(|config| config.issuer = issuer);
        let client = client_of(&world, "app");
        let request = asked(AuthorizationRequest::new(redirect_uri(CALLBACK)));
        let (url, pending) = client.begin(request, world.moment()).unwrap();
        let reply = answered(world, query_of(&url));
        let mut refused = AuthorizationErrorResponse::new(code);
        refused.error_description = reply.parameter("error_description");
        prop_assert!(refused.error_description.is_some());
        let refused = CallbackError::Refused(refused);
        prop_assert_eq!(client.callback(pending, query_of(reply.location())).err(), Some(refused));
    }
}

fn query_of(url: &str) -> &str {
    url.split_once('?').unwrap().1
}

/// What an access token may stand for.
#[derive(Clone, Debug)]
struct Issued {
    subject: Subject,
    scope: Scope,
    acr: Option<Acr>,
    auth_time: Option<u64>,
    for_mail_too: bool,
    claims: Claims,
}

prop_compose! {
    fn issued()(
        subject in names(SUBJECT),
        scope in names(scopes()),
        acr in prop::option::of(names(NQCHARS)),
        auth_time in any::<Option<u64>>(),
        for_mail_too in any::<bool>(),
        claims in prop::collection::btree_map("[a-z]{1,6}_[a-z]{1,6}|active|iss|sub|aud|exp", values(), 0..4),
        // RFC 7662 §2.2: strings.
        named in prop::collection::btree_map("jti|username", any::<String>().prop_map(Value::from), 0..3),
    ) -> Issued {
        let claims = Claims::new(claims.into_iter().chain(named).collect()).unwrap();
        Issued { subject, scope, acr, auth_time, for_mail_too, claims }
    }
}

/// Any JSON, but for fractions: not every reader keeps their last digit.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The host that says these things of every token.
struct Says(Claims);

impl Policy for Says {
    fn issuance(&self, _: &Issuance) -> Answer<Issuance> {
        Ok(Verdict::Issue(Terms { claims: self.0.clone(), ..Terms::default() }))
    }
}

impl Issued {
    fn world(&self) -> World {
        let world = photos::world().with(|config| config.consult_issuance = true).with_client(api());
        world.with_client(public("app").with(|client| client.scope = self.scope.clone()))
    }

    fn token(&self, world: &World) -> String {
        let mut asked = authorize().set("scope", self.scope.as_str()).set("resource", photos::PHOTOS);
        if self.for_mail_too {
            asked = asked.again("resource", "https://api.example.com/mail");
        }
        let approval = self.acr.clone().into_iter().fold(Approval::by(self.subject.clone()), Approval::with_acr);
        let approval = self.auth_time.map(Timestamp).into_iter().fold(approval, Approval::authenticated_at);
        let code = world.decide(world.ask(asked), Some(approval)).parameter("code").unwrap();
        let host = Hosted { store: world, policy: Says(self.claims.clone()) };
        let reply = world.server.token(&post(exchange(&code)), world.moment()).run(&host);
        reply.result().unwrap().access_token.expose().to_owned()
    }

    /// What a resource server sees of it.
    fn seen(&self, access: &Access) -> impl Debug + PartialEq + use<> {
        let names = [access.subject(), access.client_id(), access.acr()].map(|name| name.map(str::to_owned));
        let audience: Vec<_> = access.audience().map(str::to_owned).collect();
        let claims: Vec<_> = self.claims.keys().map(|name| access.claim(name).cloned()).collect();
        (names, access.scope().clone(), audience, access.expires_at(), access.auth_time(), claims)
    }
}

fn as_stored(read: &Introspection, world: &World, token: &str) -> Result<(), TestCaseError> {
    let Presented { credential, grant, .. } = world.presented(token);
    prop_assert_eq!(credential.key, Key::of(token).unwrap());
    prop_assert_eq!(read.scope.as_ref(), Some(&credential.scope));
    prop_assert_eq!(read.client_id.as_deref(), Some(grant.client_id.as_str()));
    prop_assert_eq!(read.sub.as_deref(), grant.subject.as_ref().map(Subject::as_str));
    prop_assert_eq!(read.iss.as_deref(), Some(world.server.config().issuer.as_str()));
    prop_assert_eq!(&read.aud, &credential.audience.resources().iter().map(ToString::to_string).collect::<Vec<_>>());
    prop_assert_eq!((read.iat, read.exp), (Some(credential.issued_at), Some(credential.expires_at)));
    prop_assert_eq!(read.acr.as_deref(), grant.authentication.acr.as_ref().map(Acr::as_str));
    prop_assert_eq!(read.auth_time, grant.authentication.auth_time);
    prop_assert_eq!(read.token_type.as_deref(), Some("Bearer"));
    Ok(())
}

/// A code of RFC 6749 §4.1.2.1 or its like, and how it comes to that.
type Refusal = (&'static str, fn(AuthorizationRequest) -> AuthorizationRequest, fn(World, &str) -> Reply);

const REFUSALS: [Refusal; 9] = [
    ("access_denied", |request| request, |world, query| world.deny(query)),
    ("invalid_request", |request| request.parameter("max_age", "soon"), |world, query| world.answer(query)),
    ("invalid_scope", |request| request.scope(scope("admin")), |world, query| world.answer(query)),
    (
        "invalid_target",
        |request| request.resource(resource("https://evil.example/")),
        |world, query| world.with(|config| config.resources = only(&[photos::PHOTOS])).answer(query),
    ),
    (
        "unauthorized_client",
        |request| request,
        |world, query| world.with_client(public("app").with(|client| client.response_types.clear())).answer(query),
    ),
    (
        "unsupported_response_type",
        |request| request,
        |world, query| {
            world.with(|config| config.authorization.response_types = vec![ResponseType::Token]).answer(query)
        },
    ),
    (
        "unmet_authentication_requirements",
        |request| request.parameter("max_age", "60"),
        |world, query| world.approve(query),
    ),
    ("server_error", |request| request, |world, query| world.with_outage(At::Commit, None).approve(query)),
    (
        "temporarily_unavailable",
        |request| request,
        |world, query| world.with_outage(At::Commit, Some(30)).approve(query),
    ),
];

/// RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 7662 §2.3, RFC 8707 §2.
#[test]
fn the_client_reads_the_error_that_the_server_writes() {
    let world = photos::world();
    let token = |form: Params| world.token(form).0;
    let revoke = |form: Params| world.server.revoke(&post(form), world.moment()).run(&world).into_http();
    let introspect = |form: Params| world.server.introspect(&post(form), world.moment()).run(&world).into_http();
    let away = World::new().with_outage(At::Lookup, Some(30));
    let about = |token: &str| params(&[("token", token)]);
    let responses = [
        ("invalid_request", token(client_credentials().again("scope", "read").again("scope", "read"))),
        ("invalid_client", token(client_credentials().set("client_secret", "wrong"))),
        ("invalid_grant", token(refresh("unknown"))),
        ("unauthorized_client", token(params(&[("grant_type", "client_credentials"), ("client_id", "app")]))),
        ("unsupported_grant_type", token(password())),
        ("invalid_scope", token(client_credentials().set("scope", "admin"))),
        ("invalid_target", token(client_credentials().set("resource", "https://evil.example/"))),
        ("temporarily_unavailable", away.token(client_credentials()).0),
        ("unsupported_token_type", revoke(about(&world.code(authorize())).set("client_id", "app"))),
        ("invalid_client", introspect(about("unknown").set("client_id", "app"))),
    ];
    for (code, response) in responses {
        let reply = Reply::of(response.clone());
        let read =
            client_of(&world, "app").client_credentials().start(world.moment()).run(&reach(|_| response.clone()));
        let Err(RequestError::Refused(read)) = read else { panic!("{code}: {read:?}") };
        assert_eq!(read.error, code);
        assert_eq!(read.status.as_u16(), reply.status());
        assert_eq!(read.error_description, Some(reply.member("error_description").unwrap()));
        assert_eq!(read.retry_after.map(|seconds| seconds.to_string()).as_deref(), reply.header("retry-after"));
    }
}
