//! The invariants of SECURITY.md, at every state, commit and reply. 6 holds by type: a machine that may not write has
//! no `Commit`. 7 and 9 are those of each step, in `steps.rs`. Time is compared here in plain numbers, not by the
//! functions that the machines use.

use grantor::model::Key;
use grantor::record::CredentialKind;
use grantor::store::{Change, Commit, Presented};

use crate::entries::{ALICE, Presents, Role};
use crate::model::{id, truly_alive};
use crate::paused::Observed;
use crate::scene::{
    ACCESS_TOKEN_LIFE, CODE_LIFE, DEVICE_LIFE, MAX_RETRIES, REFRESH_TOKEN_LIFE, REQUEST_LIFE, Stage, TIMES,
};
use crate::schedule::Schedule;
use crate::search::{Broken, Request, State};
use crate::steps::At;

fn ensure(holds: bool, invariant: u8, what: impl FnOnce() -> String) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err((invariant, what())) }
}

/// What must hold in a state.
pub fn check(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    spent_once(schedule, state)?;
    replay_ends_the_grant(schedule, state)?;
    nothing_outlives_revocation(schedule, state)?;
    reuse_ends_the_grant(schedule, state)?;
    deletion_is_final(schedule, state)?;
    nobody_revokes_without_cause(schedule, state)
}

fn done<'a>(
    schedule: &'a Schedule,
    state: &'a State,
    role: Role,
) -> impl Iterator<Item = (usize, &'a Request, &'a Observed)> {
    state.requests.iter().enumerate().filter_map(move |(index, request)| match &request.at {
        At::Done(observed) if schedule.entries[index].role == role => Some((index, request, &**observed)),
        _ => None,
    })
}

fn grant_lives(schedule: &Schedule, state: &State) -> bool {
    state.model.alive(schedule.scene.grant, state.now()).next().is_some()
}

/// 1. A credential is spent at most once.
fn spent_once(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    ensure(state.model.spends.values().all(|times| *times <= 1), 1, || "a credential was spent twice".to_owned())?;
    let with_tokens = |role| done(schedule, state, role).filter(|(.., observed)| !observed.secrets.is_empty()).count();
    ensure(state.model.decisions.values().all(|times| *times <= 1), 1, || "a request was spent twice".to_owned())?;
    let exchanged = with_tokens(Role::Exchange) + usize::from(schedule.scene.stage.is_issued());
    ensure(exchanged <= 1, 1, || "a code was exchanged twice".to_owned())?;
    let decided = |role| done(schedule, state, role).filter(|(.., observed)| is_decision(observed)).count();
    let decided = decided(Role::Approve) + decided(Role::Deny);
    ensure(schedule.scene.request.is_none() || decided <= 1, 1, || "a request was decided twice".to_owned())?;
    let retries = if schedule.scene.setting.grace == 0 { 0 } else { MAX_RETRIES as usize };
    ensure(with_tokens(Role::Refresh) <= 1 + retries, 1, || {
        "a refresh token was exchanged more often than it may be".to_owned()
    })
}

fn is_approval(observed: &Observed) -> bool {
    observed.event == "Authorized"
}

/// Whether somebody was told that they have decided.
fn is_decision(observed: &Observed) -> bool {
    is_approval(observed) || matches!(observed.error.as_deref(), Some("access_denied" | "login_required"))
}

/// 2. After a valid replay, no credential of the grant works.
fn replay_ends_the_grant(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    let is_noticed =
        state.requests.iter().any(|request| matches!(&request.at, At::Done(observed) if observed.event == "Replayed"));
    ensure(!(is_noticed && grant_lives(schedule, state)), 2, || {
        "a replay was noticed, and the grant lives".to_owned()
    })?;
    for (index, request, observed) in done(schedule, state, Role::Exchange) {
        // A sound request for a code that was out when it came, and that somebody else used, or had used: it is a
        // replay, unless it came too late or nobody could say.
        let code_was_out = matches!(schedule.scene.stage, Stage::Authorized | Stage::Issued)
            || done(schedule, state, Role::Approve)
                .any(|(approve, _, observed)| request.after & 1 << approve != 0 && is_approval(observed));
        let other_succeeded = schedule.scene.stage.is_issued()
            || done(schedule, state, Role::Exchange)
                .any(|(other, _, observed)| other != index && !observed.secrets.is_empty());
        let is_replay = code_was_out && other_succeeded && observed.secrets.is_empty();
        let in_time = presented(schedule, state, index).is_some_and(|code| !had_ended(&code, request));
        let is_answered = in_time && !request.had_outage && !request.host_refused;
        ensure(!(is_replay && is_answered && grant_lives(schedule, state)), 2, || {
            "a code was replayed, and the grant lives".to_owned()
        })?;
    }
    Ok(())
}

/// What a request presents, as it stands now.
fn presented(schedule: &Schedule, state: &State, index: usize) -> Option<Presented> {
    state.model.presented(schedule.scene.key(schedule.entries[index].presents)?)
}

/// Whether it had ended when the request came.
fn had_ended(presented: &Presented, request: &Request) -> bool {
    presented.credential.expires_at.0 <= request.came.0
}

/// 3. Nothing issued outlives its grant's revocation, or its own.
fn nothing_outlives_revocation(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    for grant in &state.model.revoked {
        let undead = state.model.alive(*grant, state.now()).next();
        ensure(undead.is_none(), 3, || format!("a credential outlives its grant: {undead:?}"))?;
    }
    let discarded = done(schedule, state, Role::RevokeAccess).any(|(.., observed)| observed.status == 200);
    let access_token = schedule.scene.key(Presents::AccessToken);
    let lives = || access_token.is_some_and(|key| truly_alive(&state.model, key, state.now()));
    ensure(!(discarded && lives()), 3, || "a token lives that was given up".to_owned())?;
    for (_, request, observed) in done(schedule, state, Role::Tells) {
        ensure(!(observed.active && request.was_dead), 3, || "a dead token was called active".to_owned())?;
    }
    // Once a client was deleted, nothing that knows clients lets it in.
    let is_let_in = |observed: &Observed| observed.active || !observed.secrets.is_empty() || observed.status == 204;
    for (request, entry) in state.requests.iter().zip(&schedule.entries) {
        let At::Done(observed) = &request.at else { continue };
        let is_late = request.was_deleted && entry.is_for_clients();
        ensure(!(is_late && is_let_in(observed)), 3, || format!("{} after the client was deleted", entry.name))?;
    }
    Ok(())
}

/// 4. A client that was deleted stays deleted, whoever else writes its record; and no write is lost.
fn deletion_is_final(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    let Some(client) = state.model.client("app").filter(|_| schedule.scene.stage == Stage::Registered) else {
        return Ok(());
    };
    let was_deleted = state.model.deleted.contains(&client.client_id);
    ensure(!was_deleted || client.disabled, 4, || "a deleted client came back".to_owned())?;
    let told = done(schedule, state, Role::Updates).filter(|(.., observed)| observed.status == 200).count();
    ensure(told <= client.revision as usize, 4, || "an update that was confirmed is lost".to_owned())?;
    ensure(client.revision == state.model.client_writes, 4, || "a record was written over another".to_owned())?;
    // 3. What a client was granted ends with it, before it is told so.
    let is_gone = done(schedule, state, Role::Deletes).any(|(.., observed)| observed.status == 204);
    ensure(!(is_gone && grant_lives(schedule, state)), 3, || "a deleted client's grant lives".to_owned())
}

/// 8. A refresh token that is reused after its grace ends the grant.
fn reuse_ends_the_grant(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    // A client that is off is refused before anybody looks at what it presents.
    let is_heard = |request: &Request| is_reuse(schedule, request) && !request.saw_deleted;
    let mut reused = done(schedule, state, Role::Refresh).filter(|(_, request, _)| is_heard(request));
    let is_answered = reused.any(|(_, request, _)| !request.had_outage && !request.host_refused);
    ensure(!(is_answered && grant_lives(schedule, state)), 8, || {
        "a refresh token was reused after its grace, and the grant lives".to_owned()
    })
}

/// Whether a request came with a refresh token that it saw had been spent for as long as the grace.
fn is_reuse(schedule: &Schedule, request: &Request) -> bool {
    let grace = schedule.scene.setting.grace;
    request.saw_spent.is_some_and(|spent_at| spent_at.0 + grace <= request.came.0)
}

/// 8. A grant is revoked by whoever may, by replay, or by the reuse of a refresh token outside its grace: never for a
///    lost race.
fn nobody_revokes_without_cause(schedule: &Schedule, state: &State) -> Result<(), Broken> {
    if !state.model.revoked.contains(&schedule.scene.grant) {
        return Ok(());
    }
    let came = |role| {
        let requests = state.requests.iter().zip(&schedule.entries);
        let came = requests.filter(move |(request, entry)| entry.role == role && !matches!(request.at, At::Outside));
        came.map(|(request, _)| request).filter(|request| !request.host_refused)
    };
    let asked = came(Role::RevokeGrant).chain(came(Role::Deletes)).next().is_some();
    let replayed = came(Role::Exchange).count() + usize::from(schedule.scene.stage.is_issued()) > 1;
    let reused = came(Role::Refresh).any(|request| is_reuse(schedule, request));
    ensure(asked || replayed || reused, 8, || "the grant was revoked without a cause".to_owned())
}

/// What must hold of a commit, when it is asked for.
pub fn commit(schedule: &Schedule, request: &Request, commit: &Commit) -> Result<(), Broken> {
    for change in commit.changes() {
        // 3. What is issued ends in time. The code of a device ends with its request.
        let Change::Issue(credential) = change else { continue };
        let end = match credential.kind {
            CredentialKind::AuthorizationCode(_) if schedule.scene.stage == Stage::Device => TIMES[0] + DEVICE_LIFE,
            CredentialKind::AuthorizationCode(_) => request.came.0 + CODE_LIFE,
            CredentialKind::AccessToken(_) => request.came.0 + ACCESS_TOKEN_LIFE,
            _ => request.came.0 + REFRESH_TOKEN_LIFE,
        };
        let lives_on = credential.expires_at.0 > end;
        ensure(!lives_on, 3, || format!("a credential lives for too long: {credential:?}"))?;
    }
    Ok(())
}

/// What must hold of a reply, when it goes out.
pub fn reply(schedule: &Schedule, state: &State, index: usize, observed: &Observed) -> Result<(), Broken> {
    let (request, entry) = (&state.requests[index], schedule.entries[index]);
    // 5. After an outage, a failure, and no token.
    if request.had_outage {
        let is_failure = observed.status == 503 || matches!(observed.error.as_deref(), Some("server_error"));
        ensure(is_failure && observed.secrets.is_empty(), 5, || format!("after an outage: {observed:?}"))?;
    }
    // 4. What is promised was written.
    for secret in &observed.secrets {
        let was_issued = Key::of(secret).is_some_and(|key| state.model.issued.contains(&id(key)));
        ensure(was_issued, 4, || "a token went out that was never stored".to_owned())?;
    }
    if let Some(presented) = presented(schedule, state, index).filter(|_| !observed.secrets.is_empty()) {
        // 3. What has ended buys nothing.
        ensure(!had_ended(&presented, request), 3, || format!("{} after the end of what was presented", entry.name))?;
        // 1. Nor does what was spent, but for a refresh token within its grace.
        // (What it spent itself, it spent in the second in which it came.)
        let grace = schedule.scene.setting.grace.max(1);
        let is_late = presented.spent_at.is_some_and(|spent_at| spent_at.0 + grace <= request.came.0);
        ensure(entry.role != Role::Refresh || !is_late, 1, || {
            "a refresh token bought tokens after its grace".to_owned()
        })?;
    }
    // 8. Nothing from the future is within the grace, and nobody's tokens die of a clock that is behind.
    let spent_at = presented(schedule, state, index).and_then(|presented| presented.spent_at);
    let is_from_behind = entry.role == Role::Refresh && spent_at.is_some_and(|spent_at| spent_at > request.came);
    let is_heeded = !observed.secrets.is_empty() || observed.event == "Replayed";
    ensure(!is_from_behind || !is_heeded, 8, || "a clock that is behind was believed".to_owned())?;
    if let Some(key) = schedule.scene.request.filter(|_| entry.presents == Presents::Request) {
        // 4. What was decided is decided.
        let (is_decided, spent) = (is_decision(observed), &state.model.decisions);
        ensure(!is_decided || spent.contains_key(&id(key)), 4, || "a decision spent nothing".to_owned())?;
        // 3. What has ended cannot be decided.
        let life = if schedule.scene.stage == Stage::Device { DEVICE_LIFE } else { 2 * REQUEST_LIFE };
        let has_ended = request.came.0 >= TIMES[0] + life;
        ensure(!(is_decided && has_ended), 3, || "a request was decided after its end".to_owned())?;
        // 12. What was pushed, or asked by the device, is what is asked for.
        let is_same = || observed.body == schedule.scene.asks();
        ensure(!observed.active || is_same(), 12, || "the browser changed what was pushed".to_owned())?;
    }
    if schedule.scene.stage == Stage::Device && entry.role == Role::Exchange {
        // 13. The device gets what the person granted who entered its user code.
        let key = observed.secrets.first().and_then(|secret| Key::of(secret));
        let subject = key.and_then(|key| state.model.presented(key)?.grant.subject.clone());
        let is_theirs = subject.is_none_or(|subject| subject.as_str() == ALICE);
        ensure(is_theirs, 13, || "a device was approved by somebody who entered another code".to_owned())?;
    }
    // 12. A client that must push asks for nothing that it did not push.
    let is_unpushed = entry.role == Role::Harmless && entry.presents == Presents::Nothing;
    ensure(!(is_unpushed && observed.active && schedule.scene.must_push), 12, || {
        "a request that was not pushed was shown".to_owned()
    })?;
    // 4. What was said to be done is done.
    let is_revoked = observed.status == 200 && entry.role == Role::RevokeGrant;
    let is_deleted = observed.status == 204 && entry.role == Role::Deletes;
    let is_done = (is_revoked || is_deleted) && schedule.scene.stage.is_issued();
    let revoked = || state.model.shows(&Commit::of(Change::Revoke(schedule.scene.grant)));
    ensure(!is_done || revoked(), 4, || "a revocation was forgotten".to_owned())
}
