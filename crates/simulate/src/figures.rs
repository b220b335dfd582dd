//! A county's quarterly figures, as the county sends them: most are what was counted, a few counties round theirs or send those of
//! the year before. What such a county has too much or too little, the next one has, so that the totals are those published.

use rand::Rng;

use crate::county::{YEARS, part};
use crate::planted::{Planted, PlantedKind};
use crate::share::Share;
use crate::submission::Plan;
use crate::totals::Totals;

/// Counties that make up their figures in the second year.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MadeUp {
    pub(crate) rounds: usize,
    pub(crate) copies: usize,
}

impl MadeUp {
    pub(crate) fn new(plan: Plan, counties: usize) -> Self {
        let mut random = plan.random(8_000);
        // Not next to each other: each has its own neighbour that makes up for it.
        let rounds = random.random_range(0..counties / 2 - 1);
        let copies = random.random_range(counties / 2..counties - 1);
        Self { rounds, copies }
    }

    /// What is made up in the county and year of a share.
    pub(crate) fn planted(self, share: &Share<'_>) -> Option<Planted> {
        let kind = match share.n {
            _ if share.year != YEARS[1] => return None,
            n if n == self.rounds => PlantedKind::RoundedFigures,
            n if n == self.copies => PlantedKind::CopiedFigures,
            _ => return None,
        };
        Some(Planted { kind, dataset: "delivery", records: vec![format!("{}/{}", share.area(), share.year)] })
    }

    /// What the county of a share says that it had of a total in a quarter.
    pub(crate) fn quantity(self, share: &Share<'_>, totals: Totals, quarter: usize) -> u64 {
        let own = self.said(share, share.n, totals, quarter);
        let Some(before) = share.n.checked_sub(1) else { return own };
        let said = self.said(share, before, totals, quarter);
        let true_one = counted(share, before, totals, (share.year, quarter));
        (own + true_one).saturating_sub(said)
    }

    fn said(self, share: &Share<'_>, n: usize, totals: Totals, quarter: usize) -> u64 {
        let counted_now = counted(share, n, totals, (share.year, quarter));
        if share.year != YEARS[1] {
            return counted_now;
        }
        if n == self.rounds {
            return (counted_now + 50) / 100 * 100;
        }
        if n == self.copies {
            return counted(share, n, totals, (YEARS[0], quarter));
        }
        counted_now
    }
}

fn counted(share: &Share<'_>, n: usize, totals: Totals, (year, quarter): (i32, usize)) -> u64 {
    let own = part(totals.of(year), n, share.weights);
    part(own, quarter, &seasons(n, year))
}

/// How much of a year each quarter has: by county and year more or less, as weather and money come.
fn seasons(n: usize, year: i32) -> [f64; 4] {
    let luck = |quarter: usize| {
        let mixed =
            ((n * 4 + quarter) as u32).wrapping_mul(2_654_435_761) ^ (year as u32).wrapping_mul(40_503);
        f64::from(mixed.wrapping_mul(2_246_822_519) >> 8) / f64::from(1_u32 << 24)
    };
    let usual = [0.8, 1.1, 1.2, 0.9];
    std::array::from_fn(|quarter| usual[quarter] * (0.85 + 0.3 * luck(quarter)))
}
