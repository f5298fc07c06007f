//! The house rules of the source: files that fit on a few screens, and no circle among those that use each other.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// All files below a folder of the crate whose names end like this.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(end) {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn longer_than(lines: usize, folder: &str) -> Vec<String> {
    let all = files(folder, ".rs").into_iter();
    let counted = all.map(|path| (std::fs::read_to_string(&path).unwrap().lines().count(), path));
    counted.filter(|(count, _)| *count > lines).map(|(count, path)| format!("{}: {count}", path.display())).collect()
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    assert_eq!(longer_than(400, "src"), [""; 0]);
    assert_eq!(longer_than(600, "tests"), [""; 0]);
}

#[test]
fn no_file_uses_another_that_uses_it() {
    let house = House::of(&files("src", ".rs").into_iter().map(read).collect::<Vec<_>>());
    assert_eq!(house.circle(), None);
    // What is found is what there is: the engine stands on its ground, and an endpoint on the engine.
    let uses = |from: &str, to: &str| house.uses[from].contains(to);
    assert!(uses("server/token/refresh_token.rs", "server/issue.rs"));
    assert!(uses("host.rs", "step.rs") && uses("step.rs", "effect.rs") && uses("server/token/mod.rs", "step.rs"));
    assert!(!uses("step.rs", "host.rs") && !uses("jose/signing_key.rs", "effect.rs") && uses("sign.rs", "effect.rs"));
}

/// grantor draws no randomness. The standard library's hash tables do, each of them when it is made.
#[test]
fn no_hash_table_is_made_on_the_way_of_a_request() {
    let makes_one = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).unwrap();
        let used = ["HashSet", "HashMap", "RandomState"].iter().any(|name| text.contains(name));
        // A store keeps tables, and so does a cache: they are made when the host makes these.
        used && !path.to_str().unwrap().contains("/store/") && !path.ends_with("resource/cache.rs")
    };
    assert_eq!(files("src", ".rs").into_iter().find(makes_one), None);
}

/// The rule finds what it is for.
#[test]
fn a_circle_is_found_through_re_exports_and_macros() {
    let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
    let lib = file("lib.rs", "mod a;\nmod b;\npub use b::Two;\n");
    let a = file("a.rs", "use crate::Two;\npub struct One(Two);\n");
    let through_re_export = file("b/mod.rs", "mod c;\npub use c::Two;\n");
    let c = |text| file("b/c.rs", text);
    let circle = |c| House::of(&[lib.clone(), a.clone(), through_re_export.clone(), c]).circle();
    assert_eq!(circle(c("pub struct Two;\n")), None);
    assert!(circle(c("use crate::a::{One as It};\npub struct Two(It);\n")).is_some());
    assert!(circle(c("use super::super::a::One;\nmachine! {\n    Two<'a> {\n    }\n}\n")).is_some());
    assert_eq!(circle(c("/// use crate::a::One;\npub struct Two;\n")), None);
}

fn read(path: PathBuf) -> (String, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    (name, std::fs::read_to_string(path).unwrap())
}

/// A path, as a list of its segments.
type Segments = Vec<String>;

/// Who uses whom, by files.
struct House {
    uses: BTreeMap<String, BTreeSet<String>>,
}

/// The files by the modules that they are, and what each imports and re-exports.
struct Modules<'a> {
    files: BTreeMap<Segments, &'a str>,
    texts: BTreeMap<&'a str, &'a str>,
    re_exports: BTreeMap<Segments, Vec<(Segments, String)>>,
}

impl House {
    fn of(files: &[(String, String)]) -> Self {
        let mut modules = Modules { files: BTreeMap::new(), texts: BTreeMap::new(), re_exports: BTreeMap::new() };
        for (name, text) in files {
            modules.files.insert(module_of(name), name);
            modules.texts.insert(name, text);
            modules
                .re_exports
                .insert(module_of(name), imports(text).filter(|it| it.0).map(|it| (it.1, it.2)).collect());
        }
        let uses = |name: &String, text: &String| -> BTreeSet<String> {
            let module = module_of(name);
            let named = imports(text).filter(|(is_re_export, ..)| !is_re_export);
            let found = named.filter_map(|(_, path, _)| modules.resolve(&module, &path, 0));
            found.filter(|other| other != name).collect()
        };
        Self { uses: files.iter().map(|(name, text)| (name.clone(), uses(name, text))).collect() }
    }

    /// Files that use each other in a circle, the first one found.
    fn circle(&self) -> Option<Vec<String>> {
        let mut done = BTreeSet::new();
        self.uses.keys().find_map(|name| self.walk(name, &mut Vec::new(), &mut done))
    }

    fn walk(&self, name: &str, way: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        if let Some(at) = way.iter().position(|other| other == name) {
            return Some(way[at..].to_vec());
        }
        if done.contains(name) {
            return None;
        }
        way.push(name.to_owned());
        let circle = self.uses[name].iter().find_map(|next| self.walk(next, way, done));
        way.pop();
        done.insert(name.to_owned());
        circle
    }
}

impl Modules<'_> {
    /// The file that defines what a path names.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 20, "{path:?} leads nowhere");
        let mut module = from.to_vec();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (module, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    module.pop();
                    rest = &rest[1..];
                }
            }
            // A child, or another crate.
            first => drop(self.files.get(&[from, &[first.to_owned()]].concat())?),
        }
        while let [first, others @ ..] = rest {
            let child = [&module[..], std::slice::from_ref(first)].concat();
            if !self.files.contains_key(&child) {
                break;
            }
            (module, rest) = (child, others);
        }
        let file = self.files[&module];
        let Some(name) = rest.first() else { return Some(file.to_owned()) };
        if name == "*" || defines(self.texts[file], name) {
            return Some(file.to_owned());
        }
        let re_exported = self.re_exports[&module].iter().find(|(_, as_name)| as_name == name);
        let (path, _) = re_exported.unwrap_or_else(|| panic!("{name} is nowhere in {file}"));
        self.resolve(&module, path, depth + 1)
    }
}

/// `server/token/mod.rs` is `server::token`, and so would be `server/token.rs`.
fn module_of(file: &str) -> Segments {
    let path = file.strip_suffix(".rs").unwrap();
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if path == "lib" { Vec::new() } else { path.split('/').map(str::to_owned).collect() }
}

/// Whether a file defines this name, be it by one of the crate's macros.
fn defines(text: &str, name: &str) -> bool {
    const WORDS: [&str; 8] = ["struct ", "enum ", "trait ", "fn ", "const ", "type ", "static ", "macro_rules! "];
    let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
    text.lines().map(str::trim_start).filter(|line| !line.starts_with("//")).any(|line| {
        let by_word = WORDS.iter().any(|word| {
            let rest = line.split_once(word).and_then(|(_, rest)| rest.strip_prefix(name));
            rest.is_some_and(ends)
        });
        // `name! { ClientId, "client_id", …`, `machine! { Token<'a> {`
        let rest = line.strip_prefix(name).unwrap_or("x");
        by_word || rest.starts_with(", \"") || rest.starts_with(" {") || rest.starts_with("<'a> {")
    })
}

/// Every name that a file imports: whether it is a re-export, its path, and what it is called here.
fn imports(text: &str) -> impl Iterator<Item = (bool, Segments, String)> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    let mut rest = code.as_str();
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].rsplit('\n').next().unwrap().trim_start();
        rest = &rest[at + 4..];
        let is_re_export = before.starts_with("pub");
        if !before.is_empty() && !is_re_export {
            continue;
        }
        let end = rest.find(';').unwrap();
        let mut names = Vec::new();
        tree(&rest[..end].split_whitespace().collect::<Vec<_>>().join(" "), &[], &mut names);
        found.extend(names.into_iter().map(|(path, name)| (is_re_export, path, name)));
    }
    found.into_iter()
}

/// Takes a tree of imports apart: `a::{b, c::D as E}`.
fn tree(text: &str, before: &[String], found: &mut Vec<(Segments, String)>) {
    let text = text.trim();
    if let Some((head, group)) = text.split_once('{') {
        let segments = head.split("::").map(str::trim).filter(|segment| !segment.is_empty()).map(str::to_owned);
        let before: Segments = before.iter().cloned().chain(segments).collect();
        let (mut depth, mut item) = (0, String::new());
        for character in group.strip_suffix('}').unwrap().chars() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if character == ',' && depth == 0 {
                tree(&std::mem::take(&mut item), &before, found);
            } else {
                item.push(character);
            }
        }
        if !item.trim().is_empty() {
            tree(&item, &before, found);
        }
        return;
    }
    let (path, name) = text.split_once(" as ").map_or((text, None), |(path, name)| (path, Some(name)));
    let mut segments: Segments = before.iter().cloned().chain(path.split("::").map(str::to_owned)).collect();
    if segments.last().is_some_and(|last| last == "self") {
        segments.pop();
    }
    let name = name.or(segments.last().map(String::as_str)).unwrap().to_owned();
    found.push((segments, name));
}
