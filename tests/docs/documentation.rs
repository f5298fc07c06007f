//! The pages that are part of the crate's documentation: what they link to is there too, and what they show of SQL is
//! what is tested.

fn read(path: &str) -> String {
    std::fs::read_to_string(crate::root().join(path)).unwrap()
}

/// The pages that the crate's documentation shows.
fn pages() -> Vec<String> {
    let text = read("src/documentation.rs");
    let included = text.split("include_str!(\"../").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
    let pages: Vec<_> = included.filter(|page| page != "README.md").collect();
    assert!(pages.len() > 5, "{pages:?}");
    pages
}

/// The text of a page outside of its blocks of code.
fn prose(page: &str) -> String {
    read(page).split("```").step_by(2).collect()
}

/// What stands after `](`, and what `[label]: ` leads to.
fn links(prose: &str) -> (Vec<&str>, Vec<(&str, &str)>) {
    let inline = prose.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let definitions = prose.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    (inline.collect(), definitions.collect())
}

fn is_relative(target: &str) -> bool {
    !target.starts_with("https://") && !target.starts_with('#')
}

#[test]
fn a_page_links_to_another_file_by_a_label_that_the_documentation_knows() {
    let known = read("src/documentation/links.txt");
    let (_, known) = links(&known);
    for page in pages() {
        let prose = prose(&page);
        let (inline, definitions) = links(&prose);
        assert_eq!(inline.into_iter().find(|target| is_relative(target)), None, "{page}: write [text][path]");
        for (label, target) in definitions.into_iter().filter(|(_, target)| is_relative(target)) {
            assert!(
                known.iter().any(|(other, _)| *other == label),
                "{page}: links.txt does not know [{label}]: {target}"
            );
        }
    }
}

/// The statements, by the names that their comments give them.
fn statements() -> Vec<(String, String)> {
    let text = read("src/store/sql/statements.sql");
    let parts = text.split("-- ").filter_map(|part| part.split_once('\n'));
    parts.map(|(name, sql)| (name.to_owned(), sql.trim().to_owned())).collect()
}

#[test]
fn the_sql_that_is_shown_is_the_sql_that_is_tested() {
    let page = read("docs/store-in-sql.md");
    assert!(page.contains(read("src/store/sql/schema.sql").trim()), "the page shows another schema");
    let changes: String = read("src/store/commit.rs").lines().map(|line| format!("{}\n", line.trim())).collect();
    let changes = changes.replace("/// ", "");
    for (name, sql) in statements() {
        assert!(page.contains(&format!("-- {name}\n{sql}")), "the page does not show {name}");
        let is_of_a_change = name.starts_with(char::is_uppercase);
        assert_eq!(changes.contains(&sql), is_of_a_change, "in the documentation of Change: {name}");
    }
}

/// The lines of a file, without blank ones and comments.
fn lines_of_code(path: &str) -> usize {
    read(path).lines().map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with("//")).count()
}

#[test]
fn the_provider_has_as_many_lines_as_the_recipe_says_and_at_most_400() {
    let page = read("docs/recipes.md");
    let mut all = 0;
    for (label, path) in [
        ("`main.rs`", "examples/provider/src/main.rs"),
        ("[`store`][src/store/sql/postgres.rs]", "src/store/sql/postgres.rs"),
        ("`oauth.rs`", "examples/provider/src/oauth.rs"),
        ("`people.rs`", "examples/provider/src/people.rs"),
        ("`sessions.rs`", "examples/provider/src/sessions.rs"),
    ] {
        let lines = lines_of_code(path);
        assert!(page.contains(&format!("| {label} | {lines} |")), "{path} has {lines} lines");
        all += lines;
    }
    assert!(all <= 400, "{all} lines");
}
