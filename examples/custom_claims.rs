//! What the host knows: kept with a grant, shown to APIs, and the last word on each token.
//!
//! Alice picks a workspace on the consent page. Every token of that grant says which, and there are none once the
//! workspace is locked.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{CALLBACK, Demo, Error, alice};
use grantor::client::AuthorizationRequest;
use grantor::consult::{Issuance, Terms, Verdict};
use grantor::model::Claims;
use grantor::server::Approval;
use grantor::{Answer, Policy};
use http::{Request, header};
use serde_json::{Map, json};

struct Workspaces {
    is_locked: Arc<AtomicBool>,
}

impl Policy for Workspaces {
    /// Asked before each issue of tokens, so at each refresh too.
    fn issuance(&self, question: &Issuance) -> Answer<Issuance> {
        Ok(if self.is_locked.load(Ordering::Relaxed) { Verdict::Refuse } else { Verdict::Issue(terms(question)?) })
    }
}

/// Terms add claims, and narrow: they cannot widen what was granted.
fn terms(question: &Issuance) -> Result<Terms, Error> {
    let workspace = question.grant.data.get("workspace").cloned().ok_or("the grant has no workspace")?;
    let claims = Claims::new(Map::from_iter([("workspace".to_owned(), workspace)]))?;
    Ok(Terms { claims, access_token_lifetime: Some(Duration::from_secs(60)), ..Terms::default() })
}

pub(crate) fn main() -> Result<(), Error> {
    let is_locked = Arc::new(AtomicBool::new(false));
    let mut demo = Demo::new()?;
    demo.policy = Box::new(Workspaces { is_locked: Arc::clone(&is_locked) });
    let client = demo.client("printer")?;

    let request = AuthorizationRequest::new(CALLBACK.parse()?).scope("photos.read".parse()?);
    let tokens = demo.log_in_by(&client, request, |_| {
        let data = Map::from_iter([("workspace".to_owned(), json!("family"))]);
        Ok(Approval::by(alice()?).with_data(Claims::new(data)?))
    })?;
    assert!(tokens.expires_at().is_some_and(|end| end <= demo.now().after(Duration::from_secs(60))));

    // The API sees the claim, whether it reads the store or introspects.
    let request = Request::get("/photos").header(header::AUTHORIZATION, tokens.authorization()).body("")?;
    let access = demo.api.check(&request, &demo.requirement, demo.now()).run(&demo.store).into_result();
    let access = access.map_err(|refusal| refusal.error().clone())?;
    println!("workspace: {:?}", access.claim("workspace"));
    assert_eq!(access.claim("workspace"), Some(&json!("family")));

    println!("— the workspace is locked");
    is_locked.store(true, Ordering::Relaxed);
    let request = tokens.refresh(&client).ok_or("there is no refresh token")?;
    let Err(error) = request.start(demo.moment()).run(&demo.http()) else { return Err("it was refreshed".into()) };
    assert_eq!(error.code(), Some("invalid_grant"));
    Ok(())
}
