use std::time::Duration;

use grantor::server::{RefreshPolicy, Registrants};

use super::*;

#[test]
fn errors_name_the_key_and_the_reason() {
    let cases = [
        ("grants = [", "", "line 1: "),
        ("[serve]", "", "line 1: unknown field"),
        ("[server]\ncode_lifetimes = 60", "server", "line 2: unknown field"),
        ("[server]\ncode_lifetime = -1", "server.code_lifetime", "invalid value"),
        ("[server]\ngrants = [\"authorisation_code\"]", "server.grants[0]", "grant_type"),
        ("[server]\nrefresh = \"never\"", "server.refresh", "rotate-public"),
        ("[server]\nregistration = \"closed\"", "server.registration", "open, token"),
        ("[server]\nregistration = \"token\"", "server.registration_tokens", "nobody has one"),
        ("[server]\nregistration_tokens = [\"a\"]", "server.registration_tokens", "registration = \"token\""),
        (
            "[server]\nregistration = \"token\"\nregistration_tokens = [\"short\"]",
            "server.registration_tokens",
            "guessed",
        ),
        ("[[client]]\nclient_name = \"x\"", "client[0]", "missing field `client_id`"),
        ("[[client]]\nclient_id = \"a\"\nsecret = \"x\"", "client[0]", "line 3: unknown field"),
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
        ("[[resource]]\nscopes = [\"a\"]", "resource[0]", "missing field `uri`"),
        ("[[resource]]\nuri = \"photos\"", "resource[0].uri", "resource"),
        ("[[resource]]\nuri = \"https://a.example\"\nscopes = [\"a\", \"b  c\"]", "resource[0].scopes[1]", "scope"),
        ("[[resource]]\nuri = \"https://a.example\"\nscopes = 1", "resource[0].scopes", "a list of scope values"),
        (
            "[[resource]]\nuri = \"https://a.example\"\n[[resource]]\nuri = \"https://A.example/\"",
            "resource[1].uri",
            "twice",
        ),
        ("[[scope]]\nname = \"a b\"\ndescription = \"x\"", "scope[0].name", "one scope value"),
        (
            "[[scope]]\nname = \"a\"\ndescription = \"x\"\n[[scope]]\nname = \"a\"\ndescription = \"y\"",
            "scope[1].name",
            "twice",
        ),
        ("[[client]]\nclient_id = \"a\"\n[[user]]\nusername = \"a\"\npassword = \"b\"", "client[0].client_id", "sub"),
    ];
    for (text, key, reason) in cases {
        let (line, found_key, mut found_reason) = Settings::parse(text).map(drop).expect_err(text);
        if let Some(line) = line {
            found_reason = format!("line {line}: {found_reason}");
        }
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

/// Tries a file with a value of every kind, broken in turn in every way.
#[test]
fn no_error_shows_anything_that_stands_in_the_file() {
    const WHOLE: &str = r#"
[server]
grants = ["authorization_code", "client_credentials"]
response_types = ["code"]
code_challenge_methods = ["S256"]
code_lifetime = 60
refresh = "rotate"
default_scope = "read"
resources = ["https://api.example/"]
playground = false
authorization_details_types = ["payment_initiation"]

[server.relaxed]
ignore_unknown_scope = true

[[resource]]
uri = "https://api.example/"
scopes = ["read"]

[[scope]]
name = "read"
description = "Read it"
translations = [{ locale = "de", description = "Lesen" }]

[[client]]
client_id = "site"
client_secret = "secret-of-the-site"
token_endpoint_auth_method = "client_secret_basic"
client_name = "Site"
redirect_uris = ["https://site.example/callback"]
grant_types = ["authorization_code"]
scope = "read"
authorization_details_types = ["payment_initiation"]
require_pkce = true
resource_server = ["https://api.example/"]

[[user]]
username = "alice"
password = "wonderland"
sub = "user-1"
"#;
    Settings::parse(WHOLE).expect("it is whole");
    let mut refused = 0;
    for secret in ["48151623421108", "hunter2hunter2", "7Fjfp0ZBr1KtDRbnfVdmIw", "2024-01-01"] {
        let [quoted, list, table] = [format!("\"{secret}\""), format!("[\"{secret}\"]"), format!("{{ {secret} = 1 }}")];
        let doubled = format!("{quoted} {quoted}");
        let odd = [secret, &quoted, &list, &table, &doubled, &format!("\"{secret}"), &format!("-{secret}"), "true"];
        let lines: Vec<_> = WHOLE.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let (key, _) = line.split_once(" = ").unwrap_or((line, ""));
            let mut broken: Vec<String> = odd.iter().map(|value| format!("{key} = {value}")).collect();
            // The secret as a key, in the place of a line, of a table's name, and at the end of a line.
            broken.push(format!("{secret} = {key}"));
            broken.push(format!("{secret} = \"{key}\""));
            broken.extend([
                secret.to_owned(),
                format!("[{secret}]"),
                format!("[[{secret}]]"),
                format!("{line} {secret}"),
            ]);
            broken.extend([format!("{line}\n{line}\n{secret} = 1"), format!("{line}\n{key}.{secret} = {quoted}")]);
            for with in broken {
                let mut text = lines.clone();
                text[at] = &with;
                if let Err((_, key, reason)) = Settings::parse(&text.join("\n")) {
                    refused += 1;
                    let told = format!("{key}: {reason}");
                    assert!(!told.contains(secret), "{with:?}: {told}");
                }
            }
        }
    }
    assert!(refused > 500, "only {refused} were broken");
}

#[test]
fn what_is_relaxed_is_named() {
    let issuer = Issuer::parse("https://as.example").expect("an issuer");
    let client = "[[client]]\nclient_id = \"a\"\nredirect_uris = [\"cursor://callback\"]";
    let (_, key, _) = Settings::parse(client).map(drop).expect_err("a scheme without a period");
    assert_eq!(key, "client[0].redirect_uris[0]");
    let relaxed = "[server.relaxed]\nignore_unknown_scope = true\nwhite_space_in_scope = true\n\
                   several_resources = true\n\
                   ignore_other_authorization = true\nprivate_use_schemes = true\n";
    let settings = Settings::parse(&format!("{relaxed}{client}")).expect("all of it is relaxed");
    let (config, strict) = (settings.server(issuer.clone()), Config::new(issuer));
    assert_ne!(config.scope.unknown, strict.scope.unknown);
    assert_ne!(config.scope.several_resources, strict.scope.several_resources);
    assert!(config.scope.accept_white_space && config.client_authentication.ignore_other_schemes);
    assert!(!strict.scope.accept_white_space && !strict.client_authentication.ignore_other_schemes);
}

#[test]
fn scope_values_belong_to_resources_and_have_sentences() {
    let settings = Settings::parse(
        "[server]\nresources = [\"https://other.example\"]\nscopes_supported = \"profile\"\n\
         [[resource]]\nuri = \"https://photos.example\"\nscopes = [\"photos.read\", \"photos.write\"]\n\
         [[resource]]\nuri = \"https://mail.example\"\nscopes = \"mail.read profile\"\n\
         [[resource]]\nuri = \"https://plain.example\"\n\
         [[scope]]\nname = \"photos.read\"\ndescription = \"See your photos\"",
    );
    let settings = settings.expect("it is sound");
    let config = settings.server(Issuer::parse("https://as.example").expect("an issuer"));
    let resources: Vec<_> = config.resources.resources().iter().map(Resource::as_str).collect();
    let expected = ["https://other.example", "https://mail.example", "https://photos.example", "https://plain.example"];
    assert_eq!(resources, expected);
    let of = |uri| config.scope_of(&Resource::parse(uri).expect("a resource")).to_string();
    let all = ["https://photos.example/", "https://mail.example/", "https://plain.example"].map(of);
    assert_eq!(all, ["photos.read photos.write", "mail.read profile", ""]);
    assert_eq!(config.scope.supported.to_string(), "profile mail.read photos.read photos.write");
    let told = settings.sentences.tell("photos.read", &["de".to_owned()]).map(|told| told.text);
    assert_eq!((told, settings.sentences.tell("mail.read", &[])), (Some("See your photos"), None));
}

#[test]
fn types_of_authorization_details_are_those_of_the_server_and_of_the_client() {
    let settings = Settings::parse(
        "[server]\nauthorization_details_types = [\"payment_initiation\", \"mine\"]\n\
         [[client]]\nclient_id = \"a\"\nauthorization_details_types = [\"mine\"]",
    );
    let settings = settings.expect("it is sound");
    let config = settings.server(Issuer::parse("https://as.example").expect("an issuer"));
    assert!(config.authorization_details.types().eq(["mine", "payment_initiation"]));
    let client = settings.clients.values().next().expect("one client");
    assert_eq!(client.authorization_details_types, ["mine"]);
}

#[test]
fn registration_is_for_nobody_everybody_or_whoever_has_a_token() {
    let issuer = Issuer::parse("https://as.example").expect("an issuer");
    let section = |text: &str| {
        let text = format!("[server]\nscopes_supported = \"a b\"\n{text}");
        Settings::parse(&text).expect("a table").server(issuer.clone()).registration
    };
    assert!(section("registration = \"off\"").is_none() && section("").is_none());
    let open = section("registration = \"open\"").expect("a section");
    assert_eq!((open.registrants, open.scope.as_str()), (Registrants::Anybody, "a b"));
    assert_eq!(open.endpoint.as_str(), "https://as.example/register");
    let token = "0123456789abcdef0123456789abcdef";
    let by_token = format!("registration = \"token\"\nregistration_tokens = [\"{token}\"]\nregistration_scope = \"a\"");
    let by_token = section(&by_token).expect("a section");
    assert_eq!(by_token.registrants, Registrants::Tokens(vec![grantor::model::Digest::of(token)]));
    assert_eq!(by_token.scope.as_str(), "a");
}
