//! The documentation. Which test proves which requirement, and which line keeps which rule of the RFCs:
//! docs/requirements.md and docs/conformance.md. `GRANTOR_WRITE_DOCS=1 cargo test --test docs` writes these pages, and
//! `cargo test` compares them. What they, the other pages and the comments refer to has to be there, and the comments
//! keep to a language.
//!
//! The sources are read as lines. They are formatted by rustfmt, so the indentation says what stands in what.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test tells its findings by panicking"
)]

mod documentation;
mod language;
mod links;
mod quotation;
mod requirements;
mod rules;
mod source;

use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files whose names end like this, by their paths in the repository and in order, with their texts.
fn texts(folder: &str, end: &str) -> Vec<(String, String)> {
    let mut folders = vec![root().join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && !["target", "node_modules"].contains(&name) && !name.starts_with('.') {
                folders.push(path);
            } else if path.is_file() && name.ends_with(end) {
                found.push((name_of(&path), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The files that have tests.
fn tested() -> Vec<(String, String)> {
    ["src", "tests", "examples", "benches"].iter().flat_map(|folder| texts(folder, ".rs")).collect()
}

fn name_of(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Fails if a page is not what it should be; with `GRANTOR_WRITE_DOCS=1`, writes it first.
fn compare(page: &str, wanted: &str) {
    let path = root().join(page);
    if std::env::var_os("GRANTOR_WRITE_DOCS").is_some() {
        std::fs::write(&path, wanted).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differing = written.lines().zip(wanted.lines()).find(|(written, wanted)| written != wanted);
    assert!(
        written == wanted,
        "{page} is not what the code says: run `GRANTOR_WRITE_DOCS=1 cargo test --test docs`. The first line: {differing:#?}",
    );
}
