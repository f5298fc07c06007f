//! The effect `Sign`, in a machine of one's own: no endpoint of grantor's signs yet.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use grantor::jose::{KeyRotation, SigningError, SigningInput, SigningKey};
use grantor::step::{Absent, Machine, Pause, Step};
use grantor::store::MemoryStore;
use grantor::{Answer, AsyncPolicy, Hosted, Policy, Sign, Unavailable};
use serde_json::json;

use crate::*;

/// Signs two texts, and ends in them.
struct Two;

struct TwoSign(Sign);

impl Machine for Two {
    type Lookup = Absent<Self>;
    type ClientSecret = Absent<Self>;
    type Password = Absent<Self>;
    type Extension = Absent<Self>;
    type Issuance = Absent<Self>;
    type Registration = Absent<Self>;
    type Fetch = Absent<Self>;
    type Sign = TwoSign;
    type Commit = Absent<Self>;
    type Reply = Result<Result<Vec<String>, SigningError>, Unavailable>;
}

impl Pause<Sign> for TwoSign {
    type Machine = Two;

    fn effect(&self) -> &Sign {
        &self.0
    }

    fn resume(self, answer: Answer<Sign>) -> Step<Two> {
        Step::Done(answer.map(|signatures| self.0.attach(&signatures)))
    }
}

fn two(key: &SigningKey) -> Step<Two> {
    let input = |sub: &str| SigningInput::new(key.jwk(), "at+jwt", &json!({ "sub": sub })).unwrap();
    Step::Sign(TwoSign(Sign::new([input("alice"), input("bob")])))
}

fn keys() -> KeyRotation<SigningKey> {
    let private = PrivateKey::from_jwk(&format!(
        r#"{{"kty":"OKP","crv":"Ed25519","x":"{0}","d":"{0}","kid":"a"}}"#,
        base64url([7; 32])
    ));
    KeyRotation::new(SigningKey::new(&Toy, Algorithm::Ed25519, &private.unwrap()).unwrap()).unwrap()
}

/// A key service that answers what it is told to.
struct Service(fn(&Sign) -> Answer<Sign>);

impl Policy for Service {
    fn sign(&self, effect: &Sign) -> Answer<Sign> {
        (self.0)(effect)
    }
}

impl AsyncPolicy for Service {
    async fn sign_async(&self, effect: &Sign) -> Answer<Sign> {
        (self.0)(effect)
    }
}

fn by<P: Policy>(policy: P) -> <Two as Machine>::Reply {
    let keys = keys();
    two(keys.current(Algorithm::Ed25519).unwrap()).run(&Hosted { store: MemoryStore::new(), policy })
}

#[test]
fn texts_are_signed_in_their_order() {
    let signed = by(Service(|effect| effect.by(&keys()))).unwrap().unwrap();
    let read = |text: &String| verify_with(text, keys().jwk_set().keys()).unwrap().payload().to_vec();
    let read: Vec<_> = signed.iter().map(read).collect();
    assert_eq!(read, [br#"{"sub":"alice"}"#.to_vec(), br#"{"sub":"bob"}"#.to_vec()]);
    // The async driver gets the same.
    let (policy, held) = (Service(|effect| effect.by(&keys())), keys());
    let host = Hosted { store: MemoryStore::new(), policy };
    let mut run = pin!(two(held.current(Algorithm::Ed25519).unwrap()).run_async(&host));
    let Poll::Ready(reply) = run.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
    assert_eq!(reply.unwrap().unwrap(), signed);
}

#[test]
fn a_host_without_keys_signs_nothing() {
    let held = keys();
    let step = || two(held.current(Algorithm::Ed25519).unwrap());
    let outage = step().run(&MemoryStore::new()).unwrap_err();
    assert_eq!(outage.to_string(), "unavailable: this host signs nothing");
    // A service that is down, and keys among which the one that is meant is not.
    assert!(by(Service(|_| Err(Unavailable::new("the key service is down")))).is_err());
    let other = keys().rotated(keys().current(Algorithm::Ed25519).unwrap().clone().with_key_id("b")).unwrap();
    let other = other.rotated(keys().current(Algorithm::Ed25519).unwrap().clone().with_key_id("c")).unwrap();
    let Step::Sign(pause) = step() else { panic!() };
    assert_eq!(pause.effect().by(&other), Err(Unavailable::new("the key to sign with is not here")));
}

#[test]
fn a_signer_that_answers_garbage_signs_nothing() {
    let answers = |answer| by(Service(answer)).unwrap().unwrap_err();
    assert_eq!(answers(|_| Ok(Vec::new())), SigningError::Count);
    assert_eq!(answers(|_| Ok(vec![Signature::new([1; 64])])), SigningError::Count);
    assert_eq!(answers(|_| Ok(vec![Signature::new([1; 64]); 3])), SigningError::Count);
    assert_eq!(answers(|_| Ok(vec![Signature::new([1; 63]); 2])), SigningError::Length);
    assert_eq!(answers(|_| Ok(vec![Signature::new([]); 2])), SigningError::Length);
}
