//! A code exchange written by hand: one function, which does everything that the protocol asks for, on this very form,
//! with these very records, and has no types, no states and no errors. What grantor takes beyond it is the price of
//! being a library.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Response, header};
use percent_encoding::percent_decode_str;
use rand::TryRng as _;
use rand::rngs::SysRng;
use sha2::{Digest as _, Sha256};

use crate::batch::Bench;
use crate::scenario::{self, CALLBACK, CLIENT, Operation, Request, SCOPE, VERIFIER};

type Digest = [u8; 32];

/// Two for what is presented, the code and the verifier, and two for the tokens.
pub(crate) fn blocks(operation: Operation) -> usize {
    if operation == Operation::Code { 4 } else { 0 }
}

pub(crate) fn bench(operation: Operation) -> Option<Box<dyn Bench>> {
    (operation == Operation::Code).then(|| Box::new(ByHand::new()) as Box<_>)
}

/// Keys are random, so that their last bytes will do for a hash.
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

type Shard = Mutex<HashMap<Digest, Stored, BuildHasherDefault<LastBytes>>>;

const SHARDS: usize = 64;

struct Grant {
    partition: [u8; 2],
    client_id: Arc<str>,
    scope: Arc<str>,
}

/// A code or a token, with its grant.
struct Stored {
    grant: Arc<Grant>,
    expires_at: u64,
    is_spent: bool,
    /// Of a code: the redirect URI, and the code challenge.
    code: Option<Arc<(Box<str>, Digest)>>,
}

struct ByHand {
    /// The clients that exist, all of them public.
    clients: HashMap<Arc<str>, Arc<str>>,
    shards: [Shard; SHARDS],
    requests: Vec<Request>,
}

impl ByHand {
    fn new() -> Self {
        let client: Arc<str> = CLIENT.into();
        Self {
            clients: HashMap::from([(Arc::clone(&client), client)]),
            shards: std::array::from_fn(|_| Mutex::default()),
            requests: Vec::new(),
        }
    }

    fn shard(&self, partition: [u8; 2]) -> &Shard {
        &self.shards[usize::from(u16::from_be_bytes(partition)) % SHARDS]
    }

    /// A code as the authorization endpoint would have issued it.
    fn code(&self) -> String {
        let mut token = [0; 33];
        SysRng.try_fill_bytes(&mut token).expect("random bytes");
        let code = URL_SAFE_NO_PAD.encode(token);
        let (client_id, partition) = (Arc::clone(&self.clients[CLIENT]), [token[0], token[1]]);
        let grant = Arc::new(Grant { partition, client_id, scope: SCOPE.into() });
        let code_has = Arc::new((CALLBACK.into(), Sha256::digest(VERIFIER).into()));
        let stored = Stored { grant, expires_at: u64::MAX, is_spent: false, code: Some(code_has) };
        self.shard(partition).lock().expect("no panic").insert(Sha256::digest(&code).into(), stored);
        code
    }
}

impl Bench for ByHand {
    fn prepare(&mut self, count: usize) {
        let requests: Vec<_> = (0..count).map(|_| scenario::exchange(CLIENT, &self.code())).collect();
        self.requests.extend(requests);
    }

    fn serve(&mut self) {
        let request = self.requests.pop().expect("as many requests as are served");
        let response = exchange(self, &request);
        assert!(response.is_some());
    }
}

static HEADERS: LazyLock<HeaderMap> = LazyLock::new(|| {
    let headers =
        [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
});

/// RFC 6749 §4.1.3 and §4.1.4, RFC 7636 §4.5 and §4.6.
#[inline(never)]
fn exchange(server: &ByHand, request: &Request) -> Option<Response<Vec<u8>>> {
    if request.headers().get(header::CONTENT_TYPE)?.as_bytes() != b"application/x-www-form-urlencoded" {
        return None;
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs();
    let mut random = [0; 62];
    SysRng.try_fill_bytes(&mut random).ok()?;
    let (mut grant_type, mut code, mut redirect_uri, mut verifier, mut client_id) = (None, None, None, None, None);
    for pair in std::str::from_utf8(request.body()).ok()?.split('&') {
        let (name, value) = pair.split_once('=')?;
        let parameter = match name {
            "grant_type" => &mut grant_type,
            "code" => &mut code,
            "redirect_uri" => &mut redirect_uri,
            "code_verifier" => &mut verifier,
            "client_id" => &mut client_id,
            _ => continue,
        };
        if parameter.replace(value).is_some() {
            return None;
        }
    }
    if grant_type? != "authorization_code" {
        return None;
    }
    let client_id = server.clients.get(client_id?)?;
    let (code, mut head) = (code?, [0; 3]);
    URL_SAFE_NO_PAD.decode_slice(code.get(..4)?, &mut head).ok()?;
    let mut shard = server.shard([head[0], head[1]]).lock().ok()?;
    let stored = shard.get_mut(Sha256::digest(code).as_slice())?;
    let (redirect_uri_sent, challenge) = &**stored.code.as_ref()?;
    let redirect_uri = percent_decode_str(redirect_uri?).decode_utf8().ok()?;
    let is_right = **redirect_uri_sent == *redirect_uri
        && *challenge == *Sha256::digest(verifier?)
        && stored.grant.client_id == *client_id;
    if !is_right || stored.is_spent || stored.expires_at <= now {
        return None;
    }
    stored.is_spent = true;
    let grant = Arc::clone(&stored.grant);
    let (for_access, for_refresh) = random.split_at(31);
    let [access_token, refresh_token] = [(for_access, 600), (for_refresh, 86_400)].map(|(random, lifetime)| {
        let mut bytes = [0; 33];
        bytes[..2].copy_from_slice(&grant.partition);
        bytes[2..].copy_from_slice(random);
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let stored = Stored { grant: Arc::clone(&grant), expires_at: now + lifetime, is_spent: false, code: None };
        shard.insert(Sha256::digest(&token).into(), stored);
        token
    });
    drop(shard);
    let body = [
        "{\"access_token\":\"",
        &access_token,
        "\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"",
        &refresh_token,
        "\",\"scope\":\"",
        &grant.scope,
        "\"}",
    ];
    let mut response = Response::new(body.concat().into_bytes());
    *response.headers_mut() = HEADERS.clone();
    Some(response)
}
