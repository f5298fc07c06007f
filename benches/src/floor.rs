//! What grantor cannot do without: reading the same form, as many SHA-256s, the same random bytes, as many map
//! operations, and nothing else. No check, no record, no response. Whatever grantor does cheaply is done as cheaply
//! here.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr;
use percent_encoding::percent_decode;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::batch::Bench;
use crate::scenario::{self, CLIENT, Operation, Request, SERVICE};

/// A code or token as it is presented.
pub(crate) const TOKEN: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Vd1Yk0sT1fQ8";

/// How often grantor does what it does in an operation.
struct Work {
    /// What is presented: verifier, secret, code or token.
    digests: usize,
    /// Records that are searched for, also to change them.
    reads: usize,
    /// Records that are added.
    writes: usize,
    /// Tokens that are issued: each is encoded and digested.
    issues: usize,
    random: usize,
}

/// That nothing is revoked costs nothing to see: nothing is hashed to search an empty set.
fn work(operation: Operation) -> Work {
    let work = |digests, reads, writes, issues, random| Work { digests, reads, writes, issues, random };
    match operation {
        // The client twice (before and after the resource owner was asked), the grant that the code is for.
        Operation::Authorize => work(0, 3, 2, 1, 80),
        // The client, and the code, which has its grant; spend, extend, and two tokens for a grant that is looked up
        // for each.
        Operation::Code => work(2, 6, 2, 2, 80),
        Operation::CodeConfidential => work(3, 6, 2, 2, 80),
        Operation::Refresh => work(1, 6, 2, 2, 80),
        // The client; a grant, and a token for which it is looked up.
        Operation::ClientCredentials => work(1, 2, 2, 1, 80),
        Operation::Introspect => work(2, 2, 0, 0, 0),
        // The client, the token, whether it is revoked, its grant; that it is.
        Operation::Revoke => work(2, 4, 1, 0, 0),
        Operation::Check => work(1, 1, 0, 0, 0),
    }
}

/// All that is digested is short enough for one block of SHA-256.
pub(crate) fn blocks(operation: Operation) -> usize {
    let Work { digests, issues, .. } = work(operation);
    digests + issues
}

fn request(operation: Operation) -> Request {
    match operation {
        Operation::Authorize => scenario::authorize(CLIENT),
        Operation::Code => scenario::exchange(CLIENT, TOKEN),
        Operation::CodeConfidential => scenario::exchange(SERVICE, TOKEN),
        Operation::Refresh => scenario::refresh(CLIENT, TOKEN),
        Operation::ClientCredentials => scenario::client_credentials(),
        Operation::Introspect => scenario::introspect(TOKEN),
        Operation::Revoke => scenario::revoke(TOKEN),
        Operation::Check => scenario::photos(TOKEN),
    }
}

pub(crate) fn bench(operation: Operation) -> Option<Box<dyn Bench>> {
    Some(Box::new(Floor { operation, work: work(operation), records: Records::default(), requests: Vec::new() }))
}

/// By keys that are random, so that their last bytes will do for a hash.
type Records = HashMap<[u8; 32], u64, BuildHasherDefault<LastBytes>>;

#[derive(Default)]
struct LastBytes(u64);

impl Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.last_chunk().map_or(0, |last| u64::from_ne_bytes(*last));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

struct Floor {
    operation: Operation,
    work: Work,
    records: Records,
    /// Each with the key of a record that is there.
    requests: Vec<(Request, [u8; 32])>,
}

impl Bench for Floor {
    fn prepare(&mut self, count: usize) {
        // It never grows while it serves.
        self.records.reserve(count * (1 + self.work.writes));
        let keys: Vec<[u8; 32]> = (0..count).map(|_| rand::random()).collect();
        self.records.extend(keys.iter().map(|key| (*key, 0)));
        self.requests.extend(keys.into_iter().map(|key| (request(self.operation), key)));
    }

    fn serve(&mut self) {
        let (request, key) = self.requests.pop().expect("as many requests as are served");
        serve(&self.work, &request, &mut self.records, &key);
    }
}

fn serve(work: &Work, request: &Request, records: &mut Records, key: &[u8; 32]) {
    read_form(request.uri().query().map_or(request.body().as_ref(), str::as_bytes));
    let mut random = [0; 80];
    if let Some(random) = random.get_mut(..work.random) {
        rand::rng().fill_bytes(random);
    }
    for _ in 0..work.digests {
        black_box(Sha256::digest(black_box(TOKEN)));
    }
    for _ in 0..work.reads {
        black_box(records.get(black_box(key)));
    }
    for number in 0..work.writes {
        let mut added = *key;
        added.rotate_left(8 * (number + 1));
        records.insert(added, 0);
    }
    for number in 0..work.issues {
        let token = URL_SAFE_NO_PAD.encode(&random[number..number + 33]);
        black_box(Sha256::digest(&token));
        black_box(token);
    }
}

/// Where names and values are, and what those say that are encoded.
fn read_form(mut rest: &[u8]) {
    while !rest.is_empty() {
        let (pair, others) = split(rest, b'&');
        let (name, value) = split(pair, b'=');
        for text in [name, value] {
            if memchr(b'%', text).is_some() {
                let mut decoded = Vec::with_capacity(text.len());
                decoded.extend(percent_decode(text));
                black_box(decoded);
            } else {
                black_box(text);
            }
        }
        rest = others;
    }
}

/// What is before the separator, and what is behind it.
fn split(text: &[u8], separator: u8) -> (&[u8], &[u8]) {
    let at = memchr(separator, text).unwrap_or(text.len());
    (&text[..at], text.get(at + 1..).unwrap_or_default())
}
