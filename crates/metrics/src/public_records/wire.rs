//! A request for public records, read.

use uplift_core::area::AreaCode;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_proto::dataset::{all, find};
use uplift_proto::v1::metrics as wire;

use crate::asked::Violations;
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
        let mut violations = Violations::default();
        let dataset = dataset(&request.dataset).map_err(|message| violations.add("dataset", message)).ok();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        if period.is_some_and(Period::is_day) {
            violations.add(
                "period",
                "is a day, for which nobody reports; name a year, 2011, or a part of it, 2011-Q3",
            );
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (dataset, area, period, as_of) {
            (Some(dataset), Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => {
                Ok(Self { dataset, area, period, as_of })
            }
            _ => Err(Error::invalid(violations.0)),
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
