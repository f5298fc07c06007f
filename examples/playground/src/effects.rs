//! Effects in words: a host that records the questions of the machines and their answers.

use std::fmt;

use grantor::consult::{Issuance, Owner, Password, Registration, RegistrationVerdict, Verdict};
use grantor::host::AsyncHost;
use grantor::model::Key;
use grantor::record::{Client, CredentialKind};
use grantor::store::{Change, Commit, Found, Lookup, Outcome, Presented, PresentedRequest, RequestKey};
use grantor::{Answer, Effect, Fetch};

use crate::shorten;
use crate::trace::{Detail, Kind, Lane, Recorder, Step};

/// A host, and the recorder of its effects.
#[derive(Debug)]
pub struct Traced<'a, H> {
    host: &'a H,
    recorder: &'a Recorder,
    machine: &'static str,
    at: Lane,
}

impl Recorder {
    /// Wraps the host of one of the authorization server's machines.
    #[must_use]
    pub fn server<'a, H>(&'a self, host: &'a H, machine: &'static str) -> Traced<'a, H> {
        Traced { host, recorder: self, machine, at: Lane::Server }
    }

    /// Wraps the host of one of the resource server's machines.
    pub(crate) fn resource_server<'a, H>(&'a self, host: &'a H, machine: &'static str) -> Traced<'a, H> {
        Traced { host, recorder: self, machine, at: Lane::Resource }
    }
}

impl<H> Traced<'_, H> {
    fn asks(&self, effect: &str, details: impl FnOnce() -> Vec<Detail>) {
        self.recorder.step(|| Step {
            from: self.at,
            to: Lane::Store,
            kind: Kind::Effect,
            label: format!("{}: {effect}", self.machine),
            details: details(),
            message: None,
        });
    }

    fn answers<E: Effect>(
        &self,
        answer: Answer<E>,
        say: impl FnOnce(&E::Answer) -> (String, Vec<Detail>),
    ) -> Answer<E> {
        self.recorder.step(|| {
            let (label, details) = match &answer {
                Ok(answer) => say(answer),
                Err(_) => ("unavailable".to_owned(), Vec::new()),
            };
            Step { from: Lane::Store, to: self.at, kind: Kind::Answer, label, details, message: None }
        });
        answer
    }
}

/// Other questions are not passed on, and get the default answer: a refusal.
impl<H: AsyncHost> AsyncHost for Traced<'_, H> {
    async fn lookup_async(&self, effect: &Lookup) -> Answer<Lookup> {
        self.asks("Lookup", || lookup(effect));
        self.answers::<Lookup>(self.host.lookup_async(effect).await, |answer| found(effect, answer))
    }

    async fn password_async(&self, effect: &Password) -> Answer<Password> {
        let username = shorten::bounded(&effect.username);
        self.asks("Password", || vec![detail("username", username, "whose are this name and password?")]);
        self.answers::<Password>(self.host.password_async(effect).await, owner)
    }

    async fn issuance_async(&self, effect: &Issuance) -> Answer<Issuance> {
        self.asks("Issuance", || vec![detail("scope", effect.scope.as_str(), "may it be issued?")]);
        self.answers::<Issuance>(self.host.issuance_async(effect).await, |verdict| {
            let label = if matches!(verdict, Verdict::Issue(_)) { "it may" } else { "refused" };
            (label.to_owned(), Vec::new())
        })
    }

    async fn registration_async(&self, effect: &Registration) -> Answer<Registration> {
        let client_name = shorten::bounded(effect.client.client_name.as_deref().unwrap_or_default());
        self.asks("Registration", || vec![detail("client_name", client_name, "may it register?")]);
        self.answers::<Registration>(self.host.registration_async(effect).await, |verdict| {
            let label = if matches!(verdict, RegistrationVerdict::Register(_)) { "it may" } else { "refused" };
            (label.to_owned(), Vec::new())
        })
    }

    async fn fetch_async(&self, effect: &Fetch) -> Answer<Fetch> {
        let url = shorten::bounded(&effect.request().uri().to_string());
        self.asks("Fetch", || vec![detail("url", url, "what does the client say of itself?")]);
        self.answers::<Fetch>(self.host.fetch_async(effect).await, |response| {
            (response.status().to_string(), Vec::new())
        })
    }

    async fn commit_async(&self, effect: &Commit) -> Answer<Commit> {
        self.asks("Commit", || effect.changes().iter().map(change).collect());
        self.answers::<Commit>(self.host.commit_async(effect).await, |outcome| match outcome {
            Outcome::Applied => ("applied: all of it".to_owned(), Vec::new()),
            Outcome::Conflict(index) => (
                "conflict: nothing was written".to_owned(),
                vec![detail(
                    "precondition",
                    effect.changes().get(*index).map(name).unwrap_or_default(),
                    "did not hold",
                )],
            ),
        })
    }
}

fn detail(name: &str, value: impl fmt::Display, meaning: &'static str) -> Detail {
    Detail { name: name.to_owned(), value: value.to_string(), meaning }
}

/// Shows the digest of a token, by which the store knows the credential.
fn digest(key: Key) -> String {
    format!("SHA-256 {}", shorten::secret(&key.digest.to_string()))
}

fn lookup(effect: &Lookup) -> Vec<Detail> {
    let client = effect.client().into_iter().map(|id| detail("client", id.as_str(), "registered? for what?"));
    let credentials = effect.credentials().iter();
    let credentials = credentials.map(|key| detail("credential", digest(*key), "never the token itself"));
    let request = effect.request().map(|key| match key {
        RequestKey::Key(key) => detail("request", digest(key), "pushed before, and waiting?"),
        RequestKey::UserCode(key) => detail("user code", digest(key), "which device shows it?"),
    });
    client.chain(credentials).chain(request).collect()
}

fn found(effect: &Lookup, found: &Found) -> (String, Vec<Detail>) {
    let client = found.client().into_iter().map(|client| detail("client", kind_of(client), ""));
    let request = effect.request().and_then(|key| found.request(key)).map(waiting);
    let details: Vec<_> = client.chain(found.credentials().iter().map(presented)).chain(request).collect();
    let label = if details.is_empty() { "nothing found" } else { "found" };
    (label.to_owned(), details)
}

fn kind_of(client: &Client) -> &'static str {
    if client.is_confidential() { "confidential: it has a secret" } else { "public: it has no secret" }
}

fn presented(presented: &Presented) -> Detail {
    let stands = match presented {
        Presented { revoked: true, .. } => "its grant is revoked",
        Presented { spent_at: Some(_), .. } => "spent before",
        _ => "unspent, not revoked",
    };
    detail(kind(&presented.credential.kind), stands, "")
}

fn waiting(presented: &PresentedRequest) -> Detail {
    detail("request", if presented.spent_at.is_some() { "spent before" } else { "unspent" }, "")
}

fn kind(kind: &CredentialKind) -> &'static str {
    match kind {
        CredentialKind::AuthorizationCode(_) => "authorization code",
        CredentialKind::AccessToken(_) => "access token",
        CredentialKind::RefreshToken => "refresh token",
        _ => "credential",
    }
}

fn owner(owner: &Owner) -> (String, Vec<Detail>) {
    match owner {
        Owner::Subject(subject) => ("the resource owner".to_owned(), vec![detail("subject", subject.as_str(), "")]),
        Owner::Refused => ("refused".to_owned(), Vec::new()),
    }
}

fn name(change: &Change) -> &'static str {
    match change {
        Change::Open { .. } => "Open",
        Change::Issue(_) => "Issue",
        Change::Spend { .. } => "Spend",
        Change::Reuse { .. } => "Reuse",
        Change::Extend { .. } => "Extend",
        Change::Replace(_) => "Replace",
        Change::Revoke(_) => "Revoke",
        Change::Discard(_) => "Discard",
        Change::PutRequest(_) => "PutRequest",
        Change::SpendRequest { .. } => "SpendRequest",
        Change::PutClient(_) => "PutClient",
        Change::RemoveClient { .. } => "RemoveClient",
        Change::Witness { .. } => "Witness",
        _ => "Change",
    }
}

fn change(change: &Change) -> Detail {
    let (value, meaning) = match change {
        Change::Open { .. } => ("grant".to_owned(), "what was authorized"),
        Change::Issue(credential) => (kind(&credential.kind).to_owned(), "unless its grant is revoked"),
        Change::Spend { key, .. } => (digest(*key), "only if it is unspent"),
        Change::Reuse { key, .. } => (digest(*key), "only if it was spent a moment ago"),
        Change::Extend { .. } => ("grant".to_owned(), "kept as long as its longest credential"),
        Change::Revoke(_) => ("grant".to_owned(), "every credential of it is dead from here on"),
        Change::Replace(credential) => (kind(&credential.kind).to_owned(), "unless somebody else was faster"),
        Change::Discard(key) => (digest(*key), "forgotten"),
        Change::PutRequest(request) => (digest(request.key), "waits for a decision"),
        Change::SpendRequest { key, .. } => (digest(*key), "only if it is unspent"),
        Change::PutClient(client) => {
            (shorten::bounded(client.client_id.as_str()), "what it may, and digests of its secrets")
        }
        Change::RemoveClient { client_id, .. } => (shorten::bounded(client_id.as_str()), "only as it was read"),
        Change::Witness { key, .. } => (digest(*key), "must not have been seen before"),
        _ => (String::new(), ""),
    };
    detail(name(change), value, meaning)
}
