//! The invariants of design §7, at every state and at every reply. 6 holds by type: a machine that may not write has no `Commit`.

use grantor::model::Key;
use grantor::store::{Change, Commit};

use crate::faults::Fault;
use crate::model::id;
use crate::paused::Observed;
use crate::scene::{Role, Stage, clock};
use crate::search::{At, Found, Request, Schedule, State, truly_alive};

fn ensure(holds: bool, invariant: u8, what: impl FnOnce() -> String) -> Result<(), Found> {
    if holds { Ok(()) } else { Err((invariant, what())) }
}

/// What must hold in a state.
pub fn check(schedule: &Schedule, state: &State) -> Result<(), Found> {
    spent_once(schedule, state)?;
    replay_ends_the_grant(schedule, state)?;
    nothing_outlives_revocation(schedule, state)?;
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

/// 1. A credential is spent at most once.
fn spent_once(schedule: &Schedule, state: &State) -> Result<(), Found> {
    ensure(state.model.spends.values().all(|times| *times <= 1), 1, || "a credential was spent twice".to_owned())?;
    let with_tokens = |role| done(schedule, state, role).filter(|(.., observed)| !observed.secrets.is_empty()).count();
    let exchanged = with_tokens(Role::Exchange) + usize::from(schedule.scene.stage == Stage::Issued);
    ensure(exchanged <= 1, 1, || "a code was exchanged twice".to_owned())?;
    let refreshed_twice = schedule.scene.grace.is_zero() && with_tokens(Role::Refresh) > 1;
    ensure(!refreshed_twice, 1, || "a refresh token was exchanged twice, without a grace".to_owned())
}

/// 2. After a valid replay, no credential of the grant works.
fn replay_ends_the_grant(schedule: &Schedule, state: &State) -> Result<(), Found> {
    let grant_lives = state.model.alive(state.now()).any(|presented| presented.grant.id == schedule.scene.grant);
    for (index, request, observed) in done(schedule, state, Role::Exchange) {
        ensure(observed.event != "Replayed" || !grant_lives, 2, || {
            "a replay was noticed, and the grant lives".to_owned()
        })?;
        // A sound request for a code that was out when it came, and that somebody else used, or had used: it is a replay, unless it came
        // too late or nobody could say.
        let code_was_out = schedule.scene.stage != Stage::Asked
            || done(schedule, state, Role::Approve)
                .any(|(approve, _, observed)| request.after & 1 << approve != 0 && !observed.secrets.is_empty());
        let other_succeeded = schedule.scene.stage == Stage::Issued
            || done(schedule, state, Role::Exchange)
                .any(|(other, _, observed)| other != index && !observed.secrets.is_empty());
        let is_replay = code_was_out && other_succeeded && observed.secrets.is_empty();
        let in_time = code_is_young(schedule, state, request) && !request.had_outage && !request.host_refused;
        ensure(!(is_replay && in_time && grant_lives), 2, || "a code was replayed, and the grant lives".to_owned())?;
    }
    Ok(())
}

/// Whether the code had not ended when this request came.
fn code_is_young(schedule: &Schedule, state: &State, request: &Request) -> bool {
    let presented = state.model.presented(Key::of(&schedule.scene.code).unwrap());
    presented.is_some_and(|presented| !presented.credential.expires_at.is_past(clock(request.came, None)))
}

/// 3. Nothing issued outlives its grant's revocation, or its own.
fn nothing_outlives_revocation(schedule: &Schedule, state: &State) -> Result<(), Found> {
    let undead = state.model.alive(state.now()).find(|presented| state.model.revoked.contains(&presented.grant.id));
    ensure(undead.is_none(), 3, || format!("a credential outlives its grant: {:?}", undead.map(|it| it.credential)))?;
    let discarded = done(schedule, state, Role::RevokeAccess).any(|(.., observed)| observed.status == 200);
    let access_token = Key::of(&schedule.scene.access_token).unwrap();
    let lives = discarded && truly_alive(&state.model, access_token, state.now());
    ensure(!lives, 3, || "a token lives that was given up".to_owned())?;
    for (_, request, observed) in done(schedule, state, Role::Tells) {
        ensure(!(observed.active && request.token_was_dead), 3, || "a dead token was called active".to_owned())?;
    }
    Ok(())
}

/// 8. A grant is revoked by whoever may, by replay, or by the reuse of a refresh token outside its grace: never for a lost race.
fn nobody_revokes_without_cause(schedule: &Schedule, state: &State) -> Result<(), Found> {
    if !state.model.revoked.contains(&schedule.scene.grant) {
        return Ok(());
    }
    let came = |role| {
        let requests = state.requests.iter().zip(&schedule.entries);
        requests.filter(move |(request, entry)| entry.role == role && !matches!(request.at, At::Outside))
    };
    let asked = came(Role::RevokeGrant).next().is_some();
    let replayed = came(Role::Exchange).count() + usize::from(schedule.scene.stage == Stage::Issued) > 1;
    let reused = came(Role::Refresh).any(|(request, _)| {
        let now = clock(request.came, None);
        request.saw_spent.is_some_and(|at| at.after(schedule.scene.grace) <= now)
    });
    ensure(asked || replayed || reused, 8, || "the grant was revoked without a cause".to_owned())
}

/// What must hold of a reply, when it goes out.
pub fn reply(schedule: &Schedule, state: &State, index: usize, observed: &Observed) -> Result<(), Found> {
    let request = &state.requests[index];
    // 5. After an outage, a failure, and no token.
    if request.had_outage {
        let is_failure = observed.status == 503 || matches!(observed.error.as_deref(), Some("server_error"));
        let promises = schedule.fault == Some(Fault::OutageSaysApplied);
        ensure(promises || (is_failure && observed.secrets.is_empty()), 5, || {
            format!("after an outage: {observed:?}")
        })?;
    }
    // 4. What is promised was written.
    for secret in &observed.secrets {
        let was_issued = Key::of(secret).is_some_and(|key| state.model.issued.contains(&id(key)));
        ensure(was_issued, 4, || "a token went out that was never stored".to_owned())?;
    }
    // 3. What has expired buys nothing.
    let role = schedule.entries[index].role;
    let too_late = role == Role::Exchange && !code_is_young(schedule, state, request);
    ensure(!too_late || observed.secrets.is_empty(), 3, || "a code was exchanged after its end".to_owned())?;
    // 7. No secret in an event.
    let texts = format!("{}{}", observed.event, observed.error.as_deref().unwrap_or_default());
    let told = schedule.scene.secrets().into_iter().find(|secret| texts.contains(secret));
    ensure(told.is_none(), 7, || "an event tells a secret".to_owned())?;
    // 4. What was said to be done is done.
    let is_done = observed.status == 200 && matches!(role, Role::RevokeGrant);
    let revoked = Commit::of(Change::Revoke(schedule.scene.grant));
    let was_there = schedule.scene.stage == Stage::Issued;
    ensure(!(is_done && was_there) || state.model.shows(&revoked), 4, || "a revocation was forgotten".to_owned())
}
