//! Families of files: those that have records of the same keys, as the years of a county's households.
//!
//! What a family comes to is kept, and is computed anew only when one of its files is new. Keys that are in several
//! families, as of a household that moved, are told apart, and put together by themselves.

use std::hash::BuildHasherDefault;
use std::ops::Range;

use datafusion::common::Result;
use hashbrown::{HashMap, HashSet};
use rayon::prelude::*;

use crate::key_pass::KeyStates;
use crate::keys::{AsItIs, Digest, Share};

type ByDigest<T> = HashMap<Digest, T, BuildHasherDefault<AsItIs>>;

/// Keys by which files are put into families, about.
const SAMPLE: usize = 1 << 16;
/// Keys of a share: what is looked up of them fits the nearest cache of a core.
const KEYS: usize = 1 << 13;
/// The part of the smaller file's keys from which on two files are of a family.
const SHARED: usize = 8;
/// The part of all keys that may be in several families.
const MIXED: usize = 4;

/// Files by their place, and what of them belongs to others.
#[derive(Debug, Default)]
pub(crate) struct Families {
    pub(crate) members: Vec<Vec<usize>>,
    /// By file: the places of its keys that are in several families, in ascending order.
    mixed: Vec<Vec<u32>>,
}

impl Families {
    pub(crate) fn new(parts: &[KeyStates]) -> Self {
        let family_of = sampled(parts);
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
        family_of.iter().enumerate().for_each(|(file, family)| members[*family].push(file));
        members.retain(|files| !files.is_empty());
        let bits = Share::bits(all_keys(parts), KEYS);
        let of_shares: Vec<Vec<(usize, u32)>> = match members.len() {
            0 | 1 => Vec::new(),
            _ => {
                let ranges: Vec<_> = parts.par_iter().map(|part| Share::ranges(&part.keys, bits)).collect();
                let of_share =
                    |share: usize| mixed(parts, &family_of, &|file: usize| ranges[file][share].clone());
                (0..1usize << bits).into_par_iter().map(of_share).collect()
            }
        };
        let count: usize = of_shares.iter().map(Vec::len).sum();
        let mut mixed = vec![Vec::new(); parts.len()];
        if count * MIXED > all_keys(parts) {
            // They are of one another: nothing is gained by telling them apart.
            return Self { members: vec![(0..parts.len()).collect()], mixed };
        }
        for (file, place) in of_shares.into_iter().flatten() {
            mixed[file].push(place);
        }
        Self { members, mixed }
    }

    /// What the files of a family have of keys that are in no other.
    pub(crate) fn own(&self, parts: &[KeyStates], family: usize) -> Result<Vec<KeyStates>> {
        let own = |file: &usize| match self.mixed[*file].as_slice() {
            [] => Ok(parts[*file].shared()),
            mixed => {
                let mut mixed = mixed.iter().peekable();
                let is_own = |place: &u32| mixed.next_if_eq(&place).is_none();
                parts[*file].select((0..parts[*file].keys.len() as u32).filter(is_own).collect())
            }
        };
        self.members[family].iter().map(own).collect()
    }

    /// What tells the keys that a family shares with others.
    pub(crate) fn left_out(&self, parts: &[KeyStates], family: usize) -> Digest {
        let mut told: Digest = 0;
        for file in &self.members[family] {
            for place in &self.mixed[*file] {
                told = told.wrapping_add(parts[*file].keys[*place as usize].wrapping_add(1));
            }
        }
        told
    }

    /// What all files have of keys that are in several families.
    pub(crate) fn mixed(&self, parts: &[KeyStates]) -> Result<Vec<KeyStates>> {
        let files = self.mixed.iter().zip(parts).filter(|(mixed, _)| !mixed.is_empty());
        files.map(|(mixed, part)| part.select(mixed.clone())).collect()
    }
}

/// Keys of all files, each as often as it is there.
pub(crate) fn all_keys(parts: &[KeyStates]) -> usize {
    parts.iter().map(|part| part.keys.len()).sum()
}

/// The family of each file, by the keys with the lowest digests: a family has the number of one of its files.
fn sampled(parts: &[KeyStates]) -> Vec<usize> {
    let share = Share { number: 0, bits: Share::bits(all_keys(parts), SAMPLE) };
    let sizes: Vec<usize> = parts.iter().map(|part| share.range(&part.keys).len()).collect();
    let mut first: ByDigest<usize> = HashMap::default();
    let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
    for (file, part) in parts.iter().enumerate() {
        for key in &part.keys[share.range(&part.keys)] {
            let known = *first.entry(*key).or_insert(file);
            if known != file {
                *shared.entry((known, file)).or_default() += 1;
            }
        }
    }
    let mut family_of: Vec<usize> = (0..parts.len()).collect();
    for ((one, other), keys) in shared {
        if keys * SHARED >= sizes[one].min(sizes[other]) {
            let (from, to) = (family_of[one], family_of[other]);
            family_of.iter_mut().filter(|family| **family == from).for_each(|family| *family = to);
        }
    }
    family_of
}

/// The files and places of keys of a share that are in several families; `range` tells where those of a file are.
fn mixed(parts: &[KeyStates], family_of: &[usize], range: &dyn Fn(usize) -> Range<u32>) -> Vec<(usize, u32)> {
    let keys = |file: usize| {
        let range = range(file);
        let keys = &parts[file].keys[range.start as usize..range.end as usize];
        range.zip(keys)
    };
    let mut first: ByDigest<usize> = HashMap::with_capacity_and_hasher(KEYS, BuildHasherDefault::default());
    let mut mixed: HashSet<Digest, BuildHasherDefault<AsItIs>> = HashSet::default();
    for (file, family) in family_of.iter().enumerate() {
        for (_, key) in keys(file) {
            if *first.entry(*key).or_insert(*family) != *family {
                mixed.insert(*key);
            }
        }
    }
    if mixed.is_empty() {
        return Vec::new();
    }
    let of_file =
        |file| keys(file).filter(|(_, key)| mixed.contains(*key)).map(move |(place, _)| (file, place));
    (0..parts.len()).flat_map(of_file).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use proptest::prelude::*;

    use super::*;
    use crate::keys::digest;
    use crate::state::{Content, State};

    /// A file whose only column tells the file and the key of each row.
    fn part(file: usize, keys: &[u64]) -> KeyStates {
        let mut keys: Vec<(Digest, u64)> =
            keys.iter().map(|key| (digest(&key.to_le_bytes(), &[7; 16]), *key)).collect();
        keys.sort_unstable();
        keys.dedup();
        let (keys, named): (Vec<Digest>, Vec<u64>) = keys.into_iter().unzip();
        let told = named.iter().map(|key| *key as i64 * 100 + file as i64);
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(told));
        let state = State { content: Content::Engine(vec![column]), ..State::default() };
        KeyStates { file: file as u32, keys: Arc::new(keys), states: vec![Arc::new(state)], _memory: None }
    }

    /// What parts tell: by key, the files that have it.
    fn told(parts: &[KeyStates]) -> BTreeMap<i64, Vec<i64>> {
        let mut all: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for part in parts {
            let Content::Engine(columns) = &part.states[0].content else { continue };
            let column = columns[0].as_primitive::<Int64Type>().values();
            assert_eq!(column.len(), part.keys.len());
            for told in column {
                all.entry(told / 100).or_default().push(told % 100);
            }
        }
        all
    }

    proptest! {
        #[test]
        fn every_key_is_put_together_in_one_place(
            homes in prop::collection::vec((0usize..4, 0usize..3), 1..300), moved in prop::collection::vec(0usize..300, 0..40),
        ) {
            // Three years of four counties, each household in some of its county's files, and some in another's too.
            let mut files = vec![Vec::new(); 12];
            for (key, (county, year)) in homes.iter().enumerate() {
                files[county * 3 + year].push(key as u64);
                files[county * 3 + (year + 1) % 3].push(key as u64);
            }
            for key in moved.into_iter().filter(|key| *key < homes.len()) {
                files[((homes[key].0 + 1) % 4) * 3].push(key as u64);
            }
            let parts: Vec<KeyStates> = files.iter().enumerate().map(|(n, keys)| part(n, keys)).collect();
            let families = Families::new(&parts);
            let mut found: BTreeMap<i64, Vec<i64>> = told(&families.mixed(&parts).unwrap());
            for family in 0..families.members.len() {
                for (key, files) in told(&families.own(&parts, family).unwrap()) {
                    prop_assert!(found.insert(key, files).is_none(), "key {} is in two places", key);
                }
            }
            prop_assert_eq!(found, told(&parts));
        }
    }
}
