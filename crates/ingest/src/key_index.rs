//! Digests of keys in memory, each with a number, in little more than the twenty bytes that both take.

use hashbrown::HashMap;
use rayon::prelude::*;

/// A digest of a key, long enough that no two keys share one.
pub(crate) type Key = [u8; 16];

/// Parts that grow by themselves, told by the beginning of a digest: one is put in order while the others stay.
const SHARDS: usize = 1 << 11;
/// Keys of a shard that wait to be put in order: an eighth of those that are, and never fewer than this.
const LEAST: usize = 64;

/// Numbers by digest.
#[derive(Debug)]
pub(crate) struct KeyIndex {
    shards: Vec<Shard>,
}

/// Most keys of a shard are in order, without room to spare; the latest wait beside them.
#[derive(Debug, Default)]
struct Shard {
    ordered: Vec<(Key, u32)>,
    latest: HashMap<Key, u32>,
}

impl Default for KeyIndex {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect() }
    }
}

impl KeyIndex {
    pub(crate) fn get(&self, key: &Key) -> Option<u32> {
        let shard = &self.shards[place(key)];
        shard.latest.get(key).copied().or_else(|| shard.find(key).ok().map(|n| shard.ordered[n].1))
    }

    /// Gives a key its number, and tells the one that it had.
    pub(crate) fn insert(&mut self, key: Key, number: u32) -> Option<u32> {
        let shard = &mut self.shards[place(&key)];
        let earlier = shard.insert(key, number);
        shard.settle();
        earlier
    }

    /// Gives many keys one number, and returns those that some had.
    pub(crate) fn extend(&mut self, keys: &[Key], number: u32) -> Vec<u32> {
        let mut keys = keys.to_vec();
        keys.par_sort_unstable();
        let mut of_shards = keys.chunk_by(|a, b| place(a) == place(b)).peekable();
        let shards = self.shards.iter_mut().enumerate();
        let touched = shards.filter_map(|(n, shard)| {
            Some((shard, of_shards.next_if(|keys| keys.first().is_some_and(|key| place(key) == n))?))
        });
        let touched: Vec<(&mut Shard, &[Key])> = touched.collect();
        touched.into_par_iter().flat_map_iter(|(shard, keys)| shard.extend(keys, number)).collect()
    }

    /// Lets go of the keys whose number does not pass.
    pub(crate) fn retain(&mut self, passes: impl Fn(u32) -> bool) {
        for shard in &mut self.shards {
            shard.ordered.retain(|(_, number)| passes(*number));
            shard.latest.retain(|_, number| passes(*number));
        }
    }

    #[cfg(test)]
    fn bytes(&self) -> usize {
        let of_shard = |shard: &Shard| {
            let ordered = shard.ordered.capacity() * size_of::<(Key, u32)>();
            ordered + shard.latest.allocation_size() + size_of::<Shard>()
        };
        self.shards.iter().map(of_shard).sum()
    }
}

fn place(key: &Key) -> usize {
    usize::from(key[0]) << 3 | usize::from(key[1] >> 5)
}

impl Shard {
    fn insert(&mut self, key: Key, number: u32) -> Option<u32> {
        match self.find(&key) {
            Ok(known) => Some(std::mem::replace(&mut self.ordered[known].1, number)),
            Err(_) => self.latest.insert(key, number),
        }
    }

    /// The same for keys in order, and returns the numbers that some had.
    fn extend(&mut self, keys: &[Key], number: u32) -> Vec<u32> {
        if keys.len() < LEAST {
            let earlier = keys.iter().filter_map(|key| self.insert(*key, number)).collect();
            self.settle();
            return earlier;
        }
        self.put_in_order();
        let (mut earlier, mut new) = (Vec::new(), Vec::with_capacity(keys.len()));
        for same in keys.chunk_by(|a, b| a == b) {
            match self.find(&same[0]) {
                Ok(known) => earlier.push(std::mem::replace(&mut self.ordered[known].1, number)),
                Err(_) => new.push((same[0], number)),
            }
            earlier.extend(same[1..].iter().map(|_| number));
        }
        self.ordered.reserve_exact(new.len());
        self.ordered.extend(new);
        self.ordered.sort();
        earlier
    }

    /// Puts the latest in order where they are many.
    fn settle(&mut self) {
        if self.latest.len() > LEAST + self.ordered.len() / 8 {
            self.put_in_order();
        }
    }

    fn find(&self, key: &Key) -> Result<usize, usize> {
        self.ordered.binary_search_by(|(known, _)| known.cmp(key))
    }

    fn put_in_order(&mut self) {
        self.ordered.reserve_exact(self.latest.len());
        self.ordered.extend(self.latest.drain());
        // Two runs, of which the first is in order.
        self.ordered.sort();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    fn key(n: u32) -> Key {
        let mut key = Key::default();
        key.copy_from_slice(&Sha256::digest(n.to_le_bytes())[..16]);
        key
    }

    fn of_few_shards(n: u32) -> Key {
        let mut key = key(n);
        (key[0], key[1]) = (7 + (n % 2) as u8, 7);
        key
    }

    #[test]
    fn ten_million_keys_would_take_less_than_300_megabytes() {
        let mut index = KeyIndex::default();
        for n in 0..1_000_000 {
            index.insert(key(n), n % 100);
        }
        let each = index.bytes() as f64 / 1e6;
        assert!(each < 30.0, "{each} bytes a key");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// Against a map, with few places so that keys meet again.
        #[test]
        fn an_index_holds_what_a_map_holds(steps in prop::collection::vec((0u32..400, 0u32..5, 0u8..40), 0..2_000)) {
            let (mut index, mut map) = (KeyIndex::default(), BTreeMap::new());
            for (n, number, kind) in steps {
                let key = of_few_shards(n);
                if kind == 0 {
                    index.retain(|known| known != number);
                    map.retain(|_, known| *known != number);
                } else if kind == 1 {
                    let keys: Vec<Key> = (n..n + 300).map(of_few_shards).collect();
                    let mut earlier = index.extend(&keys, number);
                    let mut known: Vec<u32> = keys.iter().filter_map(|key| map.insert(*key, number)).collect();
                    earlier.sort_unstable();
                    known.sort_unstable();
                    prop_assert_eq!(earlier, known);
                } else {
                    prop_assert_eq!(index.insert(key, number), map.insert(key, number));
                }
                prop_assert_eq!(index.get(&key), map.get(&key).copied());
            }
            for n in 0..700 {
                let key = of_few_shards(n);
                prop_assert_eq!(index.get(&key), map.get(&key).copied());
            }
        }
    }
}
