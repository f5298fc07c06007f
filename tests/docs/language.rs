//! The language of the comments: doc comments begin with a verb or a noun, no comment is too wide, and a section that a
//! doc comment names is a link to that very section.

use std::collections::BTreeMap;

use crate::quotation::{self, NAMED};
use crate::source::{self, Comment};

/// The greatest width of a line with a comment, in columns.
const WIDTH: usize = 120;

/// The words by which a doc comment refers to a thing that it has not named.
const BAD_OPENINGS: [&str; 18] = [
    "what", "whether", "how", "who", "whose", "whom", "it", "its", "they", "their", "where", "when", "which", "that",
    "those", "this", "these", "until",
];

/// Checks each file of these folders, and names the file with each finding.
fn findings(folders: &[&str], check: fn(&str) -> Vec<String>) -> Vec<String> {
    let files = folders.iter().flat_map(|folder| crate::texts(folder, ".rs"));
    files.flat_map(|(path, text)| check(&text).into_iter().map(move |found| format!("{path}: {found}"))).collect()
}

#[test]
fn doc_comments_begin_with_a_verb_or_a_noun() {
    let blocks: usize = crate::texts("src", ".rs").iter().map(|(_, text)| doc_comments(text).len()).sum();
    let bad = findings(&["src"], bad_openings);
    assert!(blocks > 1000, "{blocks}");
    assert!(20 * bad.len() <= blocks, "{} of {blocks}: {bad:#?}", bad.len());
}

#[test]
fn no_comment_is_wider_than_the_code() {
    let wide = findings(&["src", "examples", "tests", "benches", "fuzz"], wide_comments);
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn each_section_that_a_doc_comment_names_is_a_link_to_it() {
    let faults = findings(&["src"], faulty_links);
    assert!(faults.is_empty(), "{faults:#?}");
}

/// A doc comment: its first line, counted from 1, and the texts of its lines.
type DocComment<'a> = (usize, Vec<&'a str>);

/// Returns the doc comments of a text.
fn doc_comments(text: &str) -> Vec<DocComment<'_>> {
    let lines: Vec<_> = text.lines().map(str::trim_start).collect();
    let comments = source::comments(&lines).into_iter().filter(|comment| comment.mark != "//");
    let texts = |comment: &Comment| lines[comment.start..comment.end].iter().map(|line| &line[3..]).collect();
    comments.map(|comment| (comment.start + 1, texts(&comment))).collect()
}

fn bad_openings(text: &str) -> Vec<String> {
    let is_bad = |line: &str| {
        let word = line.split(|next: char| !next.is_alphanumeric()).find(|word| !word.is_empty());
        word.is_some_and(|word| BAD_OPENINGS.contains(&word.to_lowercase().as_str()))
    };
    let comments = doc_comments(text).into_iter().filter_map(|(at, lines)| Some((at, *lines.first()?)));
    comments.filter(|(_, first)| is_bad(first)).map(|(at, first)| format!("{at}:{first}")).collect()
}

fn wide_comments(text: &str) -> Vec<String> {
    let has_comment = |line: &str| line.trim_start().starts_with("//") || line.contains(" // ");
    let wide = |line: &&str| line.chars().count() > WIDTH && has_comment(line);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| wide(line));
    lines.map(|(at, line)| format!("{at}: {} columns", line.chars().count())).collect()
}

fn faulty_links(text: &str) -> Vec<String> {
    let comments = doc_comments(text).into_iter();
    comments.flat_map(|(at, lines)| faulty_links_of(&lines).into_iter().map(move |it| format!("{at}: {it}"))).collect()
}

/// Reads one doc comment: the sections that are no links, the links that lead elsewhere, and the definitions that no
/// link uses.
fn faulty_links_of(lines: &[&str]) -> Vec<String> {
    let (definitions, prose) = parts(lines);
    let mut reader = Reader { definitions, specification: None, used: Vec::new(), faults: Vec::new() };
    prose.iter().for_each(|paragraph| reader.read(paragraph));
    let unused = reader.definitions.keys().filter(|label| !reader.used.contains(label) && cites(label));
    let unused: Vec<_> = unused.map(|label| format!("nothing uses the definition of [{label}]")).collect();
    reader.faults.into_iter().chain(unused).collect()
}

/// Splits a doc comment into its link definitions and the paragraphs of its prose, without code.
fn parts<'a>(lines: &[&'a str]) -> (BTreeMap<&'a str, &'a str>, Vec<String>) {
    let mut definitions = BTreeMap::new();
    let mut prose = vec![String::new()];
    let mut is_code = false;
    for line in lines.iter().map(|line| line.trim()) {
        let definition = line.strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
        } else if let Some((label, target)) = definition.filter(|(_, target)| !target.contains(' ')) {
            definitions.insert(label, target);
        } else if line.is_empty() || line.starts_with('|') {
            prose.push(line.to_owned());
        } else if let Some(paragraph) = prose.last_mut() {
            paragraph.push(' ');
            paragraph.push_str(line);
        }
    }
    let without_code = |paragraph: String| paragraph.split('`').step_by(2).collect::<Vec<_>>().join("`");
    (definitions, prose.into_iter().map(without_code).collect())
}

/// A specification, a section of one, or a section alone, as docs cite it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Citation<'a> {
    specification: Option<&'a str>,
    section: Option<&'a str>,
}

/// Reads the citation at the beginning of a text, and returns its length too.
fn citation(text: &str) -> Option<(Citation<'_>, usize)> {
    let specification = NAMED.iter().map(|(name, ..)| *name).find(|name| text.starts_with(name));
    let specification = specification.map(str::len).or_else(|| Some(4 + digits(text.strip_prefix("RFC ")?)?));
    let end = specification.unwrap_or_default();
    let rest = text.get(end..)?;
    let space = usize::from(end > 0 && rest.starts_with(' '));
    let section = rest.get(space..).and_then(|rest| Some((rest, section(rest)?)));
    let citation = Citation {
        specification: specification.and_then(|end| text.get(..end)),
        section: section.and_then(|(rest, len)| rest.get(..len)),
    };
    let len = end + section.map_or(0, |(_, len)| space + len);
    (len > 0).then_some((citation, len))
}

/// Returns the length of the digits at the beginning of a text.
fn digits(text: &str) -> Option<usize> {
    let len = text.find(|next: char| !next.is_ascii_digit()).unwrap_or(text.len());
    (len > 0).then_some(len)
}

/// Returns the length of the section at the beginning of a text: `§4.1.3`, `appendix A.5`.
fn section(text: &str) -> Option<usize> {
    let appendix =
        text.strip_prefix("appendix ").filter(|rest| rest.starts_with(|first: char| first.is_ascii_uppercase()));
    let number = text.strip_prefix('§').filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    let rest = appendix.or(number)?.get(1..)?;
    let end = rest.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(rest.len());
    // A full stop after the section is the sentence's.
    Some(text.len() - rest.len() + rest.get(..end)?.trim_end_matches('.').len())
}

/// Tells if the label of a link is a citation, or a further appendix such as `A.12`.
fn cites(label: &str) -> bool {
    cited_by(label).is_some()
}

fn cited_by(label: &str) -> Option<Citation<'_>> {
    if let Some((citation, _)) = citation(label).filter(|(_, len)| *len == label.len()) {
        return Some(citation);
    }
    let (letter, number) = label.split_once('.')?;
    let is_appendix = letter.len() == 1 && letter.chars().all(|letter| letter.is_ascii_uppercase());
    (is_appendix && digits(number) == Some(number.len()))
        .then_some(Citation { specification: None, section: Some(label) })
}

/// Returns the address of a section, or of the whole specification.
fn address(specification: &str, section: Option<&str>) -> Option<String> {
    let number = section.and_then(|section| section.strip_prefix('§'));
    let Some(rfc) = specification.strip_prefix("RFC ") else {
        return if number.is_some() == section.is_some() { quotation::address(specification, number) } else { None };
    };
    let page = format!("https://www.rfc-editor.org/rfc/rfc{rfc}");
    let Some(section) = section else { return Some(page) };
    let anchor = if let Some(number) = number {
        format!("section-{number}")
    } else {
        format!("appendix-{}", section.strip_prefix("appendix ").unwrap_or(section))
    };
    Some(format!("{page}#{anchor}"))
}

struct Reader<'a> {
    definitions: BTreeMap<&'a str, &'a str>,
    /// The specification that was cited last, to which a section alone belongs.
    specification: Option<String>,
    used: Vec<&'a str>,
    faults: Vec<String>,
}

impl Reader<'_> {
    fn read(&mut self, paragraph: &str) {
        let mut rest = paragraph;
        let mut before = ' ';
        while let Some(next) = rest.chars().next() {
            let len = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
                Some((label, after)) if cites(label) => self.link(label, after),
                _ => match citation(rest).filter(|_| !before.is_alphanumeric()) {
                    Some((_, len)) => {
                        self.faults.push(format!("{} is not a link", rest.get(..len).unwrap_or_default()));
                        len
                    }
                    None => next.len_utf8(),
                },
            };
            before = next;
            rest = rest.get(len..).unwrap_or_default();
        }
    }

    /// Checks a link whose label is a citation, and returns its length.
    fn link(&mut self, label: &str, after: &str) -> usize {
        let cited = cited_by(label).unwrap_or_default();
        let specification = cited.specification.map(str::to_owned).or_else(|| self.specification.clone());
        let inline = after.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(target, _)| target);
        let defined = self.definitions.get_key_value(label).map(|(label, target)| (*label, *target));
        self.used.extend(defined.filter(|_| inline.is_none()).map(|(label, _)| label));
        let wanted = specification.as_deref().and_then(|specification| address(specification, cited.section));
        match (inline.or(defined.map(|(_, target)| target)), wanted) {
            (None, _) => self.faults.push(format!("[{label}] has no definition")),
            (Some(_), None) => self.faults.push(format!("[{label}] is a section of nothing")),
            (Some(target), Some(wanted)) if target != wanted => {
                self.faults.push(format!("[{label}] leads to {target} and not to {wanted}"));
            }
            _ => {}
        }
        self.specification = specification;
        label.len() + 2 + inline.map_or(0, |target| target.len() + 2)
    }
}

#[test]
fn openings_are_told_apart() {
    let good = [
        "/// Returns what it is.",
        "//! Whatsoever.",
        "/// `None`: nobody's.",
        "// What it is.",
        "//// It.",
        "fn it() {}",
    ];
    for text in good {
        assert_eq!(bad_openings(text), [""; 0], "{text}");
    }
    let bad = ["/// What it is.", "//! Whether.", "    /// **It** is.", "/// `it`", "fn f() {}\n/// How."];
    for text in bad {
        assert_eq!(bad_openings(text).len(), 1, "{text}");
    }
    // A comment begins where the one before ends: at code, or at a comment of another kind.
    assert_eq!(bad_openings("//! A.\n/// It.\nfn f() {}\n/// B.\n/// It.\n"), ["2: It."]);
}

#[test]
fn width_is_counted_in_characters() {
    let fill = |len: usize| "§".repeat(len);
    for text in [format!("// {}", fill(WIDTH - 3)), format!("f({}); // a", fill(WIDTH - 9)), fill(WIDTH + 1)] {
        assert_eq!(wide_comments(&text), [""; 0], "{text}");
    }
    for text in
        [format!("// {}", fill(WIDTH - 2)), format!("f({}); // a", fill(WIDTH - 8)), format!("  //! {}", fill(115))]
    {
        assert_eq!(wide_comments(&format!("\n{text}\n")), ["2: 121 columns"], "{text}");
    }
}

/// A doc comment of these lines, of which those that begin with `[` are definitions.
fn comment(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("/// {line}\n")).collect()
}

#[test]
fn links_that_lead_to_their_sections_are_right() {
    let rfc = "https://www.rfc-editor.org/rfc/rfc";
    let definition = |label: &str, target: &str| format!("[{label}]: {rfc}{target}");
    let right: [(&str, &[String]); 10] = [
        ("No citation, `RFC 6749 §4` in code, nor in XRFC 1; an appendix, Section 4, [a link](b).", &[]),
        ("The code: [RFC 6749 §4.1.3].", &[definition("RFC 6749 §4.1.3", "6749#section-4.1.3")]),
        ("The whole of [RFC 6749]", &[definition("RFC 6749", "6749")]),
        ("See [RFC 6749\n/// §4.1.3].", &[definition("RFC 6749 §4.1.3", "6749#section-4.1.3")]),
        ("[RFC 6749 §4], [§5]", &[definition("RFC 6749 §4", "6749#section-4"), definition("§5", "6749#section-5")]),
        (
            "[RFC 6749 appendix A.5], [A.6].",
            &[definition("RFC 6749 appendix A.5", "6749#appendix-A.5"), definition("A.6", "6749#appendix-A.6")],
        ),
        ("Inline: [RFC 6749 §4](https://www.rfc-editor.org/rfc/rfc6749#section-4).", &[]),
        ("[OAuth 2.1 §3.2]", &[format!("[OAuth 2.1 §3.2]: {}#section-3.2", NAMED[0].1)]),
        ("[OpenID Connect Core 1.0 §2]", &[format!("[OpenID Connect Core 1.0 §2]: {}#IDToken", NAMED[1].1)]),
        ("```\n/// // RFC 6749 §4.1.3\n/// ```", &[]),
    ];
    for (text, definitions) in right {
        let lines: Vec<_> = [text, ""].into_iter().chain(definitions.iter().map(String::as_str)).collect();
        assert_eq!(faulty_links(&comment(&lines)), [""; 0], "{text}");
    }
}

#[test]
fn what_is_no_link_or_leads_elsewhere_is_found() {
    const SECTION: &str = "https://www.rfc-editor.org/rfc/rfc6749#section-4";
    let wrong: [(&str, &str, &str); 14] = [
        ("The code: RFC 6749 §4.1.3.", "", "RFC 6749 §4.1.3 is not a link"),
        ("The whole of (RFC 6749)", "", "RFC 6749 is not a link"),
        ("As §4 has it", "", "§4 is not a link"),
        ("RFC\n/// 6749 §4", "", "RFC 6749 §4 is not a link"),
        ("Characters of appendix A.5.", "", "appendix A.5 is not a link"),
        ("By OAuth 2.1 §3.2", "", "OAuth 2.1 §3.2 is not a link"),
        ("| a | RFC 6749 §4 |", "", "RFC 6749 §4 is not a link"),
        ("[see RFC 6749 §4](a)", "", "RFC 6749 §4 is not a link"),
        ("[RFC 6749 §4]", "", "[RFC 6749 §4] has no definition"),
        ("[RFC 6749 §5]", "[RFC 6749 §5]: {}", "[RFC 6749 §5] leads to {} and not to {page}#section-5"),
        ("[RFC 6750 §4]", "[RFC 6750 §4]: {}", "[RFC 6750 §4] leads to {} and not to {other}#section-4"),
        ("[§4]", "[§4]: {}", "[§4] is a section of nothing"),
        (
            "[OpenID Connect Core 1.0 §9]",
            "[OpenID Connect Core 1.0 §9]: {}",
            "[OpenID Connect Core 1.0 §9] is a section of nothing",
        ),
        ("Nothing.", "[RFC 6749 §4]: {}", "nothing uses the definition of [RFC 6749 §4]"),
    ];
    for (text, definition, finding) in wrong {
        let filled = |text: &str| {
            let text = text.replace("{page}", "https://www.rfc-editor.org/rfc/rfc6749");
            text.replace("{other}", "https://www.rfc-editor.org/rfc/rfc6750").replace("{}", SECTION)
        };
        let found = faulty_links(&comment(&[text, "", &filled(definition)]));
        assert_eq!(found, [format!("1: {}", filled(finding))], "{text}");
    }
    let two = comment(&["[RFC 6749 §4], [RFC 6750 §4], [§5]", "", "[RFC 6749 §4]: a", "[RFC 6750 §4]: b", "[§5]: c"]);
    assert_eq!(faulty_links(&two).len(), 3);
}
