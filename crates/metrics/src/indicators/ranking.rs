//! The places that have most, or least, of something: what a breakdown by villages is mostly asked for.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::scan::{GroupKey, Observation, Origin};

/// Which places of a breakdown are answered, and in which order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ranking {
    /// So many with the highest values, the highest first.
    Highest(usize),
    /// So many with the lowest values, the lowest first.
    Lowest(usize),
}

/// A place with its value as a number.
type Ranked = (f64, Arc<GroupKey>, Observation);

impl Ranking {
    /// How many places there are at most, of each kind of records.
    pub(super) fn places(self) -> usize {
        match self {
            Self::Highest(count) | Self::Lowest(count) => count,
        }
    }

    /// What is of the whole area as it is, and so many of the others of each kind of records. Equal values are in the order
    /// of their keys; what has no value has no place.
    pub(super) fn of(
        self,
        observed: impl IntoIterator<Item = (Arc<GroupKey>, Observation)>,
        is_ranked: impl Fn(&GroupKey) -> bool,
    ) -> Vec<(Arc<GroupKey>, Observation)> {
        let mut whole = Vec::new();
        let mut by_origin: BTreeMap<Origin, Vec<Ranked>> = BTreeMap::new();
        for (key, observation) in observed {
            match observation.value {
                _ if !is_ranked(&key) => whole.push((key, observation)),
                Some(value) => {
                    by_origin.entry(key.origin.clone()).or_default().push((value.as_f64(), key, observation));
                }
                None => {}
            }
        }
        whole.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let ranked = by_origin.into_values().flat_map(|places| self.first(places));
        whole.into_iter().chain(ranked).collect()
    }

    fn first(self, mut places: Vec<Ranked>) -> impl Iterator<Item = (Arc<GroupKey>, Observation)> {
        let (count, is_highest) = (self.places(), matches!(self, Self::Highest(_)));
        let order = |a: &Ranked, b: &Ranked| -> Ordering {
            let by_value = if is_highest { b.0.total_cmp(&a.0) } else { a.0.total_cmp(&b.0) };
            by_value.then_with(|| a.1.cmp(&b.1))
        };
        if count < places.len() {
            // All before the place of the last are found without sorting the others.
            places.select_nth_unstable_by(count, order);
            places.truncate(count);
        }
        places.sort_unstable_by(order);
        places.into_iter().map(|(_, key, observation)| (key, observation))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::super::scan::Observations;
    use super::super::value::Value;
    use super::*;

    fn key(area: Option<usize>, simulated: bool) -> Arc<GroupKey> {
        let origin = Origin { simulated, kind: None };
        Arc::new(GroupKey { area: area.map(|n| format!("{n:03}")), dimensions: Vec::new(), origin })
    }

    proptest! {
        #[test]
        fn the_first_are_those_of_all_in_order(
            values in prop::collection::vec((prop::option::of(-3i64..3), any::<bool>()), 0..40), count in 1usize..12, highest: bool,
        ) {
            let ranking = if highest { Ranking::Highest(count) } else { Ranking::Lowest(count) };
            let observation = |n: i64| Observation { value: Some(Value::Exact(Decimal::from(n))), ..Observation::default() };
            let place = |(n, (value, simulated)): (usize, &(Option<i64>, bool))| {
                (key(Some(n), *simulated), value.map(observation).unwrap_or_default())
            };
            let mut observed: Observations = values.iter().enumerate().map(place).collect();
            let whole = (key(None, false), observation(100));
            observed.insert(whole.0.clone(), whole.1);
            let answered = ranking.of(observed, |key| key.area.is_some());
            let mut expected = vec![whole];
            for origin in [false, true] {
                let places = values.iter().enumerate().filter(|(_, (value, simulated))| value.is_some() && *simulated == origin);
                let mut places: Vec<_> = places.collect();
                places.sort_by_key(|(n, (value, _))| (value.map(|v| if highest { -v } else { v }), *n));
                expected.extend(places.into_iter().take(count).map(place));
            }
            prop_assert_eq!(answered, expected);
        }
    }
}
