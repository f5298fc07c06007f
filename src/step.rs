//! The step engine: machines, and the pauses at which they wait for an effect. The two drivers are in
//! [`host`](crate::host).
//!
//! A machine is a value. It never calls its host; it stops at a *pause*, which names one *effect* and has one way on,
//! [`Pause::resume`]. Each effect has its own answer type and each pause its own next step, so a wrong answer, a second
//! answer or a skipped check does not compile.
//!
//! ```text
//! request ─▶ Lookup ─▶ (Consult) ─▶ (Fetch) ─▶ (Sign) ─▶ Commit ─▶ reply
//!            read       ask the      ask a      sign a    write
//!            records    host         server     text      all or nothing
//! ```
//!
//! Consulting the host is not one effect but several ([`ClientSecret`], [`Password`], [`Extension`], [`Issuance`],
//! [`Registration`]): each question has an answer type of its own, so that no machine can get the answer to another
//! question.

use std::convert::Infallible;
use std::marker::PhantomData;

use crate::consult::{ClientSecret, Extension, Issuance, Password};
use crate::effect::{Answer, Effect};
use crate::fetch::Fetch;
use crate::registration::Registration;
use crate::sign::Sign;
use crate::store::{Commit, Lookup};

/// A paused machine that waits for the answer to one effect.
pub trait Pause<E: Effect> {
    /// The machine that is paused.
    type Machine: Machine;

    /// The effect that the machine waits for.
    fn effect(&self) -> &E;

    /// Resumes the machine with the answer.
    fn resume(self, answer: Answer<E>) -> Step<Self::Machine>;
}

/// An endpoint's machine: the effects that it may ask for, and its reply.
///
/// An effect that a machine never asks for is [`Absent`], a type without values, so that the machine's type shows what
/// it may do. Implementations are written with the `machine!` macro, which fills in `Absent` for every effect that is
/// not named: an effect can be added to the engine without a change to machines that do not use it.
pub trait Machine: Sized {
    /// Waits for records from the store.
    type Lookup: Pause<Lookup, Machine = Self> + Send + Sync;
    /// Waits for the host to check a client secret that only it can check.
    type ClientSecret: Pause<ClientSecret, Machine = Self> + Send + Sync;
    /// Waits for the host to check a resource owner's password.
    type Password: Pause<Password, Machine = Self> + Send + Sync;
    /// Waits for the host to judge an extension grant.
    type Extension: Pause<Extension, Machine = Self> + Send + Sync;
    /// Waits for the host's last word on the tokens to be issued.
    type Issuance: Pause<Issuance, Machine = Self> + Send + Sync;
    /// Waits for the host's word on a client that registers itself.
    type Registration: Pause<Registration, Machine = Self> + Send + Sync;
    /// Waits for another server's response.
    type Fetch: Pause<Fetch, Machine = Self> + Send + Sync;
    /// Waits for signatures.
    type Sign: Pause<Sign, Machine = Self> + Send + Sync;
    /// Waits for the outcome of a commit.
    type Commit: Pause<Commit, Machine = Self> + Send + Sync;
    /// The result of the machine.
    type Reply: Send;
}

/// Implements [`Machine`] from the effects of a machine; every other effect is [`Absent`].
macro_rules! machine {
    ($(#[$doc:meta])* $machine:ident $(<$life:lifetime>)? {
        $(Lookup = $lookup:ty,)?
        $(ClientSecret = $client_secret:ty,)?
        $(Password = $password:ty,)?
        $(Extension = $extension:ty,)?
        $(Issuance = $issuance:ty,)?
        $(Registration = $registration:ty,)?
        $(Fetch = $fetch:ty,)?
        $(Sign = $sign:ty,)?
        $(Commit = $commit:ty,)?
        Reply = $reply:ty,
    }) => {
        $(#[$doc])*
        #[allow(missing_debug_implementations, reason = "a type without values prints nothing")]
        pub struct $machine $(<$life>)? (std::convert::Infallible $(, std::marker::PhantomData<&$life ()>)?);

        impl $(<$life>)? $crate::step::Machine for $machine $(<$life>)? {
            type Lookup = $crate::step::machine!(@ $($lookup)?);
            type ClientSecret = $crate::step::machine!(@ $($client_secret)?);
            type Password = $crate::step::machine!(@ $($password)?);
            type Extension = $crate::step::machine!(@ $($extension)?);
            type Issuance = $crate::step::machine!(@ $($issuance)?);
            type Registration = $crate::step::machine!(@ $($registration)?);
            type Fetch = $crate::step::machine!(@ $($fetch)?);
            type Sign = $crate::step::machine!(@ $($sign)?);
            type Commit = $crate::step::machine!(@ $($commit)?);
            type Reply = $reply;
        }
    };
    (@) => { $crate::step::Absent<Self> };
    (@ $pause:ty) => { $pause };
}
pub(crate) use machine;

/// The state of a machine: paused at an effect, or done.
#[must_use = "a machine does nothing until it is driven to its reply"]
#[allow(missing_debug_implementations, reason = "pauses hold what was presented to the server")]
#[allow(clippy::large_enum_variant, reason = "states are stored inline; the engine allocates nothing")]
pub enum Step<M: Machine> {
    /// Read these records.
    Lookup(M::Lookup),
    /// Check this client secret.
    ClientSecret(M::ClientSecret),
    /// Check this password.
    Password(M::Password),
    /// Judge this extension grant.
    Extension(M::Extension),
    /// Allow, narrow or refuse the tokens to be issued.
    Issuance(M::Issuance),
    /// Register this client, or refuse it.
    Registration(M::Registration),
    /// Send this HTTP request.
    Fetch(M::Fetch),
    /// Sign these texts.
    Sign(M::Sign),
    /// Write these changes, all or none.
    Commit(M::Commit),
    /// The reply.
    Done(M::Reply),
}

/// The pause of an effect that a machine never asks for. It has no values, so its arm in a `match` on [`Step`] can be
/// left out, even when the engine gains further effects.
#[allow(missing_debug_implementations, reason = "a type without values prints nothing")]
pub enum Absent<M> {
    #[doc(hidden)]
    Never(Infallible, PhantomData<fn() -> M>),
}

impl<M> Clone for Absent<M> {
    fn clone(&self) -> Self {
        match *self {
            Self::Never(never, _) => match never {},
        }
    }
}

impl<E: Effect, M: Machine> Pause<E> for Absent<M> {
    type Machine = M;

    fn effect(&self) -> &E {
        match *self {
            Self::Never(never, _) => match never {},
        }
    }

    fn resume(self, _: Answer<E>) -> Step<M> {
        match self {}
    }
}
