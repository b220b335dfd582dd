//! What most questions have in common: an area, a period, and which state of the tables to read.

use std::collections::HashMap;

use uplift_core::area::{AreaCode, AreaCodeError};
use uplift_core::error::FieldViolation;
use uplift_core::period::{Period, PeriodError};
use uplift_proto::figure::digits;
use uplift_proto::v1::records::AreaLevel;

use crate::snapshots::AsOf;

/// What is wrong with a request, field by field.
#[derive(Debug, Default)]
pub(crate) struct Violations(pub(crate) Vec<FieldViolation>);

impl Violations {
    pub(crate) fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldViolation::new(field, message.into()));
    }

    pub(crate) fn area(&mut self, code: &str) -> Option<AreaCode> {
        code.parse().map_err(|e: AreaCodeError| self.add("area_code", e.to_string())).ok()
    }

    pub(crate) fn period(&mut self, period: &str) -> Option<Period> {
        period.parse().map_err(|e: PeriodError| self.add("period", e.to_string())).ok()
    }

    /// Digits of the codes of areas of a level, which must be inside of an area; none if no level is asked for.
    pub(crate) fn level_inside(&mut self, level: i32, area: Option<&AreaCode>) -> Option<usize> {
        let Ok(known) = AreaLevel::try_from(level) else {
            self.add("by_level", format!("{level} is not a level of areas"));
            return None;
        };
        let digits = digits(known)?;
        if let Some(area) = area.filter(|area| digits <= area.as_str().len()) {
            self.add("by_level", format!("is not below {area}; choose a lower level or a larger area"));
        }
        Some(digits)
    }

    /// Versions of tables, and an instant as seconds and nanoseconds.
    pub(crate) fn as_of(
        &mut self,
        versions: HashMap<String, i64>,
        instant: Option<(i64, i32)>,
    ) -> Option<AsOf> {
        let parsed = AsOf::parse(versions, instant);
        parsed.map_err(|message| self.add("as_of", message)).ok()
    }
}
