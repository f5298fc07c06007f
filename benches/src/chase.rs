//! The price of a cache miss, where the next one depends on it: pointers, followed in random order.

use std::hint::black_box;
use std::time::Instant;

/// As much memory as a million tokens take.
const BYTES: usize = 600 << 20;

/// So many steps for one sample.
const STEPS: usize = 20_000;

/// Memory in lines of 64 bytes, each of which has the number of the next.
pub struct Chase {
    lines: Vec<[u32; 16]>,
    at: u32,
}

impl Chase {
    pub fn new() -> Self {
        let count = BYTES / size_of::<[u32; 16]>();
        // One circle through all lines, by Sattolo's shuffle.
        let mut next: Vec<u32> = (0..).take(count).collect();
        for last in (1..count).rev() {
            next.swap(last, rand::random_range(..last));
        }
        let lines = next.into_iter().map(|next| [next; 16]).collect();
        Self { lines, at: 0 }
    }

    /// Nanoseconds per step.
    pub fn step(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..STEPS {
            self.at = self.lines[self.at as usize][0];
        }
        black_box(self.at);
        start.elapsed().as_secs_f64() * 1e9 / STEPS as f64
    }

    /// Goes through so much memory that nothing else is left in a cache.
    pub fn empty_caches(&self) {
        black_box(self.lines.iter().fold(0, |sum: u32, line| sum.wrapping_add(line[1])));
    }
}

impl Default for Chase {
    fn default() -> Self {
        Self::new()
    }
}
