//! Sequences of operations against the server on its store, and against a model of both that is as simple as can be.
//! After each, both say the same.

mod naive;

use arbitrary::{Arbitrary, Unstructured};
use grantor::model::{ClientId, Scope};
use grantor::record::Client;
use grantor::server::{Approval, AuthorizeReply, Prompt};
use grantor::store::{Change, Commit, Lookup, Outcome, Store};
use grantor::{Answer, Hosted, Timestamp, Unavailable};
use std::cell::Cell;

use crate::common::{
    CALLBACK, Params, People, Reply, SECRET, VERIFIER, With, World, authorize, confidential, params, photos, post,
    public, redirect_uri, scope, subject,
};
use naive::{Naive, Said};

/// Three clients: `app` is public, `web` and `api` are confidential, and `api` is a resource server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    App,
    Web,
    Api,
}

/// Scope tokens, as the bits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits(pub(crate) u8);

/// One of the credentials that were issued so far, or of the prompts: one of the last four, as likely as not.
#[derive(Clone, Copy, Debug, Arbitrary)]
pub(crate) struct Pick(u8);

#[derive(Debug, Arbitrary)]
pub(crate) enum Op {
    /// An authorization request, which leaves a prompt.
    Ask {
        client: Who,
        scope: Bits,
    },
    Approve {
        prompt: Pick,
        narrowed: Option<Bits>,
    },
    Deny {
        prompt: Pick,
    },
    Exchange {
        code: Pick,
        client: Who,
        verified: bool,
    },
    ClientCredentials {
        client: Who,
        scope: Bits,
    },
    Refresh {
        token: Pick,
        client: Who,
        scope: Bits,
    },
    Revoke {
        token: Pick,
        client: Who,
    },
    Introspect {
        token: Pick,
        client: Who,
    },
    Check {
        token: Pick,
        scope: Bits,
    },
    /// Time passes, until a second before this ends, or then, or a second after; or just a while.
    Wait {
        end_of: Pick,
        and: u8,
    },
    /// The client's record changes.
    Register {
        client: Who,
        scope: Bits,
    },
    Remove {
        client: Who,
    },
    Purge,
    /// The store fails at this effect of the next operation.
    Outage {
        effect: bool,
    },
}

const TOKENS: [&str; 3] = ["read", "write", "admin"];
const MOST_OPERATIONS: usize = 48;

/// There are codes and tokens of both clients to begin with.
const PRELUDE: [Op; 6] = [
    Op::Ask { client: Who::App, scope: Bits(3) },
    Op::Approve { prompt: Pick(0), narrowed: None },
    Op::Ask { client: Who::Web, scope: Bits(1) },
    Op::Approve { prompt: Pick(0), narrowed: None },
    Op::ClientCredentials { client: Who::Web, scope: Bits(2) },
    Op::Exchange { code: Pick(2), client: Who::App, verified: true },
];

/// Most of what is issued is the public client's.
impl<'a> Arbitrary<'a> for Who {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(match u8::arbitrary(input)? {
            0..176 => Self::App,
            176..224 => Self::Web,
            224.. => Self::Api,
        })
    }
}

impl<'a> Arbitrary<'a> for Bits {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(Self(u8::arbitrary(input)? % 8))
    }
}

impl Bits {
    fn scope(self) -> Scope {
        let is_set = |(index, _): &(usize, &&str)| self.0 & (1 << index) != 0;
        let tokens: Vec<_> = TOKENS.iter().enumerate().filter(is_set).map(|(_, token)| *token).collect();
        scope(&tokens.join(" "))
    }
}

impl Pick {
    pub(crate) fn index(self, count: usize) -> Option<usize> {
        let back = if self.0 < 128 { self.0 % 4 } else { self.0 };
        usize::from(back).checked_rem(count).map(|back| count - 1 - back)
    }
}

impl Who {
    fn id(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Web => "web",
            Self::Api => "api",
        }
    }

    fn client(self, registered: Bits) -> Client {
        let client = if self == Self::App { public(self.id()) } else { confidential(self.id(), SECRET) };
        client.with(|client| {
            client.scope = registered.scope();
            client.redirect_uris = vec![redirect_uri(CALLBACK)];
            client.resource_server = (self == Self::Api).then(Vec::new);
        })
    }
}

/// The input is a list of operations, as `arbitrary` reads it.
pub fn model(input: &[u8]) {
    let mut input = Unstructured::new(input);
    let (mut real, mut naive) = (Real::new(), Naive::new());
    let mut history = Vec::new();
    let further = std::iter::from_fn(|| (!input.is_empty()).then(|| Op::arbitrary(&mut input).ok()).flatten());
    for op in PRELUDE.into_iter().chain(further.take(MOST_OPERATIONS)) {
        let said = real.carry_out(&op);
        // A store that fails changes nothing, and the reply says that it failed.
        let expected = if real.store.failed.take() { Said::Unavailable } else { naive.carry_out(&op) };
        real.store.world.now = naive.now;
        history.push(op);
        assert_eq!(said, expected, "after {history:#?}");
    }
}

/// grantor, and what it issued.
struct Real {
    store: Flaky,
    registered: [Option<u32>; 3],
    prompts: Vec<Prompt>,
    issued: Vec<String>,
}

/// The world's store, which may fail at one of the next effects.
struct Flaky {
    world: World,
    fails_after: Cell<Option<u8>>,
    failed: Cell<bool>,
}

impl Flaky {
    fn answer<T>(&self, answer: impl FnOnce() -> T) -> Result<T, Unavailable> {
        let left = self.fails_after.get();
        self.fails_after.set(left.and_then(|left| left.checked_sub(1)));
        if left == Some(0) {
            self.failed.set(true);
            return Err(Unavailable::new("out of order"));
        }
        Ok(answer())
    }
}

impl Store for Flaky {
    fn lookup(&self, lookup: &Lookup) -> Answer<Lookup> {
        self.answer(|| Store::lookup(&self.world, lookup))?
    }
    fn commit(&self, commit: &Commit) -> Answer<Commit> {
        self.answer(|| Store::commit(&self.world, commit))?
    }
}

impl Real {
    fn new() -> Self {
        let clients = [Who::App, Who::Web, Who::Api];
        let world = World::new().without_clients();
        let world = clients.into_iter().fold(world, |world, who| world.with_client(who.client(Bits(3))));
        let store = Flaky { world, fails_after: Cell::new(None), failed: Cell::new(false) };
        Self { store, registered: [Some(0); 3], prompts: Vec::new(), issued: Vec::new() }
    }

    fn carry_out(&mut self, op: &Op) -> Said {
        if let Op::Outage { effect } = op {
            self.store.fails_after.set(Some(u8::from(*effect)));
            return Said::Nothing;
        }
        let said = self.reach(op);
        self.store.fails_after.set(None);
        said
    }

    fn reach(&mut self, op: &Op) -> Said {
        match *op {
            Op::Ask { client, scope } => self.ask(client, scope),
            Op::Approve { prompt, narrowed } => {
                let approval = Approval::by(subject());
                let approval = match narrowed {
                    Some(bits) => approval.narrowed_to(bits.scope()),
                    None => approval,
                };
                self.decide(prompt, Some(approval))
            }
            Op::Deny { prompt } => self.decide(prompt, None),
            Op::Exchange { code, client, verified } => {
                let verifier = if verified { VERIFIER.to_owned() } else { "x".repeat(43) };
                let form = params(&[("grant_type", "authorization_code"), ("redirect_uri", CALLBACK)]);
                self.token(&form.set("code", self.issued(code)).set("code_verifier", &verifier), client)
            }
            Op::ClientCredentials { client, scope } => {
                self.token(&asking(params(&[("grant_type", "client_credentials")]), scope), client)
            }
            Op::Refresh { token, client, scope } => {
                let form = params(&[("grant_type", "refresh_token")]).set("refresh_token", self.issued(token));
                self.token(&asking(form, scope), client)
            }
            Op::Revoke { token, client } => {
                let request = post(as_client(params(&[("token", self.issued(token))]), client));
                let world = &self.store.world;
                Said::of(&Reply::of(world.server.revoke(&request, world.moment()).run(&self.store).into_http()))
            }
            Op::Introspect { token, client } => self.introspect(token, client),
            Op::Check { token, scope } => self.check(token, scope),
            Op::Register { client, scope } => self.register(client, scope),
            Op::Remove { client } => self.remove(client),
            Op::Purge => {
                self.store.world.store.purge(Timestamp(self.store.world.now));
                Said::Nothing
            }
            Op::Wait { .. } | Op::Outage { .. } => Said::Nothing,
        }
    }

    /// A text that was issued, or one that was not.
    fn issued(&self, pick: Pick) -> &str {
        pick.index(self.issued.len()).map_or("never-issued", |index| &self.issued[index])
    }

    fn ask(&mut self, client: Who, scope: Bits) -> Said {
        let query = asking(authorize().without("scope").set("client_id", client.id()), scope);
        let request = crate::common::get(query);
        match self.store.world.server.authorize(&request, self.store.world.moment()).run(&self.store) {
            AuthorizeReply::Respond(response) => Said::of(&Reply::of(response.into_http())),
            AuthorizeReply::Refuse(refusal) => {
                let world = &self.store.world;
                let response = refusal.respond(&world.server, world.moment()).run(&self.store);
                Said::of(&Reply::of(response.into_http()))
            }
            AuthorizeReply::Ask(prompt) => {
                let asked = Said::Asked(bits(&prompt.asked.scope));
                self.prompts.push(prompt);
                asked
            }
        }
    }

    fn decide(&mut self, prompt: Pick, approval: Option<Approval>) -> Said {
        let Some(index) = prompt.index(self.prompts.len()) else { return Said::Nothing };
        // The session keeps it: it is a value, and a host may decide twice, against the advice.
        let prompt = serde_json::to_value(&self.prompts[index]).unwrap();
        let prompt: Prompt = serde_json::from_value(prompt).unwrap();
        let world = &self.store.world;
        let step = match approval {
            Some(approval) => prompt.approve(&world.server, approval, world.moment()),
            None => prompt.deny(&world.server, world.moment()),
        };
        let reply = Reply::of(step.run(&self.store).into_http());
        self.issued.extend(reply.parameter("code"));
        Said::of(&reply)
    }

    fn token(&mut self, form: &Params, client: Who) -> Said {
        let request = post(as_client(form.clone(), client));
        let host = Hosted { store: &self.store, policy: People };
        let world = &self.store.world;
        let reply = Reply::of(world.server.token(&request, world.moment()).run(&host).into_http());
        self.issued.extend(reply.member("access_token"));
        self.issued.extend(reply.member("refresh_token"));
        Said::of(&reply)
    }

    fn introspect(&self, token: Pick, client: Who) -> Said {
        let request = post(as_client(params(&[("token", self.issued(token))]), client));
        let world = &self.store.world;
        let reply = world.server.introspect(&request, world.moment()).run(&self.store);
        let active = reply.result().ok().map(|active| active.map(|active| bits(&active.credential.scope)));
        let said = Said::of(&Reply::of(reply.into_http()));
        active.map_or(said, |active| active.map_or(Said::Inactive, Said::Active))
    }

    fn check(&self, token: Pick, scope: Bits) -> Said {
        let photos = photos::photos_with(|config| config.accept_unrestricted = true);
        let requirement = grantor::resource::Requirement::scope(scope.scope());
        let request = photos::with_token(self.issued(token));
        let reply = photos.check(&request, &requirement, Timestamp(self.store.world.now)).run(&self.store);
        match reply.into_result() {
            Ok(access) => Said::Active(bits(access.scope())),
            Err(refusal) if refusal.error().status() == 503 => Said::Unavailable,
            Err(refusal) => Said::Refused(refusal.error().code().to_owned()),
        }
    }

    /// A new version of the client's record, if it is registered: grantor has no other way in.
    fn register(&mut self, client: Who, scope: Bits) -> Said {
        if let Some(revision) = &mut self.registered[client as usize] {
            *revision += 1;
            let record = client.client(scope).with(|client| client.revision = *revision);
            self.put(Change::PutClient(record.into()));
        }
        Said::Nothing
    }

    fn remove(&mut self, client: Who) -> Said {
        if let Some(revision) = self.registered[client as usize].take() {
            self.put(Change::RemoveClient { client_id: ClientId::parse(client.id()).unwrap(), revision });
        }
        Said::Nothing
    }

    fn put(&self, change: Change) {
        assert_eq!(Store::commit(&self.store.world, &Commit::of(change)).unwrap(), Outcome::Applied);
    }
}

/// Without a bit, the request has no scope.
fn asking(form: Params, scope: Bits) -> Params {
    if scope.0 == 0 { form } else { form.set("scope", scope.scope().as_str()) }
}

fn as_client(form: Params, client: Who) -> Params {
    let form = form.set("client_id", client.id());
    if client == Who::App { form } else { form.set("client_secret", SECRET) }
}

fn bits(scope: &Scope) -> Bits {
    Bits((0..).zip(TOKENS).filter(|(_, token)| scope.contains(token)).map(|(index, _)| 1 << index).sum())
}

impl Said {
    fn of(reply: &Reply) -> Self {
        let error = reply.parameter("error").or_else(|| reply.member("error"));
        match error {
            Some(error) if error == "server_error" || error == "temporarily_unavailable" => Self::Unavailable,
            Some(error) => Self::Refused(error),
            None if reply.status() == 503 => Self::Unavailable,
            None if reply.is_page() => Self::Refused("page".to_owned()),
            None if reply.parameter("code").is_some() => Self::Code,
            None if reply.member("access_token").is_some() => {
                let read = reply.member("scope").unwrap_or_default();
                Self::Tokens { scope: bits(&scope(&read)), refreshable: reply.member("refresh_token").is_some() }
            }
            None => Self::Nothing,
        }
    }
}
