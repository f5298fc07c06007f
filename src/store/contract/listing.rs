//! The rules of [`GrantStore`]: living grants are listed, and the selected ones are revoked.

use super::records::{
    client, client_id, credential, credentials_of_every_kind, discard, grant, grant_id, issue_as, key, open_as, put_as,
    registration, revoke, spend,
};
use super::trial::{Rule, Trial};
use crate::model::{Scope, Subject, Timestamp};
use crate::record::{Client, Credential, CredentialKind, DynamicRegistration, Grant};
use crate::store::{Application, Change, GrantCursor, GrantStore, GrantsOf, HeldGrant};

pub(super) fn rules<S: GrantStore>() -> Vec<Rule<S>> {
    vec![
        ("a living grant is listed, with what it holds", listed_with_what_it_holds),
        (
            "what is spent, discarded or expired is not counted, and a grant without the rest is not listed",
            only_the_living,
        ),
        ("a revoked grant is not listed", |t| {
            let logged_in = t.applied(login(1, "alice", "app")) && t.applied(login(2, "alice", "app"));
            logged_in && t.applied([revoke(1)]) && t.listed(&alice()) == [2]
        }),
        ("grants are listed by client id and then by grant id, in the order of bytes", |t| {
            let clients = [(5, "a"), (4, "ab"), (3, "B"), (2, "ab"), (1, "a"), (300, "B")];
            let logged_in = clients.into_iter().all(|(number, client)| t.applied(login(number, "alice", client)));
            logged_in && t.listed(&alice()) == [3, 300, 1, 5, 2, 4]
        }),
        ("a page has so many grants, and the next one goes on where it ended", goes_on_page_by_page),
        ("grants are listed by subject, by client, and by both", |t| {
            let logins = [(1, "alice", "app"), (2, "alice", "mail"), (3, "bob", "app"), (4, "bob", "mail")];
            let logged_in =
                logins.into_iter().all(|(number, subject, client)| t.applied(login(number, subject, client)));
            logged_in
                && t.listed(&alice()) == [1, 2]
                && t.listed(&of_client("app")) == [1, 3]
                && t.listed(&of_both("alice", "app")) == [1]
                && t.listed(&of_both("carol", "app")).is_empty()
        }),
        ("subjects and client ids are compared byte for byte", |t| {
            let subjects = ["jürgen", "Jürgen", "ju\u{308}rgen", "jürgen ", "JÜRGEN"];
            let by_subject = (1..).zip(subjects).all(|(number, subject)| t.applied(login(number, subject, "app")));
            let clients = ["app ", "App", "APP", "ap"];
            let by_client = (10..).zip(clients).all(|(number, client)| t.applied(login(number, "bob", client)));
            let each = (1..).zip(subjects).all(|(number, it)| t.listed(&GrantsOf::Subject(subject(it))) == [number]);
            by_subject
                && by_client
                && each
                && (10..).zip(clients).all(|(number, it)| t.listed(&of_client(it)) == [number])
        }),
        ("a grant of a client that acts for itself is listed for the client", |t| {
            let itself = Grant { subject: None, ..granted(1, "alice", "app") };
            let issued = t.applied([open_as(itself), issue_as(credential(1, 1))]);
            issued && t.listed(&of_client("app")) == [1] && t.listed(&alice()).is_empty()
        }),
        ("a grant with nothing but a code is listed, and is no application yet", |t| {
            let [code, token, _] = credentials_of_every_kind(1);
            let opened = t.applied([open_as(granted(1, "alice", "app")), issue_as(code)]);
            let is_code = t.held(&alice(), None, 10).iter().all(HeldGrant::is_only_code) && t.listed(&alice()) == [1];
            let none_yet = t.applications("alice", None, 10).is_empty();
            opened
                && is_code
                && none_yet
                && t.applied([issue_as(token)])
                && t.applications("alice", None, 10).len() == 1
        }),
        ("an application is one line, however often its user logged in", one_line_for_several_logins),
        ("an application has the name of its client as it is now", named_as_its_client),
        ("applications are paged by client, with all grants of each", pages_applications),
        ("revoking ends the grants that are meant, and no others", revokes_what_is_meant),
        ("revoking goes on after a page, ends codes too, and may be repeated", revokes_page_by_page),
    ]
}

impl<S: GrantStore> Trial<'_, S> {
    fn held(&self, of: &GrantsOf, after: Option<&GrantCursor>, limit: usize) -> Vec<HeldGrant> {
        let held = self.answer(self.store.held_grants(of, after, limit, NOW), Vec::new());
        let numbers: Vec<_> = held.iter().map(number).collect();
        self.tell_of(format_args!("at most {limit} grants of {of:?} after {after:?}: {numbers:?}"));
        held
    }

    /// Returns the numbers of the grants that are listed.
    fn listed(&self, of: &GrantsOf) -> Vec<u16> {
        self.held(of, None, 50).iter().map(number).collect()
    }

    fn applications(&self, of: &str, after: Option<&str>, limit: usize) -> Vec<Application> {
        let after = after.map(client_id);
        let lines = self.answer(self.store.applications(&subject(of), after.as_ref(), limit, NOW), Vec::new());
        let names: Vec<_> = lines.iter().map(|line| (line.client_id.as_str(), line.grants)).collect();
        self.tell_of(format_args!("at most {limit} applications of {of} after {after:?}: {names:?}"));
        lines
    }

    fn revoke_grants(&self, of: &GrantsOf) -> usize {
        let revoked = self.answer(self.store.revoke_grants(of, NOW), usize::MAX);
        self.tell_of(format_args!("{revoked} grants of {of:?} were revoked"));
        revoked
    }
}

fn listed_with_what_it_holds<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let [code, token, refresh] = credentials_of_every_kind(1);
    let other = Credential { key: key(1, 4), expires_at: Timestamp(1200), ..token.clone() };
    let last = Credential { expires_at: Timestamp(1500), ..refresh };
    let none = t.listed(&alice()).is_empty();
    let opened = t.applied([open_as(granted(1, "alice", "app"))]);
    let none_yet = t.listed(&alice()).is_empty();
    let issued = t.applied([code, last, token, other].map(issue_as));
    let held = t.held(&alice(), None, 10);
    let [held] = held.as_slice() else { return false };
    let counts = (held.authorization_codes, held.access_tokens, held.refresh_tokens);
    let is_right =
        *held.grant == granted(1, "alice", "app") && held.expires_at == Timestamp(1500) && !held.is_only_code();
    none && opened && none_yet && issued && is_right && counts == (1, 2, 1)
}

/// A grant that expires now counts as expired.
fn only_the_living<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let token = |grant, number, end| issue_as(Credential { expires_at: Timestamp(end), ..credential(grant, number) });
    let first = [
        token(1, 1, 99),
        token(1, 2, 100),
        token(1, 3, 101),
        token(1, 4, 200),
        token(1, 5, 300),
        token(1, 6, u64::MAX),
    ];
    let opened = t.applied(std::iter::once(open_as(granted(1, "alice", "app"))).chain(first));
    let dead = t.applied([open_as(granted(2, "alice", "app")), token(2, 1, 100), token(2, 2, 1000), spend(2, 2, 50)]);
    let spent = t.applied([spend(1, 4, 50), discard(1, 5)]);
    let held = t.held(&alice(), None, 10);
    let [held] = held.as_slice() else { return false };
    let ends_late = held.expires_at >= Timestamp(i64::MAX.unsigned_abs());
    opened && dead && spent && number(held) == 1 && held.access_tokens == 2 && ends_late
}

fn goes_on_page_by_page<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let clients = [(1, "app"), (2, "mail"), (3, "app"), (4, "mail"), (5, "mail")];
    let logged_in = clients.into_iter().all(|(number, client)| t.applied(login(number, "alice", client)));
    let mut pages = Vec::new();
    let mut after = None;
    for _ in 0..4 {
        let page = t.held(&alice(), after.as_ref(), 2);
        after = page.last().map(|held| GrantCursor::of(&held.grant)).or(after);
        pages.push(page.iter().map(number).collect::<Vec<_>>());
    }
    // The cursor is a place in the order, with or without a grant there.
    let between = GrantCursor { client_id: client_id("app2"), grant: grant_id(0) };
    let rest: Vec<_> = t.held(&alice(), Some(&between), 2).iter().map(number).collect();
    let in_client: Vec<_> = t.held(&of_both("alice", "mail"), Some(&between), 1).iter().map(number).collect();
    logged_in && pages == [vec![1, 3], vec![2, 4], vec![5], vec![]] && rest == [2, 4] && in_client == [2]
}

fn one_line_for_several_logins<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let logins = [(3, "read write", 30), (1, "write mail", 10), (2, "read", 20)];
    let logged_in = logins.into_iter().all(|(number, scope, at)| {
        let granted = granted(number, "alice", "app");
        let opened = Grant { scope: parse(scope), issued_at: Timestamp(at), ..granted };
        let token = credential(number, 1);
        let refresh = Credential {
            kind: CredentialKind::RefreshToken,
            expires_at: Timestamp(token.expires_at.0 + u64::from(number)),
            ..credential(number, 2)
        };
        // The second grant has lost its access token.
        let holds = [token, refresh].into_iter().skip(usize::from(number == 2));
        t.applied([open_as(opened)]) && t.applied(holds.map(issue_as).collect::<Vec<_>>())
    });
    let others = t.applied(login(4, "alice", "mail")) && t.applied(login(5, "bob", "app"));
    let lines = t.applications("alice", None, 10);
    let [app, mail] = lines.as_slice() else { return false };
    let times = (app.first_granted_at, app.last_granted_at);
    logged_in
        && others
        && (app.client_id.as_str(), app.grants) == ("app", 3)
        && app.scope == parse("read write mail")
        && times == (Timestamp(10), Timestamp(30))
        && (app.access_tokens, app.refresh_tokens) == (2, 3)
        && app.expires_at == Timestamp(credential(3, 1).expires_at.0 + 3)
        && (mail.client_id.as_str(), mail.grants) == ("mail", 1)
}

/// One of the clients is gone, or is kept elsewhere.
fn named_as_its_client<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let named = |revision, name: &str, is_self_registered| {
        let registration = Some(DynamicRegistration { is_self_registered, ..registration() });
        t.applied([put_as(Client { client_name: Some(name.to_owned()), registration, ..client(revision) })])
    };
    let names = || {
        let lines = t.applications("alice", None, 10);
        lines.into_iter().map(|line| (line.client_name, line.client_is_self_registered)).collect::<Vec<_>>()
    };
    let is = |name: &str, is_self_registered| [(Some(name.to_owned()), is_self_registered), (None, false)];
    t.applied(login(1, "alice", "client"))
        && t.applied(login(2, "alice", "gone"))
        && names() == [(None, false), (None, false)]
        && named(0, "Drucker", true)
        && names() == is("Drucker", true)
        && named(1, "Printer", false)
        && names() == is("Printer", false)
}

/// One client has more grants than fit on a page.
fn pages_applications<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let logins = (1..=MANY).map(|number| (number, "many"));
    let clients = [(500, "a"), (501, "b"), (502, "zoo")].into_iter().chain(logins);
    let mut logged_in = clients.map(|(number, client)| t.applied(login(number, "alice", client)));
    let logged_in = logged_in.all(|applied| applied);
    let page = |after, limit| {
        let lines = t.applications("alice", after, limit);
        lines.into_iter().map(|line| (line.client_id.as_str().to_owned(), line.grants)).collect::<Vec<_>>()
    };
    let [a, b, zoo] = ["a", "b", "zoo"].map(|client| (client.to_owned(), 1));
    let many = ("many".to_owned(), usize::from(MANY));
    logged_in
        && page(None, 2) == [a, b.clone()]
        && page(Some("a"), 2) == [b, many.clone()]
        && page(Some("b"), 9) == [many, zoo.clone()]
        && page(Some("many"), 2) == [zoo]
        && page(Some("zoo"), 2).is_empty()
        && page(None, 0).is_empty()
}

fn revokes_what_is_meant<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let logins =
        [(1, "alice", "app"), (2, "alice", "mail"), (3, "bob", "app"), (4, "bob", "mail"), (5, "Alice", "app")];
    let logged_in = logins.into_iter().all(|(number, subject, client)| t.applied(login(number, subject, client)));
    let revoked = || (1..=5).filter(|number| t.revoked(key(*number, 1))).collect::<Vec<_>>();
    logged_in
        && (t.revoke_grants(&of_both("alice", "app")), revoked()) == (1, vec![1])
        && (t.revoke_grants(&of_client("mail")), revoked()) == (2, vec![1, 2, 4])
        && (t.revoke_grants(&alice()), revoked()) == (0, vec![1, 2, 4])
        && t.applied(login(6, "alice", "app"))
        && (t.revoke_grants(&alice()), t.revoked(key(6, 1)), revoked()) == (1, true, vec![1, 2, 4])
}

fn revokes_page_by_page<S: GrantStore>(t: &Trial<'_, S>) -> bool {
    let mut logged_in = (1..=MANY).map(|number| t.applied(login(number, "alice", "app")));
    let logged_in = logged_in.all(|applied| applied);
    let [code, ..] = credentials_of_every_kind(500);
    let opened = t.applied([open_as(granted(500, "alice", "zoo")), issue_as(code.clone())]);
    let first = t.revoke_grants(&alice());
    let all_dead = (1..=MANY).all(|number| t.revoked(key(number, 1))) && t.revoked(code.key);
    logged_in && opened && first == usize::from(MANY) + 1 && all_dead && t.revoke_grants(&alice()) == 0
}

/// The time at which the lists are read.
const NOW: Timestamp = Timestamp(100);

/// A number of grants beyond a page of the provided methods.
const MANY: u16 = 130;

fn alice() -> GrantsOf {
    GrantsOf::Subject(subject("alice"))
}

fn of_client(client: &str) -> GrantsOf {
    GrantsOf::Client(client_id(client))
}

fn of_both(of: &str, client: &str) -> GrantsOf {
    GrantsOf::SubjectAndClient(subject(of), client_id(client))
}

fn subject(text: &str) -> Subject {
    Subject::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

fn parse(scope: &str) -> Scope {
    Scope::parse(scope).unwrap_or_else(|error| panic!("{error}"))
}

fn granted(number: u16, of: &str, client: &str) -> Grant {
    Grant { subject: Some(subject(of)), client_id: client_id(client), ..grant(number) }
}

/// Opens a grant with a refresh token.
fn login(number: u16, of: &str, client: &str) -> [Change; 2] {
    let refresh_token = Credential { kind: CredentialKind::RefreshToken, ..credential(number, 1) };
    [open_as(granted(number, of, client)), issue_as(refresh_token)]
}

fn number(held: &HeldGrant) -> u16 {
    held.grant.id.partition().0
}
