//! The base of the host's paths: the path of its issuer, so that a proxy can serve other things beside it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use grantor::model::Issuer;
use url::Url;

tokio::task_local! {
    static BASE: Base;
}

/// The issuer's path, without a slash at its end; empty if the issuer has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base(Arc<str>);

impl Base {
    /// Returns the base of this issuer.
    #[must_use]
    pub fn of(issuer: &Issuer) -> Self {
        let path = Url::parse(issuer.as_str()).map(|url| url.path().trim_end_matches('/').to_owned());
        Self(path.unwrap_or_default().into())
    }

    /// Returns a path as clients and browsers call it.
    #[must_use]
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// Returns a path at an origin.
    #[must_use]
    pub fn path_at(&self, origin: &str) -> String {
        format!("{origin}{}", self.0)
    }

    /// Returns a path for the router.
    pub(crate) fn route(&self, path: &str) -> String {
        escape(&self.path(path))
    }

    /// Returns the host's own path for one that clients and browsers call; `None` if it is not below the base.
    pub(crate) fn within<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.0)
    }
}

/// Escapes a path for the router, where a brace would name a parameter.
pub(crate) fn escape(path: &str) -> String {
    path.replace('{', "{{").replace('}', "}}")
}

/// Passes the base on to the pages of a response.
pub(crate) async fn at(State(base): State<Base>, request: Request, next: Next) -> Response {
    BASE.scope(base, next.run(request)).await
}

/// Returns one of the host's own paths, as a page or a redirect names it.
pub(crate) fn own(path: &str) -> String {
    BASE.try_with(|base| base.path(path)).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_at_the_issuers() {
        let cases = [
            ("https://as.example", "/login"),
            ("https://as.example/", "/login"),
            ("https://as.example/one", "/one/login"),
            ("https://as.example/one/two/", "/one/two/login"),
        ];
        for (issuer, path) in cases {
            let base = Base::of(&Issuer::parse(issuer).expect("an issuer"));
            assert_eq!((base.path("/login").as_str(), base.within(path)), (path, Some("/login")));
            assert_eq!(base.within("/token").is_some(), base == Base::default());
        }
    }
}
