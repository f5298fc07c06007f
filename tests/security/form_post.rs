//! A page that posts a response shows what strangers wrote: no `state` leaves the place that it has.

use std::fmt::Write as _;

use grantor::server::AuthorizeReply;
use http::Request;

use crate::fixture::*;

/// What may stand in a `state`: RFC 6749 appendix A.5.
const HOSTILE: [&str; 9] = [
    "\"><script>alert(1)</script>",
    "\"></form><form action=https://evil.example><input name=code value=\"evil",
    "' onfocus='alert(1)' autofocus='",
    "</script><script src=https://evil.example></script>",
    "<!--",
    "]]>&<![CDATA[",
    "&quot;&gt;&#60;script&#62;&amp;",
    "javascript:alert(1)//`${alert(1)}`\\",
    "&copy&lt",
];

/// The page for a denial of a request with this `state`.
fn page(world: &World, state: &str) -> String {
    let state: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let request = Request::get(format!(
        "/authorize?response_type=code&client_id=public&response_mode=form_post&state={state}\
         &code_challenge={challenge}&code_challenge_method=S256"
    ));
    let AuthorizeReply::Ask(prompt) =
        world.server.authorize(&request.body("").unwrap(), world.moment()).run(&world.store)
    else {
        panic!("the request is sound")
    };
    let response = prompt.deny(&world.server, world.moment()).run(&world.store);
    String::from_utf8(response.into_http().into_body()).unwrap()
}

fn world() -> World {
    World::new(grantor::server::RefreshPolicy::Reuse)
}

/// The page is that of a harmless `state` but for the value itself, in which no character ends anything.
#[test]
fn a_hostile_state_changes_nothing_but_its_own_value() {
    let world = world();
    let harmless = page(&world, "STATE");
    assert_eq!(harmless.matches("STATE").count(), 1);
    let every_character: String = (' '..='~').collect();
    for state in HOSTILE.into_iter().chain([every_character.as_str()]) {
        let mut numbered = String::new();
        for character in state.chars() {
            match character {
                '&' => numbered.push_str("&amp;"),
                '<' => numbered.push_str("&lt;"),
                '>' => numbered.push_str("&gt;"),
                '"' => numbered.push_str("&quot;"),
                '\'' => write!(numbered, "&#{};", u32::from(character)).unwrap(),
                _ => numbered.push(character),
            }
        }
        let found = page(&world, state);
        assert_eq!(found, harmless.replace("STATE", &numbered), "{state}");
        assert_eq!((found.matches("<script").count(), found.matches("<form").count()), (1, 1), "{state}");
        assert!(found.contains(&format!(" value=\"{numbered}\">")), "{state}");
    }
}

/// The script has nothing in it that anybody sends, so its digest is always the same.
#[test]
fn no_state_reaches_the_script_or_the_headers() {
    let world = world();
    let script = |page: &str| page.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0.to_owned();
    let harmless = script(&page(&world, "STATE"));
    for state in HOSTILE {
        assert_eq!(script(&page(&world, state)), harmless);
    }
}
