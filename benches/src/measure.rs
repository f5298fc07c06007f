//! Time, in rounds that take turns, so that a busy machine disturbs all alike.

use std::time::{Duration, Instant};

use crate::batch::{Bench, LIBRARIES};
use crate::instructions::Block;
use crate::scenario::Operation;

/// So many requests are made ready together. Few at a time, as a server does not hold many: memory that they free is
/// used again.
pub const TOGETHER: usize = 50;

/// So many times for one sample.
const TIMES: usize = 10;

/// The middle of the samples, and the quarters left and right of it.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

impl Spread {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

/// One sample of each round.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn spread(&self) -> Spread {
        Spread::of(self.0.clone())
    }

    /// What is left without so many nanoseconds of each.
    pub fn less(&self, nanoseconds: f64) -> Self {
        Self(self.0.iter().map(|one| one - nanoseconds).collect())
    }

    /// What one takes beyond the other, as a number of a third, round by round.
    pub fn beyond(&self, other: &Self, unit: &Self) -> Spread {
        Spread::of(self.0.iter().zip(&other.0).zip(&unit.0).map(|((one, other), unit)| (one - other) / unit).collect())
    }

    /// How many times the other it is, round by round: what disturbed one disturbed the other.
    pub fn over(&self, other: &Self) -> Spread {
        Spread::of(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }
}

/// Samples of several things, each of which begins a round as often as the others. A round that is not counted comes
/// first.
pub fn in_turns<const N: usize>(rounds: usize, mut sample: impl FnMut(usize) -> Option<f64>) -> [Samples; N] {
    let mut samples = [const { Samples(Vec::new()) }; N];
    for round in 0..=rounds {
        for turn in 0..N {
            let index = (turn + round) % N;
            samples[index].0.extend(sample(index).filter(|_| round > 0));
        }
    }
    samples
}

/// Nanoseconds per request of each library; none where it lacks the operation.
pub fn times(operation: Operation, rounds: usize) -> [Option<Samples>; LIBRARIES.len()] {
    let samples = in_turns(rounds, |index| {
        let mut bench = (LIBRARIES[index].bench)(operation)?;
        Some(sample(&mut *bench, TIMES))
    });
    samples.map(|samples| (!samples.0.is_empty()).then_some(samples))
}

/// Nanoseconds of a SHA-256 over one block.
pub fn block(rounds: usize) -> f64 {
    let [samples] = in_turns(rounds, |_| Some(sample(&mut Block, TIMES)));
    samples.spread().median
}

/// Nanoseconds per request. As many requests come first: they grow what grows in an empty server, and fill the caches.
pub fn sample(bench: &mut dyn Bench, times: usize) -> f64 {
    let mut elapsed = Duration::ZERO;
    for time in 0..2 * times {
        bench.prepare(TOGETHER);
        let start = Instant::now();
        serve(bench, TOGETHER);
        if time >= times {
            elapsed += start.elapsed();
        }
    }
    elapsed.as_secs_f64() * 1e9 / (times * TOGETHER) as f64
}

/// What is measured and nothing else; callgrind finds it by its name.
#[inline(never)]
pub fn serve(bench: &mut dyn Bench, count: usize) {
    for _ in 0..count {
        bench.serve();
    }
}
