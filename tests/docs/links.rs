//! Links between the pages: what a Markdown file of the repository links to is there, and so is the heading.

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::document_of;
use crate::{quotation, source};

/// The places of links and of pictures in a page, outside of code.
fn links(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in outside_fences(page) {
        let text = without_code(line);
        // [text](place), [text](place "title")
        let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
        found.extend(inline.map(str::to_owned));
        // [name]: place
        let defined = text.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
        found.extend(defined.and_then(|(_, place)| place.split_whitespace().next()).map(str::to_owned));
        // <img src="place">, <a href="place">
        let tags = [" src=\"", " href=\""].into_iter().flat_map(|attribute| text.split(attribute).skip(1));
        found.extend(tags.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
    }
    found
}

fn outside_fences(page: &str) -> impl Iterator<Item = &str> {
    let mut in_fence = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        in_fence ^= is_fence;
        !in_fence && !is_fence
    })
}

/// A line without its code: `` `[a](b)` `` is no link.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    let headings = outside_fences(page).filter(|line| line.starts_with('#'));
    headings
        .map(|line| line.trim_start_matches('#').trim())
        .map(|heading| {
            let is_kept = |next: &char| next.is_alphanumeric() || " -_".contains(*next);
            let anchor: String = heading.chars().filter(is_kept).collect::<String>().to_lowercase().replace(' ', "-");
            let count = seen.entry(anchor.clone()).or_default();
            *count += 1;
            if *count == 1 { anchor } else { format!("{anchor}-{}", *count - 1) }
        })
        .collect()
}

/// What is wrong with a page's links, if `read` tells the text of a file or folder that there is.
fn faults(path: &str, page: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_elsewhere = |place: &str| place.contains("://") || place.starts_with("mailto:");
    let check = |place: String| {
        let (file, anchor) = place.split_once('#').unwrap_or((&place, ""));
        let target = if file.is_empty() { Some(path.to_owned()) } else { joined(folder, file) };
        let Some(text) = target.and_then(|target| read(&target)) else {
            return Some(format!("{path}: {place}: no such file"));
        };
        let is_missing = !anchor.is_empty() && !anchors(&text).contains(anchor);
        is_missing.then(|| format!("{path}: {place}: no such heading"))
    };
    links(page).into_iter().filter(|place| !is_elsewhere(place)).filter_map(check).collect()
}

/// A relative path, from a folder.
fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut segments: Vec<&str> = folder.split('/').filter(|segment| !segment.is_empty()).collect();
    for segment in relative.split('/') {
        match segment {
            ".." => drop(segments.pop()?),
            "." | "" => {}
            segment => segments.push(segment),
        }
    }
    Some(segments.join("/"))
}

/// The files that a comment names: `docs/machines.md`, `tests/rfc7636.rs`, `SECURITY.md`.
fn named(comment: &str) -> impl Iterator<Item = &str> {
    let is_part = |next: char| next.is_alphanumeric() || "-_./".contains(next);
    let words = comment.split(move |next| !is_part(next)).map(|word| word.trim_end_matches('.'));
    words.filter(|word| {
        let in_folder =
            ["docs/", "tests/", "src/", "examples/", "benches/"].iter().any(|folder| word.starts_with(folder));
        let is_page = word.ends_with(".md") && word.starts_with(|first: char| first.is_uppercase());
        is_page || in_folder && word.rsplit('/').next().is_some_and(|name| name.contains('.'))
    })
}

#[test]
fn every_link_between_pages_leads_somewhere() {
    let read = |path: &str| {
        let path = crate::root().join(path);
        // A picture and a folder have no headings.
        path.exists().then(|| std::fs::read_to_string(&path).unwrap_or_default())
    };
    let mut pages = crate::texts("", ".md");
    pages.retain(|(path, _)| !path.starts_with("src/")); // those are rustdoc's, which checks its links itself
    assert!(
        pages.iter().any(|(path, _)| path == "README.md") && pages.iter().any(|(path, _)| path.starts_with("docs/"))
    );
    let found: Vec<_> = pages.iter().flat_map(|(path, page)| faults(path, page, read)).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn links_are_found_and_followed() {
    let page = "\
# One `two`: three, four!
## Same
## Same
[a](b.md) and ![c](d/e.png \"f\"), [g](#same-1) `[no](no.md)` [h](../i.md#one-two-three-four) [web](https://x.example)
```
[no](no.md)
# No
```
[j]: k.md
<img src=\"l.svg\" alt=\"m\"> <a href=\"n.md\">
";
    assert_eq!(
        links(page),
        ["b.md", "d/e.png", "#same-1", "../i.md#one-two-three-four", "https://x.example", "k.md", "l.svg", "n.md"]
    );
    let wanted = ["one-two-three-four", "same", "same-1"];
    assert!(anchors(page).iter().map(String::as_str).eq(wanted));
    let there = ["docs/p.md", "docs/b.md", "docs/d/e.png", "i.md", "docs/k.md", "docs/l.svg"];
    let read = |path: &str| there.contains(&path).then(|| page.to_owned());
    assert_eq!(faults("docs/p.md", page, read), ["docs/p.md: n.md: no such file"]);
    assert_eq!(faults("docs/p.md", "[a](b.md#nowhere) [b](#same)", read), ["docs/p.md: b.md#nowhere: no such heading"]);
    assert_eq!(faults("p.md", "[a](../../x.md)", read), ["p.md: ../../x.md: no such file"]);
}

#[test]
fn every_file_that_a_comment_names_is_there() {
    let is_there = |from: &str, file: &str| {
        // From the root, or from that of a package.
        let mut folders =
            crate::root().join(from).parent().unwrap().ancestors().map(|it| it.join(file)).collect::<Vec<_>>();
        folders.retain(|path| path.starts_with(crate::root()));
        folders.iter().any(|path| path.exists())
    };
    let mut missing = Vec::new();
    let mut count = 0;
    for (path, text) in crate::tested().iter().filter(|(path, _)| !path.starts_with("tests/docs/")) {
        for comment in source::comments(&text.lines().collect::<Vec<_>>()) {
            let names = named(&comment.text);
            count += 1;
            missing.extend(names.filter(|file| !is_there(path, file)).map(|file| format!("{path}: {file}")));
        }
    }
    assert!(count > 1000 && missing.is_empty(), "{missing:#?}");
    let comment = "See `docs/a.md`, tests/b.rs. (SECURITY.md) [c](src/d.rs) and tests/e, or a.md, docs/.";
    assert!(named(comment).eq(["docs/a.md", "tests/b.rs", "SECURITY.md", "src/d.rs"]));
}

#[test]
fn every_section_is_of_a_document() {
    let mut faults = Vec::new();
    for (path, text) in crate::tested().iter().filter(|(path, _)| !path.starts_with("tests/docs/")) {
        let document = document_of(path, text);
        for comment in source::comments(&text.lines().collect::<Vec<_>>()) {
            let found = quotation::read(&comment.text, document.as_deref()).faults;
            faults.extend(found.into_iter().map(|fault| format!("{path}:{}: {fault}", comment.start + 1)));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
