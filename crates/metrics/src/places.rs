//! Areas as their records name them: what a breakdown lists, and what figures are titled with.

use std::collections::BTreeMap;
use std::sync::Arc;

use quick_cache::sync::Cache;
use uplift_core::error::{Error, Result};
use uplift_proto::v1::records::AreaLevel;
use uplift_store::columns::{text, text_at};

use crate::pins::Pins;

/// Names of an area.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// Areas by code, as one version of their table has them.
pub type Places = Arc<BTreeMap<String, Place>>;

/// Reads areas, and keeps them by version.
#[derive(Debug)]
pub struct Gazetteer {
    known: Cache<i64, Places>,
}

impl Default for Gazetteer {
    fn default() -> Self {
        Self { known: Cache::new(4) }
    }
}

impl Gazetteer {
    /// The areas at the version that an answer stands on.
    pub async fn places(&self, pins: &Pins) -> Result<Places> {
        let Some(snapshot) = pins.snapshot("area").await? else { return Ok(Places::default()) };
        if let Some(known) = self.known.get(&snapshot.version()) {
            return Ok(known);
        }
        let failed = |e| Error::internal("reading areas", e);
        let mut places = BTreeMap::new();
        for batch in snapshot.rows().await?.collect().await.map_err(failed)? {
            let (code, en, zh) =
                (text(&batch, "area_code")?, text(&batch, "name_en")?, text(&batch, "name_zh")?);
            for row in 0..batch.num_rows() {
                let place = Place { en: text_at(&en, row), zh: text_at(&zh, row) };
                places.insert(text_at(&code, row), place);
            }
        }
        let places = Arc::new(places);
        self.known.insert(snapshot.version(), places.clone());
        Ok(places)
    }
}

/// Digits of the codes of a level (GB/T 2260 and its extension); none where no level is asked for.
pub fn digits(level: AreaLevel) -> Option<usize> {
    match level {
        AreaLevel::Unspecified => None,
        AreaLevel::Province => Some(2),
        AreaLevel::Prefecture => Some(4),
        AreaLevel::County => Some(6),
        AreaLevel::Township => Some(9),
        AreaLevel::Village => Some(12),
    }
}
