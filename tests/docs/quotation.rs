//! What a comment quotes: `RFC 6749 §5.2: "…"`, or `"…" (RFC 6749 §5.2)`. A quotation may have others in it.

use std::fmt;

/// The draft of OAuth 2.1 that everything here is about.
pub const OAUTH_2_1: &str = "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16";

/// The revision of client ID metadata documents whose words are quoted.
pub const CIMD: &str = "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-01";

/// A specification: its name, its page, and its sections with their anchors.
pub type Named = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// The specifications that have a name in place of a number: the page of each and, of those of the OpenID Foundation,
/// the anchors of its sections, which have names too.
pub const NAMED: [Named; 6] = [
    ("OAuth 2.1", OAUTH_2_1, &[]),
    (
        "OpenID Connect Core 1.0",
        "https://openid.net/specs/openid-connect-core-1_0.html",
        &[
            ("2", "IDToken"),
            ("3.1.2.1", "AuthRequest"),
            ("3.1.2.3", "Authenticates"),
            ("3.1.2.4", "Consent"),
            ("3.1.2.6", "AuthError"),
        ],
    ),
    ("OpenID Connect Discovery", "https://openid.net/specs/openid-connect-discovery-1_0.html", &[]),
    (
        "Multiple Response Types",
        "https://openid.net/specs/oauth-v2-multiple-response-types-1_0.html",
        &[("2.1", "ResponseModes"), ("2.2", "MultiValueResponseTypes"), ("7", "Security")],
    ),
    (
        "Form Post",
        "https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html",
        &[("2", "FormPostResponseMode"), ("4", "Security")],
    ),
    ("CIMD", CIMD, &[]),
];

/// The address of a specification that has a name, or of a section of it; `None` if there is no such section.
pub fn address(name: &str, section: Option<&str>) -> Option<String> {
    let (_, page, anchors) = NAMED.iter().find(|(other, ..)| *other == name)?;
    let Some(number) = section else { return Some((*page).to_owned()) };
    let named = anchors.iter().find(|(other, _)| *other == number).map(|(_, anchor)| (*anchor).to_owned());
    let anchor = if [OAUTH_2_1, CIMD].contains(page) { format!("section-{number}") } else { named? };
    Some(format!("{page}#{anchor}"))
}

/// A document, by its number or, if it has none, its name.
pub type Document = String;

/// A section of a document: `("RFC 6749", "5.2")`. Ordered as the sections are.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Section {
    pub document: Document,
    pub number: String,
}

impl Section {
    pub fn order(&self) -> (&str, Vec<u32>) {
        (&self.document, self.number.split('.').map(|part| part.parse().unwrap_or(u32::MAX)).collect())
    }

    pub fn url(&self) -> String {
        match self.document.strip_prefix("RFC ") {
            Some(number) => format!("https://www.rfc-editor.org/rfc/rfc{number}#section-{}", self.number),
            None => address(&self.document, Some(&self.number)).unwrap_or_else(|| panic!("{self}: no such section")),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} §{}", self.document, self.number)
    }
}

/// A text in quotation marks, with the sections that it is said to be from: none, if the comment does not say.
#[derive(Debug, PartialEq)]
pub struct Quotation {
    pub text: String,
    pub sections: Vec<Section>,
}

/// The sections and quotations of a comment.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    pub cited: Vec<Section>,
    pub quoted: Vec<Quotation>,
    /// A quotation that does not end, a section of no document.
    pub faults: Vec<String>,
}

/// Reads a comment. `document` is that of sections before which none stands.
pub fn read(text: &str, document: Option<&str>) -> Read {
    let mut reader = Reader { document: document.map(str::to_owned), ..Reader::default() };
    reader.read(text);
    reader.found
}

/// The first document that a text names.
pub fn document(text: &str) -> Option<Document> {
    text.char_indices().find_map(|(at, _)| Some(named(&text[at..])?.to_owned()))
}

#[derive(Default)]
struct Reader {
    document: Option<Document>,
    /// The sections that were named last, without other words in between.
    group: Vec<Section>,
    is_stale: bool,
    found: Read,
}

impl Reader {
    fn read(&mut self, text: &str) {
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            rest = if let Some(name) = named(rest) {
                self.document = Some(name.to_owned());
                &rest[name.len()..]
            } else if let Some(after) = rest.strip_prefix('§') {
                self.section(after)
            } else if let Some(after) = rest.strip_prefix('`') {
                after.split_once('`').map_or("", |(_, after)| after)
            } else if let Some(after) = rest.strip_prefix("](") {
                after.split_once(')').map_or("", |(_, after)| after)
            } else if rest.starts_with('"') {
                self.quotation(rest)
            } else if let Some(after) = rest.strip_prefix("and ") {
                after
            } else {
                self.is_stale |= !" ,[]()".contains(next);
                &rest[next.len_utf8()..]
            };
        }
    }

    fn section<'a>(&mut self, after: &'a str) -> &'a str {
        let end = after.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(after.len());
        let number = after[..end].trim_end_matches('.');
        let ends_sentence = number.len() < end;
        if std::mem::replace(&mut self.is_stale, ends_sentence) {
            self.group.clear();
        }
        match &self.document {
            _ if number.is_empty() => {}
            None => self.found.faults.push(format!("§{number} of no document")),
            Some(document) => {
                let section = Section { document: document.clone(), number: number.to_owned() };
                self.group.push(section.clone());
                self.found.cited.push(section);
            }
        }
        &after[end..]
    }

    fn quotation<'a>(&mut self, from: &'a str) -> &'a str {
        let Some(end) = end_of_quotation(from) else {
            self.found.faults.push(format!("no end of {from}"));
            return "";
        };
        let (text, after) = (&from[1..end], &from[end + 1..]);
        self.is_stale = true;
        let in_parentheses = after.trim_start_matches(['.', ',']).strip_prefix(" (").and_then(|it| it.split_once(')'));
        let behind = in_parentheses.filter(|(it, _)| it.starts_with(['§', '[']) || named(it).is_some());
        let mut reader = Reader { document: self.document.clone(), ..Self::default() };
        reader.read(behind.map_or("", |(it, _)| it));
        let sections = if reader.group.is_empty() { self.group.clone() } else { reader.group };
        self.found.quoted.push(Quotation { text: text.to_owned(), sections });
        after
    }
}

/// `RFC 6749` or the name of a document, if a text begins with that.
fn named(text: &str) -> Option<&str> {
    let is_number = |it: &str| it.len() == 4 && it.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.strip_prefix("RFC ").and_then(|rest| rest.get(..4)).filter(|it| is_number(it));
    let name = || NAMED.iter().map(|(name, ..)| *name).find(|name| text.starts_with(name));
    number.map(|_| &text[..8]).or_else(name)
}

/// Where the quotation ends that a text begins with. A mark opens another one in it if it stands at the beginning of a
/// word.
fn end_of_quotation(text: &str) -> Option<usize> {
    let (mut depth, mut before, mut was_opening) = (0_u32, ' ', false);
    for (at, character) in text.char_indices() {
        if character == '"' {
            was_opening = if before == '"' { was_opening } else { before.is_whitespace() || "([".contains(before) };
            depth = if was_opening { depth + 1 } else { depth - 1 };
            if depth == 0 {
                return Some(at);
            }
        }
        before = character;
    }
    None
}

/// Whether a quotation is a rule, by the words of RFC 2119. What is optional is none.
pub fn is_rule(text: &str) -> bool {
    let mut words = text.split(|next: char| !next.is_alphanumeric());
    words.any(|word| ["MUST", "SHALL", "SHOULD", "REQUIRED", "RECOMMENDED"].contains(&word))
}

#[test]
fn quotations_are_read_with_their_sections() {
    let cases: &[(&str, &[(&str, &str)])] = &[
        (r#"RFC 6749 §5.2: "a"."#, &[("a", "RFC 6749 §5.2")]),
        (r#"See §2. "a" (RFC 8414 §3)."#, &[("a", "RFC 8414 §3")]),
        (r#""a." (OAuth 2.1 §4.1.3)"#, &[("a.", "OAuth 2.1 §4.1.3")]),
        (r#"RFC 9700 §2.1: "a." "b" (RFC 8414 §2)."#, &[("a.", "RFC 9700 §2.1"), ("b", "RFC 8414 §2")]),
        (r#"[RFC 6749 §3.1], [§3.2]: "a""#, &[("a", "RFC 6749 §3.1, RFC 6749 §3.2")]),
        (r#"RFC 6749 §3.1 and RFC 7636 §4: "a""#, &[("a", "RFC 6749 §3.1, RFC 7636 §4")]),
        (r#"RFC 6749 §3.1 is like RFC 7636 §4: "a""#, &[("a", "RFC 7636 §4")]),
        (r#"RFC 6749 §4.2. RFC 9700 §2.1: "a""#, &[("a", "RFC 9700 §2.1")]),
        (r#"§3: "a", as §4 has it, and "b""#, &[("a", "RFC 1 §3"), ("b", "RFC 1 §4")]),
        (r#"§3: "it MUST use "S256"". Then `"b"`"#, &[(r#"it MUST use "S256""#, "RFC 1 §3")]),
        (r#"§3: a slash ("//"), "a""#, &[("//", "RFC 1 §3"), ("a", "RFC 1 §3")]),
        (r#"§3: ""a" and ("b") ["c"]""#, &[(r#""a" and ("b") ["c"]"#, "RFC 1 §3")]),
        (r#""a" (b)"#, &[("a", "")]),
    ];
    for (text, wanted) in cases {
        let found = read(text, Some("RFC 1"));
        let sections = |it: &Quotation| it.sections.iter().map(Section::to_string).collect::<Vec<_>>().join(", ");
        let shown: Vec<_> = found.quoted.iter().map(|it| (it.text.clone(), sections(it))).collect();
        let wanted: Vec<_> = wanted.iter().map(|(text, sections)| (text.to_string(), sections.to_string())).collect();
        assert_eq!((shown, found.faults), (wanted, vec![]), "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_a_fault() {
    assert_eq!(read("§2", None).faults, ["§2 of no document"]);
    assert_eq!(read(r#"RFC 6749 §2: "a "b" "#, None).faults, [r#"no end of "a "b" "#]);
}

#[test]
fn a_rule_has_a_word_of_rfc_2119() {
    assert!(["it MUST be", "a is REQUIRED.", "NOT RECOMMENDED", "SHOULD"].into_iter().all(is_rule));
    assert!(!["it must be", "MAY", "OPTIONAL", "MUSTARD"].into_iter().any(is_rule));
}

#[test]
fn sections_are_ordered_and_linked_by_their_numbers() {
    let section = |number: &str| Section { document: "RFC 6749".to_owned(), number: number.to_owned() };
    assert!(section("4.1.3").order() < section("4.1.10").order() && section("4.10").order() < section("10").order());
    assert_eq!(section("4.1.3").url(), "https://www.rfc-editor.org/rfc/rfc6749#section-4.1.3");
    let draft = Section { document: "OAuth 2.1".to_owned(), number: "7.7".to_owned() };
    assert_eq!(draft.url(), "https://datatracker.ietf.org/doc/html/draft-ietf-oauth-v2-1-16#section-7.7");
}
