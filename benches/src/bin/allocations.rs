//! Allocations per request and memory per token, as lines of words. A program of its own, as counting takes time.

use allocation_counter::measure;
use benches::{LIBRARIES, Operation};

/// So many requests come first, so that nothing is used for the first time.
const WARM_UP: usize = 2_000;

/// The middle one of so many requests counts, so that a map that grows in between does not.
const SAMPLES: usize = 101;

/// A map has just grown, or is about to: so many tokens are somewhere in between.
const TOKENS: usize = 100_000;

fn main() {
    for library in &LIBRARIES {
        for operation in Operation::ALL {
            let Some(mut bench) = (library.bench)(operation) else { continue };
            bench.prepare(WARM_UP + SAMPLES);
            (0..WARM_UP).for_each(|_| bench.serve());
            let mut samples: Vec<_> = (0..SAMPLES).map(|_| measure(|| bench.serve())).collect();
            samples.sort_unstable_by_key(|counted| (counted.count_total, counted.bytes_total));
            let middle = &samples[SAMPLES / 2];
            println!("{} {operation:?} {} {}", library.name, middle.count_total, middle.bytes_total);
        }
        if let Some(mut bench) = (library.bench)(Operation::ClientCredentials) {
            let counted = measure(|| {
                for _ in 0..TOKENS {
                    bench.prepare(1);
                    bench.serve();
                }
            });
            println!("{} token {} 0", library.name, counted.bytes_current / TOKENS as i64);
        }
    }
}
