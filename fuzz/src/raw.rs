//! HTTP from raw bytes, as far as they are HTTP. A bare line feed ends a line too, so that the corpus is readable.

use http::{Request, Response, StatusCode, Uri};

const MAX_HEADERS: usize = 16;

pub(crate) fn request(input: &[u8]) -> Option<Request<Vec<u8>>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(input).ok()? else { return None };
    let mut request = Request::builder().method(head.method?).uri(Uri::try_from(head.path?).ok()?);
    for header in head.headers {
        request = request.header(header.name, header.value);
    }
    request.body(input[length..].to_vec()).ok()
}

pub(crate) fn response(input: &[u8]) -> Option<Response<Vec<u8>>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = head.parse(input).ok()? else { return None };
    let mut response = Response::builder().status(StatusCode::from_u16(head.code?).ok()?);
    for header in head.headers {
        response = response.header(header.name, header.value);
    }
    response.body(input[length..].to_vec()).ok()
}

/// The input with words put in that nobody could guess, each where its name stands in braces.
pub(crate) fn fill(input: &[u8], words: &[(&str, &str)]) -> Vec<u8> {
    let mut filled = Vec::with_capacity(input.len());
    let mut rest = input;
    while let Some((&byte, after)) = rest.split_first() {
        match words.iter().find(|(name, _)| rest.starts_with(name.as_bytes())) {
            Some((name, word)) => {
                filled.extend_from_slice(word.as_bytes());
                rest = &rest[name.len()..];
            }
            None => {
                filled.push(byte);
                rest = after;
            }
        }
    }
    filled
}

pub(crate) fn contains(input: &[u8], word: &str) -> bool {
    input.windows(word.len()).any(|window| window == word.as_bytes())
}
