//! What one key county has of the programme in a year.

use crate::county::{County, part};
use crate::totals::BATCHES;

/// One key county's part of a year.
pub(crate) struct Share<'a> {
    pub(crate) county: &'a County,
    /// Its place among the key counties.
    pub(crate) n: usize,
    /// How much of the programme each key county has.
    pub(crate) weights: &'a [f64],
    pub(crate) year: i32,
}

/// A county, its place among all counties, and among key counties if it is one.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) county: &'a County,
    pub(crate) n: usize,
    pub(crate) key: Option<usize>,
    /// How much of the programme each key county has.
    pub(crate) weights: &'a [f64],
    /// Villages of the county that the programme works in.
    pub(crate) in_programme: usize,
}

impl Place<'_> {
    /// What the county has of the programme in a year.
    pub(crate) fn share(&self, year: i32) -> Option<Share<'_>> {
        self.key.map(|n| Share { county: self.county, n, weights: self.weights, year })
    }
}

impl Share<'_> {
    /// The county's part of a municipal total.
    pub(crate) fn part(&self, total: u64) -> u64 {
        part(total, self.n, self.weights)
    }

    pub(crate) fn area(&self) -> &str {
        &self.county.area(self.year).area_code
    }

    /// An id that the county has once in a year.
    pub(crate) fn id(&self, what: &str, n: impl std::fmt::Display) -> String {
        format!("{what}-{}-{}-{n}", self.area(), self.year)
    }

    /// Its villages of the batch that began in a year: the first one's number in the county, and how many.
    pub(crate) fn batch(&self, began: i32) -> std::ops::Range<usize> {
        let before: u64 = BATCHES.iter().filter(|(y, _)| *y < began).map(|(_, n)| self.part(*n)).sum();
        let own: u64 = BATCHES.iter().filter(|(y, _)| *y == began).map(|(_, n)| self.part(*n)).sum();
        before as usize..(before + own) as usize
    }
}
