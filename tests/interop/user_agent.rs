//! A user agent that reads pages as a browser without scripts does.

use scraper::{ElementRef, Html, Selector};
use ureq::http::Response;
use ureq::{Agent, Body};
use url::Url;

/// An agent that follows no redirect, and takes a refusal for an answer.
pub fn agent() -> Agent {
    Agent::config_builder().max_redirects(0).http_status_as_error(false).build().into()
}

pub enum Arrived {
    Page(Page),
    /// At another origin, which is not visited.
    Elsewhere(Url),
}

pub struct Page {
    pub url: Url,
    pub text: String,
}

/// Follows redirects to the end.
pub fn visit(agent: &Agent, url: &Url) -> Arrived {
    arrive(agent, url, agent.get(url.as_str()).call())
}

/// Submits the one form of a page as it is found, with these fields filled in.
pub fn submit(agent: &Agent, page: &Page, fields: &[(&str, &str)]) -> Arrived {
    let document = Html::parse_document(&page.text);
    let forms: Vec<ElementRef> = document.select(&select("form")).collect();
    let &[form] = forms.as_slice() else { panic!("the page has one form: {}", page.text) };
    assert_eq!(form.attr("method").map(str::to_lowercase).as_deref(), Some("post"));
    let inputs = select("input[name]:not([type=checkbox]), input[type=checkbox][checked]");
    let found =
        form.select(&inputs).map(|input| (input.attr("name").unwrap(), input.attr("value").unwrap_or_default()));
    let kept = found.filter(|(name, _)| fields.iter().all(|(filled, _)| filled != name));
    let action = form.attr("action").map_or_else(|| page.url.clone(), |action| page.url.join(action).unwrap());
    arrive(agent, &action, agent.post(action.as_str()).send_form(kept.chain(fields.iter().copied())))
}

fn arrive(agent: &Agent, from: &Url, response: Result<Response<Body>, ureq::Error>) -> Arrived {
    let response = response.unwrap();
    let Some(location) = response.headers().get("location") else {
        return Arrived::Page(Page { url: from.clone(), text: response.into_body().read_to_string().unwrap() });
    };
    assert!(matches!(response.status().as_u16(), 302 | 303));
    let target = from.join(location.to_str().unwrap()).unwrap();
    if target.origin() != from.origin() { Arrived::Elsewhere(target) } else { visit(agent, &target) }
}

fn select(selectors: &str) -> Selector {
    Selector::parse(selectors).unwrap()
}
