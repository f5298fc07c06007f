//! Time and randomness, which are arguments.

use std::fmt;

use rand_core::{CryptoRng, TryCryptoRng};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroize as _;

use super::Timestamp;

/// The time of a request, and all the randomness that its machine may use. With the same request, moment and answers, a
/// machine gives the same reply.
///
/// The randomness is a small pool, from which a machine draws in the order that its documentation gives.
///
/// It is not `Clone`: two requests with one moment would get the same tokens.
#[cfg_attr(feature = "explore", derive(Clone))]
pub struct Moment {
    now: Timestamp,
    pool: Pool,
}

#[cfg_attr(feature = "explore", derive(Clone))]
struct Pool {
    /// Wide words, because they are wiped with few writes.
    words: [u128; Moment::POOL_LEN / 16],
    drawn: usize,
}

/// The part of the pool, in bytes, that is never dealt out: draws beyond the rest are derived from it.
const KEPT: usize = 32;

impl Moment {
    /// The number of random bytes that a moment takes from its generator.
    pub const POOL_LEN: usize = 112;

    /// Creates the moment of one request from the time and [`POOL_LEN`](Self::POOL_LEN) bytes from a cryptographic
    /// generator that cannot fail: one that runs in your process, such as `rand::rng()`. With the operating system's,
    /// which can, call [`try_new`](Self::try_new).
    ///
    /// ```
    /// use grantor::Moment;
    /// let mut rng = rand_core::UnwrapErr(getrandom::SysRng);
    /// let moment = Moment::new(std::time::SystemTime::now(), &mut rng);
    /// ```
    #[must_use]
    pub fn new(now: impl Into<Timestamp>, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; Self::POOL_LEN];
        rng.fill_bytes(&mut bytes);
        Self { now: now.into(), pool: Pool::of(&bytes) }
    }

    /// The same as [`new`](Self::new) with a generator that can fail, such as the operating system's.
    ///
    /// ```
    /// use grantor::Moment;
    /// let moment = Moment::try_new(std::time::SystemTime::now(), &mut getrandom::SysRng)?;
    /// # Ok::<(), getrandom::Error>(())
    /// ```
    ///
    /// # Errors
    /// The generator's own.
    pub fn try_new<R: TryCryptoRng + ?Sized>(now: impl Into<Timestamp>, rng: &mut R) -> Result<Self, R::Error> {
        let mut bytes = [0; Self::POOL_LEN];
        rng.try_fill_bytes(&mut bytes)?;
        Ok(Self { now: now.into(), pool: Pool::of(&bytes) })
    }

    /// The time of the request.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns another moment of the same time, with a pool that is drawn from this one's: for a machine that starts
    /// other machines.
    pub(crate) fn another(&mut self) -> Self {
        Self { now: self.now, pool: Pool::of(&self.draw()) }
    }

    /// Draws the next `N` random bytes from the pool. When the pool is exhausted, bytes are derived from a part of it
    /// that is never dealt out.
    pub(crate) fn draw<const N: usize>(&mut self) -> [u8; N] {
        let Pool { words, drawn } = &mut self.pool;
        let bytes = words.map(u128::to_ne_bytes);
        let (dealt, kept) = bytes.as_flattened().split_at(Self::POOL_LEN - KEPT);
        let mut next = [0; N];
        let start = *drawn;
        *drawn = start.saturating_add(N);
        match dealt.get(start..*drawn) {
            Some(bytes) => next.copy_from_slice(bytes),
            None => {
                for (block, chunk) in next.chunks_mut(32).enumerate() {
                    let position = [start, block].map(|at| (at as u64).to_be_bytes()).concat();
                    let derived = Sha256::new().chain_update(kept).chain_update(position).finalize();
                    chunk.iter_mut().zip(derived).for_each(|(byte, derived)| *byte = derived);
                }
            }
        }
        next
    }
}

impl Pool {
    fn of(bytes: &[u8; Moment::POOL_LEN]) -> Self {
        let (words, _) = bytes.as_chunks();
        let mut pool = Self { words: [0; Moment::POOL_LEN / 16], drawn: 0 };
        pool.words.iter_mut().zip(words).for_each(|(word, bytes)| *word = u128::from_ne_bytes(*bytes));
        pool
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moment").field("now", &self.now).field("entropy", &"[redacted]").finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment() -> Moment {
        Moment { now: Timestamp(0), pool: Pool::of(&std::array::from_fn(|at| at as u8)) }
    }

    #[test]
    fn draws_are_dealt_in_order() {
        let mut moment = moment();
        assert_eq!(moment.draw::<2>(), [0, 1]);
        assert_eq!(moment.draw::<3>(), [2, 3, 4]);
        assert_eq!(moment.draw::<74>()[73], 78);
        assert_eq!(moment.draw::<1>(), [79]);
    }

    #[test]
    fn what_is_drawn_beyond_the_pool_is_neither_dealt_before_nor_kept() {
        let mut moment = moment();
        let dealt = moment.draw::<62>();
        let (first, second) = (moment.draw::<64>(), moment.draw::<32>());
        for derived in [&first[..32], &first[32..], &second] {
            assert!(!dealt.windows(4).any(|bytes| derived.windows(4).any(|other| bytes == other)));
            assert!(
                !moment
                    .pool
                    .words
                    .map(u128::to_ne_bytes)
                    .as_flattened()
                    .windows(4)
                    .any(|bytes| derived.windows(4).any(|other| bytes == other))
            );
        }
        assert!(first[..32] != first[32..] && first[..32] != second && first[32..] != second);
    }
}
