//! Time, in rounds that take turns, so that a busy machine disturbs all alike.

use std::time::{Duration, Instant};

use crate::batch::{Bench, LIBRARIES, Measured};
use crate::scenario::Operation;

/// So many requests are made ready together, and so many times for one sample. Few at a time, as a server does not hold
/// many: memory that they free is used again.
pub const TOGETHER: usize = 50;
const TIMES: usize = 10;

/// The middle of the samples, and the quarters left and right of it.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub lower: f64,
    pub median: f64,
    pub upper: f64,
}

impl Spread {
    pub fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarter: usize| samples[(samples.len() - 1) * quarter / 4];
        Self { lower: at(1), median: at(2), upper: at(3) }
    }
}

/// Nanoseconds per request of each library; none where it lacks the operation.
pub fn times(operation: Operation, rounds: usize) -> [Option<Spread>; LIBRARIES.len()] {
    let mut samples = LIBRARIES.each_ref().map(|_| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for turn in 0..LIBRARIES.len() {
            let index = (turn + round) % LIBRARIES.len();
            samples[index].extend(sample(&LIBRARIES[index], operation));
        }
        if round == 0 {
            samples.iter_mut().for_each(Vec::clear); // it was to warm up
        }
    }
    samples.map(|samples| (!samples.is_empty()).then(|| Spread::of(samples)))
}

fn sample(library: &Measured, operation: Operation) -> Option<f64> {
    let mut bench = (library.bench)(operation)?;
    let mut elapsed = Duration::ZERO;
    for time in 0..2 * TIMES {
        bench.prepare(TOGETHER);
        let start = Instant::now();
        serve(&mut *bench, TOGETHER);
        // The first half is to grow what grows in an empty server.
        if time >= TIMES {
            elapsed += start.elapsed();
        }
    }
    Some(elapsed.as_secs_f64() * 1e9 / (TIMES * TOGETHER) as f64)
}

/// What is measured and nothing else; callgrind finds it by its name.
#[inline(never)]
pub fn serve(bench: &mut dyn Bench, count: usize) {
    for _ in 0..count {
        bench.serve();
    }
}
