//! Who is on the register of poor households: chosen by what villagers can see of a household, which is not its income, so that
//! some poor households are left out and some others are in; and who leaves it and comes back in the second year.

use uplift_proto::v1::records::RegistrationStatus;

use crate::totals::{GRADUATED, NEWLY_POOR, OUT_OF_POVERTY, REGISTERED, REMOVED, RETURNED};

/// What the register sees of a household.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// People that it stands for.
    pub(crate) people: f64,
    /// How well off it looks in each year.
    pub(crate) standing: [f64; 2],
}

/// The register as it goes from county to county: what a small sample has too much or too little of in one county is made up
/// for in the next.
#[derive(Debug)]
pub(crate) struct Register {
    quotas: Vec<Quota>,
}

/// A group of people whose number is published.
#[derive(Debug)]
struct Quota {
    total: f64,
    due: f64,
}

impl Quota {
    /// Takes households in order until their people come nearest to the county's share and what is due.
    fn take(&mut self, share: f64, order: impl Iterator<Item = usize>, seen: &[Seen]) -> Vec<usize> {
        self.due += self.total * share;
        let mut taken = Vec::new();
        for n in order {
            if self.due < seen[n].people / 2.0 {
                break;
            }
            self.due -= seen[n].people;
            taken.push(n);
        }
        taken
    }
}

impl Register {
    pub(crate) fn new() -> Self {
        let totals = [REGISTERED, OUT_OF_POVERTY, REMOVED, GRADUATED, RETURNED, NEWLY_POOR];
        Self { quotas: totals.map(|total| Quota { total, due: 0.0 }).into() }
    }

    /// The status of each household of a county in both years. The share is that of the county in all registered people.
    pub(crate) fn statuses(&mut self, share: f64, seen: &[Seen]) -> Vec<[RegistrationStatus; 2]> {
        use RegistrationStatus::{Lifted, NewlyPoor, NotPoor, Registered, Removed, Returned};
        let mut statuses = vec![[NotPoor; 2]; seen.len()];
        let mut take = |quota: usize,
                        year: usize,
                        of: RegistrationStatus,
                        best_first: bool,
                        to: RegistrationStatus,
                        statuses: &mut Vec<[RegistrationStatus; 2]>| {
            let mut order: Vec<_> = (0..seen.len()).filter(|n| statuses[*n][year] == of).collect();
            order.sort_by(|a, b| seen[*a].standing[year].total_cmp(&seen[*b].standing[year]));
            if best_first {
                order.reverse();
            }
            for n in self.quotas[quota].take(share, order.into_iter(), seen) {
                statuses[n][year] = to;
            }
        };
        take(0, 0, NotPoor, false, Registered, &mut statuses);
        take(1, 0, NotPoor, false, Lifted, &mut statuses);
        for status in &mut statuses {
            status[1] = status[0];
        }
        take(2, 1, Registered, true, Removed, &mut statuses);
        // Who comes back was out of poverty the year before: taken before the others leave the register.
        take(4, 1, Lifted, false, Returned, &mut statuses);
        take(3, 1, Registered, true, Lifted, &mut statuses);
        take(5, 1, NotPoor, false, NewlyPoor, &mut statuses);
        statuses
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_register_has_the_published_people_and_only_the_lifted_return() {
        let mut register = Register::new();
        let seen: Vec<_> = (0..12_000)
            .map(|n| Seen { people: 200.0, standing: [f64::from(n * 7 % 1_009), f64::from(n * 11 % 1_013)] })
            .collect();
        let statuses: Vec<_> = [0.4, 0.6].iter().flat_map(|share| register.statuses(*share, &seen)).collect();
        let people = |year: usize, of: &[RegistrationStatus]| {
            200.0 * statuses.iter().filter(|s| of.contains(&s[year])).count() as f64
        };
        use RegistrationStatus::{Lifted, NewlyPoor, NotPoor, Registered, Returned};
        assert!((people(0, &[Registered]) - 1_272_000.0).abs() <= 200.0);
        assert!((people(1, &[Registered, Returned, NewlyPoor]) - 982_000.0).abs() <= 1_000.0);
        for [before, now] in &statuses {
            assert!(*now != Returned || *before == Lifted);
            assert!(*now != NewlyPoor || *before == NotPoor);
        }
    }
}
