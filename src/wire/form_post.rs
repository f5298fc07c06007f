//! The page by which a browser posts an authorization response: [Form Post §2].
//!
//! The page is the only HTML of this crate, which therefore has no templates: one text with two gaps, and the escaping
//! of the five characters that mean something there.
//!
//! [Form Post §2]: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html#FormPostResponseMode

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderValue, Response, StatusCode, header};

use super::reply::reply;
use crate::model::{Digest, RedirectUri, Secret};

/// The script of the page, which a browser runs because its digest stands in the policy.
const SCRIPT: &str = "document.forms[0].submit()";

/// A response that the browser posts to the client. [`AuthorizationResponse::into_http`] makes a page of it, which
/// works without script too; a host that shows a page of its own finds the parts of the form here.
///
/// [`AuthorizationResponse::into_http`]: crate::server::AuthorizationResponse::into_http
#[derive(Clone, Debug)]
pub struct FormPost {
    action: RedirectUri,
    fields: Vec<(&'static str, Secret<'static>)>,
}

impl FormPost {
    /// Creates a form of these parameters. Absent ones are left out.
    pub(crate) fn new<'a>(
        action: RedirectUri,
        parameters: impl IntoIterator<Item = (&'static str, Option<&'a str>)>,
    ) -> Self {
        let field = |(name, value): (_, Option<&str>)| Some((name, Secret::new(value?.to_owned())));
        Self { action, fields: parameters.into_iter().filter_map(field).collect() }
    }

    /// The client's redirect URI, to which the form is posted.
    #[must_use]
    pub fn action(&self) -> &RedirectUri {
        &self.action
    }

    /// The names and values of the form. One of them may be a code or a token.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, value.expose()))
    }

    /// Returns the page.
    pub(crate) fn into_http(self) -> Response<Vec<u8>> {
        // Form Post §2: "Because the Authorization Response is intended to be used only once, the
        // Authorization Server MUST instruct the User Agent (and any intermediaries) not to store or reuse the content
        // of the response."
        let mut response = reply(StatusCode::OK, "text/html; charset=utf-8", Page(&self).to_string().into_bytes());
        let headers = response.headers_mut();
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // With `no-referrer` a browser would send `Origin: null`, by which a client cannot tell who posts.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("origin"));
        headers.extend(policy().map(|policy| (header::CONTENT_SECURITY_POLICY, policy)));
        response
    }
}

/// Returns the content security policy: nothing is loaded, and the page cannot be framed ([RFC 9700 §4.16]). There is
/// no `form-action`, since browsers apply it to every redirect after the form, and where a client redirects its user
/// next is not known here.
///
/// [RFC 9700 §4.16]: https://www.rfc-editor.org/rfc/rfc9700#section-4.16
fn policy() -> Option<HeaderValue> {
    let digest = STANDARD.encode(Digest::of(SCRIPT).as_bytes());
    let policy = format!("default-src 'none'; script-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::try_from(policy).ok()
}

/// The text of the page, with the values in plain text.
struct Page<'a>(&'a FormPost);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Form Post §2: "The action attribute of the form MUST be the Client's Redirection URI. The
        // method of the form attribute MUST be POST."
        write!(
            f,
            "<!DOCTYPE html>\n\
             <html lang=\"en\">\n\
             <head>\n\
             <meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>Back to the application</title>\n\
             </head>\n\
             <body>\n\
             <form method=\"post\" action=\"{}\">\n",
            Escaped(self.0.action.as_str())
        )?;
        for (name, value) in self.0.fields() {
            writeln!(f, "<input type=\"hidden\" name=\"{name}\" value=\"{}\">", Escaped(value))?;
        }
        write!(
            f,
            "<p>You are on the way back to the application.</p>\n\
             <button>Continue</button>\n\
             </form>\n\
             <script>{SCRIPT}</script>\n\
             </body>\n\
             </html>\n"
        )
    }
}

/// A text as it stands in HTML, between tags or within the quotation marks of an attribute.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(character),
        })
    }
}
