//! A chapter as a sequence diagram: lanes from left to right, time from top to bottom, drawn as SVG.

use askama::Template;

use crate::trace::{Chapter, Detail, Kind, Lane, Step};
use crate::walk::Taken;

/// Sizes in pixels, chosen so that the text is as large as the page's small print.
const HEAD_HEIGHT: usize = 52;
const LINE: usize = 17;
const ROW_GAP: usize = 14;

/// The start of the name of a step.
const NAME_AT: usize = 6;

/// The approximate width of a character.
const CHARACTER_WIDTH: usize = 7;

/// The most parameters of a message that are drawn. The list below the diagram has all of them.
const MAX_DETAILS: usize = 9;

/// The window width that a diagram is drawn for. The style sheet shows the one that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The text is at its arrow.
    Wide,
    /// For a phone: the text is at the left, and has the whole width.
    Narrow,
}

impl Layout {
    fn name(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Wide => 960,
            Self::Narrow => 324,
        }
    }

    /// The distance from the edge to the first lane.
    fn margin(self) -> usize {
        match self {
            Self::Wide => 90,
            Self::Narrow => 40,
        }
    }

    /// The distance from one lane to the next.
    fn gap(self, lanes: &[Lane]) -> usize {
        let gaps = lanes.len().saturating_sub(1).max(1);
        // To the right of the store there is room for the questions to it.
        let right = if self == Self::Wide && lanes.last() == Some(&Lane::Store) { 260 } else { self.margin() };
        (self.width() - self.margin() - right).div_euclid(gaps).min(300)
    }

    /// The distance from a label's baseline to its arrow, which is greater if the text may be above the arrow's number.
    fn label_gap(self) -> usize {
        match self {
            Self::Wide => 8,
            Self::Narrow => 16,
        }
    }

    /// The start of the text of an arrow with this left end.
    fn text(self, left: usize) -> usize {
        match self {
            Self::Wide => left + 22,
            Self::Narrow => 6,
        }
    }

    fn lane_name(self, lane: Lane) -> &'static str {
        match self {
            Self::Wide => lane.name(),
            Self::Narrow => lane.short_name(),
        }
    }

    fn lane_role(self, lane: Lane) -> &'static str {
        match self {
            Self::Wide => lane.role(),
            Self::Narrow => "",
        }
    }
}

/// A chapter's diagram.
#[derive(Template)]
#[template(path = "diagram.svg")]
pub(crate) struct Diagram<'a> {
    layout: &'static str,
    chapter: usize,
    title: &'a str,
    width: usize,
    height: usize,
    head_width: usize,
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

/// An arrow and its text.
struct Row<'a> {
    number: usize,
    class: &'static str,
    /// The lane at which the arrow starts.
    from: usize,
    to: usize,
    text: usize,
    /// The name of the step that begins here, and its height.
    named: Option<(usize, String)>,
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
    meaning: &'static str,
}

impl<'a> Diagram<'a> {
    /// Draws the chapter of this number, with the named steps that begin at its arrows.
    pub(crate) fn of(chapter: &'a Chapter, number: usize, taken: &[Option<Taken>], layout: Layout) -> Self {
        let mut used: Vec<Lane> = chapter.steps.iter().flat_map(|step| [step.from, step.to]).collect();
        used.sort_unstable();
        used.dedup();
        let gap = layout.gap(&used);
        let x = |lane: Lane| layout.margin() + gap * used.iter().position(|other| *other == lane).unwrap_or_default();
        let mut y = HEAD_HEIGHT + ROW_GAP;
        let mut rows = Vec::new();
        for (index, step) in chapter.steps.iter().enumerate() {
            let named = taken.get(index).copied().flatten();
            let row = Row::of(step, index + 1, named, (x(step.from), x(step.to)), layout, y);
            y = row.arrow_at + LINE * row.details.len() + 2 * ROW_GAP;
            rows.push(row);
        }
        let head_width = 2 * layout.margin() - 8;
        let lanes = used.iter().map(|lane| LaneView {
            x: x(*lane),
            head: x(*lane) - head_width / 2,
            name: layout.lane_name(*lane),
            role: layout.lane_role(*lane),
        });
        Self {
            layout: layout.name(),
            chapter: number,
            title: chapter.title,
            width: layout.width(),
            height: y + ROW_GAP,
            head_width,
            lanes: lanes.collect(),
            rows,
        }
    }
}

impl<'a> Row<'a> {
    fn of(
        step: &'a Step,
        number: usize,
        taken: Option<Taken>,
        (from, to): (usize, usize),
        layout: Layout,
        mut y: usize,
    ) -> Self {
        let named = taken.map(|Taken { number, named }| {
            let room = layout.width().saturating_sub(2 * NAME_AT) / CHARACTER_WIDTH;
            y += LINE + ROW_GAP;
            (y - ROW_GAP / 2, fitting(&format!("Step {number}: {}", named.name), room))
        });
        let text = layout.text(from.min(to));
        let room = layout.width().saturating_sub(text + 4) / CHARACTER_WIDTH;
        let label_at = y + LINE - 2;
        let arrow_at = label_at + layout.label_gap();
        let details = step.details.iter().take(MAX_DETAILS).enumerate();
        let details = details.map(|(index, detail)| DetailView::of(detail, arrow_at + 3 + LINE * (index + 1), room));
        // The tip points to the end of the arrow.
        let back = if to > from { to - 9 } else { to + 9 };
        Self {
            number,
            class: class(step.kind),
            from,
            to,
            text,
            named,
            label_at,
            arrow_at,
            tip: format!("{to},{arrow_at} {back},{} {back},{}", arrow_at - 5, arrow_at + 5),
            label: fitting(&step.label, room),
            details: details.collect(),
        }
    }
}

impl<'a> DetailView<'a> {
    fn of(detail: &'a Detail, y: usize, room: usize) -> Self {
        let name_len = detail.name.chars().count() + 1;
        let value = fitting(&detail.value, room.saturating_sub(name_len));
        let left = room.saturating_sub(name_len + value.chars().count() + 2);
        // A phrase that does not fit is shown in the list only.
        let fits = detail.meaning.chars().count() <= left;
        Self { y, name: &detail.name, value, meaning: if fits { detail.meaning } else { "" } }
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Request => "request",
        Kind::Response => "response",
        Kind::Effect => "effect",
        Kind::Answer => "answer",
        Kind::Alone => "alone",
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
        for (layout, most) in [(Layout::Wide, 130), (Layout::Narrow, 45)] {
            let svg = Diagram::of(&chapter, 1, &[], layout).render().expect("it is drawn");
            assert!(
                svg.contains("&#60;script&#62;") && svg.contains("A &#38; B") && !svg.contains("<script>"),
                "{svg}"
            );
            assert!(!svg.contains(&"x".repeat(most)) && svg.contains("xxx…"), "{svg}");
        }
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
            Diagram::of(&chapter, 1, &[], Layout::Wide).lanes.iter().map(|lane| lane.name).collect::<Vec<_>>()
        };
        let found = lanes(&[(Lane::Client, Lane::Resource), (Lane::Resource, Lane::Store)]);
        assert_eq!(found, ["Client", "Store and policy", "Resource server"]);
        assert!(lanes(&[]).is_empty());
    }
}
