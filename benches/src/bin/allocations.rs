//! Allocations per request, as CSV: library, operation, allocations, bytes. A program of its own, as counting takes time.

use allocation_counter::measure;
use benches::{LIBRARIES, Operation};

/// The middle one of so many requests counts, so that a map that grows in between does not.
const SAMPLES: usize = 101;

fn main() {
    for library in &LIBRARIES {
        for operation in Operation::ALL {
            let Some(mut bench) = (library.bench)(operation) else { continue };
            bench.prepare(SAMPLES);
            let mut samples: Vec<_> = (0..SAMPLES)
                .map(|_| {
                    let counted = measure(|| bench.serve());
                    (counted.count_total, counted.bytes_total)
                })
                .collect();
            samples.sort_unstable();
            let (count, bytes) = samples[SAMPLES / 2];
            println!("{},{operation:?},{count},{bytes}", library.name);
        }
    }
}
