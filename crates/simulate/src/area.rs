//! The municipality and its counties, as the seed lists them, and the villages of a county.

use serde::Deserialize;
use uplift_core::error::{Error, Result};
use uplift_proto::dataset::code_number;
use uplift_proto::v1::records::Area;

/// A county, or the municipality, while it had this name and level.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct SeedArea {
    pub(crate) area_code: String,
    level: String,
    pub(crate) name_en: String,
    pub(crate) name_zh: String,
    pub(crate) wing: String,
    pub(crate) key_county: String,
    valid_from: String,
    valid_to: String,
}

impl SeedArea {
    pub(crate) fn is_county(&self) -> bool {
        self.level == "county"
    }

    /// Whether it is a key county for poverty alleviation.
    pub(crate) fn is_key(&self) -> bool {
        !self.key_county.is_empty()
    }

    /// Whether it is there at the end of a year.
    pub(crate) fn is_valid(&self, year: i32) -> bool {
        let end = format!("{year}-12-31");
        self.valid_from <= end && (self.valid_to.is_empty() || self.valid_to >= end)
    }

    pub(crate) fn record(&self) -> Area {
        Area {
            area_code: self.area_code.clone(),
            valid_from: self.valid_from.clone(),
            valid_to: self.valid_to.clone(),
            level: code("level", if self.is_county() { "county" } else { "province" }),
            name_en: self.name_en.clone(),
            name_zh: self.name_zh.clone(),
            wing: self.wing.clone(),
            key_county: code("key_county", &self.key_county),
        }
    }

    /// The county's townships and villages as records, each township before its villages.
    pub(crate) fn village_records(&self, villages: usize) -> Vec<Area> {
        let mut records = Vec::new();
        for n in 0..villages.min(VILLAGES_PER_COUNTY) {
            if n.is_multiple_of(VILLAGES_PER_TOWNSHIP) {
                records.push(self.inside(township_code(&self.area_code, n), "township", "Township", "乡"));
            }
            records.push(self.inside(village_code(&self.area_code, n), "village", "Village", "村"));
        }
        records
    }

    fn inside(&self, area_code: String, level: &str, en: &str, zh: &str) -> Area {
        let own = &area_code[self.area_code.len()..];
        Area {
            name_en: format!("{en} {own}, {}", self.name_en),
            name_zh: format!("{}{own}{zh}", self.name_zh),
            level: code("level", level),
            area_code,
            ..self.record()
        }
    }
}

/// Villages of a township, and those that a county has codes for.
pub(crate) const VILLAGES_PER_TOWNSHIP: usize = 10;
const VILLAGES_PER_COUNTY: usize = 900 * VILLAGES_PER_TOWNSHIP;

/// Code of a county's `n`th village.
pub(crate) fn village_code(county: &str, n: usize) -> String {
    format!("{}{:03}", township_code(county, n), 200 + n % VILLAGES_PER_TOWNSHIP)
}

/// Code of the township that a county's `n`th village is in.
pub(crate) fn township_code(county: &str, n: usize) -> String {
    format!("{county}{:03}", 100 + n % VILLAGES_PER_COUNTY / VILLAGES_PER_TOWNSHIP)
}

fn code(field: &str, stored: &str) -> i32 {
    code_number("area", field, stored).unwrap_or_default()
}

/// All of them.
pub(crate) fn areas() -> Result<Vec<SeedArea>> {
    let text = include_str!("../../../seeds/chongqing-2011/areas.csv");
    let rows: Result<_, csv::Error> = csv::Reader::from_reader(text.as_bytes()).deserialize().collect();
    rows.map_err(|e| Error::internal("reading areas.csv", e))
}
