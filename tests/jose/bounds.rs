//! Whatever the text, taking it apart costs memory in proportion to its length, which is bounded.

use allocation_counter::measure;
use grantor::jose::{Jwk, JwkSet, Jws, PrivateKey};

use crate::*;

/// Texts that repeat a piece as often as the length allows.
fn filled(head: &str, piece: &str, tail: &str, len: usize) -> String {
    let count = (len - head.len() - tail.len()) / piece.len();
    format!("{head}{}{tail}", piece.repeat(count))
}

#[test]
fn memory_is_in_proportion_to_the_text() {
    // The worst is an array of small values: each takes 32 bytes for two characters, twice over while the array grows.
    const FACTOR: u64 = 100;
    let pieces =
        [("{\"a\":[0", ",0", "]}"), ("{\"a\":[[]", ",[]", "]}"), ("{\"a\":", "[", ""), ("{\"a\":\"", "\\u0061", "\"}")];
    for (head, piece, tail) in pieces {
        let check = |len: usize, read: &dyn Fn(&str)| {
            let text = filled(head, piece, tail, len);
            let most = measure(|| read(&text)).bytes_max;
            assert!(most < FACTOR * len as u64, "{piece}: {most} bytes for {len}");
        };
        check(Jwk::MAX_LEN, &|text| drop(Jwk::parse(text)));
        check(Jwk::MAX_LEN, &|text| drop(PrivateKey::from_jwk(text)));
        check(JwkSet::MAX_LEN, &|text| drop(JwkSet::parse(text)));
        check(Jws::MAX_LEN / 2, &|text| drop(Jws::parse(&format!("{}.e30.AAAA", base64url(text)))));
    }
    let set = filled("{\"keys\":[{}", ",{}", "]}", JwkSet::MAX_LEN);
    assert!(measure(|| drop(JwkSet::parse(&set))).bytes_max < FACTOR * JwkSet::MAX_LEN as u64);
}

/// What is too long is not looked at.
#[test]
fn a_text_that_is_too_long_costs_nothing() {
    let [key, set, text] = [Jwk::MAX_LEN, JwkSet::MAX_LEN, Jws::MAX_LEN].map(|len| "[".repeat(len + 1));
    let used =
        measure(|| assert!(Jwk::parse(&key).is_err() && JwkSet::parse(&set).is_err() && Jws::parse(&text).is_err()));
    assert_eq!(used.count_total, 0);
}
