//! A year of a programme and the one before, made up for trying out: the same records for the same
//! seed. What a county's office would hand in, as submissions labelled simulated.
//!
//! Totals follow those of the article's statements that can be true together; households are a
//! stratified, clustered sample with weights, their incomes unequal within and between villages.

mod households;
mod programme;

use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Deserialize;
use uplift_core::error::{Error, Result};
use uplift_proto::dataset::{code_number, find};
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{Policy, SubmissionHeader};
use uplift_proto::v1::records::Area;

/// What to make up.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Households of the sample, each described in both years.
    pub households: usize,
    /// Same seed, same records.
    pub seed: u64,
}

/// The years that are made up: the programme's and the one before.
pub const YEARS: [i32; 2] = [2010, 2011];

/// Rows of one message; larger submissions come in several.
const BATCH: usize = 5_000;

/// One county's hand-in of one dataset for one year.
#[derive(Debug)]
pub struct HandIn {
    /// What it is.
    pub header: SubmissionHeader,
    /// Its rows, in batches.
    pub batches: Vec<Rows>,
    /// So many rows.
    pub rows: usize,
}

/// A county, or the municipality.
#[derive(Debug, Clone, Deserialize)]
pub struct Place {
    area_code: String,
    level: String,
    #[serde(rename = "parent_code")]
    _parent_code: String,
    name_en: String,
    name_zh: String,
    wing: String,
    key_county: String,
}

impl Place {
    fn is_county(&self) -> bool {
        self.level == "county"
    }

    fn is_key(&self) -> bool {
        !self.key_county.is_empty()
    }
}

impl Plan {
    /// Everything to hand in, what is referred to first. Made as it is asked for, so that a large
    /// sample need not fit into memory.
    pub fn hand_ins(self) -> Result<impl Iterator<Item = HandIn>> {
        let places = places()?;
        let counties: Vec<_> = places.iter().filter(|p| p.is_county()).cloned().collect();
        let shares = households::shares(self.households, &counties);
        let areas = [self.areas(&places), self.villages(&counties, &shares)];
        let first = areas.into_iter().filter(|h| h.rows > 0).chain(programme::hand_ins(self, &places));
        let people = counties.into_iter().zip(shares).enumerate().flat_map(move |(n, (county, share))| {
            YEARS.into_iter().flat_map(move |year| households::hand_ins(self, n, &county, share, year))
        });
        Ok(first.collect::<Vec<_>>().into_iter().chain(people))
    }

    fn areas(self, places: &[Place]) -> HandIn {
        let code = |field, stored: &str| code_number("area", field, stored).unwrap_or_default();
        let area = |p: &Place| Area {
            area_code: p.area_code.clone(),
            valid_from: "2010-01-01".to_owned(),
            level: code("level", if p.is_county() { "county" } else { "province" }),
            name_en: p.name_en.clone(),
            name_zh: p.name_zh.clone(),
            wing: p.wing.clone(),
            key_county: code("key_county", &p.key_county),
            ..Area::default()
        };
        self.hand_in("area", "50", 2011, &places.iter().map(area).collect::<Vec<_>>())
    }

    /// The townships and villages that households of the sample live in.
    fn villages(self, counties: &[Place], shares: &[usize]) -> HandIn {
        let village = |(county, code): (&Place, String)| {
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
            households::places(county, *share).into_iter().map(move |code| (county, code))
        });
        let mut hand_in = self.hand_in("area", "50", 2011, &villages.map(village).collect::<Vec<_>>());
        hand_in.header.submission_id.push_str("/villages");
        hand_in
    }

    fn hand_in<M: Message>(self, dataset: &str, area: &str, year: i32, records: &[M]) -> HandIn {
        let number = find(dataset).map(|d| d.rows_number).unwrap_or_default();
        let header = SubmissionHeader {
            submission_id: format!("simulated/{}/{}/{dataset}/{area}/{year}", self.seed, self.households),
            dataset: dataset.to_owned(),
            area_code: area.to_owned(),
            period: year.to_string(),
            policy: Policy::AcceptGoodRows.into(),
            sender: "Simulated county office 模拟数据".to_owned(),
            simulated: true,
            ..SubmissionHeader::default()
        };
        let batches = records.chunks(BATCH).map(|chunk| Rows::encode(number, chunk)).collect();
        HandIn { header, batches, rows: records.len() }
    }

    /// Random numbers of one part of the plan, whatever was made before it.
    fn random(self, part: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(part);
        random
    }
}

fn places() -> Result<Vec<Place>> {
    let text = include_str!("../../../../seeds/chongqing-2011/areas.csv");
    let rows: Result<Vec<Place>, _> = csv::Reader::from_reader(text.as_bytes()).deserialize().collect();
    rows.map_err(|e| Error::internal("reading areas.csv", e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_records_and_another_makes_others() {
        let bytes = |seed| {
            let plan = Plan { households: 400, seed };
            let hand_ins = plan.hand_ins().unwrap();
            hand_ins.flat_map(|h| h.batches.into_iter().map(|b| b.as_bytes().to_vec())).collect::<Vec<_>>()
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
    }

    #[test]
    fn every_dataset_is_made_and_the_sample_has_the_size_asked_for() {
        let mut rows = std::collections::BTreeMap::new();
        for hand_in in (Plan { households: 1_000, seed: 1 }).hand_ins().unwrap() {
            assert!(hand_in.header.simulated);
            *rows.entry(hand_in.header.dataset).or_insert(0) += hand_in.rows;
        }
        for dataset in uplift_proto::dataset::all() {
            let article = dataset.name.starts_with("statement");
            assert_eq!(rows.contains_key(&dataset.name), !article, "{}", dataset.name);
        }
        assert_eq!(rows["household"], 2_000);
        assert!(rows["person"] > 5_000);
    }
}
