//! The requests that may come. A further machine of the server joins by an entry in [`ENTRIES`].

use grantor::model::{GrantId, Subject};
use grantor::server::{Approval, Interaction};
use grantor::store::{Change, Commit, Outcome};
use grantor::{Moment, Timestamp};
use http::Request;

use crate::counter::Counter;
use crate::paused::{Asks, Next, Observed, Paused, Told, hold};
use crate::registration;
use crate::scene::{Scene, Stage};

/// A request that may come.
pub struct Entry {
    pub name: &'static str,
    pub stages: &'static [Stage],
    pub role: Role,
    pub presents: Presents,
    /// The request comes in, with randomness of this seed.
    pub start: fn(&'static Scene, usize, Timestamp) -> Next,
}

/// What a request may do to the grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Approve,
    /// Says no to a pushed request or to a device, or that nobody is there to say yes.
    Deny,
    /// A sound exchange of the code, or a poll of the device.
    Exchange,
    Refresh,
    /// Ends the whole grant.
    RevokeGrant,
    /// Ends the access token.
    RevokeAccess,
    /// Says whether a token is good.
    Tells,
    /// Presents something that is not its own.
    Harmless,
    /// Opens a grant of its own.
    Opens,
    /// Changes the client's registration.
    Updates,
    /// Deletes the client's registration, and with it the grant.
    Deletes,
}

/// Which credential of the grant a request presents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presents {
    Nothing,
    /// A pending request, by its `request_uri`, its user code or its prompt.
    Request,
    /// A code, or the code of a device.
    Code,
    AccessToken,
    RefreshToken,
}

use Presents::{AccessToken, Code, Nothing, RefreshToken};
use Stage::{Asked, Authorized, Device, Issued, Pushed, Registered};

impl Entry {
    /// Whether it is refused or told of nothing once the client is off: all but a resource server that reads tokens.
    pub fn is_for_clients(&self) -> bool {
        self.name != "present the access token"
    }
}

const ALWAYS: &[Stage] = &[Pushed, Asked, Authorized, Issued, Device];
const BY_REDIRECT: &[Stage] = &[Pushed, Asked, Authorized, Issued];

const fn entry(
    name: &'static str,
    stages: &'static [Stage],
    role: Role,
    presents: Presents,
    start: fn(&'static Scene, usize, Timestamp) -> Next,
) -> Entry {
    Entry { name, stages, role, presents, start }
}

pub const ENTRIES: &[Entry] = &[
    entry("push", &[Pushed], Role::Opens, Nothing, |s, seed, now| {
        hold(s.server.push(s.form("push"), moment(10 + seed, now)))
    }),
    entry("open the pushed request", &[Pushed], Role::Tells, Presents::Request, |s, _, now| open(s, &s.opened, now)),
    entry("open it as another client", &[Pushed], Role::Harmless, Presents::Request, |s, _, now| {
        open(s, &s.opened_by_another, now)
    }),
    entry("open the request itself", &[Pushed], Role::Harmless, Nothing, |s, _, now| open(s, &s.unpushed, now)),
    entry("approve the pushed request", &[Pushed], Role::Approve, Presents::Request, approve),
    entry("deny the pushed request", &[Pushed], Role::Deny, Presents::Request, |s, _, now| {
        hold(s.prompt.clone().deny(&s.server, moment(1, now)))
    }),
    entry("answer the pushed request without a page", &[Pushed], Role::Deny, Presents::Request, |s, _, now| {
        hold(s.prompt.clone().refuse(&s.server, Interaction::Login, moment(1, now)))
    }),
    entry("start another device", &[Device], Role::Opens, Nothing, |s, seed, now| {
        hold(s.server.authorize_device(s.form("device"), moment(10 + seed, now)))
    }),
    entry("enter the user code", &[Device], Role::Tells, Presents::Request, |s, seed, now| {
        hold(s.server.verify_user_code(&s.devices().user_code, moment(10 + seed, now)))
    }),
    entry("approve the device", &[Device], Role::Approve, Presents::Request, |s, _, now| {
        hold(s.devices().prompt.clone().approve(&s.server, approval(), moment(1, now)))
    }),
    entry("deny the device", &[Device], Role::Deny, Presents::Request, |s, _, now| {
        hold(s.devices().prompt.clone().deny(&s.server, moment(1, now)))
    }),
    entry("approve another device", &[Device], Role::Opens, Nothing, |s, seed, now| {
        let mallory = Approval::by(Subject::parse(MALLORY).unwrap());
        hold(s.devices().another.clone().approve(&s.server, mallory, moment(10 + seed, now)))
    }),
    entry("poll", &[Device], Role::Exchange, Code, |s, seed, now| token(s, "poll", seed, now)),
    entry("poll as another client", &[Device], Role::Harmless, Code, |s, seed, now| {
        token(s, "poll by another", seed, now)
    }),
    entry("approve", &[Asked], Role::Approve, Nothing, approve),
    entry("exchange", BY_REDIRECT, Role::Exchange, Code, |s, seed, now| token(s, "exchange", seed, now)),
    entry("exchange with another verifier", BY_REDIRECT, Role::Harmless, Code, |s, seed, now| {
        token(s, "stolen", seed, now)
    }),
    entry("refresh", &[Issued, Registered], Role::Refresh, RefreshToken, |s, seed, now| token(s, "refresh", seed, now)),
    entry("refresh by another client", &[Issued], Role::Harmless, RefreshToken, |s, seed, now| {
        token(s, "refresh by another", seed, now)
    }),
    entry("revoke the refresh token", &[Issued], Role::RevokeGrant, RefreshToken, |s, seed, now| {
        hold(s.server.revoke(s.form("revoke refresh"), moment(10 + seed, now)))
    }),
    entry("revoke the access token", &[Issued], Role::RevokeAccess, AccessToken, |s, seed, now| {
        hold(s.server.revoke(s.form("revoke access"), moment(10 + seed, now)))
    }),
    entry("log the application out", ALWAYS, Role::RevokeGrant, Nothing, |s, _, _| {
        Next::Paused(Box::new(LogOut(s.grant)))
    }),
    entry("introspect the access token", &[Issued, Registered], Role::Tells, AccessToken, |s, seed, now| {
        hold(s.server.introspect(s.form("introspect access"), moment(10 + seed, now)))
    }),
    entry("present the access token", &[Issued, Registered], Role::Tells, AccessToken, |s, _, now| s.present(now)),
    entry("introspect the refresh token", &[Issued], Role::Tells, RefreshToken, |s, seed, now| {
        hold(s.server.introspect(s.form("introspect refresh"), moment(10 + seed, now)))
    }),
    entry("update the registration", &[Registered], Role::Updates, Nothing, |s, seed, now| {
        registration::configure(s, "update registration", seed, now)
    }),
    entry("delete the registration", &[Registered], Role::Deletes, Nothing, registration::delete),
    entry("read the registration", &[Registered], Role::Tells, Nothing, |s, seed, now| {
        registration::configure(s, "read registration", seed, now)
    }),
    entry("approve an implicit grant", &[Asked], Role::Opens, Nothing, |s, seed, now| {
        hold(s.implicit.clone().approve(&s.server, approval(), moment(10 + seed, now)))
    }),
    entry("client credentials", &[Asked], Role::Opens, Nothing, |s, seed, now| {
        token(s, "client credentials", seed, now)
    }),
    entry("password", &[Asked], Role::Opens, Nothing, |s, seed, now| token(s, "password", seed, now)),
    entry("extension grant", &[Asked], Role::Opens, Nothing, |s, seed, now| token(s, "extension", seed, now)),
];

/// What is asked for, the same each time but for the randomness.
pub fn moment(seed: usize, now: Timestamp) -> Moment {
    Moment::new(now, &mut Counter(seed as u64))
}

/// Who enters the user code of the device, and who enters another one's.
pub const ALICE: &str = "alice";
pub const MALLORY: &str = "mallory";

pub fn approval() -> Approval {
    Approval::by(Subject::parse(ALICE).unwrap())
}

/// The prompt leads to the same code, whoever approves it.
fn approve(scene: &'static Scene, _: usize, now: Timestamp) -> Next {
    hold(scene.prompt.clone().approve(&scene.server, approval(), moment(1, now)))
}

fn open(scene: &'static Scene, request: &'static Request<&'static str>, now: Timestamp) -> Next {
    hold(scene.server.authorize(request, moment(0, now)))
}

fn token(scene: &'static Scene, form: &str, seed: usize, now: Timestamp) -> Next {
    hold(scene.server.token(scene.form(form), moment(10 + seed, now)))
}

/// The host ends the grant by a commit of its own.
#[derive(Clone)]
struct LogOut(GrantId);

impl Paused for LogOut {
    fn fork(&self) -> Box<dyn Paused> {
        Box::new(self.clone())
    }
    fn name(&self) -> String {
        "LogOut".to_owned()
    }
    fn asks(&self) -> Asks {
        Asks::Commit(Commit::of(Change::Revoke(self.0)))
    }
    fn debug(&self) -> String {
        format!("{:?}", self.asks())
    }
    fn tell(self: Box<Self>, told: Told) -> Next {
        let is_done = matches!(told, Told::Outcome(Outcome::Applied));
        Next::Done(Observed {
            status: if is_done { 200 } else { 503 },
            error: (!is_done).then(|| "server_error".to_owned()),
            event: "LoggedOut".to_owned(),
            ..Observed::default()
        })
    }
}
