use super::*;

#[test]
fn errors_name_the_key_and_the_reason() {
    let cases = [
        ("grants = [", "line 1", "array"),
        ("[serve]", "serve", "unknown field"),
        ("[server]\ncode_lifetimes = 60", "server.code_lifetimes", "unknown field"),
        ("[server]\ncode_lifetime = -1", "server.code_lifetime", "invalid value"),
        ("[server]\ngrants = [\"authorisation_code\"]", "server.grants[0]", "grant_type"),
        ("[server]\nrefresh = \"never\"", "server.refresh", "rotate-public"),
        ("[[client]]\nclient_name = \"x\"", "client[0]", "missing field `client_id`"),
        ("[[client]]\nclient_id = \"a\"\nsecret = \"x\"", "client[0].secret", "unknown field"),
        (
            "[[client]]\nclient_id = \"a\"\nredirect_uris = [\"https://a.example/\", \"http://a.example/\"]",
            "client[0].redirect_uris[1]",
            "http only for a loopback address",
        ),
        ("[[client]]\nclient_id = \"a\"\n[[client]]\nclient_id = \"a\"", "client[1].client_id", "twice"),
        ("[[client]]\nclient_id = \"a\"\nscope = \"a  b\"", "client[0].scope", "scope"),
        (
            "[[client]]\nclient_id = \"a\"\nclient_secret = \"s\"\ntoken_endpoint_auth_method = \"none\"",
            "client[0].token_endpoint_auth_method",
            "cannot use \"none\"",
        ),
        (
            "[[client]]\nclient_id = \"a\"\ntoken_endpoint_auth_method = \"client_secret_post\"",
            "client[0].token_endpoint_auth_method",
            "needs a client_secret",
        ),
        ("[[client]]\nclient_id = \"a\"\nclient_secret = \"\"", "client[0].client_secret", "empty"),
        ("[[user]]\nusername = \"a\"\npassword = \"\"", "user[0].password", "empty"),
        (
            "[[user]]\nusername = \"a\"\npassword = \"b\"\n[[user]]\nusername = \"a\"\npassword = \"b\"",
            "user[1].username",
            "twice",
        ),
        ("[[client]]\nclient_id = \"a\"\n[[user]]\nusername = \"a\"\npassword = \"b\"", "client[0].client_id", "sub"),
    ];
    for (text, key, reason) in cases {
        let (found_key, found_reason) = Settings::parse(text).map(drop).expect_err(text);
        assert_eq!(found_key, key, "{text}");
        assert!(found_reason.contains(reason), "{text}: {found_reason}");
    }
}

#[test]
fn what_is_left_out_is_the_default_of_rfc_7591_and_of_grantor() {
    let settings = Settings::parse("[[client]]\nclient_id = \"a\"\nclient_secret = \"s\"").expect("a minimal client");
    let client = settings.clients.values().next().expect("one client");
    assert_eq!(client.grant_types, [GrantType::AuthorizationCode]);
    assert_eq!(client.response_types, [ResponseType::Code]);
    assert!(client.require_pkce && client.is_confidential());
    let issuer = Issuer::parse("https://as.example").expect("an issuer");
    let (ours, default) = (settings.server(issuer.clone()), Config::new(issuer));
    assert_eq!(format!("{ours:?}"), format!("{default:?}"));
}

#[test]
fn the_example_is_a_configuration() {
    let settings = Settings::parse(include_str!("../../example.toml")).expect("the example is sound");
    assert_eq!((settings.clients.len(), settings.users.len()), (3, 1));
    let issuer = Issuer::parse("https://as.example").expect("an issuer");
    let (ours, default) = (settings.server(issuer.clone()), Config::new(issuer));
    assert_eq!(format!("{ours:?}"), format!("{default:?}"), "it shows the defaults");
}

#[test]
fn refresh_policies_are_read_with_their_grace() {
    let issuer = Issuer::parse("https://as.example").expect("an issuer");
    let grace = Duration::from_secs(7);
    let cases = [
        ("refresh = \"rotate\"", RefreshPolicy::Rotate { grace }),
        ("refresh = \"rotate-public\"", RefreshPolicy::RotatePublic { grace }),
        ("refresh = \"reuse\"", RefreshPolicy::Reuse),
    ];
    for (refresh, policy) in cases {
        let settings = Settings::parse(&format!("[server]\nrefresh_grace = 7\n{refresh}")).expect(refresh);
        assert_eq!(settings.server(issuer.clone()).token.refresh, policy);
    }
}
