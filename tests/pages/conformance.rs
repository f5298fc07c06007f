//! `docs/conformance.md`: the rules that `src` quotes, by document and section.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::quotation::{self, Section};
use crate::source::{self, Test};

const PAGE: &str = "docs/conformance.md";

/// The documents, in the order of the page.
const DOCUMENTS: [(&str, &str); 19] = [
    ("RFC 6749", "The OAuth 2.0 Authorization Framework"),
    ("OAuth 2.1", "The OAuth 2.1 Authorization Framework (draft)"),
    ("RFC 9700", "Best Current Practice for OAuth 2.0 Security"),
    ("RFC 6750", "Bearer Token Usage"),
    ("RFC 7009", "Token Revocation"),
    ("RFC 7591", "Dynamic Client Registration"),
    ("RFC 7636", "Proof Key for Code Exchange"),
    ("RFC 7662", "Token Introspection"),
    ("RFC 8252", "OAuth 2.0 for Native Apps"),
    ("RFC 8414", "Authorization Server Metadata"),
    ("RFC 8628", "Device Authorization Grant"),
    ("RFC 8707", "Resource Indicators"),
    ("RFC 9126", "Pushed Authorization Requests"),
    ("RFC 9207", "Authorization Server Issuer Identification"),
    ("RFC 9470", "Step Up Authentication Challenge"),
    ("RFC 9728", "Protected Resource Metadata"),
    ("RFC 3986", "Uniform Resource Identifier: Generic Syntax"),
    ("RFC 8259", "The JavaScript Object Notation Data Interchange Format"),
    ("RFC 9110", "HTTP Semantics"),
];

const HEAD: &str = "\
# The rules of the RFCs, and where each is kept

Written by `GRANTOR_WRITE_DOCS=1 cargo test --test pages` from the comments of `src`, which quote a rule above the line
that keeps it, and compared with them in CI. A rule is a sentence with MUST, SHALL, REQUIRED, SHOULD or RECOMMENDED. A
test that quotes a rule stands beside it; the other tests that cite a section stand with its first rule.

[The numbered requirements](requirements.md) say what must hold in fewer words, each with its own tests.
";

/// A name in a file.
type Place = (String, String);

/// The texts of the rules of a section, each with the places that keep it.
type Rules = BTreeMap<String, Vec<Place>>;

/// A test that cites a section, with what it quotes of that.
struct Citing {
    place: Place,
    quoted: Vec<String>,
}

/// What the comments say, and what is wrong with them.
#[derive(Default)]
struct Conformance {
    rules: Vec<(Section, Rules)>,
    tests: Vec<(Section, Vec<Citing>)>,
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
            if !read.tests.iter().any(|(cited, _)| cited == section) {
                let (file, item) = &rules.first_key_value().unwrap().1[0];
                read.faults.push(format!("{section}: no test cites it, and {file} `{item}` quotes it"));
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
        let place = (test.file.clone(), test.name.clone());
        let read = test.comments.iter().chain([&test.heading]).map(|text| quotation::read(text, document));
        let (cited, quoted): (Vec<_>, Vec<_>) = read.map(|read| (read.cited, read.quoted)).unzip();
        for section in cited.into_iter().flatten() {
            let tests = entry(&mut self.tests, section.clone());
            if tests.iter().all(|other| other.place != place) {
                let quoted = quoted.iter().flatten().filter(|it| it.sections.contains(&section));
                let quoted = quoted.map(|it| it.text.clone()).collect();
                tests.push(Citing { place: place.clone(), quoted });
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
        let tests = self.tests.iter().filter(move |(cited, _)| cited == section).flat_map(|(_, tests)| tests);
        let beside = move |rule: &str| -> Vec<Place> {
            let is_first = rules.keys().next().is_some_and(|first| first == rule);
            let is_beside = |it: &&Citing| {
                let quotes = |rule: &String| it.quoted.iter().any(|quoted| is_of(quoted, rule));
                quotes(&rule.to_owned()) || is_first && !rules.keys().any(quotes)
            };
            tests.clone().filter(is_beside).map(|it| it.place.clone()).collect()
        };
        rules.iter().map(move |(rule, places)| {
            let (number, url, text) = (&section.number, section.url(), rule.replace('|', "\\|"));
            format!("| [§{number}]({url}) | {text} | {} | {} |", cell(places), cell(&beside(rule)))
        })
    }
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
fn every_rule_that_the_source_quotes_has_a_section_and_tests() {
    let read = Conformance::of(&crate::texts("src", ".rs"), &crate::tested());
    assert!(read.faults.is_empty(), "{:#?}", read.faults);
    crate::compare(PAGE, &read.page());
}

#[test]
fn a_rule_without_a_section_or_a_test_is_a_fault() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let faults = |source: &str, test: &str| Conformance::of(&[file("a.rs", source)], &[file("t.rs", test)]).faults;
    let cited = "/// RFC 6749 §2.\n#[test]\nfn one() {}\n";
    let none: [String; 0] = [];
    assert_eq!(faults("// RFC 6749 §2: \"a MUST b\"\nfn f() {}\n", cited), none);
    assert_eq!(faults("// \"a b\"\nfn f() {}\n", ""), none);
    assert_eq!(faults("// \"a MUST b\"\nfn f() {}\n", cited), ["a.rs:1: a rule of no section: a MUST b"]);
    assert_eq!(
        faults("// RFC 6749 §3: \"a MUST b\"\nfn f() {}\n", cited),
        ["RFC 6749 §3: no test cites it, and a.rs `f` quotes it"]
    );
    assert_eq!(
        faults("// RFC 1234 §2: \"a MUST b\"\nfn f() {}\n", "// RFC 1234 §2\n\n#[test]\nfn one() {}\n"),
        ["RFC 1234 §2: a document without a title"]
    );
}

#[test]
fn the_page_has_a_row_for_each_rule_by_section() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let source = "\
//! RFC 6749.
/// §4.10: \"a MUST b | c\"
fn f() {}
/// §4.2: \"d SHOULD e\", \"a MAY b\"
fn g() {}
/// §4.2: \"d SHOULD e.\"
fn h() {}
/// §4.2: \"f or g MUST be less than h\"
fn i() {}
";
    let test = "\
//! RFC 6749.

// §4.2, §4.10 Both

#[test]
fn one() {}

/// §4.2: \"f [...] MUST be less than h\".
#[test]
fn two() {}
";
    let page = Conformance::of(&[file("src/a.rs", source)], &[file("tests/t.rs", test)]).page();
    let of = |names: &str| format!("[tests/t.rs](../tests/t.rs) {names}");
    let link = |number: &str| format!("[§{number}](https://www.rfc-editor.org/rfc/rfc6749#section-{number})");
    let rows = [
        format!("| {} | d SHOULD e. | [src/a.rs](../src/a.rs) `h`, `g` | {} |\n", link("4.2"), of("`one`")),
        format!("| {} | f or g MUST be less than h | [src/a.rs](../src/a.rs) `i` | {} |\n", link("4.2"), of("`two`")),
        format!("| {} | a MUST b \\| c | [src/a.rs](../src/a.rs) `f` | {} |\n", link("4.10"), of("`one`, `two`")),
    ]
    .concat();
    assert!(page.starts_with("# ") && page.ends_with(&rows), "{page}");
}
