//! Keys as digests: records of a key are found in other files by sixteen bytes, whatever the key is.

use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use hashbrown::HashMap;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::saved::secret::Secret;

/// A digest of a key. Nobody can choose keys that share one, without the secret.
pub(crate) type Digest = u128;

pub(crate) fn digest(key: &[u8], secret: &Secret) -> Digest {
    let mut hasher = SipHasher13::new_with_key(secret);
    hasher.write(key);
    hasher.finish128().as_u128()
}

/// Keys whose digests begin with the same bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    pub(crate) number: usize,
    pub(crate) bits: u32,
}

impl Share {
    /// The bits that tell shares apart, so that each has about so many of all keys.
    pub(crate) fn bits(all: usize, keys: usize) -> u32 {
        (all / keys).next_power_of_two().trailing_zeros()
    }

    /// Where the keys of the share are among those in ascending order.
    pub(crate) fn range(self, keys: &[Digest]) -> Range<usize> {
        let of = |key: &Digest| Self::number_of(*key, self.bits);
        let begin = keys.partition_point(|key| of(key) < self.number);
        begin..begin + keys[begin..].partition_point(|key| of(key) == self.number)
    }

    /// The same for each share in turn, when there are many: a search for each would wait for memory at every step.
    pub(crate) fn ranges(keys: &[Digest], bits: u32) -> Vec<Range<u32>> {
        let mut ends = vec![0; 1 << bits];
        keys.iter().for_each(|key| ends[Self::number_of(*key, bits)] += 1);
        let mut begin = 0;
        let range = |keys: u32| {
            let end = begin + keys;
            std::mem::replace(&mut begin, end)..end
        };
        ends.into_iter().map(range).collect()
    }

    fn number_of(key: Digest, bits: u32) -> usize {
        key.checked_shr(Digest::BITS - bits).unwrap_or_default() as usize
    }
}

/// Numbers of keys, as they are met.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    known: HashMap<Digest, u32, BuildHasherDefault<AsItIs>>,
}

impl Numbers {
    pub(crate) fn with_capacity(keys: usize) -> Self {
        Self { known: HashMap::with_capacity_and_hasher(keys, BuildHasherDefault::default()) }
    }

    #[inline]
    pub(crate) fn number(&mut self, key: Digest) -> usize {
        let next = self.known.len() as u32;
        *self.known.entry(key).or_insert(next) as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// Keys in ascending order, with their number.
    pub(crate) fn sorted(self) -> Vec<(Digest, u32)> {
        let mut all: Vec<_> = self.known.into_iter().collect();
        all.sort_unstable();
        all
    }
}

/// A digest is as good as its own hash.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, _: &[u8]) {}

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shares_in_turn_are_those_that_are_searched_for(
            keys in prop::collection::vec(any::<Digest>(), 0..60),
            bits in 0u32..6,
        ) {
            let mut keys = keys;
            keys.sort_unstable();
            let ranges = Share::ranges(&keys, bits);
            prop_assert_eq!(ranges.len(), 1 << bits);
            for (number, range) in ranges.into_iter().enumerate() {
                let (begin, end) = (range.start as usize, range.end as usize);
                let searched = Share { number, bits }.range(&keys);
                // Where none is, it is no matter where.
                prop_assert_eq!(&keys[begin..end], &keys[searched]);
            }
        }
    }
}
