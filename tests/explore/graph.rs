//! The state graph of each machine, found by giving every kind of answer at every pause, and kept in
//! `docs/machines.md`. The test fails when the page is not what the code does, or leaves out a machine;
//! `GRANTOR_WRITE_DOCS=1` writes it anew.

mod client;
mod devices;
mod documents;
mod server;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use grantor::Timestamp;
use grantor::consult::{
    Authenticity, ExtensionGrant, ExtensionRefusal, ExtensionVerdict, Owner, RegistrationRefusal, RegistrationVerdict,
    Terms, Verdict,
};
use grantor::jose::Signature;
use grantor::model::Subject;
use grantor::record::CredentialKind;
use grantor::store::{Change, Found, Outcome, Presented};
use http::Response;

use crate::model::Model;
use crate::paused::{Asks, Next, Observed, Paused, Told};

/// Late enough that a refresh token has expired by now.
const NOW: Timestamp = Timestamp(2_000_000);

/// One machine, drawn for one use of it.
struct Drawing {
    machine: &'static str,
    what: &'static str,
    graph: Graph,
}

/// What a host may answer where the answers are not always the same few.
#[derive(Clone, Copy, Default)]
struct World<'a> {
    /// What the store may hold, each named after the client that it knows.
    stores: &'a [(&'static str, Model)],
    /// What another server may respond.
    responses: &'a [(&'static str, Response<Vec<u8>>)],
}

/// From where, to where, and what leads there; and what the ways cost.
#[derive(Default)]
struct Graph {
    edges: BTreeMap<(String, String), BTreeSet<String>>,
    /// The round trips of each way to a success, and of each way to anything.
    successes: BTreeSet<Trips>,
    all: BTreeSet<Trips>,
}

/// The effects of one way: lookups, questions to the host, fetches, commits.
type Trips = [usize; 4];

impl Graph {
    /// Every way on from the start of a machine, and what it starts with if that is not always the same.
    fn of(start: &str, next: Next, world: World<'_>) -> Self {
        let mut graph = Self::default();
        graph.walk("[*]", start, next, world, [0; 4]);
        graph
    }

    /// Gives every kind of answer at every pause.
    fn walk(&mut self, from: &str, why: &str, next: Next, world: World<'_>, mut trips: Trips) {
        let name = name(&next);
        self.edges.entry((from.to_owned(), name.clone())).or_default().insert(why.to_owned());
        match next {
            Next::Paused(paused) => {
                trips[effect(&paused.asks())] += 1;
                for (why, next) in answers(paused.as_ref(), world) {
                    self.walk(&name, &why, next, world, trips);
                }
            }
            Next::Done(observed) => {
                self.all.insert(trips);
                if observed.error.is_none() && !["PageRefused", "Unavailable"].contains(&observed.event.as_str()) {
                    self.successes.insert(trips);
                }
            }
        }
    }

    fn and(mut self, other: Self) -> Self {
        for (edge, reasons) in other.edges {
            self.edges.entry(edge).or_default().extend(reasons);
        }
        self.successes.extend(other.successes);
        self.all.extend(other.all);
        self
    }

    /// Adds where a pause leads under this condition as well, and names the condition there.
    fn and_if(self, condition: &str, other: Self) -> Self {
        let is_known = |pause: &str| self.edges.keys().any(|(from, _)| from == pause);
        let further = other.edges.into_iter().map(|((from, to), reasons)| {
            let edge = (from, to);
            let unconditional = self.edges.get(&edge);
            let is_new = |reason: &String| unconditional.is_none_or(|reasons| !reasons.contains(reason));
            let reasons = reasons.into_iter().filter(is_new);
            let named = |reason: String| format!("{reason} ({condition})").trim_start().to_owned();
            let reasons = reasons.map(|reason| if is_known(&edge.0) { named(reason) } else { reason }).collect();
            (edge, reasons)
        });
        let edges = further.filter(|(_, reasons): &(_, BTreeSet<_>)| !reasons.is_empty()).collect();
        self.and(Self { edges, successes: other.successes, all: other.all })
    }

    /// The pauses that it comes to.
    fn pauses(&self) -> impl Iterator<Item = &str> {
        self.edges.keys().map(|(from, _)| from.split('_').next().unwrap()).filter(|from| *from != "[*]")
    }

    /// The cells of the table of round trips: of each effect, the number on the ways to a success and, if that is more,
    /// the most that any way takes.
    fn trips(&self) -> String {
        let cell = |effect: usize| {
            let numbers = |ways: &BTreeSet<Trips>| ways.iter().map(|trips| trips[effect]).collect::<BTreeSet<_>>();
            let all = numbers(&self.all);
            let successes = if self.successes.is_empty() { all.clone() } else { numbers(&self.successes) };
            let (least, most) = (successes.first().unwrap(), successes.last().unwrap());
            let range = if least == most { most.to_string() } else { format!("{least} to {most}") };
            let worst = all.last().unwrap();
            if worst > most { format!(" {range}, at most {worst} |") } else { format!(" {range} |") }
        };
        (0..4).map(cell).collect()
    }

    fn mermaid(&self) -> String {
        let mut text = "```mermaid\nstateDiagram-v2\n".to_owned();
        let (begins, others): (Vec<_>, Vec<_>) = self.edges.iter().partition(|((from, _), _)| from == "[*]");
        for ((from, to), reasons) in begins.into_iter().chain(others) {
            let why = in_short(reasons).into_iter().collect::<Vec<_>>().join(", ");
            let colon = if why.is_empty() { "" } else { ": " };
            writeln!(text, "    {from} --> {to}{colon}{why}").unwrap();
        }
        text + "```\n"
    }
}

/// What goes without saying beside what: a client that the host checks is confidential, and what was spent meanwhile
/// was just spent.
const IMPLIED: [(&str, &str); 3] =
    [("public client", "confidential client"), ("host-checked client", "confidential client"), ("meanwhile", "just")];

fn in_short(reasons: &BTreeSet<String>) -> BTreeSet<String> {
    let is_said =
        |why: &str, (from, to)| why.strip_prefix(from).is_some_and(|rest| reasons.contains(&format!("{to}{rest}")));
    let is_implied = |why: &&String| IMPLIED.into_iter().any(|pair| is_said(why, pair));
    let shortened = reasons.iter().filter(|why| !why.is_empty() && !is_implied(why)).map(|why| {
        match is_said(why, ("confidential client", "public client")) {
            true => why.replacen("confidential ", "", 1),
            false => why.clone(),
        }
    });
    shortened.collect()
}

/// Where a machine stands. A commit of one change is named by it: what follows depends on what it is for.
fn name(next: &Next) -> String {
    match next {
        Next::Done(observed) => end(observed),
        Next::Paused(paused) => match paused.asks() {
            Asks::Commit(commit) if commit.changes().len() == 1 => {
                let change = format!("{:?}", commit.changes()[0]);
                format!("{}_{}", paused.name(), change.split(['(', ' ']).next().unwrap())
            }
            _ => paused.name(),
        },
    }
}

/// The place of an effect among the round trips.
fn effect(asks: &Asks) -> usize {
    match asks {
        Asks::Lookup(_) => 0,
        Asks::Fetch => 2,
        Asks::Commit(_) => 3,
        _ => 1,
    }
}

/// How it ended.
fn end(observed: &Observed) -> String {
    match &observed.error {
        Some(error) => error.clone(),
        None if observed.event == "Introspected" => if observed.active { "Active" } else { "Inactive" }.to_owned(),
        None if observed.event.is_empty() => "Done".to_owned(),
        None => observed.event.clone(),
    }
}

fn answers(paused: &dyn Paused, world: World<'_>) -> Vec<(String, Next)> {
    let tell = |(why, told): (&str, Told)| (why.to_owned(), paused.fork().tell(told));
    let alice = || Subject::parse("alice").unwrap();
    let owners = || [("yes", Owner::Subject(alice())), ("no", Owner::Refused)];
    let granted = || ExtensionVerdict::Grant(ExtensionGrant::of(alice()));
    let extensions = || [("yes", granted()), ("no", ExtensionVerdict::Refuse(ExtensionRefusal::default()))];
    let mut answers: Vec<_> = match paused.asks() {
        Asks::Lookup(lookup) => {
            let found = world.stores.iter().map(|(client, store)| (*client, store.lookup(&lookup, None)));
            by_what_decides(paused, found.collect())
        }
        Asks::Commit(commit) => {
            let conflicts = commit.changes().iter().enumerate().filter_map(|(at, change)| {
                let why = format!("conflict at {}", precondition(change)?);
                Some(tell((&why, Told::Outcome(Outcome::Conflict(at)))))
            });
            [tell(("applied", Told::Outcome(Outcome::Applied)))].into_iter().chain(conflicts).collect()
        }
        Asks::ClientSecret => [("genuine", Authenticity::Genuine), ("refused", Authenticity::Refused)]
            .map(|(why, answer)| tell((why, Told::ClientSecret(answer))))
            .into(),
        Asks::Password => owners().map(|(why, owner)| tell((why, Told::Owner(owner)))).into(),
        Asks::Extension => extensions().map(|(why, verdict)| tell((why, Told::Extension(verdict)))).into(),
        Asks::Issuance => [("issue", Verdict::Issue(Terms::default())), ("refuse", Verdict::Refuse)]
            .map(|(why, verdict)| tell((why, Told::Verdict(verdict))))
            .into(),
        Asks::Registration(client) => [
            ("register", RegistrationVerdict::Register(client)),
            ("unauthorized", RegistrationVerdict::Unauthorized),
            ("refuse", RegistrationVerdict::Refuse(RegistrationRefusal::default())),
        ]
        .map(|(why, verdict)| tell((why, Told::Registration(verdict))))
        .into(),
        Asks::Fetch => {
            world.responses.iter().map(|(why, response)| tell((why, Told::Fetched(response.clone())))).collect()
        }
        Asks::Sign(sign) => {
            let of_len = |len: usize| vec![Signature::new(vec![1; len]); sign.inputs().len()];
            [("signed", of_len(64)), ("garbage", of_len(63)), ("too few", Vec::new())]
                .map(|(why, signatures)| tell((why, Told::Signed(signatures))))
                .into()
        }
    };
    answers.push(tell(("outage", Told::Outage)));
    answers
}

/// What a store held, and where that leads.
struct Way<'a> {
    client: &'a str,
    state: String,
    kind: String,
    end: String,
    next: Next,
}

/// What is found leads on by the client, if that decides alone, or by the credential, in whatever state or in this one.
fn by_what_decides(paused: &dyn Paused, found: Vec<(&'static str, Found)>) -> Vec<(String, Next)> {
    let way = |(client, found): (&'static str, Found)| {
        let (state, kind) = what(&found);
        let next = paused.fork().tell(Told::Found(found));
        Way { client, state, kind, end: name(&next), next }
    };
    let ways: Vec<_> = found.into_iter().map(way).collect();
    let why = |way: &Way<'_>| {
        let of_client = || ways.iter().filter(|other| other.client == way.client);
        let of_kind = || of_client().filter(|other| other.kind == way.kind);
        let is_state_seen = of_kind().any(|other| other.state != way.state);
        match way {
            Way { client, end, .. } if !client.is_empty() && of_client().all(|other| other.end == *end) => {
                (*client).to_owned()
            }
            Way { kind, end, .. } if is_state_seen && of_kind().all(|other| other.end == *end) => format!("any {kind}"),
            Way { state, kind, .. } => format!("{state}{kind}"),
        }
    };
    let reasons: Vec<_> = ways.iter().map(why).collect();
    reasons.into_iter().zip(ways.into_iter().map(|way| way.next)).collect()
}

/// The credential that is found: how it stands, and which it is.
fn what(found: &Found) -> (String, String) {
    let Some(Presented { credential, spent_at, grant, revoked }) = found.credentials().first() else {
        return (String::new(), "nothing".to_owned());
    };
    let kind = match credential.kind {
        CredentialKind::AuthorizationCode(_) => "code",
        CredentialKind::AccessToken(_) => "access token",
        _ => "refresh token",
    };
    let spent = match spent_at {
        None => "",
        Some(_) if kind == "code" => "spent ",
        Some(at) if *at > NOW => "meanwhile spent ",
        Some(at) if at.after(server::GRACE) > NOW => "just spent ",
        Some(_) => "long spent ",
    };
    let expired = if credential.expires_at.is_past(NOW) { "expired " } else { "" };
    let revoked = if *revoked { "revoked " } else { "" };
    let whose = if ["app", documents::CLIENT].contains(&grant.client_id.as_str()) { "" } else { " of another client" };
    (format!("{expired}{revoked}{spent}"), format!("{kind}{whose}"))
}

/// The name of a change that a store may refuse.
fn precondition(change: &Change) -> Option<&'static str> {
    match change {
        Change::Open { .. } => Some("Open"),
        Change::Issue(_) => Some("Issue"),
        Change::Spend { .. } => Some("Spend"),
        Change::Reuse { .. } => Some("Reuse"),
        Change::Extend { .. } => Some("Extend"),
        Change::PutClient(_) => Some("PutClient"),
        Change::PutRequest(_) => Some("PutRequest"),
        Change::SpendRequest { .. } => Some("SpendRequest"),
        _ => None,
    }
}

fn drawings() -> Vec<Drawing> {
    let mut drawings = server::drawings();
    drawings.extend(documents::drawings());
    drawings.extend(client::drawings());
    drawings
}

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// Each machine of the library with its pauses, as its `machine!` declares them.
fn declared() -> BTreeMap<String, BTreeSet<String>> {
    let mut machines = BTreeMap::new();
    for path in files(Path::new(SRC)) {
        let module = path.strip_prefix(SRC).unwrap().iter().next().unwrap().to_str().unwrap();
        let source = std::fs::read_to_string(&path).unwrap();
        for declaration in source.split("\nmachine! {").skip(1) {
            let lines = declaration.split("\n}").next().unwrap().lines().map(str::trim);
            let mut names = lines.filter(|line| !line.is_empty() && !line.starts_with("///"));
            let word = |text: &str| text.split(['<', ' ', ',']).next().unwrap().to_owned();
            let machine = format!("{module}::{}", word(names.next().unwrap()));
            let pauses = names.filter_map(|line| line.split_once(" = ")).filter(|(effect, _)| *effect != "Reply");
            assert!(machines.insert(machine, pauses.map(|(_, pause)| word(pause)).collect()).is_none());
        }
    }
    machines
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn every_machine_and_each_of_its_pauses_is_drawn() {
    let mut drawn = BTreeMap::<String, BTreeSet<String>>::new();
    for Drawing { machine, graph, .. } in drawings() {
        drawn.entry(machine.to_owned()).or_default().extend(graph.pauses().map(str::to_owned));
    }
    assert_eq!(drawn, declared(), "drawn, and declared in src");
}

#[test]
fn the_state_graphs_in_the_docs_are_those_of_the_code() {
    let mut page = "\
# The machines

Each machine's pauses, and the ways from one to the next: found by the explorer (`tests/explore/graph.rs`), which gives every kind of answer
at every pause, and compared with this page in CI. What ends a path is the reply: the error's code or, without one, what the audit log or the
caller learns.

An arrow's label is the answer. Of what is found, it names the client where that alone decides, and else the credential; what follows
`genuine` depends on what was found before. In parentheses stands what else must be so: a setting, or something in the request. `outage` is the
news that the host could not carry out the effect. A commit that makes one change is named after it.

## Round trips

The effects of each machine, counted on all of its ways: what the ways to a success take and, where that is more, what any way takes at
most. A question is one that the policy answers: a client's secret, a password, an assertion, the last word. A second commit revokes what a
replay has touched, or issues within the grace.

| machine | lookups | questions | fetches | commits |
|---|---|---|---|---|
"
    .to_owned();
    for Drawing { machine, what, graph } in drawings() {
        writeln!(page, "| `{machine}`: {what} |{}", graph.trips()).unwrap();
    }
    for Drawing { machine, what, graph } in drawings() {
        write!(page, "\n## `{machine}`: {what}\n\n{}", graph.mermaid()).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/machines.md");
    if std::env::var_os("GRANTOR_WRITE_DOCS").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "docs/machines.md is not what the code does: run this test with GRANTOR_WRITE_DOCS=1");
}
