//! Source files as lines: comments, the items that they are about, and tests.

/// The comment lines that follow each other, as one text without fenced code and link definitions.
#[derive(Debug, PartialEq)]
pub struct Comment {
    /// `//!`, `///` or `//`.
    pub mark: &'static str,
    /// Its first line, counted from 0.
    pub start: usize,
    /// The first line after it.
    pub end: usize,
    pub text: String,
}

/// The comments of a file, from the top.
pub fn comments(lines: &[&str]) -> Vec<Comment> {
    let mut found: Vec<Comment> = Vec::new();
    let mut in_fence = false;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_start();
        // Four slashes are no doc comment.
        let marks = if line.starts_with("////") { &["//"][..] } else { &["//!", "///", "//"] };
        let Some((mark, text)) = marks.iter().find_map(|mark| Some((*mark, line.strip_prefix(*mark)?))) else {
            in_fence = false;
            continue;
        };
        let continues = found.last().is_some_and(|last| last.end == at && last.mark == mark);
        if !continues {
            in_fence = false;
            found.push(Comment { mark, start: at, end: at, text: String::new() });
        }
        let comment = found.last_mut().unwrap();
        comment.end = at + 1;
        let text = text.trim();
        let is_fence = text.starts_with("```");
        in_fence ^= is_fence;
        if !in_fence && !is_fence && !is_link_definition(text) {
            comment.text.push_str(text);
            comment.text.push(' ');
        }
    }
    found
}

/// `[RFC 6749 §5.2]: https://…`
fn is_link_definition(text: &str) -> bool {
    text.starts_with('[') && text.contains("]: http")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The lines that a line stands in, from the inside: the heads of functions, types and blocks.
fn enclosing<'a>(lines: &[&'a str], at: usize) -> Vec<&'a str> {
    let mut limit = indentation(lines[at]);
    let mut found = Vec::new();
    for line in lines[..at].iter().rev().filter(|line| !line.trim().is_empty()) {
        let (own, text) = (indentation(line), line.trim_start());
        // The last line of a head of several lines; its first one stands at the same column.
        let is_rest = text.starts_with([')', '}', ']', '{', '>', '#', '/']) || text.starts_with("where");
        if own < limit && !is_rest {
            limit = own;
            found.push(text);
        } else if own < limit && text.starts_with([')', '{', '>']) {
            limit = own + 1;
        }
    }
    found
}

/// The name of the item that a comment is about, or stands in: `Server::token`, `TokenError::InvalidGrant`. Empty for a
/// file.
pub fn item_of(lines: &[&str], comment: &Comment) -> String {
    if comment.mark == "//!" {
        return String::new();
    }
    let around = enclosing(lines, comment.start);
    let function = around.iter().find_map(|line| defined(line, &["fn", "const", "static"]));
    let function = function.filter(|_| comment.mark == "//");
    let container = around.iter().find_map(|line| container(line)).filter(|name| !name.is_empty());
    let own = function.or_else(|| below(lines, comment.end)).unwrap_or_default();
    match container {
        Some(container) if !own.is_empty() => format!("{container}::{own}"),
        Some(container) => container,
        None => own,
    }
}

/// The name in the first line below that is no comment and no attribute.
fn below(lines: &[&str], at: usize) -> Option<String> {
    let mut in_attribute = false;
    let line = lines.get(at..)?.iter().map(|line| line.trim()).find(|line| {
        let is_attribute = in_attribute || line.starts_with("#[");
        in_attribute = is_attribute && !line.ends_with(']');
        !is_attribute && !line.starts_with("//")
    })?;
    let items = ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "macro_rules!"];
    defined(line, &items)
        .or_else(|| container(line))
        .or_else(|| Some(word(visible(line))).filter(|name| !name.is_empty()))
}

/// What a line defines, if it is by one of these words.
fn defined(line: &str, by: &[&str]) -> Option<String> {
    let mut rest = visible(line);
    while let Some(after) = ["async ", "unsafe ", "const "].iter().find_map(|before| rest.strip_prefix(before)) {
        if !after.contains("fn ") {
            break;
        }
        rest = after;
    }
    by.iter().find_map(|keyword| Some(word(rest.strip_prefix(keyword)?.strip_prefix(' ')?)))
}

/// The type whose body a line begins.
fn container(line: &str) -> Option<String> {
    if let Some(rest) = line.strip_prefix("impl") {
        let rest = after_generics(rest);
        let of = rest.split_once(" for ").map_or(rest, |(_, of)| of);
        return Some(word(of.trim_start_matches(['&', ' '])));
    }
    defined(line, &["struct", "enum", "trait"])
}

/// The rest after `<…>`, if it begins with that.
fn after_generics(text: &str) -> &str {
    let mut depth = 0;
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { text.trim_start() } else { text[at + 1..].trim_start() };
        }
    }
    text
}

fn visible(line: &str) -> &str {
    let rest = line.strip_prefix("pub").unwrap_or(line);
    let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
    rest.trim_start()
}

/// The identifier that a text begins with; of a path, the last one.
fn word(text: &str) -> String {
    let end = text.find(|next: char| !next.is_alphanumeric() && !"_:".contains(next)).unwrap_or(text.len());
    text[..end].trim_end_matches(':').rsplit("::").next().unwrap().to_owned()
}

/// A test, with the comments above and in it.
#[derive(Debug)]
pub struct Test {
    pub file: String,
    pub name: String,
    /// The comment above it that is about several tests, `// §4.1.3 Access Token Request`; without one, the file's
    /// head.
    pub heading: String,
    pub comments: Vec<String>,
}

/// The tests of a file.
pub fn tests(file: &str, text: &str) -> Vec<Test> {
    let lines: Vec<_> = text.lines().collect();
    let comments = comments(&lines);
    let mut found: Vec<Test> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = defined(line.trim_start(), &["fn"]) else { continue };
        // The attributes and comments right above.
        let above = lines[..at].iter().rev().take_while(|line| {
            let line = line.trim_start();
            !line.is_empty() && (line.starts_with(['#', '/', ')', ']']) || line.ends_with(','))
        });
        let above = at - above.count();
        let is_test = lines[above..at].iter().any(|line| {
            let line = line.trim_start();
            line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("#[actix_web::test")
        });
        if !is_test {
            continue;
        }
        let is_end = |other: &&str| indentation(other) == indentation(line) && other.trim() == "}";
        let length = if line.ends_with('}') { Some(0) } else { lines[at..].iter().position(is_end) };
        let end = length.map_or(lines.len(), |length| at + length);
        let own = comments.iter().filter(|comment| comment.start >= above && comment.end <= end);
        let heading = comments.iter().rfind(|comment| is_heading(&lines, comment) && comment.end <= above);
        let heading = heading.or(comments.first().filter(|comment| comment.mark == "//!"));
        found.push(Test {
            file: file.to_owned(),
            name,
            heading: heading.map_or(String::new(), |comment| comment.text.clone()),
            comments: own.map(|comment| comment.text.clone()).collect(),
        });
    }
    found
}

/// Whether a comment stands for itself, between items.
fn is_heading(lines: &[&str], comment: &Comment) -> bool {
    comment.mark == "//"
        && enclosing(lines, comment.start).iter().all(|line| defined(line, &["fn"]).is_none())
        && lines.get(comment.end).is_some_and(|line| line.trim().is_empty())
}

#[test]
fn a_comment_is_about_the_item_below_it_or_around_it() {
    let text = "\
impl<'a, T: Into<U>> Checks<T> for Server<'a> {
    /// One.
    #[must_use = \"[two\"]
    pub(super) fn token(
        &self,
    ) -> Token {
        if self.open {
            // Three.
            return;
        }
    }
}

pub enum Error {
    // Four.
    #[error(\"no\")]
    Code(Key),
}

/// Five: `one`.
///
/// ```
/// let six = 6;
/// ```
/// [RFC 6749 §5]: https://example.com
const RULES: &Rules = &Rules {
    check: |it| {
        // Seven.
    },
};
";
    let lines: Vec<_> = text.lines().collect();
    let found = comments(&lines).into_iter().map(|comment| (comment.text.trim().to_owned(), item_of(&lines, &comment)));
    let wanted = [
        ("One.", "Server::token"),
        ("Three.", "Server::token"),
        ("Four.", "Error::Code"),
        ("Five: `one`.", "RULES"),
        ("Seven.", "RULES"),
    ];
    assert_eq!(found.collect::<Vec<_>>(), wanted.map(|(text, item)| (text.to_owned(), item.to_owned())));
}

#[test]
fn a_test_has_its_heading_and_its_own_comments() {
    let text = "\
//! §0: zero.

#[test]
fn before() {}

// §1 One

fn no_test() {
    // §9
}

/// §2: \"two\".
#[test]
fn first() {
    // §3.
}

mod client {
    // The client. §4 Four

    #[tokio::test(flavor = \"current_thread\")]
    async fn second() {}
}
";
    let found = tests("tests/rfc1.rs", text);
    let shown: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.heading.trim(), it.comments.join("|"))).collect();
    assert_eq!(
        shown,
        [
            ("before", "§0: zero.", String::new()),
            ("first", "§1 One", "§2: \"two\". |§3. ".to_owned()),
            ("second", "The client. §4 Four", String::new()),
        ]
    );
}
