//! The playground's pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use grantor::client::Device;
use grantor::server::Config;

use crate::acts::{ACTS, Act};
use crate::diagram::{Diagram, Layout};
use crate::flows::{FLOWS, Flow};
use crate::runs::Held;
use crate::trace::{Chapter, Kind, Step, Trace};
use crate::walk::{self, Named, Taken};

#[derive(Template)]
#[template(path = "index.html")]
struct Index<'a> {
    flows: Vec<(&'a Flow, Option<&'static str>)>,
}

#[derive(Template)]
#[template(path = "flow.html")]
struct FlowPage<'a> {
    flow: &'a Flow,
    lacks: Option<&'static str>,
    application: &'static str,
    asks_for_password: bool,
    csrf: &'a str,
}

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    flow: &'a Flow,
    id: u64,
    csrf: &'a str,
    presses: u64,
    /// The named steps of the flow, each with the number of the chapter in which it was last taken.
    walk: Vec<(&'static Named, Option<usize>)>,
    chapters: Vec<ChapterView<'a>>,
    waits: bool,
    device: Option<&'a Device>,
    next: Option<&'static Act>,
    others: Vec<&'static Act>,
}

#[derive(Template)]
#[template(path = "implicit.html")]
struct ImplicitPage<'a> {
    csrf: &'a str,
}

struct ChapterView<'a> {
    number: usize,
    chapter: &'a Chapter,
    diagrams: [String; 2],
    steps: Vec<(&'a Step, Option<Taken>)>,
    is_last: bool,
}

#[derive(Template)]
#[template(path = "message.html")]
struct MessagePage<'a> {
    text: &'a str,
}

fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A page with one message.
pub(crate) fn message(status: StatusCode, text: &str) -> Response {
    render(status, &MessagePage { text })
}

/// The page for a request that cannot be answered now.
pub(crate) fn unavailable() -> Response {
    message(StatusCode::SERVICE_UNAVAILABLE, "The server cannot answer now. Please try again.")
}

/// A redirect that is followed with GET.
pub(crate) fn see_other(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => message(StatusCode::BAD_REQUEST, "The request cannot be read."),
    }
}

/// `GET /playground`
pub(crate) fn index(config: &Config) -> Response {
    render(StatusCode::OK, &Index { flows: FLOWS.into_iter().map(|flow| (flow, flow.lacks(config))).collect() })
}

/// `GET /playground/{flow}`
pub(crate) fn flow(flow: &Flow, config: &Config, csrf: &str) -> Response {
    let asks_for_password = flow.start.asks_for_password();
    let application = flow.start.application().name();
    render(StatusCode::OK, &FlowPage { flow, lacks: flow.lacks(config), application, asks_for_password, csrf })
}

/// `GET /playground/run/{id}`
pub(crate) fn run<'t>(flow: &Flow, id: u64, trace: &'t Trace, held: &Held, csrf: &str) -> Response {
    let count = trace.chapters.len();
    let view = |(number, chapter): (usize, &'t Chapter)| {
        let taken = walk::taken(flow.walk, chapter);
        // A diagram that cannot be drawn would fail a test.
        let diagrams = [Layout::Wide, Layout::Narrow]
            .map(|layout| Diagram::of(chapter, number, &taken, layout).render().unwrap_or_default());
        let steps = chapter.steps.iter().zip(taken).collect();
        ChapterView { number, chapter, diagrams, steps, is_last: number == count }
    };
    let chapters: Vec<_> = (1..).zip(&trace.chapters).map(view).collect();
    let has = |view: &ChapterView<'_>, number| {
        view.steps.iter().any(|(_, taken)| taken.is_some_and(|taken| taken.number == number))
    };
    let last = |number| chapters.iter().rev().find(|view| has(view, number)).map(|view| view.number);
    let walk = (1..).zip(flow.walk).map(|(number, named)| (named, last(number))).collect();
    let next = flow.script.get(held.played).copied().filter(|act| act.can_be_tried(held));
    let is_next = |act: &Act| next.is_some_and(|next| next.name == act.name);
    let others = ACTS.into_iter().filter(|act| act.can_be_tried(held) && !is_next(act)).collect();
    let page = RunPage {
        flow,
        id,
        csrf,
        presses: held.presses,
        walk,
        chapters,
        device: held.device.as_ref(),
        waits: held.waiting.is_some(),
        next,
        others,
    };
    render(StatusCode::OK, &page)
}

/// `GET /playground/callback/implicit`: the one page with a script.
pub(crate) fn implicit(csrf: &str) -> Response {
    let mut response = render(StatusCode::OK, &ImplicitPage { csrf });
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; frame-ancestors 'none'; \
                  base-uri 'none'";
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}

/// `GET /playground.css`
pub(crate) async fn style() -> Response {
    let content_type = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], include_str!("../static/playground.css")).into_response()
}

/// `GET /playground.js`
pub(crate) async fn script() -> Response {
    let content_type = HeaderValue::from_static("text/javascript; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], include_str!("../static/playground.js")).into_response()
}

impl Step {
    /// The kind of a step, in words.
    fn says(&self) -> &'static str {
        match self.kind {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Effect => "effect",
            Kind::Answer => "answer",
            Kind::Alone => "alone",
        }
    }
}
