//! Keys that sign, published as a JWK Set and rotated: RFC 7515, RFC 7517, RFC 7519.

use std::error::Error;
use std::time::SystemTime;

use grantor::Timestamp;
use grantor::jose::crypto::RustCrypto;
use grantor::jose::{
    Algorithm, Expected, JwkSet, Jws, JwtClaims, KeyRotation, PrivateKey, SigningInput, SigningKey, Typ,
};
use serde_json::json;

const ISSUER: &str = "https://server.example";
const API: &str = "https://api.example";

/// Made by `openssl genpkey -algorithm ed25519`, and kept where only the server reads it.
const PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMkiwrO60BFzUBz4rAU1SK6KdkDl3qF+szlDLNKA6u2O
-----END PRIVATE KEY-----
";

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let backend = RustCrypto::new();
    let from_file = SigningKey::new(&backend, Algorithm::Ed25519, &PrivateKey::from_pem(PEM)?)?;
    let next = SigningKey::generate(&backend, Algorithm::Ed25519, &mut getrandom::SysRng)??.with_key_id("2026-12");
    let keys = KeyRotation::new(from_file.with_key_id("2026-11"))?.with_next(next)?;

    println!("— the server publishes both keys, and signs with the current one");
    let published = serde_json::to_string(&keys.jwk_set())?;
    println!("{published}");
    let token = sign(&keys)?;
    println!("{token}");

    println!("— whoever has the set verifies the token, and reads what was meant for it");
    let fetched = JwkSet::parse(&published)?;
    let claims = read(&token, &fetched)?;
    assert_eq!(claims.subject(), Some("alice"));

    println!("— a month later the next key signs, and the set from before still has it");
    let another = SigningKey::generate(&backend, Algorithm::Ed25519, &mut getrandom::SysRng)??.with_key_id("2027-01");
    let keys = keys.rotated(another)?;
    let later = sign(&keys)?;
    assert!(read(&later, &fetched).is_ok() && read(&token, &keys.jwk_set()).is_ok());
    Ok(())
}

fn sign(keys: &KeyRotation<SigningKey>) -> Result<String, Box<dyn Error>> {
    let now = Timestamp::from(SystemTime::now());
    let claims = json!({ "iss": ISSUER, "aud": API, "sub": "alice", "iat": now, "exp": now.0 + 600 });
    let key = keys.current(Algorithm::Ed25519).ok_or("no key for this algorithm")?;
    let input = SigningInput::new(key.jwk(), "at+jwt", &claims)?;
    let signature = keys.sign(&input)?;
    Ok(input.attach(&signature)?)
}

fn read(token: &str, keys: &JwkSet) -> Result<JwtClaims, Box<dyn Error>> {
    let accepted = [Algorithm::Es256, Algorithm::Ed25519];
    let verified = Jws::parse(token)?.verify(keys, &accepted, &RustCrypto::new())?;
    Ok(verified.claims(&Expected::token(Typ::Is("at+jwt"), ISSUER, API), SystemTime::now().into())?)
}
