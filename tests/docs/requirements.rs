//! `docs/requirements.md`: the texts are written by hand, the tests of each by the command.

use std::collections::BTreeMap;

use crate::rules::cell;
use crate::source::{self, Test};

const PAGE: &str = "docs/requirements.md";

/// What stands in place of the tests where there are none: this, and why.
const NONE: &str = "none: ";

/// The numbers of requirements, each with its tests by file and name.
type Tests = BTreeMap<u32, Vec<(String, String)>>;

/// The tests that prove a requirement: their names begin with its number, or a comment of theirs has it as a word.
fn numbered<'a>(tests: impl IntoIterator<Item = &'a Test>) -> Tests {
    let mut found = Tests::new();
    for test in tests {
        let words =
            test.comments.iter().flat_map(|text| text.split(|next: char| !next.is_alphanumeric() && next != '_'));
        let mut numbers: Vec<_> = words.filter_map(number).collect();
        numbers.extend(test.name.split('_').next().and_then(number));
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            found.entry(number).or_default().push((test.file.clone(), test.name.clone()));
        }
    }
    found
}

/// `r31`.
fn number(word: &str) -> Option<u32> {
    let digits = word.strip_prefix('r')?;
    digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The page with the tests that there are, and what is wrong with it.
fn with_tests(page: &str, mut tests: Tests) -> (String, Vec<String>) {
    let (mut written, mut faults, mut last) = (String::new(), Vec::new(), 0);
    for line in page.lines() {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(number) = cells[0].parse::<u32>().ok().filter(|_| line.starts_with('|')) else {
            written.push_str(line);
            written.push('\n');
            continue;
        };
        let [_, requirement, specified, shown] = cells[..] else {
            faults.push(format!("{number}: a row of {} cells", cells.len()));
            continue;
        };
        if number != last + 1 {
            faults.push(format!("{number} comes after {last}"));
        }
        last = number;
        let shown = match tests.remove(&number) {
            Some(tests) => cell(&tests),
            None => {
                if shown.strip_prefix(NONE).is_none_or(str::is_empty) {
                    faults.push(format!("{number}: no test, and no reason why"));
                }
                shown.to_owned()
            }
        };
        written.push_str(&format!("| {number} | {requirement} | {specified} | {shown} |\n"));
    }
    let unknown = tests.iter().map(|(number, tests)| format!("{number} is no requirement, and {tests:?} says so"));
    faults.extend(unknown);
    (written, faults)
}

#[test]
fn every_requirement_has_its_tests_or_a_reason() {
    let files = crate::tested();
    let tests: Vec<_> = files.iter().flat_map(|(file, text)| source::tests(file, text)).collect();
    let page = std::fs::read_to_string(crate::root().join(PAGE)).unwrap();
    let (written, faults) = with_tests(&page, numbered(&tests));
    assert!(faults.is_empty(), "{PAGE}: {faults:#?}");
    crate::compare(PAGE, &written);
}

/// `r5_…`, and `r5_another_test` in a comment about other tests.
#[test]
fn no_comment_names_a_requirement_that_is_not_there() {
    let page = std::fs::read_to_string(crate::root().join(PAGE)).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit()).count();
    let mut named = Vec::new();
    for (path, text) in crate::tested().iter().filter(|(path, _)| !path.starts_with("tests/docs/")) {
        for comment in source::comments(&text.lines().collect::<Vec<_>>()) {
            let words = comment.text.split(|next: char| !next.is_alphanumeric());
            named.extend(words.filter_map(number).map(|number| (number, path.clone())));
        }
    }
    assert!(!named.is_empty() && rows >= 110, "{} names, {rows} rows", named.len());
    assert_eq!(named.iter().find(|(number, _)| *number == 0 || *number as usize > rows), None);
}

#[test]
fn the_number_of_a_test_is_in_its_name_or_in_a_comment() {
    let test = |name: &str, comment: &str| Test {
        file: "tests/t.rs".to_owned(),
        name: name.to_owned(),
        heading: "r9".to_owned(),
        comments: vec![comment.to_owned()],
    };
    let tests =
        [test("r7_one", ""), test("r70_two", "r7 and r8: see `r9_three`, rfc1, r, rx1, R1."), test("r_none", "")];
    let found = numbered(&tests);
    let names = |number| found[&number].iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), [7, 8, 70]);
    assert_eq!((names(7), names(8), names(70)), (vec!["r7_one", "r70_two"], vec!["r70_two"], vec!["r70_two"]));
}

#[test]
fn rows_and_tests_belong_to_each_other() {
    let tests = |numbers: &[u32]| -> Tests {
        numbers.iter().map(|&number| (number, vec![("tests/t.rs".to_owned(), format!("r{number}_x"))])).collect()
    };
    let page = "# Page\n\n| no. | a | b | tests |\n|---|---|---|---|\n| 1 | a | b | |\n| 2 | a | b | none: later |\n";
    let (written, faults) = with_tests(page, tests(&[1]));
    let none: [String; 0] = [];
    assert_eq!(faults, none);
    assert_eq!(written, page.replace("b | |", "b | [tests/t.rs](../tests/t.rs) `r1_x` |"));
    assert_eq!(with_tests(&written, tests(&[1])).0, written);
    // A test takes the reason away.
    assert!(with_tests(page, tests(&[1, 2])).0.ends_with("b | [tests/t.rs](../tests/t.rs) `r2_x` |\n"));
    let faults = |page: &str, numbers: &[u32]| with_tests(page, tests(numbers)).1;
    assert_eq!(faults(page, &[]), ["1: no test, and no reason why"]);
    assert_eq!(faults(&page.replace("none: later", "none: "), &[1]), ["2: no test, and no reason why"]);
    assert_eq!(faults(&page.replace("| 2", "| 3"), &[1]), ["3 comes after 1"]);
    assert_eq!(faults(&page.replace("| 2 | a", "| 2 | a | c"), &[1]), ["2: a row of 5 cells"]);
    assert_eq!(faults(page, &[1, 99]), [r#"99 is no requirement, and [("tests/t.rs", "r99_x")] says so"#]);
}
