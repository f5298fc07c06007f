//! Flows that are walked in named steps: each step begins at an arrow of the diagram, and is named there.

use crate::trace::{Chapter, Lane, Step};

/// A step of a flow that has a name. Its number is its place in the flow.
#[derive(Debug)]
pub(crate) struct Named {
    /// The name, short enough for a diagram on a phone.
    pub(crate) name: &'static str,
    /// A text on what happens, and why.
    pub(crate) text: &'static str,
    /// True if a chapter can begin with the step. The others come after another step of the same chapter.
    pub(crate) begins_chapter: bool,
    /// The arrows at which the step can begin.
    pub(crate) at: &'static [Arrow],
}

/// An arrow: from, to, and words of its label.
#[derive(Debug)]
pub(crate) struct Arrow(pub(crate) Lane, pub(crate) Lane, pub(crate) &'static str);

/// A named step that was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) number: usize,
    pub(crate) named: &'static Named,
}

impl Named {
    fn begins_at(&self, step: &Step) -> bool {
        self.at.iter().any(|Arrow(from, to, words)| (step.from, step.to) == (*from, *to) && step.label.contains(words))
    }
}

/// Returns the named step that begins at each arrow of a chapter. They come in order; one that was not needed is left
/// out.
pub(crate) fn taken(walk: &'static [Named], chapter: &Chapter) -> Vec<Option<Taken>> {
    let mut last = 0;
    let steps = chapter.steps.iter().map(|step| {
        let mut next = walk.iter().zip(1..).skip(last);
        let (named, number) = next.find(|(named, _)| (last > 0 || named.begins_chapter) && named.begins_at(step))?;
        last = number;
        Some(Taken { number, named })
    });
    steps.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Kind;

    static WALK: [Named; 3] = [
        Named { name: "", text: "", begins_chapter: true, at: &[Arrow(Lane::Client, Lane::Server, "/one")] },
        Named { name: "", text: "", begins_chapter: false, at: &[Arrow(Lane::Server, Lane::Client, "200")] },
        Named { name: "", text: "", begins_chapter: false, at: &[Arrow(Lane::Client, Lane::Server, "/three")] },
    ];

    fn numbers(arrows: &[(Lane, Lane, &str)]) -> Vec<Option<usize>> {
        let steps = arrows.iter().map(|(from, to, label)| Step {
            from: *from,
            to: *to,
            kind: Kind::Request,
            label: (*label).to_owned(),
            details: Vec::new(),
            message: None,
        });
        let chapter = Chapter { title: "", text: "", steps: steps.collect(), outcome: None };
        taken(&WALK, &chapter).into_iter().map(|taken| taken.map(|taken| taken.number)).collect()
    }

    #[test]
    fn steps_are_named_in_order_and_one_may_be_left_out() {
        let (client, server) = (Lane::Client, Lane::Server);
        let one = (client, server, "POST /one");
        let two = (server, client, "200 OK");
        let three = (client, server, "POST /three");
        assert_eq!(numbers(&[one, two, two, three]), [Some(1), Some(2), None, Some(3)]);
        assert_eq!(numbers(&[one, three, two]), [Some(1), Some(3), None], "they never go back");
        assert_eq!(numbers(&[three, two]), [None, None], "another chapter is not a part of the walk");
        assert_eq!(numbers(&[(server, client, "POST /one"), one]), [None, Some(1)], "an arrow has a direction");
    }
}
