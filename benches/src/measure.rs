//! Time, in rounds that take turns, so that a busy machine disturbs all alike.

use std::time::Instant;

use crate::batch::{LIBRARIES, Measured};
use crate::scenario::Operation;

/// How many requests make one sample.
const BATCH: usize = 500;

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
    for round in 0..rounds + 1 {
        for turn in 0..LIBRARIES.len() {
            let index = (turn + round) % LIBRARIES.len();
            if let Some(sample) = sample(&LIBRARIES[index], operation) {
                samples[index].push(sample);
            }
        }
        if round == 0 {
            samples.iter_mut().for_each(Vec::clear); // warming up
        }
    }
    samples.map(|samples| (!samples.is_empty()).then(|| Spread::of(samples)))
}

fn sample(library: &Measured, operation: Operation) -> Option<f64> {
    let mut batch = (library.batch)(operation, BATCH)?;
    let start = Instant::now();
    serve(&mut batch, BATCH);
    Some(start.elapsed().as_secs_f64() * 1e9 / BATCH as f64)
}

/// What is measured and nothing else; callgrind finds it by its name.
#[inline(never)]
pub fn serve(batch: &mut dyn FnMut(), count: usize) {
    for _ in 0..count {
        batch();
    }
}
