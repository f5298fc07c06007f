//! Invariant 9: the same request, moment and answers give the same steps and the same reply, byte for byte.

use std::time::Duration;

use grantor::model::Subject;
use grantor::server::{Approval, RefreshPolicy};

use crate::fixture::*;

#[test]
fn two_worlds_that_are_alike_stay_alike_to_the_byte() {
    let story = || {
        let world = World::new(RefreshPolicy::Rotate { grace: Duration::ZERO });
        let mut bytes = Vec::new();
        let code = world.code();
        let reply = world.token(&exchange(&code));
        let (_, refresh_token) = tokens(&reply);
        for response in [
            reply.into_http(),
            world.token(&refresh(&refresh_token)).into_http(),
            world.token(&refresh(&refresh_token)).into_http(),
            world.token(&exchange(&code)).into_http(),
        ] {
            bytes.extend_from_slice(format!("{:?}", response.headers()).as_bytes());
            bytes.extend_from_slice(response.body());
        }
        let approval = Approval::by(Subject::parse("alice").unwrap());
        let response = world.prompt("token").approve(&world.server, approval, world.moment()).run(&world.store);
        bytes.extend_from_slice(response.location().unwrap().as_bytes());
        bytes
    };
    assert_eq!(story(), story());
}
