//! The vectors of others, for each backend: RFC 7515, 7520 and 8037, and Wycheproof's.

use std::collections::BTreeMap;

use grantor::jose::{Expected, KeyRotation, PrivateKey, PrivateKeyError, SigningInput, SigningKey, Typ, crypto};
use serde_json::{Value, json};

use crate::*;

fn backends() -> Vec<Box<dyn Backend>> {
    vec![
        #[cfg(feature = "rustcrypto")]
        Box::new(crypto::RustCrypto::new().despite_rustsec_2023_0071()),
        #[cfg(feature = "aws-lc-rs")]
        Box::new(crypto::AwsLc::new()),
    ]
}

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn vectors(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap()
}

/// All vectors of a file of Wycheproof's, each with its group.
fn tests(file: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let groups = file["testGroups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["tests"].as_array().unwrap().iter().map(move |test| (group, test)))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// The public part of a vector's keys. Where it has none, its keys are secrets.
fn keys(group: &Value) -> &Value {
    group.get("public").unwrap_or(&group["private"])
}

fn count(counts: &mut BTreeMap<String, usize>, outcome: String) {
    *counts.entry(outcome).or_default() += 1;
}

fn counts<const N: usize>(wanted: [(&str, usize); N]) -> BTreeMap<String, usize> {
    wanted.into_iter().map(|(outcome, count)| (outcome.to_owned(), count)).collect()
}

// The examples of the RFCs

#[test]
fn the_examples_of_the_rfcs_are_verified_and_signed() {
    for backend in backends() {
        let mut seen = BTreeMap::new();
        for vector in vectors("rfc.json").as_array().unwrap() {
            let (source, text) = (text(vector, "source"), text(vector, "jws"));
            if let Some(refused) = vector["refused"].as_str() {
                let fault = format!("{:?}", Jws::parse(text).unwrap_err());
                assert_eq!(fault, refused, "{source}");
                count(&mut seen, fault);
                continue;
            }
            let algorithm: Algorithm = vector["algorithm"].as_str().unwrap().parse().unwrap();
            let private = PrivateKey::from_jwk(&vector["key"].to_string()).unwrap();
            let key = SigningKey::new(&*backend, algorithm, &private).unwrap();
            // In the RFCs some of the texts name no key.
            let named = Jws::parse(text).unwrap().header().key_id().is_some();
            let public = if named { key.jwk().clone() } else { Jwk::new(key.jwk().key().clone()) };
            let keys = JwkSet::new([public]);
            let verify = |text: &str| Jws::parse(text).unwrap().verify(&keys, &[algorithm], &*backend);
            assert!(verify(text).is_ok(), "{source} {backend:?}");
            // Every bit of the signature counts.
            let (input, signature) = text.rsplit_once('.').unwrap();
            let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
            for at in [0, bytes.len() / 2, bytes.len() - 1] {
                bytes[at] ^= 1;
                assert_eq!(verify(&format!("{input}.{}", base64url(&bytes))).unwrap_err(), JwsError::Signature);
                bytes[at] ^= 1;
            }
            let signer = backend.signer(algorithm, &private).unwrap();
            let own = signer.sign(input.as_bytes()).unwrap();
            assert!(verify(&format!("{input}.{}", base64url(own.as_bytes()))).is_ok(), "{source} {backend:?}");
            if vector["deterministic"] == true {
                assert_eq!(base64url(own.as_bytes()), signature, "{source} {backend:?}");
            }
            count(&mut seen, algorithm.to_string());
        }
        let wanted = [("ES256", 1), ("Ed25519", 1), ("RS256", 2), ("UnknownAlgorithm", 5), ("Unsecured", 1)];
        assert_eq!(seen, counts(wanted), "{backend:?}");
    }
}

// Wycheproof

fn verify_by(keys: &Value, text: &str, backend: &dyn Backend) -> Result<(), String> {
    let set = if keys.get("keys").is_some() { keys.clone() } else { json!({ "keys": [keys] }) };
    let jws = Jws::parse(text).map_err(|fault| format!("{fault:?}"))?;
    let set = JwkSet::parse(&set.to_string()).map_err(|fault| format!("{fault:?}"))?;
    jws.verify(&set, &Algorithm::ALL, backend).map(drop).map_err(|fault| format!("{fault:?}"))
}

#[test]
fn wycheproof_signed_texts() {
    let file = vectors("wycheproof/json_web_signature_test.json");
    for backend in backends() {
        let mut seen = BTreeMap::new();
        for (group, test) in tests(&file) {
            let verified = verify_by(keys(group), text(test, "jws"), &*backend);
            match (text(test, "result"), verified) {
                ("valid", Ok(())) => count(&mut seen, "verified".to_owned()),
                // Algorithms that grantor does not have.
                ("valid", Err(reason)) => count(&mut seen, format!("valid, {reason}")),
                ("invalid", Err(_)) => count(&mut seen, "refused".to_owned()),
                (result, verified) => panic!("{backend:?} {}: {result} {verified:?}", test["tcId"]),
            }
        }
        // Two have a character that is none of base64url, which some readers pass over.
        let wanted = [("refused", 355), ("valid, Malformed", 2), ("valid, UnknownAlgorithm", 28), ("verified", 16)];
        assert_eq!(seen, counts(wanted), "{backend:?}");
    }
}

#[test]
fn wycheproof_keys() {
    let file = vectors("wycheproof/json_web_key_test.json");
    for backend in backends() {
        let mut seen = BTreeMap::new();
        for (group, test) in tests(&file) {
            let verified = verify_by(keys(group), text(test, "jws"), &*backend);
            match (text(test, "result"), verified) {
                ("valid", Ok(())) => count(&mut seen, "verified".to_owned()),
                ("valid", Err(reason)) => count(&mut seen, format!("valid, {reason}")),
                ("invalid", Err(_)) => count(&mut seen, "refused".to_owned()),
                // Primes of a chip that drew them badly: neither backend looks for the traces of one maker's fault.
                ("invalid", Ok(())) if group["comment"] == "jws_rsa_roca_key" => count(&mut seen, "ROCA".to_owned()),
                (result, verified) => panic!("{backend:?} {}: {result} {verified:?}", test["tcId"]),
            }
        }
        let wanted = [("ROCA", 1), ("refused", 20), ("valid, UnknownAlgorithm", 4), ("verified", 1)];
        assert_eq!(seen, counts(wanted), "{backend:?}");
    }
}

/// The signed texts have none of Ed25519.
#[test]
fn wycheproof_ed25519() {
    let file = vectors("wycheproof/ed25519_test.json");
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    for backend in backends() {
        let mut seen = BTreeMap::new();
        for (group, test) in tests(&file) {
            let key = Jwk::parse(&group["publicKeyJwk"].to_string()).unwrap();
            let (message, signature) = (bytes(text(test, "msg")), bytes(text(test, "sig")));
            let verified = backend.verify(Algorithm::Ed25519, key.key(), &message, &signature).is_ok();
            assert_eq!(verified, text(test, "result") == "valid", "{backend:?} {}", test["tcId"]);
            count(&mut seen, text(test, "result").to_owned());
        }
        assert_eq!(seen, counts([("invalid", 63), ("valid", 88)]), "{backend:?}");
    }
}

// Keys of files

/// A key on P-256, by `openssl genpkey`.
const EC: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGQKop155EBGjdxA5
xidY4UIOT84hWkSbWkw8vlgAArehRANCAASxWCO2YoSfuvI5FGkUpeY4XXsDKKJt
YW5cnfKlcWqdkqfeXKMjEVd1UZ/qMGBfHLMuCQoSZaxka+/jwSgGkQ39
-----END PRIVATE KEY-----
";
/// The same in the older form, by `openssl ec`.
const EC_SEC1: &str = "-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBkCqKdeeRARo3cQOcYnWOFCDk/OIVpEm1pMPL5YAAK3oAoGCCqGSM49
AwEHoUQDQgAEsVgjtmKEn7ryORRpFKXmOF17AyiibWFuXJ3ypXFqnZKn3lyjIxFX
dVGf6jBgXxyzLgkKEmWsZGvv48EoBpEN/Q==
-----END EC PRIVATE KEY-----
";
/// Another, after the parameters that `openssl ecparam -genkey` writes first.
const EC_PARAMETERS: &str = "-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIBvjuJ5LAAQWo8btg6U7r81GDbmcX1slpf+PdAxeH42IoAoGCCqGSM49
AwEHoUQDQgAEb9TA47xNVsjkTo9rt5Hkk35ebPOvRjOQVdwdJvH4znh+CUf6+Exb
71RkfgOEpf62oaBdkm2Z7bgmfhzG0K0H1A==
-----END EC PRIVATE KEY-----
";
/// A key of Ed25519, by `openssl genpkey`.
const ED: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIMkiwrO60BFzUBz4rAU1SK6KdkDl3qF+szlDLNKA6u2O
-----END PRIVATE KEY-----
";
/// A key on another curve of as many bits.
const SECP256K1: &str = "-----BEGIN PRIVATE KEY-----
MIGEAgEAMBAGByqGSM49AgEGBSuBBAAKBG0wawIBAQQgHy+CmPyvqmMQjok4Olmz
JVE3j7aSxrwReB2k+Ozvt8ChRANCAATwbEgvJCQGJRj5J0d6DpbVZImsN1z6bFwU
LNcbNDWY7rgRxf+BB2vDEjZLiD+akR3YBvkP4+shjIAgq20V6uTS
-----END PRIVATE KEY-----
";
/// An encrypted key, by `openssl pkcs8 -topk8`.
const ENCRYPTED: &str = "-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg546sVJodNHgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEFI/JQCnthckYhpge95zFAgEgZB0
PCcUIj8qgQOwJuqWRoG64Zq/oa0dZbZVT6M9EYpoc1IaH34ztG4PW5thrcAGLUuo
o8IDtUn/H9OeOjrFNQh6lopnRPLizPDO7F8qGVoevUe7gZeiDWutv+m90LWeiHY+
RoR8RbO3Ew/3GglN48Vtgy3dZ/uZAoSspCVJgckpEUgzHJco6yC0ZBu5eRTt8PQ=
-----END ENCRYPTED PRIVATE KEY-----
";
/// An RSA key of 1024 bits.
const RSA_1024: &str = "-----BEGIN PRIVATE KEY-----
MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBAMXHSboD7rk1cgrw
xXpI4vLEjHd/fLoVVJvc/AFTTneWTpPvojdEVy2njDQXyu1ArKIyzSAhofgnfVZG
I14VXoFtiXesSX4y2zPOFR3KoARbydLM1SjYwE7QxU/YzzIIPdVcgU9moE9pipHE
s8nj69kMQWjBQ8f4H4t01n8uri0BAgMBAAECgYAkloWRIAEdykFavMgLo0g42RuT
T8ZnNmL8opkMNbkibnAC9iXwS3hFPeW2DWDBG2HUb8l61D3+hm+tcjRAx3s/6wfy
96ib9IkMsDGRoCHd28tzyDhPLhhTgM5GEqJcqY8J0XwJtqciTUe7A6iqgalFaqFf
JrXR8BeBYe2i2OlmMQJBAOuj2sE+nyUoZHQAVhgvLa9qUda4VWc9OXSjRGzVwMM1
N36CjkmewenyRM1u6qjFudsT+B8ci3RROoE/gajSLkMCQQDW3fgk0otUM6vEic3T
pP5AESIee5p3Wan8khAh5K4VPDw4Pon8+kTahBu8/3vw1AuvDKG0CdSWhpP7omBJ
t91rAkBlhuLA8kdFjkLBzEdMAj/P3aJHPoLliXaQ76uSrQJx2SMA6iV+SN3J+61z
Sf/nGdI7Nz5nwTfAtSLc/0zRPUXbAkBQ7Lrny3B0Xx2jYS9nNe4YXRuXlYAA0YFn
Qe/XhBRYpR4dJNi9sdi64CS+Uw7wDjz0SfKhJ06s/rS/glF3kktPAkBJoqCHZKig
yGWd4XlWn9WRZ2iY8q1FvhiblmD6kZ7oxOCOcWGUSx2dJ6ZEm9fgdRatAY7szYv8
tLFqnZ3jF9g0
-----END PRIVATE KEY-----
";

fn rsa() -> [String; 2] {
    ["rsa_pkcs8.pem", "rsa_pkcs1.pem"].map(file)
}

fn read(backend: &dyn Backend, algorithm: Algorithm, pem: &str) -> Result<SigningKey, PrivateKeyError> {
    SigningKey::new(backend, algorithm, &PrivateKey::from_pem(pem)?)
}

/// Signs with a key, and verifies by its public part.
fn signs(backend: &dyn Backend, key: &SigningKey) {
    let input = SigningInput::new(key.jwk(), "example+jwt", &json!({ "iss": "i", "aud": "a", "exp": 60 })).unwrap();
    let text = input.clone().attach(&key.sign(&input).unwrap()).unwrap();
    let set = serde_json::to_string(&JwkSet::new([key.jwk().clone()])).unwrap();
    let keys = JwkSet::parse(&set).unwrap();
    for verifier in backends() {
        let verified = Jws::parse(&text).unwrap().verify(&keys, &Algorithm::ALL, &*verifier);
        let expected = Expected::token(Typ::Is("example+jwt"), "i", "a");
        let claims = verified.unwrap().claims(&expected, grantor::Timestamp(0)).unwrap();
        assert_eq!(claims.issuer(), Some("i"), "{backend:?} {verifier:?}");
    }
}

#[test]
fn a_key_is_read_from_pem_and_signs() {
    let [pkcs8, pkcs1] = rsa();
    for backend in backends() {
        let read = |algorithm, pem: &str| read(&*backend, algorithm, pem);
        let files = [
            (Algorithm::Es256, EC),
            (Algorithm::Es256, EC_SEC1),
            (Algorithm::Es256, EC_PARAMETERS),
            (Algorithm::Ed25519, ED),
            (Algorithm::Rs256, &pkcs8),
            (Algorithm::Rs256, &pkcs1),
            (Algorithm::Ps256, &pkcs8),
        ];
        for (algorithm, pem) in files {
            signs(&*backend, &read(algorithm, pem).unwrap());
        }
        // Both forms are one key, and so has it one name.
        assert_eq!(read(Algorithm::Es256, EC).unwrap().jwk(), read(Algorithm::Es256, EC_SEC1).unwrap().jwk());
        assert_eq!(read(Algorithm::Rs256, &pkcs8).unwrap().jwk(), read(Algorithm::Rs256, &pkcs1).unwrap().jwk());
        // The same without PEM.
        let der = |pem: &str| {
            let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            base64::engine::general_purpose::STANDARD.decode(text).unwrap()
        };
        let keys = [
            (Algorithm::Es256, EC, PrivateKey::from_pkcs8_der(der(EC))),
            (Algorithm::Es256, EC, PrivateKey::from_sec1_der(der(EC_SEC1))),
            (Algorithm::Rs256, &pkcs8, PrivateKey::from_pkcs1_der(der(&pkcs1))),
        ];
        for (algorithm, pem, key) in keys {
            let key = SigningKey::new(&*backend, algorithm, &key).unwrap();
            assert_eq!(key.jwk(), read(algorithm, pem).unwrap().jwk());
        }
        let after = format!("# a comment\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{EC}{ED}");
        assert_eq!(read(Algorithm::Es256, &after).unwrap().jwk(), read(Algorithm::Es256, EC).unwrap().jwk());
    }
}

#[test]
fn a_file_that_is_no_such_key_is_refused() {
    let [pkcs8, pkcs1] = rsa();
    for backend in backends() {
        let fault = |algorithm, pem: &str| read(&*backend, algorithm, pem).err();
        let rejected = Some(PrivateKeyError::Rejected);
        let others = [
            (Algorithm::Es256, ED),
            (Algorithm::Es256, SECP256K1),
            (Algorithm::Es256, &pkcs8),
            (Algorithm::Es256, &pkcs1),
            (Algorithm::Ed25519, EC),
            (Algorithm::Ed25519, EC_SEC1),
            (Algorithm::Ed25519, &pkcs1),
            (Algorithm::Rs256, EC),
            (Algorithm::Ps256, EC_SEC1),
            (Algorithm::Rs256, RSA_1024),
        ];
        for (algorithm, pem) in others {
            assert_eq!(fault(algorithm, pem), rejected, "{backend:?} {algorithm} {pem}");
        }
        for text in ["", "-----BEGIN PRIVATE KEY-----", &EC.replace("-----END", ""), &EC.replace("MI", "!!"), "MIGH"] {
            assert_eq!(fault(Algorithm::Es256, text), Some(PrivateKeyError::Pem), "{text}");
        }
        assert_eq!(fault(Algorithm::Es256, ENCRYPTED), Some(PrivateKeyError::Encrypted));
        let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,F6C2\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(fault(Algorithm::Rs256, older), Some(PrivateKeyError::Encrypted));
    }
}

#[test]
fn a_key_is_made_and_signs() {
    for backend in backends() {
        for algorithm in [Algorithm::Es256, Algorithm::Ed25519] {
            let key = SigningKey::generate(&*backend, algorithm, &mut getrandom::SysRng).unwrap().unwrap();
            signs(&*backend, &key);
            let next = SigningKey::generate(&*backend, algorithm, &mut getrandom::SysRng).unwrap().unwrap();
            let keys = KeyRotation::new(key).unwrap().with_next(next).unwrap();
            assert_eq!(keys.jwk_set().keys().len(), 2);
        }
        // The order of the curve, and zero, are no numbers on it.
        for number in ["_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            let key = PrivateKey::from_jwk(&with(P256, &format!(r#","d":"{number}""#))).unwrap();
            assert_eq!(SigningKey::new(&*backend, Algorithm::Es256, &key).unwrap_err(), PrivateKeyError::Rejected);
        }
        let other = PrivateKey::from_jwk(&with(P256, r#","d":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE""#)).unwrap();
        assert_eq!(SigningKey::new(&*backend, Algorithm::Es256, &other).unwrap_err(), PrivateKeyError::Mismatch);
    }
}

/// A point that is not on its curve, and a key of another kind.
#[test]
fn a_public_key_that_is_none_verifies_nothing() {
    for backend in backends() {
        let none = P256.replace("x_FE", "x_FF");
        let key = Jwk::parse(&none).unwrap();
        let verified = backend.verify(Algorithm::Es256, key.key(), b"a", &[1; 64]);
        assert_eq!(verified, Err(WrongSignature), "{backend:?}");
        let wrong_kind = backend.verify(Algorithm::Ed25519, jwk(P256).key(), b"a", &[1; 64]);
        assert_eq!(wrong_kind, Err(WrongSignature));
    }
}

#[cfg(feature = "rustcrypto")]
#[test]
fn rustcrypto_signs_by_rsa_only_by_name() {
    let key = PrivateKey::from_pem(&file("rsa_pkcs8.pem")).unwrap();
    for algorithm in [Algorithm::Rs256, Algorithm::Ps256] {
        let backend = crypto::RustCrypto::new();
        assert_eq!(SigningKey::new(&backend, algorithm, &key).unwrap_err(), PrivateKeyError::Unsupported);
        assert!(SigningKey::new(&backend.despite_rustsec_2023_0071(), algorithm, &key).is_ok());
    }
    let fault = SigningKey::new(&crypto::RustCrypto::new(), Algorithm::Es256, &key).unwrap_err();
    assert_eq!(fault, PrivateKeyError::Rejected);
}
