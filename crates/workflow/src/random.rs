//! Randomness that is the same on every replay.

use std::convert::Infallible;
use std::rc::Rc;

use rand_core::TryRng;

use crate::chacha::ChaCha8;
use crate::read_only::assert_may_change;
use crate::runtime::Runtime;

/// The generator of one run. Its algorithm and its seeding never change: histories rely on them.
pub(crate) struct Generator {
    seed: u64,
    /// Made when something is first drawn: it is large, and most runs draw nothing.
    started: Option<Box<ChaCha8>>,
}

impl Generator {
    /// Seeds with the 64-bit FNV-1a hash of a run id.
    pub(crate) fn seeded(run_id: &str) -> Self {
        let hash = run_id
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { seed: hash, started: None }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        let seed = self.seed;
        self.started.get_or_insert_with(|| Box::new(ChaCha8::seed_from_u64(seed))).next_u64()
    }
}

/// A workflow's randomness: seeded with the run's id, so every replay draws the same. It is an [`Rng`](rand_core::Rng), so that what the
/// `rand` crate offers works on it.
#[derive(Clone)]
pub struct Random {
    pub(crate) runtime: Rc<Runtime>,
}

impl Random {
    /// A number from all of them.
    pub fn u64(&self) -> u64 {
        assert_may_change(|| "tried to draw from the workflow's randomness".to_owned());
        self.runtime.random.borrow_mut().next_u64()
    }

    /// A number below `bound`, all equally likely; 0 if `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        // Values from the incomplete last stretch would be likelier than others; draw again.
        let limit = u64::MAX - u64::MAX % bound;
        loop {
            let drawn = self.u64();
            if drawn < limit {
                return drawn % bound;
            }
        }
    }

    /// A number from 0 (included) to 1 (not included).
    pub fn f64(&self) -> f64 {
        // 53 bits are what an f64 holds.
        let drawn = (self.u64() >> 11) as f64;
        drawn / (1_u64 << 53) as f64
    }
}

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.u64() >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        // By whole draws, so that what one kind of draw takes from the stream does not depend on the one before.
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.u64().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl std::fmt::Debug for Random {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Random")
    }
}
