//! The playground's pages.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use grantor::server::Config;

use crate::acts::{ACTS, Act};
use crate::clients::Who;
use crate::diagram::{Diagram, Layout};
use crate::flows::{FLOWS, Flow, Start};
use crate::runs::Held;
use crate::trace::{Chapter, Kind, Step, Trace};

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
    chapters: Vec<ChapterView<'a>>,
    waits: bool,
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
        // A diagram that cannot be drawn would fail a test.
        diagrams: [Layout::Wide, Layout::Narrow]
            .map(|layout| Diagram::of(chapter, index + 1, layout).render().unwrap_or_default()),
        is_last: index + 1 == count,
    });
    let next = flow.script.get(held.played).copied().filter(|act| act.can_be_tried(held));
    let is_next = |act: &Act| next.is_some_and(|next| next.name == act.name);
    let others = ACTS.into_iter().filter(|act| act.can_be_tried(held) && !is_next(act)).collect();
    let page = RunPage {
        flow,
        id,
        csrf,
        presses: held.presses,
        chapters: chapters.collect(),
        waits: held.pending.is_some(),
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

impl Flow {
    /// The application that the flow is shown with.
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
    /// The kind of a step, in words.
    fn says(&self) -> &'static str {
        match self.kind {
            Kind::Request => "request",
            Kind::Response => "response",
            Kind::Effect => "effect",
            Kind::Answer => "answer",
        }
    }
}
