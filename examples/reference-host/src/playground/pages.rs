//! The playground's pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use grantor::server::Config;

use super::acts::{ACTS, Act};
use super::clients::Who;
use super::diagram::{Diagram, Layout};
use super::flows::{FLOWS, Flow, Start};
use super::runs::Held;
use super::trace::{Chapter, Kind, Step, Trace};
use crate::pages::render;

#[derive(Template)]
#[template(path = "playground/index.html")]
struct Index<'a> {
    flows: Vec<(&'a Flow, Option<&'static str>)>,
}

#[derive(Template)]
#[template(path = "playground/flow.html")]
struct FlowPage<'a> {
    flow: &'a Flow,
    lacks: Option<&'static str>,
    application: &'static str,
    asks_for_password: bool,
    csrf: &'a str,
}

#[derive(Template)]
#[template(path = "playground/run.html")]
struct RunPage<'a> {
    flow: &'a Flow,
    id: u64,
    csrf: &'a str,
    chapters: Vec<ChapterView<'a>>,
    waits: bool,
    next: Option<&'static Act>,
    others: Vec<&'static Act>,
}

#[derive(Template)]
#[template(path = "playground/implicit.html")]
struct ImplicitPage<'a> {
    csrf: &'a str,
}

struct ChapterView<'a> {
    number: usize,
    chapter: &'a Chapter,
    diagrams: [String; 2],
    is_last: bool,
}

/// `GET /playground`
pub(crate) fn index(config: &Config) -> Response {
    render(StatusCode::OK, &Index { flows: FLOWS.iter().map(|flow| (flow, flow.lacks(config))).collect() })
}

/// `GET /playground/{flow}`
pub(crate) fn flow(flow: &Flow, config: &Config, csrf: &str) -> Response {
    let asks_for_password = matches!(flow.start, Start::Act(act) if act.asks_for_password());
    let application = flow.application().name();
    render(StatusCode::OK, &FlowPage { flow, lacks: flow.lacks(config), application, asks_for_password, csrf })
}

/// `GET /playground/run/{id}`
pub(crate) fn run(flow: &Flow, id: u64, trace: &Trace, held: &Held, csrf: &str) -> Response {
    let count = trace.chapters.len();
    let chapters = trace.chapters.iter().enumerate().map(|(index, chapter)| ChapterView {
        number: index + 1,
        chapter,
        // A diagram that cannot be drawn is missed in the tests.
        diagrams: [Layout::Wide, Layout::Narrow]
            .map(|layout| Diagram::of(chapter, index + 1, layout).render().unwrap_or_default()),
        is_last: index + 1 == count,
    });
    let next = flow.script.get(held.played).copied().filter(|act| act.can_be_tried(held));
    let is_next = |act: &Act| next.is_some_and(|next| next.name == act.name);
    let others = ACTS.into_iter().filter(|act| act.can_be_tried(held) && !is_next(act)).collect();
    let page = RunPage { flow, id, csrf, chapters: chapters.collect(), waits: held.pending.is_some(), next, others };
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
    ([(header::CONTENT_TYPE, content_type)], include_str!("../../static/playground.css")).into_response()
}

/// `GET /playground.js`
pub(crate) async fn script() -> Response {
    let content_type = HeaderValue::from_static("text/javascript; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], include_str!("../../static/playground.js")).into_response()
}

impl Flow {
    /// The application that it is shown with.
    fn application(&self) -> Who {
        match self.start {
            Start::Code => Who::Printer,
            Start::Implicit => Who::Gallery,
            Start::Act(act) if act.asks_for_password() => Who::Desktop,
            Start::Act(_) => Who::Backup,
        }
    }
}

impl Step {
    /// What kind of step it is, in words.
    fn says(&self) -> &'static str {
        match self.kind {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Effect => "effect",
            Kind::Answer => "answer",
        }
    }
}
