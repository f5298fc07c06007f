//! RFC 6749 §4.2 as the client sees it.

use grantor::client::{AuthorizationRequest, BeginError, CallbackError, Client, PendingImplicit, TokenSet};
use grantor::{FormError, Moment, Timestamp};

use crate::canned::*;
use crate::common::*;

fn begin(client: &Client) -> (String, PendingImplicit) {
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK)).scope(scope("read write"));
    client.begin_implicit(request, Moment::new(Timestamp(NOW), &mut Counter(0))).unwrap()
}

/// The callback of this fragment, in which `S` stands for the right state.
fn callback(fragment: &str) -> Result<TokenSet, CallbackError> {
    let (_, pending) = begin(&public_client());
    let fragment = fragment.replace("state=S", &format!("iss=https://server.example&state={}", pending.state()));
    public_client().callback_implicit(pending, &fragment, Timestamp(NOW))
}

// §4.2.1 Authorization Request

#[test]
fn the_url_is_this_one_to_the_byte() {
    let (url, pending) = begin(&public_client());
    assert_eq!(
        url,
        format!(
            "https://server.example/authorize?response_type=token&client_id=s6BhdRkqt3\
             &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb&scope=read+write&state={}",
            pending.state()
        )
    );
    let mut server = metadata();
    server.response_types_supported = vec!["code".to_owned()];
    let request = AuthorizationRequest::new(redirect_uri(CALLBACK));
    let moment = Moment::new(Timestamp(NOW), &mut Counter(0));
    let refused = public_at(server).begin_implicit(request, moment).map(drop);
    assert!(matches!(refused, Err(BeginError::ResponseType(_))));
}

// §4.2.2 Access Token Response

#[test]
fn the_token_is_in_the_fragment() {
    let tokens = callback("access_token=2YotnFZFEjr1zCsicMWpAA&state=S&token_type=bearer&expires_in=3600").unwrap();
    assert_eq!(tokens.authorization(), "Bearer 2YotnFZFEjr1zCsicMWpAA");
    assert_eq!(tokens.expires_at(), Some(Timestamp(NOW + 3600)));
    // "OPTIONAL, if identical to the scope requested by the client".
    assert_eq!(tokens.scope(), Some(&scope("read write")));
    // "The authorization server MUST NOT issue a refresh token."
    assert!(tokens.refresh_token().is_none());
    let narrowed = callback("access_token=2Yotn&state=S&scope=read&refresh_token=x").unwrap();
    assert_eq!(narrowed.scope(), Some(&scope("read")));
    assert!(narrowed.refresh_token().is_none());
}

#[test]
fn a_lifetime_or_a_scope_that_cannot_be_read_is_not_known() {
    let cases: [(&str, &[&str]); 4] = [
        ("expires_in=soon", &["expires_in"]),
        ("expires_in=-1", &["expires_in"]),
        ("scope=a%22b", &["scope"]),
        ("expires_in=soon&scope=%C3%A9", &["expires_in", "scope"]),
    ];
    for (parameters, unreadable) in cases {
        let tokens = callback(&format!("access_token=2Yotn&state=S&{parameters}")).unwrap();
        assert_eq!(tokens.unreadable(), unreadable, "{parameters}");
        assert_eq!(tokens.expires_at(), None);
        // Without a word of the server's it is the scope that was asked for; with one that means nothing, it may be
        // any.
        let asked_for = scope("read write");
        assert_eq!(tokens.scope(), (!unreadable.contains(&"scope")).then_some(&asked_for));
    }
}

#[test]
fn a_fragment_in_every_wrong_form_is_refused() {
    use CallbackError::*;
    let token = "access_token=2Yotn&token_type=Bearer";
    #[rustfmt::skip]
    let table = [
        ("".to_owned(),                             StateMissing),
        (token.to_owned(),                          StateMissing),
        (format!("{token}&state=evil"),             StateMismatch),
        (format!("{token}&state=S&state=evil"),     Form(FormError::Repeated("state"))),
        (format!("{token}&state=S&iss=https://evil.example"), Form(FormError::Repeated("iss"))),
        (format!("{token}&state=S&access_token=x"), Form(FormError::Repeated("access_token"))),
        ("state=S".to_owned(),                      Missing("access_token")),
        ("code=x&state=S".to_owned(),               Missing("access_token")),
        ("access_token=a%0Ab&state=S".to_owned(),   Missing("access_token")),
        ("access_token=a&token_type=mac&state=S".to_owned(),   TokenType),
    ];
    for (fragment, expected) in table {
        assert_eq!(callback(&fragment).map(drop), Err(expected), "{fragment}");
    }
    let refused = callback("error=access_denied&access_token=x&state=S").map(drop);
    assert!(matches!(refused, Err(Refused(response)) if response.error == "access_denied"));
}

#[test]
fn the_flow_works_with_grantors_server() {
    let world = World::new().with_everything();
    let client = public_client_at(metadata_of(&world), "app");
    let (url, pending) = begin(&client);
    let reply = world.approve(url.split_once('?').unwrap().1);
    let fragment = reply.location().split_once('#').unwrap().1;
    let tokens = client.callback_implicit(pending, fragment, Timestamp(NOW)).unwrap();
    assert!(world.is_alive(tokens.access_token().expose()));
}
