//! RFC 9068 §3: the resources of a request and its scope, each inferred from or narrowed by the other. The tokens are
//! no JWTs here; what they are good for is the same.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod common;

use common::photos::PHOTOS;
use common::*;
use grantor::Server;
use grantor::model::{Audience, Scope};
use grantor::resource::ResourceServer;
use grantor::server::{ConfigError, DefaultScope, SeveralResources, UnknownScope};

const MAIL: &str = "https://api.example.com/mail";
const ALL: &str = "photos.read photos.write mail.read both profile";

/// `both` belongs to both resources, `profile` to none.
fn world() -> World {
    let world = World::new().with(|config| {
        config.resources = only(&[PHOTOS, MAIL]);
        let own = [(PHOTOS, "photos.read photos.write both"), (MAIL, "mail.read both")];
        config.scope.of_resource = own.map(|(uri, own)| (resource(uri), scope(own))).into();
    });
    with_clients(world, |_| ())
}

fn with_clients(world: World, change: impl Fn(&mut grantor::record::Client)) -> World {
    [public("app"), confidential("web", SECRET)].into_iter().fold(world, |world, client| {
        world.with_client(client.with(|client| {
            client.scope = scope(ALL);
            change(client);
        }))
    })
}

/// A request for this scope, if any, and these resources.
fn asking(request: Params, scope: Option<&str>, resources: &[&str]) -> Params {
    let request = match scope {
        Some(scope) => request.set("scope", scope),
        None => request.without("scope"),
    };
    resources.iter().fold(request, |request, resource| request.again("resource", resource))
}

/// The scope and the resources of a token, or the error.
fn carried(world: &World, reply: &Reply) -> Result<(Scope, Audience), String> {
    if reply.status() != 200 {
        return Err(reply.error());
    }
    let presented = world.presented(&reply.access_token());
    let told = scope(&reply.member("scope").unwrap_or_default());
    assert_eq!(presented.credential.scope, told, "the client is told what the token carries");
    Ok((told, presented.credential.audience.clone()))
}

fn good(scope: &str, resources: &[&str]) -> Result<(Scope, Audience), String> {
    Ok((self::scope(scope), only(resources)))
}

fn refused(error: &str) -> Result<(Scope, Audience), String> {
    Err(error.to_owned())
}

/// What the resource owner is asked for, or the error.
fn asked(world: &World, request: &Params) -> Result<(Scope, Audience), String> {
    match world.authorize(request) {
        grantor::server::AuthorizeReply::Ask(prompt) => Ok((prompt.asked.scope.clone(), prompt.asked.audience.clone())),
        refused => Err(Reply::of(world.respond(refused).into_http()).error()),
    }
}

type Case<'a> = (Option<&'a str>, &'a [&'a str], Result<(Scope, Audience), String>);

/// Requests that open a grant, and what may come of them.
fn cases() -> Vec<Case<'static>> {
    vec![
        // With resources, the scope must be theirs.
        (Some("photos.read"), &[PHOTOS], good("photos.read", &[PHOTOS])),
        (Some("photos.read both profile"), &[PHOTOS], good("photos.read both profile", &[PHOTOS])),
        (Some("photos.read mail.read"), &[PHOTOS, MAIL], good("photos.read mail.read", &[PHOTOS, MAIL])),
        (Some("profile"), &[MAIL], good("profile", &[MAIL])),
        (Some("mail.read"), &[PHOTOS], refused("invalid_scope")),
        (Some("photos.read mail.read"), &[PHOTOS], refused("invalid_scope")),
        (Some("photos.read"), &["https://other.example"], refused("invalid_target")),
        // Without a scope, the default is held to them.
        (None, &[PHOTOS], good("photos.read photos.write both profile", &[PHOTOS])),
        (None, &[MAIL], good("mail.read both profile", &[MAIL])),
        (None, &[], good(ALL, &[PHOTOS, MAIL])),
        // Without resources, they are inferred from the scope.
        (Some("photos.read photos.write"), &[], good("photos.read photos.write", &[PHOTOS])),
        (Some("mail.read profile"), &[], good("mail.read profile", &[MAIL])),
        (Some("mail.read both"), &[], good("mail.read both", &[MAIL])),
        (Some("both"), &[], good("both", &[PHOTOS, MAIL])),
        (Some("profile"), &[], good("profile", &[PHOTOS, MAIL])),
        (Some("photos.read mail.read"), &[], refused("invalid_scope")),
        (Some("photos.read nonsense"), &[], refused("invalid_scope")),
    ]
}

/// §3: "If a "scope" parameter is present in the request, the authorization server SHOULD use it to infer the value of
/// the default resource indicator to be used in the "aud" claim.", "If the values in the "scope" parameter refer to
/// different default resource indicator values, the authorization server SHOULD reject the request with
/// "invalid_scope"".
#[test]
fn scope_and_resources_of_a_request_belong_together() {
    let world = world();
    for (scope, resources, expected) in cases() {
        let at = format!("{scope:?} {resources:?}");
        assert_eq!(asked(&world, &asking(authorize(), scope, resources)), expected, "{at}");
        let reply = world.token(asking(client_credentials(), scope, resources));
        assert_eq!(carried(&world, &reply), expected, "{at}, to the client itself");
    }
}

/// The password grant opens a grant too, and so does the extension grant.
#[test]
fn every_grant_is_held_to_it() {
    let world = world().with_everything();
    for (scope, resources, expected) in cases() {
        let reply = world.token(asking(password(), scope, resources));
        assert_eq!(carried(&world, &reply), expected, "{scope:?} {resources:?}");
        let location = match world.authorize(asking(implicit(), scope, resources)) {
            grantor::server::AuthorizeReply::Ask(prompt) => world.decide(prompt, Some(approval())),
            refused => Reply::of(world.respond(refused).into_http()),
        };
        assert_eq!(location.parameter("error"), expected.clone().err(), "{scope:?} {resources:?}");
        if let Ok((scope, _)) = expected {
            assert_eq!(self::scope(&location.parameter("scope").unwrap()), scope);
        }
    }
}

/// RFC 8707 §2.2: "To the extent possible, when issuing access tokens, the authorization server should downscope the
/// scope value associated with an access token to the value the respective resource is able to process and needs to
/// know."
#[test]
fn a_token_carries_the_scope_of_its_resources_and_no_other() {
    let world = world();
    let request = asking(authorize(), Some(ALL), &[PHOTOS, MAIL]);
    let first = || world.token(exchange(&world.code(&request)));
    assert_eq!(carried(&world, &first()), good(ALL, &[PHOTOS, MAIL]));
    let for_mail = world.token(exchange(&world.code(&request)).set("resource", MAIL));
    assert_eq!(carried(&world, &for_mail), good("mail.read both profile", &[MAIL]));

    // The refresh token is bound to all that was granted, and each refresh gets the part that it asks for.
    let (_, refresh_token) = for_mail.tokens();
    let refreshed = |scope: Option<&str>, resources: &[&str]| {
        let mut world = self::world();
        let (_, refresh_token) = world.token(exchange(&world.code(&request)).set("resource", MAIL)).tokens();
        world.now += 1;
        carried(&world, &world.token(asking(refresh(&refresh_token), scope, resources)))
    };
    assert!(!refresh_token.is_empty());
    let cases: [Case<'_>; 8] = [
        (None, &[], good(ALL, &[PHOTOS, MAIL])),
        (None, &[PHOTOS], good("photos.read photos.write both profile", &[PHOTOS])),
        (None, &[MAIL], good("mail.read both profile", &[MAIL])),
        (Some("photos.read"), &[PHOTOS], good("photos.read", &[PHOTOS])),
        (Some("profile"), &[PHOTOS], good("profile", &[PHOTOS])),
        (Some("mail.read"), &[PHOTOS], refused("invalid_scope")),
        (Some("photos.read mail.read"), &[MAIL], refused("invalid_scope")),
        (Some("photos.read"), &["https://other.example"], refused("invalid_target")),
    ];
    for (scope, resources, expected) in cases {
        assert_eq!(refreshed(scope, resources), expected, "{scope:?} {resources:?}");
    }
}

#[test]
fn where_nothing_is_left_for_a_resource_no_token_seems_to_have_all() {
    let world = world();
    let request = asking(authorize(), Some("photos.read mail.read"), &[PHOTOS, MAIL]);
    let narrowed = || {
        let approval = approval().narrowed_to(scope("photos.read"));
        world.decide(world.ask(&request), Some(approval)).parameter("code").unwrap()
    };
    let code = narrowed();
    assert_eq!(world.token(exchange(&code).set("resource", MAIL)).error(), "invalid_scope");
    // The code is not spent by that.
    let reply = world.token(exchange(&code).set("resource", PHOTOS));
    assert_eq!(carried(&world, &reply), good("photos.read", &[PHOTOS]));
    let refused = world.token(refresh(&reply.tokens().1).set("resource", MAIL));
    assert_eq!(refused.error(), "invalid_scope");
}

#[test]
fn what_was_granted_before_is_held_to_it_too() {
    let before = World::new().with(|config| config.resources = only(&[PHOTOS, MAIL]));
    let before = with_clients(before, |_| ());
    let prompt = before.ask(asking(authorize(), Some(ALL), &[PHOTOS]));
    let (_, refresh_token) = before.token(exchange(&before.code(asking(authorize(), Some(ALL), &[PHOTOS])))).tokens();
    let world = before.with(|config| config.scope = self::world().server.config().scope.clone());
    let expected = good("photos.read photos.write both profile", &[PHOTOS]);
    assert_eq!(carried(&world, &world.token(refresh(&refresh_token))), expected);
    let code = world.decide(prompt, Some(approval())).parameter("code").unwrap();
    assert_eq!(carried(&world, &world.token(exchange(&code))), expected);
}

#[test]
fn a_client_is_held_to_its_own_resources_in_this_too() {
    let world = with_clients(world(), |client| client.audience = only(&[MAIL]));
    for (scope, expected) in [
        (Some("photos.read"), refused("invalid_scope")),
        (Some("both"), good("both", &[MAIL])),
        (None, good("mail.read both profile", &[MAIL])),
    ] {
        let reply = world.token(asking(client_credentials(), scope, &[]));
        assert_eq!(carried(&world, &reply), expected, "{scope:?}");
    }
}

#[test]
fn what_is_relaxed_is_named() {
    let several = world().with(|config| config.scope.several_resources = SeveralResources::Infer);
    let reply = several.token(asking(client_credentials(), Some("photos.read mail.read"), &[]));
    assert_eq!(carried(&several, &reply), good("photos.read mail.read", &[PHOTOS, MAIL]));
    let reply = several.token(asking(client_credentials(), Some("photos.read photos.write"), &[]));
    assert_eq!(carried(&several, &reply), good("photos.read photos.write", &[PHOTOS]));

    let ignoring = world().with(|config| config.scope.unknown = UnknownScope::Ignore);
    let cases: [Case<'_>; 4] = [
        (Some("photos.read mail.read"), &[PHOTOS], good("photos.read", &[PHOTOS])),
        (Some("photos.read nonsense"), &[], good("photos.read", &[PHOTOS])),
        (Some("mail.read"), &[PHOTOS], refused("invalid_scope")),
        (Some("photos.read mail.read"), &[], refused("invalid_scope")),
    ];
    for (scope, resources, expected) in cases {
        let reply = ignoring.token(asking(client_credentials(), scope, resources));
        assert_eq!(carried(&ignoring, &reply), expected, "{scope:?} {resources:?}");
    }
}

#[test]
fn a_fixed_default_of_which_nothing_belongs_to_the_resource_is_an_invalid_scope() {
    let world = world().with(|config| config.scope.default = DefaultScope::Fixed(scope("mail.read")));
    for (resources, expected) in [
        (&[MAIL][..], good("mail.read", &[MAIL])),
        (&[PHOTOS], refused("invalid_scope")),
        (&[], good("mail.read", &[PHOTOS, MAIL])),
    ] {
        let reply = world.token(asking(client_credentials(), None, resources));
        assert_eq!(carried(&world, &reply), expected, "{resources:?}");
    }
}

#[test]
fn a_scope_belongs_to_a_resource_that_there_is() {
    let other = resource("https://other.example");
    let mut config = world().server.config().clone();
    config.scope.of_resource.insert(other.clone(), scope("x"));
    assert_eq!(Server::new(config.clone()).err(), Some(ConfigError::UnknownResource("scope.of_resource")));
    config.resources = Audience::Any;
    assert_eq!(Server::new(config.clone()).err(), Some(ConfigError::UnknownResource("scope.of_resource")));
    config.resources = Audience::only([other, resource(PHOTOS), resource(MAIL)]).unwrap();
    assert!(Server::new(config).is_ok());
}

/// RFC 9728 §2: `scopes_supported`.
#[test]
fn the_resources_own_document_agrees() {
    let world = world();
    let photos = photos::photos_with(|config| {
        config.scopes_supported = world.server.config().scope_of(&resource("https://API.example.com/photos"));
    });
    let document = ResourceServer::metadata(&photos, &http::Request::get("/").body(()).unwrap());
    let document: serde_json::Value = serde_json::from_slice(document.body()).unwrap();
    assert_eq!(document["scopes_supported"], serde_json::json!(["photos.read", "photos.write", "both"]));
    assert!(world.server.config().scope_of(&resource("https://other.example")).is_empty());
}
