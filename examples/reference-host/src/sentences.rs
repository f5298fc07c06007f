//! The sentences by which people are told what a scope value stands for, each in the languages that the host has.

use std::collections::HashMap;

use axum::http::{HeaderMap, header};

/// The language of the pages, and of a sentence that has no other.
const PAGES: &str = "en";

/// The most languages of a browser that are looked at.
const MAX_LOCALES: usize = 16;

/// The sentences, by scope value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentences(HashMap<String, Sentence>);

/// A sentence: in the language of the pages, and in others by their BCP 47 tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sentence {
    /// The text in the language of the pages.
    pub text: String,
    /// The texts in other languages.
    pub translations: Vec<(String, String)>,
}

/// A sentence in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// The language's tag.
    pub locale: &'a str,
    /// The text.
    pub text: &'a str,
}

impl Sentences {
    /// Adds the sentence of a scope value. Returns false if there is one already.
    pub fn add(&mut self, scope: &str, sentence: Sentence) -> bool {
        self.0.insert(scope.to_owned(), sentence).is_none()
    }

    /// Returns the sentence of a scope value in the first of these languages that it has, or else in that of the pages;
    /// `None` if the value has no sentence.
    #[must_use]
    pub fn tell(&self, scope: &str, locales: &[String]) -> Option<Told<'_>> {
        let Sentence { text, translations } = self.0.get(scope)?;
        let all = || std::iter::once((PAGES, text)).chain(translations.iter().map(|(locale, text)| (&**locale, text)));
        let (locale, text) = locales.iter().find_map(|locale| look_up(locale, all)).unwrap_or((PAGES, text));
        Some(Told { locale, text })
    }
}

/// Finds a text by its language. RFC 4647 §3.4: the tag is "progressively truncated from the end until a matching
/// language tag is located".
fn look_up<'a, I: Iterator<Item = (&'a str, &'a String)>>(
    locale: &str,
    texts: impl Fn() -> I,
) -> Option<(&'a str, &'a String)> {
    let mut range = locale;
    loop {
        if let Some(found) = texts().find(|(tag, _)| tag.eq_ignore_ascii_case(range)) {
            return Some(found);
        }
        range = range.rsplit_once('-')?.0;
    }
}

/// Returns the languages that a browser prefers (`Accept-Language`, RFC 9110 §12.5.4), the best one first.
#[must_use]
pub fn accepted(headers: &HeaderMap) -> Vec<String> {
    let value = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut ranges: Vec<(u32, &str)> = value.split(',').take(MAX_LOCALES).filter_map(weighted).collect();
    // Ranges of the same weight keep their order.
    ranges.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    ranges.into_iter().map(|(_, range)| range.to_owned()).collect()
}

/// Reads `de-CH;q=0.8` as the language and its weight in thousandths. A language that is not wanted is left out.
fn weighted(range: &str) -> Option<(u32, &str)> {
    let (range, weight) = range.split_once(';').map_or((range, "q=1"), |(range, weight)| (range, weight.trim()));
    let weight = weight.strip_prefix("q=")?;
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let weight: u32 = format!("{whole}{decimals:0<3}").parse().ok()?;
    let range = range.trim();
    let is_language = !range.is_empty() && range != "*" && (1..=1000).contains(&weight);
    is_language.then_some((weight, range))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_told_in_the_first_language_that_it_has() {
        let translations = [("de", "Deine Fotos ansehen"), ("pt-BR", "Ver suas fotos")];
        let translations = translations.map(|(locale, text)| (locale.to_owned(), text.to_owned())).into();
        let mut sentences = Sentences::default();
        assert!(sentences.add("photos.read", Sentence { text: "See your photos".to_owned(), translations }));
        let cases = [
            (&[][..], "en", "See your photos"),
            (&["de"], "de", "Deine Fotos ansehen"),
            (&["DE-ch-1996"], "de", "Deine Fotos ansehen"),
            (&["fr", "pt-br"], "pt-BR", "Ver suas fotos"),
            (&["pt", "d", "de-"], "de", "Deine Fotos ansehen"),
            (&["en-GB", "de"], "en", "See your photos"),
            (&["fr", "*", "", "-"], "en", "See your photos"),
        ];
        for (locales, locale, text) in cases {
            let locales: Vec<String> = locales.iter().map(|locale| (*locale).to_owned()).collect();
            assert_eq!(sentences.tell("photos.read", &locales), Some(Told { locale, text }), "{locales:?}");
        }
        assert_eq!(sentences.tell("nothing", &[]), None);
        assert!(!sentences.add("photos.read", Sentence::default()), "it has one");
    }

    #[test]
    fn the_languages_of_a_browser_are_read_in_the_order_of_their_weights() {
        let cases = [
            ("de-CH, fr;q=0.3, en;q=0.7", &["de-CH", "en", "fr"][..]),
            ("*", &[]),
            ("en;q=0, de ; q=0.5 ,,;q=1,fr;q=2,it;level=1", &["de"]),
            ("", &[]),
        ];
        for (value, expected) in cases {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, value.parse().expect("a header"))]);
            assert_eq!(accepted(&headers), expected, "{value}");
        }
        assert!(accepted(&HeaderMap::new()).is_empty());
    }
}
