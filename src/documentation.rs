//! Longer pages: what does not fit beside one type. They are files of the repository, shown as they stand there.

// A page links to another file by a label, which is the file's path. `links.txt` says where that is in this
// documentation. It comes before the page, since of two definitions of a label the first counts.

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../docs/store-in-sql.md")]
pub mod store_in_sql {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../docs/recipes.md")]
pub mod recipes {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../docs/flows.md")]
pub mod flows {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../DESIGN.md")]
pub mod design {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../docs/growing.md")]
pub mod growing {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../SECURITY.md")]
pub mod security {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../COMPARE.md")]
pub mod compare {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../ROADMAP.md")]
pub mod roadmap {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../CHANGELOG.md")]
pub mod changelog {}

#[doc = include_str!("documentation/links.txt")]
#[doc = include_str!("../CONTRIBUTING.md")]
pub mod contributing {}

/// The README's examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub mod readme {}
