//! The simulation as a whole: a year of a programme and the year before, the same records for the same
//! seed, as the submissions of county offices.
//!
//! Totals follow those of the article's statements that can be true together; households are a
//! stratified, clustered sample with weights, their incomes unequal within and between villages.

use uplift_core::error::Result;
use uplift_proto::dataset::code_number;
use uplift_proto::v1::records::Area;

use crate::area::{SeedArea, areas};
use crate::submission::{Plan, SimulatedSubmission};
use crate::{households, programme};

impl Plan {
    /// All submissions, those that others refer to first. Made as they are read, so that a large sample
    /// need not fit into memory.
    pub fn submissions(self) -> Result<impl Iterator<Item = SimulatedSubmission>> {
        let plan = self;
        let areas = areas()?;
        let counties: Vec<_> = areas.iter().filter(|a| a.is_county()).cloned().collect();
        let shares = households::shares(self.households, &counties);
        let area_records = [area_submission(plan, &areas), village_submission(plan, &counties, &shares)];
        let area_records = area_records.into_iter().filter(|s| s.rows > 0);
        let first = area_records.chain(programme::submissions(plan, &areas));
        let people = counties.into_iter().zip(shares).enumerate().flat_map(move |(n, (county, share))| {
            programme::YEARS
                .into_iter()
                .flat_map(move |year| households::submissions(plan, n, &county, share, year))
        });
        Ok(first.collect::<Vec<_>>().into_iter().chain(people))
    }
}

fn area_submission(plan: Plan, areas: &[SeedArea]) -> SimulatedSubmission {
    let code = |field, stored: &str| code_number("area", field, stored).unwrap_or_default();
    let area = |a: &SeedArea| Area {
        area_code: a.area_code.clone(),
        valid_from: "2010-01-01".to_owned(),
        level: code("level", if a.is_county() { "county" } else { "province" }),
        name_en: a.name_en.clone(),
        name_zh: a.name_zh.clone(),
        wing: a.wing.clone(),
        key_county: code("key_county", &a.key_county),
        ..Area::default()
    };
    plan.submission("area", "50", 2011, &areas.iter().map(area).collect::<Vec<_>>())
}

/// The townships and villages that households of the sample live in.
fn village_submission(plan: Plan, counties: &[SeedArea], shares: &[usize]) -> SimulatedSubmission {
    let village = |(county, code): (&SeedArea, String)| {
        let own = &code[county.area_code.len()..];
        let (level, en, zh) =
            if own.len() == 3 { ("township", "Township", "乡") } else { ("village", "Village", "村") };
        Area {
            name_en: format!("{en} {own}, {}", county.name_en),
            name_zh: format!("{}{own}{zh}", county.name_zh),
            area_code: code,
            valid_from: "2010-01-01".to_owned(),
            level: code_number("area", "level", level).unwrap_or_default(),
            wing: county.wing.clone(),
            key_county: code_number("area", "key_county", &county.key_county).unwrap_or_default(),
            ..Area::default()
        }
    };
    let villages = counties.iter().zip(shares).flat_map(|(county, share)| {
        households::area_codes(county, *share).into_iter().map(move |code| (county, code))
    });
    let villages: Vec<_> = villages.map(village).collect();
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
        for submission in (Plan { households: 1_000, seed: 1 }).submissions().unwrap() {
            assert!(submission.header.simulated);
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
