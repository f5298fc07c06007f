//! `docs/conformance.md`: the rules that `src` quotes, by document and section.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::quotation::{self, Section};
use crate::source::{self, Test};

const PAGE: &str = "docs/conformance.md";

/// The documents, in the order of the page.
const DOCUMENTS: [(&str, &str); 31] = [
    ("RFC 6749", "The OAuth 2.0 Authorization Framework"),
    ("OAuth 2.1", "The OAuth 2.1 Authorization Framework (draft)"),
    ("RFC 9700", "Best Current Practice for OAuth 2.0 Security"),
    ("RFC 6750", "Bearer Token Usage"),
    ("RFC 7009", "Token Revocation"),
    ("RFC 7515", "JSON Web Signature"),
    ("RFC 7517", "JSON Web Key"),
    ("RFC 7518", "JSON Web Algorithms"),
    ("RFC 7519", "JSON Web Token"),
    ("RFC 8725", "JSON Web Token Best Current Practices"),
    ("RFC 7591", "Dynamic Client Registration"),
    ("RFC 7592", "Dynamic Client Registration Management"),
    ("CIMD", "OAuth Client ID Metadata Document (draft)"),
    ("RFC 7636", "Proof Key for Code Exchange"),
    ("RFC 7662", "Token Introspection"),
    ("RFC 8252", "OAuth 2.0 for Native Apps"),
    ("RFC 8414", "Authorization Server Metadata"),
    ("RFC 8628", "Device Authorization Grant"),
    ("RFC 8707", "Resource Indicators"),
    ("RFC 9068", "JWT Profile for OAuth 2.0 Access Tokens"),
    ("RFC 9126", "Pushed Authorization Requests"),
    ("RFC 9207", "Authorization Server Issuer Identification"),
    ("RFC 9396", "Rich Authorization Requests"),
    ("RFC 9470", "Step Up Authentication Challenge"),
    ("RFC 9728", "Protected Resource Metadata"),
    ("Multiple Response Types", "OAuth 2.0 Multiple Response Type Encoding Practices"),
    ("Form Post", "OAuth 2.0 Form Post Response Mode"),
    ("OpenID Connect Core 1.0", "The authorization request, as far as it is OAuth's"),
    ("RFC 3986", "Uniform Resource Identifier: Generic Syntax"),
    ("RFC 8259", "The JavaScript Object Notation Data Interchange Format"),
    ("RFC 9110", "HTTP Semantics"),
];

const HEAD: &str = "\
# The rules of the RFCs, and where each is kept

Comments in `src` quote a rule of a specification above the line that keeps it, and comments in the tests quote it
where they prove it. This page brings the two together. `GRANTOR_WRITE_DOCS=1 cargo test --test docs` writes
it, and CI compares it with the source. A rule is a sentence with MUST, SHALL, REQUIRED, SHOULD or RECOMMENDED;
`[...]` marks what is left out.

Not every rule of a document is here: those for other roles, for people and for TLS libraries have no line that
keeps them. [The numbered requirements](requirements.md) say what must hold in fewer words, each with its own tests.
";

/// A name in a file.
type Place = (String, String);

/// The texts of the rules of a section, each with the places that keep it.
type Rules = BTreeMap<String, Vec<Place>>;

/// A test, and what it quotes.
type Quoting = (Place, String);

/// What the comments say, and what is wrong with them.
#[derive(Default)]
struct Conformance {
    rules: Vec<(Section, Rules)>,
    tests: Vec<(Section, Vec<Quoting>)>,
    faults: Vec<String>,
}

impl Conformance {
    fn of(source: &[(String, String)], tests: &[(String, String)]) -> Self {
        let mut read = Self::default();
        for (file, text) in source {
            read.source(file, text);
        }
        for (file, text) in tests {
            let document = document_of(file, text);
            for test in source::tests(file, text) {
                read.test(&test, document.as_deref());
            }
        }
        read.rules.sort_by(|(one, _), (other, _)| (rank(one), one.order()).cmp(&(rank(other), other.order())));
        for (section, rules) in &mut read.rules {
            join(rules);
            if rank(section) == DOCUMENTS.len() {
                read.faults.push(format!("{section}: a document without a title"));
            }
            for (rule, places) in rules.iter().filter(|(rule, _)| quoting(&read.tests, section, rule).is_empty()) {
                read.faults.push(format!("{section}, in {}: no test quotes it: {rule}", places[0].0));
            }
        }
        read
    }

    fn source(&mut self, file: &str, text: &str) {
        let document = document_of(file, text);
        let lines: Vec<_> = text.lines().collect();
        for comment in source::comments(&lines) {
            let found = quotation::read(&comment.text, document.as_deref());
            let at = || format!("{file}:{}", comment.start + 1);
            self.faults.extend(found.faults.iter().map(|fault| format!("{}: {fault}", at())));
            for quotation in found.quoted.into_iter().filter(|it| quotation::is_rule(&it.text)) {
                if quotation.sections.is_empty() {
                    self.faults.push(format!("{}: a rule of no section: {}", at(), quotation.text));
                }
                for section in quotation.sections {
                    let place = (file.to_owned(), source::item_of(&lines, &comment));
                    let places = entry(&mut self.rules, section).entry(quotation.text.clone()).or_default();
                    if !places.contains(&place) {
                        places.push(place);
                    }
                }
            }
        }
    }

    fn test(&mut self, test: &Test, document: Option<&str>) {
        // What names no section is of that of the heading.
        let sections = quotation::read(&test.heading, document).cited;
        let place = (test.file.clone(), test.name.clone());
        for text in test.comments.iter().chain([&test.heading]) {
            for quotation in quotation::read(text, document).quoted {
                let own = if quotation.sections.is_empty() { &sections } else { &quotation.sections };
                for section in own {
                    entry(&mut self.tests, section.clone()).push((place.clone(), quotation.text.clone()));
                }
            }
        }
    }

    fn page(&self) -> String {
        let mut page = HEAD.to_owned();
        for (document, title) in DOCUMENTS {
            let sections = self.rules.iter().filter(|(section, _)| section.document == document);
            let rows: Vec<_> = sections.flat_map(|(section, rules)| self.rows(section, rules)).collect();
            if !rows.is_empty() {
                let head = "| section | rule | kept by | tests |\n|---|---|---|---|";
                write!(page, "\n## {document}: {title}\n\n{head}\n{}\n", rows.join("\n")).unwrap();
            }
        }
        page
    }

    fn rows<'a>(&'a self, section: &'a Section, rules: &'a Rules) -> impl Iterator<Item = String> + 'a {
        rules.iter().map(move |(rule, places)| {
            let (number, url, text) = (&section.number, section.url(), rule.replace('|', "\\|"));
            let tests = quoting(&self.tests, section, rule);
            format!("| [§{number}]({url}) | {text} | {} | {} |", cell(places), cell(&tests))
        })
    }
}

/// The tests that quote a rule of a section, be it in part.
fn quoting(tests: &[(Section, Vec<Quoting>)], section: &Section, rule: &str) -> Vec<Place> {
    let of_section = tests.iter().filter(|(cited, _)| cited == section).flat_map(|(_, tests)| tests);
    of_section.filter(|(_, quoted)| is_of(quoted, rule)).map(|(place, _)| place.clone()).collect()
}

/// Joins the rules of a section that are one: of which one is quoted in part, or without its full stop.
fn join(rules: &mut Rules) {
    let mut texts: Vec<String> = rules.keys().cloned().collect();
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    for (at, part) in texts.iter().enumerate().rev() {
        if let Some(whole) = texts[..at].iter().find(|whole| is_part(part, whole)) {
            let places = rules.remove(part).unwrap();
            rules.get_mut(whole).unwrap().extend(places);
        }
    }
}

/// Whether one of two quotations is a part of the other; a few words may be of anything.
fn is_of(one: &str, other: &str) -> bool {
    one.len().min(other.len()) > 15 && (is_part(one, other) || is_part(other, one))
}

/// Whether a quotation is a part of another, where both may leave words out.
fn is_part(part: &str, whole: &str) -> bool {
    let whole = whole.to_lowercase();
    part.to_lowercase().split("[...]").all(|words| whole.contains(words.trim_matches([' ', '.', ','])))
}

fn entry<T: Default>(list: &mut Vec<(Section, T)>, section: Section) -> &mut T {
    let at = list.iter().position(|(other, _)| *other == section).unwrap_or_else(|| {
        list.push((section, T::default()));
        list.len() - 1
    });
    &mut list[at].1
}

/// The document that a file is about: the one whose number is in its path, or the first one that its head names.
pub fn document_of(path: &str, text: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().collect();
    let head = source::comments(&lines).into_iter().find(|comment| comment.mark == "//!");
    let by_head = || quotation::document(&head?.text);
    quotation::document(&path.replace("rfc", "RFC ")).or_else(by_head)
}

fn rank(section: &Section) -> usize {
    DOCUMENTS.iter().position(|(document, _)| *document == section.document).unwrap_or(DOCUMENTS.len())
}

/// Names in files, each file once.
pub fn cell(places: &[Place]) -> String {
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    for (file, name) in places {
        let name = if name.is_empty() { String::new() } else { format!("`{name}`") };
        match files.iter_mut().find(|(other, _)| other == file) {
            Some((_, names)) if names.contains(&name) => {}
            Some((_, names)) => names.push(name),
            None => files.push((file, vec![name])),
        }
    }
    let files = files
        .into_iter()
        .map(|(file, names)| format!("[{file}](../{file}) {}", names.join(", ")).trim_end().to_owned());
    files.collect::<Vec<_>>().join("<br>")
}

#[test]
fn every_rule_that_the_source_quotes_has_a_section_and_a_test_that_quotes_it_too() {
    let read = Conformance::of(&crate::texts("src", ".rs"), &crate::tested());
    assert!(read.faults.is_empty(), "{:#?}", read.faults);
    crate::compare(PAGE, &read.page());
}

#[test]
fn a_rule_of_no_section_or_without_a_test_is_a_fault() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let faults = |source: &str, test: &str| Conformance::of(&[file("a.rs", source)], &[file("t.rs", test)]).faults;
    let quoted = "/// RFC 6749 §2: \"it is said that a MUST b\".\n#[test]\nfn one() {}\n";
    let none: [String; 0] = [];
    let rule = "// RFC 6749 §2: \"it is said that a MUST b.\"\nfn f() {}\n";
    assert_eq!(faults(rule, quoted), none);
    assert_eq!(faults(&rule.replace("MUST", "may"), ""), none);
    assert_eq!(faults(rule, &quoted.replace("MUST b", "MUST")), none, "in part");
    assert_eq!(
        faults(&rule.replace("RFC 6749 §2: ", ""), quoted),
        ["a.rs:1: a rule of no section: it is said that a MUST b."]
    );
    for other in [quoted.replace("§2", "§3"), quoted.replace("it is said that", "or"), quoted.replace("#[test]\n", "")]
    {
        assert_eq!(faults(rule, &other), ["RFC 6749 §2, in a.rs: no test quotes it: it is said that a MUST b."]);
    }
    assert_eq!(
        faults(&rule.replace("6749", "1234"), &quoted.replace("6749", "1234")),
        ["RFC 1234 §2: a document without a title"]
    );
}

#[test]
fn the_page_has_a_row_for_each_rule_by_section() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let source = "\
//! RFC 6749.
/// §4.10: \"one MUST be less than two | three\"
fn f() {}
/// §4.2: \"four SHOULD be more than five\", \"six MAY be seven\"
fn g() {}
/// §4.2: \"Four SHOULD [...] than five.\"
fn h() {}
";
    let test = "\
//! RFC 6749.

// §4.10 Heading

/// \"MUST be less than two\", \"SHOULD be more than five\"
#[test]
fn one() {}

/// §4.2: \"four SHOULD be more [...] five\".
#[test]
fn two() {}
";
    let page = Conformance::of(&[file("src/a.rs", source)], &[file("tests/t.rs", test)]).page();
    let link = |number: &str| format!("[§{number}](https://www.rfc-editor.org/rfc/rfc6749#section-{number})");
    let of = |names: &str| format!("[src/a.rs](../src/a.rs) {names}");
    let by = |names: &str| format!("[tests/t.rs](../tests/t.rs) {names}");
    let rows = [
        format!("| {} | four SHOULD be more than five | {} | {} |\n", link("4.2"), of("`g`, `h`"), by("`two`")),
        format!("| {} | one MUST be less than two \\| three | {} | {} |\n", link("4.10"), of("`f`"), by("`one`")),
    ]
    .concat();
    assert!(page.starts_with("# ") && page.ends_with(&rows), "{page}");
}
