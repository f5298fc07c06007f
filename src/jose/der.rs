//! As much ASN.1 as an RSA key needs: a sequence of integers ([RFC 8017 appendix A.1]).
//!
//! [RFC 8017 appendix A.1]: https://www.rfc-editor.org/rfc/rfc8017#appendix-A.1

use zeroize::Zeroizing;

/// The tag of an integer.
const INTEGER: u8 = 0x02;
/// The tag of a sequence.
const SEQUENCE: u8 = 0x30;

/// Writes a sequence of integers that are not negative, each big endian. The result is wiped, and so is no other copy
/// needed: the buffer has its size from the start.
pub(super) fn sequence(numbers: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let numbers = || numbers.iter().map(|number| significant(number));
    let body: usize = numbers().map(|number| header_len(content_len(number)) + content_len(number)).sum();
    let mut der = Zeroizing::new(Vec::with_capacity(header_len(body) + body));
    header(SEQUENCE, body, &mut der);
    for number in numbers() {
        header(INTEGER, content_len(number), &mut der);
        if needs_zero(number) {
            der.push(0);
        }
        der.extend_from_slice(number);
    }
    der
}

/// Reads a sequence of exactly two integers, without leading zeros.
#[cfg(any(feature = "aws-lc-rs", test))]
pub(super) fn two_integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (body, rest) = value(SEQUENCE, der)?;
    let (first, after) = value(INTEGER, body)?;
    let (second, end) = value(INTEGER, after)?;
    (rest.is_empty() && end.is_empty()).then(|| (significant(first), significant(second)))
}

/// Takes a value with this tag from the front, and returns its content and what follows.
#[cfg(any(feature = "aws-lc-rs", test))]
fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (len, rest) = rest.split_first()?;
    let (len, rest) = match usize::from(*len) {
        len if len < 0x80 => (len, rest),
        // The number of bytes that the length has. No key needs more than two.
        count => {
            let (bytes, rest) = rest.split_at_checked(count - 0x80).filter(|(bytes, _)| bytes.len() <= 2)?;
            (bytes.iter().fold(0, |len, byte| len << 8 | usize::from(*byte)), rest)
        }
    };
    (*first == tag).then(|| rest.split_at_checked(len))?
}

/// The number without its leading zeros.
fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

/// Tells if an integer would be negative, or empty, without a zero before it.
fn needs_zero(number: &[u8]) -> bool {
    number.first().is_none_or(|first| first & 0x80 != 0)
}

fn content_len(number: &[u8]) -> usize {
    number.len() + usize::from(needs_zero(number))
}

fn header_len(content: usize) -> usize {
    match content {
        0..0x80 => 2,
        0x80..0x100 => 3,
        _ => 4,
    }
}

fn header(tag: u8, content: usize, der: &mut Vec<u8>) {
    let [.., high, low] = content.to_be_bytes();
    der.push(tag);
    match header_len(content) {
        2 => der.push(low),
        3 => der.extend([0x81, low]),
        _ => der.extend([0x82, high, low]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (first, second) in [(1, 3), (127, 1), (128, 1), (129, 3), (255, 3), (256, 3), (512, 5)] {
            for top in [0x01, 0x7F, 0x80, 0xFF] {
                let [mut n, mut e] = [vec![7; first], vec![7; second]];
                (n[0], e[0]) = (top, top);
                let der = sequence(&[&n, &e]);
                assert_eq!(two_integers(&der), Some((&*n, &*e)), "{first} {second} {top}");
                assert_eq!(der.len(), der.capacity());
            }
        }
        assert_eq!(*sequence(&[&[0, 0], &[0, 0x80]]), [0x30, 7, 2, 1, 0, 2, 2, 0, 0x80]);
    }

    #[test]
    fn what_is_not_two_integers_is_refused() {
        let good = sequence(&[&[1, 2], &[3]]);
        assert!(two_integers(&good).is_some());
        for end in 0..good.len() {
            assert_eq!(two_integers(&good[..end]), None);
        }
        assert_eq!(two_integers(&[&good[..], &[0]].concat()), None);
        for at in [0, 2, 6] {
            let mut other = good.to_vec();
            other[at] ^= 1;
            assert_eq!(two_integers(&other), None, "{at}");
        }
        assert_eq!(two_integers(&[0x30, 0x83, 0, 0, 0]), None);
        assert_eq!(two_integers(&[0x30, 0xFF]), None);
    }
}
