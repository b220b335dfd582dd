//! Conversions between wire types and the types of `uplift-core`.

use uplift_core::error::FieldViolation;
use uplift_core::interval::{Bound, Interval};
use uplift_core::printed::{PrintedFigure, Qualifier};
use uplift_core::verdict::{Relation, Verdict};

use crate::v1::{metrics, records, types};

impl From<&Interval> for types::Interval {
    fn from(interval: &Interval) -> Self {
        let text = |b: Option<Bound>| b.map(|b| b.value.normalize().to_string()).unwrap_or_default();
        let closed = |b: Option<Bound>| b.is_some_and(|b| b.closed);
        Self {
            low: text(interval.low),
            low_closed: closed(interval.low),
            high: text(interval.high),
            high_closed: closed(interval.high),
        }
    }
}

impl TryFrom<&types::Interval> for Interval {
    type Error = FieldViolation;

    fn try_from(wire: &types::Interval) -> Result<Self, Self::Error> {
        let bound = |field: &str, text: &str, closed| match text {
            "" => Ok(None),
            text => match text.parse() {
                Ok(value) => Ok(Some(Bound { value, closed })),
                Err(_) => Err(FieldViolation::new(field, format!("{text:?} is not a decimal number"))),
            },
        };
        Ok(Self {
            low: bound("low", &wire.low, wire.low_closed)?,
            high: bound("high", &wire.high, wire.high_closed)?,
        })
    }
}

impl From<records::Qualifier> for Qualifier {
    fn from(wire: records::Qualifier) -> Self {
        match wire {
            records::Qualifier::Unspecified | records::Qualifier::Rounded => Self::Rounded,
            records::Qualifier::Exact => Self::Exact,
            records::Qualifier::MoreThan => Self::MoreThan,
            records::Qualifier::LessThan => Self::LessThan,
            records::Qualifier::Nearly => Self::Nearly,
            records::Qualifier::About => Self::About,
            records::Qualifier::Range => Self::Range,
        }
    }
}

impl TryFrom<records::Relation> for Relation {
    type Error = FieldViolation;

    fn try_from(wire: records::Relation) -> Result<Self, Self::Error> {
        match wire {
            records::Relation::Equals => Ok(Self::Equals),
            records::Relation::AtMost => Ok(Self::AtMost),
            records::Relation::AtLeast => Ok(Self::AtLeast),
            records::Relation::Contains => Ok(Self::Contains),
            records::Relation::Unspecified => Err(FieldViolation::new(
                "relation",
                "is empty; write RELATION_EQUALS, _AT_MOST, _AT_LEAST or _CONTAINS",
            )),
        }
    }
}

impl From<Verdict> for metrics::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Consistent => Self::Consistent,
            Verdict::Inconsistent => Self::Inconsistent,
            Verdict::Undetermined => Self::Undetermined,
        }
    }
}

impl records::Statement {
    /// The values that the printed figure can stand for.
    pub fn interval(&self) -> Result<Interval, FieldViolation> {
        let figure = PrintedFigure::parse(&self.printed).map_err(|e| FieldViolation::new("printed", e))?;
        Ok(figure.interval(&self.unit, self.qualifier().into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_survive_the_wire() {
        for interval in [
            Interval::exact(450.into()),
            Interval::from(Bound::open(8_600_000.into())),
            Interval::between(Bound::closed("0.5".parse().unwrap()), Bound::open(2.into())),
            Interval::default(),
        ] {
            let wire = types::Interval::from(&interval);
            assert_eq!(Interval::try_from(&wire), Ok(interval));
        }
        let wrong = types::Interval { low: "a few".into(), ..Default::default() };
        assert!(Interval::try_from(&wrong).is_err());
    }

    #[test]
    fn a_statement_reads_its_own_figure() {
        let statement = records::Statement {
            printed: "8.6 million".into(),
            unit: "CNY".into(),
            qualifier: records::Qualifier::MoreThan.into(),
            ..Default::default()
        };
        assert_eq!(statement.interval().unwrap().to_string(), "(8600000, ∞)");
    }
}
