//! A page that posts an authorization response, read as a browser reads it: tag by tag.

use http::{Request, header};

use super::{FORM, Reply};

/// The one form of a page.
#[derive(Debug, PartialEq)]
pub struct FormPage {
    pub method: String,
    pub action: String,
    /// The hidden inputs, by name.
    pub fields: Vec<(String, String)>,
    /// The buttons, with the text of each.
    pub buttons: Vec<String>,
    /// The texts of the scripts.
    pub scripts: Vec<String>,
}

/// A tag with its attributes, and the text that follows it.
struct Tag<'a> {
    name: &'a str,
    attributes: Vec<(&'a str, String)>,
    text: &'a str,
}

impl FormPage {
    pub fn of(reply: &Reply) -> Self {
        assert_eq!(
            (reply.status(), reply.header("content-type")),
            (200, Some("text/html; charset=utf-8")),
            "{reply:?}"
        );
        let tags = tags(reply.body());
        let named = |name: &'static str| tags.iter().filter(move |tag| tag.name == name);
        let forms: Vec<_> = named("form").collect();
        assert_eq!(forms.len(), 1, "{reply:?}");
        let is_hidden = |tag: &&Tag<'_>| tag.attribute("type") == "hidden";
        assert!(named("input").all(|tag| is_hidden(&tag)), "{reply:?}");
        let texts = |name| named(name).map(|tag| tag.text.to_owned()).collect();
        Self {
            method: forms[0].attribute("method"),
            action: forms[0].attribute("action"),
            fields: named("input").map(|tag| (tag.attribute("name"), tag.attribute("value"))).collect(),
            buttons: texts("button"),
            scripts: texts("script"),
        }
    }

    pub fn names(&self) -> Vec<&str> {
        self.fields.iter().map(|(name, _)| name.as_str()).collect()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// What the browser sends when the form is submitted.
    pub fn submit(&self) -> Request<Vec<u8>> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish();
        Request::post(&self.action).header(header::CONTENT_TYPE, FORM).body(body.into_bytes()).unwrap()
    }
}

impl Tag<'_> {
    fn attribute(&self, name: &str) -> String {
        self.attributes.iter().find(|(other, _)| *other == name).map(|(_, value)| value.clone()).unwrap_or_default()
    }
}

fn tags(mut html: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    while let Some((_, rest)) = html.split_once('<') {
        let end = rest.find([' ', '>']).unwrap();
        let (name, mut rest) = rest.split_at(end);
        let mut attributes = Vec::new();
        while !rest.starts_with('>') {
            rest = rest.trim_start();
            let end = rest.find(['=', ' ', '>']).unwrap();
            let (attribute, after) = rest.split_at(end);
            rest = after;
            let mut value = "";
            if let Some(quoted) = after.strip_prefix("=\"") {
                (value, rest) = quoted.split_once('"').unwrap();
            }
            attributes.push((attribute, unescape(value)));
        }
        html = &rest[1..];
        tags.push(Tag { name, attributes, text: html.split('<').next().unwrap() });
    }
    tags
}

fn unescape(text: &str) -> String {
    let names = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    names.iter().fold(text.to_owned(), |text, (name, character)| text.replace(name, character))
}
