//! A request for public records, read.

use uplift_core::area::AreaCode;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::period::Period;
use uplift_proto::dataset::{all, find};
use uplift_proto::v1::metrics as wire;

use crate::snapshots::AsOf;

/// Which records are asked for.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) dataset: &'static Dataset,
    pub(crate) area: AreaCode,
    pub(crate) period: Period,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::StreamPublicRecordsRequest) -> Result<Self> {
        let mut violations = Vec::new();
        let mut wrong = |field: &str, message: String| violations.push(FieldViolation::new(field, message));
        let dataset = dataset(&request.dataset).map_err(|message| wrong("dataset", message)).ok();
        let area = request.area_code.parse::<AreaCode>().map_err(|e| wrong("area_code", e.to_string())).ok();
        let period = request.period.parse::<Period>().map_err(|e| wrong("period", e.to_string())).ok();
        if period.is_some_and(Period::is_day) {
            wrong(
                "period",
                "is a day, for which nobody reports; name a year, 2011, or a part of it, 2011-Q3".to_owned(),
            );
        }
        let as_of = AsOf::parse(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        let as_of = as_of.map_err(|message| wrong("as_of", message.to_owned())).ok();
        match (dataset, area, period, as_of) {
            (Some(dataset), Some(area), Some(period), Some(as_of)) if violations.is_empty() => {
                Ok(Self { dataset, area, period, as_of })
            }
            _ => Err(Error::invalid(violations)),
        }
    }
}

fn dataset(name: &str) -> Result<&'static Dataset, String> {
    let public = || {
        let names: Vec<_> = all().iter().filter(|d| d.public).map(|d| d.name.as_str()).collect();
        names.join(", ")
    };
    match find(name) {
        Some(dataset) if dataset.public => Ok(dataset),
        Some(_) => {
            Err(format!("{name} has records of people, which are not made public; name one of {}", public()))
        }
        None => Err(format!("there is no dataset {name:?}; name one of {}", public())),
    }
}
