//! The generator ChaCha8: 64-bit numbers from a key, the same for ever.
//!
//! Histories rely on its output, so it is here in full, and a test holds it against another implementation.

/// The generator. It is small to copy and to keep; a block of it gives eight numbers.
#[derive(Clone)]
pub(crate) struct ChaCha8 {
    key: [u32; 8],
    /// The number of the next block.
    counter: u64,
    block: [u32; 16],
    /// How many words of the block were given out.
    used: usize,
}

/// What is at the beginning of every block: "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

impl ChaCha8 {
    /// Makes a key of a number, by the generator PCG32, as `SeedableRng::seed_from_u64` of `rand_core` does.
    pub(crate) fn seed_from_u64(seed: u64) -> Self {
        let mut state = seed;
        let key = std::array::from_fn(|_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0xa176_54e4_6fbe_17f3);
            #[allow(clippy::cast_possible_truncation, reason = "the lower half is meant")]
            let mixed = (((state >> 18) ^ state) >> 27) as u32;
            mixed.rotate_right((state >> 59) as u32)
        });
        Self { key, counter: 0, block: [0; 16], used: 16 }
    }

    /// The next number.
    pub(crate) fn next_u64(&mut self) -> u64 {
        if self.used == self.block.len() {
            self.refill();
        }
        let (low, high) = (self.block[self.used], self.block[self.used + 1]);
        self.used += 2;
        u64::from(low) | (u64::from(high) << 32)
    }

    fn refill(&mut self) {
        #[allow(clippy::cast_possible_truncation, reason = "two halves")]
        let counter = [self.counter as u32, (self.counter >> 32) as u32];
        let mut start = [0; 16];
        start[..4].copy_from_slice(&CONSTANTS);
        start[4..12].copy_from_slice(&self.key);
        start[12..14].copy_from_slice(&counter);
        let mut block = start;
        for _ in 0..4 {
            // Two rounds: columns, then diagonals.
            for column in 0..4 {
                quarter(&mut block, [column, column + 4, column + 8, column + 12]);
            }
            for diagonal in 0..4 {
                let next = |steps: usize| (diagonal + steps) % 4;
                quarter(&mut block, [diagonal, next(1) + 4, next(2) + 8, next(3) + 12]);
            }
        }
        for (word, first) in block.iter_mut().zip(start) {
            *word = word.wrapping_add(first);
        }
        self.block = block;
        self.counter = self.counter.wrapping_add(1);
        self.used = 0;
    }
}

fn quarter(block: &mut [u32; 16], [a, b, c, d]: [usize; 4]) {
    for (first, second) in [(16, 12), (8, 7)] {
        block[a] = block[a].wrapping_add(block[b]);
        block[d] = (block[d] ^ block[a]).rotate_left(first);
        block[c] = block[c].wrapping_add(block[d]);
        block[b] = (block[b] ^ block[c]).rotate_left(second);
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn it_gives_what_another_implementation_gives() {
        for seed in [0, 1, 42, u64::MAX, 0xcbf2_9ce4_8422_2325] {
            let (mut ours, mut other) = (ChaCha8::seed_from_u64(seed), ChaCha8Rng::seed_from_u64(seed));
            for place in 0..1000 {
                assert_eq!(ours.next_u64(), other.next_u64(), "seed {seed}, number {place}");
            }
        }
    }
}
