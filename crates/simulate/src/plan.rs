//! The simulation as a whole: a year of a programme and the year before, the same records for the same
//! seed, as the submissions of county offices.
//!
//! Totals follow what was published for both years where it can be true together; households are a
//! stratified, clustered sample with weights, their incomes unequal within and between villages.

use uplift_core::error::Result;

use crate::area::{SeedArea, areas};
use crate::county::{County, counties};
use crate::figures::MadeUp;
use crate::register::Register;
use crate::share::Place;
use crate::submission::{Plan, SimulatedSubmission};
use crate::{households, programme, villagers};

impl Plan {
    /// All submissions, those that others refer to first. Households are made as they are read, so that a large
    /// sample need not fit into memory.
    pub fn submissions(self) -> Result<impl Iterator<Item = SimulatedSubmission>> {
        let plan = self;
        let areas = areas()?;
        let counties = counties(&areas);
        let shares = households::shares(self.households, &counties);
        let key: Vec<County> = counties.iter().filter(|c| c.is_key()).cloned().collect();
        let weights: Vec<f64> = key.iter().map(County::registered).collect();
        let mut first = vec![area_submission(plan, &areas)];
        let in_programme: Vec<usize> = counties
            .iter()
            .map(|county| {
                let place = key.iter().position(|k| k.id() == county.id());
                place.map_or(0, |n| programme::villages(&key, n, &weights))
            })
            .collect();
        first.push(village_submission(plan, &counties, &shares, &in_programme));
        first.retain(|s| s.rows > 0);
        let samples = counties.iter().zip(&shares).filter(|(county, _)| county.is_key());
        let samples: Vec<usize> = samples.map(|(_, share)| *share).collect();
        first.extend(programme::submissions(plan, &key, &weights, &samples));
        let all: f64 = counties.iter().map(County::registered).sum();
        let mut register = Register::new();
        let made_up = MadeUp::new(plan, key.len());
        let people = counties.into_iter().zip(shares).enumerate().flat_map(move |(n, (county, share))| {
            let of_registered = county.registered() / all;
            let place = Place {
                county: &county,
                n,
                key: key.iter().position(|k| k.id() == county.id()),
                weights: &weights,
                in_programme: in_programme[n],
            };
            villagers::submissions(plan, (place, made_up), (share, of_registered), &mut register)
        });
        Ok(first.into_iter().chain(people))
    }
}

fn area_submission(plan: Plan, areas: &[SeedArea]) -> SimulatedSubmission {
    plan.submission("area", "50", 2011, &areas.iter().map(SeedArea::record).collect::<Vec<_>>())
}

/// The townships and villages that households of the sample live in and that the programme works in.
fn village_submission(
    plan: Plan,
    counties: &[County],
    shares: &[usize],
    in_programme: &[usize],
) -> SimulatedSubmission {
    let mut villages = Vec::new();
    for ((county, share), in_programme) in counties.iter().zip(shares).zip(in_programme) {
        let count = households::villages(*share, *in_programme).max(*in_programme);
        for area in county.distinct_areas() {
            villages.extend(area.village_records(count));
        }
    }
    let mut submission = plan.submission("area", "50", 2011, &villages);
    submission.header.submission_id.push_str("/villages");
    submission
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_records_and_another_makes_others() {
        let bytes = |seed| {
            let plan = Plan { households: 400, seed };
            let submissions = plan.submissions().unwrap();
            submissions.flat_map(|s| s.batches.into_iter().map(|b| b.as_bytes().to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn every_dataset_is_made_and_the_sample_has_the_size_asked_for() {
        let mut rows = std::collections::BTreeMap::new();
        let mut ids = std::collections::HashSet::new();
        for submission in (Plan { households: 1_000, seed: 1 }).submissions().unwrap() {
            assert!(submission.header.simulated);
            assert!(ids.insert(submission.header.submission_id));
            *rows.entry(submission.header.dataset).or_insert(0) += submission.rows;
        }
        for dataset in uplift_proto::dataset::all() {
            // The article makes statements, and the national lines need no record.
            let other = dataset.name.starts_with("statement") || dataset.name == "poverty_line";
            assert_eq!(rows.contains_key(&dataset.name), !other, "{}", dataset.name);
        }
        assert_eq!(rows["household"], 2_000);
        assert!(rows["person"] > 5_000);
    }
}
