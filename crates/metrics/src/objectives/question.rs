//! What is asked of objectives, and the periods that it needs.

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use crate::asked::Violations;
use crate::snapshots::AsOf;

/// Yuan that the article's objective is.
const INCOME: f64 = 10_000.0;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) year: i32,
    /// The last month that is looked at.
    pub(crate) month: u32,
    /// Digits of the areas whose targets are asked for as well.
    pub(crate) digits: Option<usize>,
    pub(crate) income: f64,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::GetObjectivesRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        if period.is_some_and(|period| !period.is_year() && !is_month(period)) {
            violations.add("period", "is not a month or a year; write it as 2011-09 or 2011");
        }
        let digits = violations.level_inside(request.by_level, area.as_ref());
        let income = request.income_objective;
        if !income.is_finite() || income < 0.0 {
            violations.add("income_objective", format!("is {income}; write yuan a household, 0 or more"));
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => Ok(Self {
                area,
                year: i32::from(period.year()),
                month: month(period),
                digits,
                income: if income == 0.0 { INCOME } else { income },
                as_of,
            }),
            _ => Err(Error::invalid(violations.0)),
        }
    }

    /// Months until the one asked for, of the year before and of the year.
    pub(super) fn months(&self) -> [Vec<Period>; 2] {
        [self.year - 1, self.year].map(|year| months(year, self.month))
    }

    pub(super) fn all_months_before(&self) -> Vec<Period> {
        months(self.year - 1, 12)
    }

    /// The year before and the year.
    pub(super) fn years(&self) -> [Period; 2] {
        [self.year - 1, self.year].map(|year| year.to_string().parse().expect("a year is a period"))
    }

    /// Digits of the areas inside that a forecast's error is taken from.
    pub(super) fn inside(&self) -> usize {
        let own = self.area.as_str().len();
        self.digits.unwrap_or(if own < 6 {
            6
        } else if own < 9 {
            9
        } else {
            12
        })
    }
}

fn months(year: i32, until: u32) -> Vec<Period> {
    (1..=until).filter_map(|month| format!("{year}-{month:02}").parse().ok()).collect()
}

fn is_month(period: Period) -> bool {
    period.to_string().len() == 7 && !period.to_string().contains('Q')
}

fn month(period: Period) -> u32 {
    period.to_string().get(5..7).and_then(|month| month.parse().ok()).unwrap_or(12)
}
