//! A chapter as a sequence diagram: lanes from left to right, time from top to bottom, drawn as SVG.

use askama::Template;

use super::trace::{Chapter, Detail, Kind, Lane, Step};

/// Sizes in pixels, at which the text is as large as the page's small print.
const WIDTH: usize = 960;
const MARGIN: usize = 90;
const MAX_LANE_GAP: usize = 300;
/// What is left at the right of the store, for what is asked of it.
const STORE_MARGIN: usize = 260;
const HEAD_HEIGHT: usize = 52;
const LINE: usize = 17;
const ROW_GAP: usize = 14;

/// How wide a character is, about.
const CHARACTER_WIDTH: usize = 7;

/// The most parameters of a message that are drawn. The list below the diagram has them all.
const MAX_DETAILS: usize = 9;

/// A chapter's diagram.
#[derive(Template)]
#[template(path = "playground/diagram.svg")]
pub(crate) struct Diagram<'a> {
    chapter: usize,
    title: &'a str,
    width: usize,
    height: usize,
    lanes: Vec<LaneView>,
    rows: Vec<Row<'a>>,
}

/// A lifeline and its head.
struct LaneView {
    x: usize,
    head: usize,
    name: &'static str,
    role: &'static str,
}

/// An arrow and what is written at it.
struct Row<'a> {
    number: usize,
    class: &'static str,
    /// Where it begins and ends.
    from: usize,
    to: usize,
    /// Where its text begins, which is its left end.
    text: usize,
    label_at: usize,
    arrow_at: usize,
    tip: String,
    label: String,
    details: Vec<DetailView<'a>>,
}

struct DetailView<'a> {
    y: usize,
    name: &'a str,
    value: String,
    meaning: String,
}

impl<'a> Diagram<'a> {
    /// Draws the chapter of this number.
    pub(crate) fn of(chapter: &'a Chapter, number: usize) -> Self {
        let mut used: Vec<Lane> = chapter.steps.iter().flat_map(|step| [step.from, step.to]).collect();
        used.sort_unstable();
        used.dedup();
        let gaps = used.len().saturating_sub(1).max(1);
        let right = if used.last() == Some(&Lane::Store) { STORE_MARGIN } else { MARGIN };
        let gap = MAX_LANE_GAP.min((WIDTH - MARGIN - right) / gaps);
        let x = |lane: Lane| MARGIN + gap * used.iter().position(|other| *other == lane).unwrap_or_default();
        let mut y = HEAD_HEIGHT + ROW_GAP;
        let mut rows = Vec::new();
        for (index, step) in chapter.steps.iter().enumerate() {
            let row = Row::of(step, index + 1, (x(step.from), x(step.to)), y);
            y = row.arrow_at + LINE * row.details.len() + 2 * ROW_GAP;
            rows.push(row);
        }
        let lanes = used.iter().map(|lane| LaneView {
            x: x(*lane),
            head: x(*lane) - MARGIN + 4,
            name: lane.name(),
            role: lane.role(),
        });
        Self { chapter: number, title: chapter.title, width: WIDTH, height: y + ROW_GAP, lanes: lanes.collect(), rows }
    }
}

impl<'a> Row<'a> {
    fn of(step: &'a Step, number: usize, (from, to): (usize, usize), y: usize) -> Self {
        let text = from.min(to) + 22;
        let room = WIDTH.saturating_sub(text + 4) / CHARACTER_WIDTH;
        let arrow_at = y + LINE + 6;
        let details = step.details.iter().take(MAX_DETAILS).enumerate();
        let details = details.map(|(index, detail)| DetailView::of(detail, arrow_at + 3 + LINE * (index + 1), room));
        // The tip points to where the arrow ends.
        let back = if to > from { to - 9 } else { to + 9 };
        Self {
            number,
            class: class(step.kind),
            from,
            to,
            text,
            label_at: y + LINE - 2,
            arrow_at,
            tip: format!("{to},{arrow_at} {back},{} {back},{}", arrow_at - 5, arrow_at + 5),
            label: fitting(&step.label, room),
            details: details.collect(),
        }
    }
}

impl<'a> DetailView<'a> {
    fn of(detail: &'a Detail, y: usize, room: usize) -> Self {
        let name_len = detail.name.chars().count() + 3;
        let value = fitting(&detail.value, room.saturating_sub(name_len));
        let left = room.saturating_sub(name_len + value.chars().count() + 2);
        // A phrase that does not fit is left to the list.
        let fits = detail.meaning.chars().count() <= left;
        Self { y, name: &detail.name, value, meaning: if fits { detail.meaning.to_owned() } else { String::new() } }
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Response => "response",
        Kind::Effect => "effect",
        Kind::Answer => "answer",
    }
}

fn fitting(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_stays_within_the_drawing() {
        let step = Step {
            from: Lane::Store,
            to: Lane::Server,
            kind: Kind::Answer,
            label: "<script>".to_owned(),
            details: vec![Detail { name: "scope".to_owned(), value: "x".repeat(500), meaning: "what is asked for" }],
            message: None,
        };
        let chapter = Chapter { title: "A & B", text: "", steps: vec![step], outcome: None };
        let svg = Diagram::of(&chapter, 1).render().expect("it is drawn");
        assert!(svg.contains("&#60;script&#62;") && svg.contains("A &#38; B") && !svg.contains("<script>"), "{svg}");
        assert!(!svg.contains(&"x".repeat(120)) && svg.contains("xxx…"), "{svg}");
    }

    #[test]
    fn only_the_lanes_that_are_used_are_drawn() {
        let lanes = |steps: &[(Lane, Lane)]| {
            let steps = steps.iter().map(|(from, to)| Step {
                from: *from,
                to: *to,
                kind: Kind::Request,
                label: String::new(),
                details: Vec::new(),
                message: None,
            });
            let chapter = Chapter { title: "", text: "", steps: steps.collect(), outcome: None };
            Diagram::of(&chapter, 1).lanes.iter().map(|lane| lane.name).collect::<Vec<_>>()
        };
        let found = lanes(&[(Lane::Client, Lane::Resource), (Lane::Resource, Lane::Store)]);
        assert_eq!(found, ["Client", "Store and policy", "Resource server"]);
        assert!(lanes(&[]).is_empty());
    }
}
