//! What a figure is of, by which it is found again in another edition.

use std::collections::{BTreeMap, HashMap};

use uplift_proto::v1::metrics::Figure;
use uplift_proto::v1::reporting::{EditionFigure, FigureChange};

/// What a figure is of, whatever its value and its definition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct FigureKey {
    pub(crate) indicator: String,
    pub(crate) area_code: String,
    pub(crate) period: String,
    pub(crate) dimensions: BTreeMap<String, String>,
    /// Those of a register and of a survey are never added. Real and simulated ones are not either, but a report shows real
    /// ones in place of simulated ones once there are any.
    pub(crate) household_record: i32,
}

impl FigureKey {
    pub(crate) fn of_answer(answer: &Figure) -> Self {
        Self {
            indicator: answer.indicator_id.clone(),
            area_code: answer.area_code.clone(),
            period: answer.period.clone(),
            dimensions: answer.dimensions.clone().into_iter().collect(),
            household_record: answer.household_record,
        }
    }

    pub(crate) fn of_edition(figure: &EditionFigure) -> Self {
        Self {
            indicator: figure.indicator_id.clone(),
            area_code: figure.area_code.clone(),
            period: figure.period.clone(),
            dimensions: figure.dimensions.clone().into_iter().collect(),
            household_record: figure.household_record,
        }
    }

    pub(crate) fn of_change(change: &FigureChange) -> Self {
        Self {
            indicator: change.indicator_id.clone(),
            area_code: change.area_code.clone(),
            period: change.period.clone(),
            dimensions: change.dimensions.clone().into_iter().collect(),
            household_record: change.household_record,
        }
    }
}

/// Values of the edition before, by what they are of.
#[derive(Debug, Clone, Default)]
pub(crate) struct EarlierFigures(HashMap<FigureKey, String>);

impl EarlierFigures {
    pub(crate) fn of_edition(figures: &[EditionFigure]) -> Self {
        let by_key = figures.iter().map(|figure| (FigureKey::of_edition(figure), figure.exact_value.clone()));
        Self(by_key.collect())
    }

    /// Whether a figure was there with another value.
    pub(crate) fn revises(&self, key: &FigureKey, exact_value: &str) -> bool {
        self.0.get(key).is_some_and(|before| before != exact_value)
    }
}
