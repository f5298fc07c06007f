//! What grantor cannot do without: reading the same body, as many SHA-256s, the same random bytes, as many map operations,
//! and nothing else. No check, no record, no response.

use std::collections::HashMap;
use std::hint::black_box;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use sha2::{Digest as _, Sha256};

use crate::batch::Bench;
use crate::scenario::{self, CLIENT, Operation, Request, SERVICE};

/// A code or token as it is presented.
const TOKEN: &str = "AAAAB3NzaC1yc2EAAAADAQABAAABgQC7Vd1Yk0sT1fQ8";

/// How often grantor does what it does in an operation.
struct Work {
    /// What is presented or stands in the client's record: verifier, secret, code or token.
    digests: usize,
    reads: usize,
    /// Records that are written: each is a map operation.
    writes: usize,
    /// Tokens that are issued: each is encoded and digested.
    issues: usize,
    random: usize,
}

fn work(operation: Operation) -> Work {
    let work = |digests, reads, writes, issues, random| Work { digests, reads, writes, issues, random };
    match operation {
        // The client twice (before and after the resource owner was asked), the grant that the code is for.
        Operation::Authorize => work(0, 3, 2, 1, 80),
        // The client, the code and its grant; spend, extend, and two tokens for a grant that is looked up for each.
        Operation::Code => work(2, 7, 2, 2, 80),
        Operation::CodeConfidential => work(3, 7, 2, 2, 80),
        Operation::Refresh => work(1, 7, 2, 2, 80),
        // The client; a grant, and a token for which it is looked up.
        Operation::ClientCredentials => work(1, 2, 2, 1, 80),
        Operation::Introspect => work(2, 3, 0, 0, 0),
        Operation::Revoke => work(2, 4, 0, 0, 0),
        Operation::Check => work(1, 2, 0, 0, 0),
    }
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
    Some(Box::new(Floor { operation, work: work(operation), records: HashMap::new(), requests: Vec::new() }))
}

struct Floor {
    operation: Operation,
    work: Work,
    records: HashMap<[u8; 32], u64>,
    /// Each with the key of a record that is there.
    requests: Vec<(Request, [u8; 32])>,
}

impl Bench for Floor {
    fn prepare(&mut self, count: usize) {
        let keys: Vec<[u8; 32]> = (0..count).map(|_| rand::random()).collect();
        self.records.extend(keys.iter().map(|key| (*key, 0)));
        self.requests.extend(keys.into_iter().map(|key| (request(self.operation), key)));
    }

    fn serve(&mut self) {
        let (request, key) = self.requests.pop().expect("as many requests as are served");
        serve(&self.work, &request, &mut self.records, &key);
    }
}

fn serve(work: &Work, request: &Request, records: &mut HashMap<[u8; 32], u64>, key: &[u8; 32]) {
    let encoded = request.uri().query().map_or(request.body().as_ref(), str::as_bytes);
    for pair in form_urlencoded::parse(encoded) {
        black_box(pair);
    }
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
        // Keys of records that are not tokens (of grants) are random as well.
        let mut key = [0; 32];
        key.copy_from_slice(&random[number..number + 32]);
        records.insert(key, 0);
    }
    for number in 0..work.issues {
        let token = URL_SAFE_NO_PAD.encode(&random[number..number + 33]);
        black_box(Sha256::digest(&token));
        black_box(token);
    }
}
