//! The hashing of keys that nobody can choose.

use std::hash::{BuildHasherDefault, Hasher};

/// A hasher that takes the last bytes of a key. For keys that the server drew at random, or that are digests of random
/// values: nobody can choose them so that they collide, and their last bytes are as good as any hash. Keys of short or
/// foreign texts are hashed with a secret instead.
pub(super) type Drawn = BuildHasherDefault<LastBytes>;

#[derive(Default)]
pub(super) struct LastBytes(u64);

impl Hasher for LastBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(last) = bytes.last_chunk() {
            self.0 = u64::from_ne_bytes(*last);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
