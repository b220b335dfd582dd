//! How a template names a figure: `fund.fiscal`, `fund.fiscal@1`, `fund.fiscal[source=central]`,
//! `poverty.headcount_ratio[record=survey]`.

use std::collections::BTreeMap;

use uplift_proto::v1::records::HouseholdRecord;

/// A figure of the report's area and period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FigureReference {
    /// Id of the indicator, with its version where one is named.
    pub(crate) indicator: String,
    /// Dimensions: column to code.
    pub(crate) dimensions: BTreeMap<String, String>,
    /// Kind of households, where one is named.
    pub(crate) record: Option<HouseholdRecord>,
}

impl FigureReference {
    /// Parses a reference; an error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (indicator, conditions) = match text.split_once('[') {
            None => (text, ""),
            Some((indicator, rest)) => {
                let inside = rest.strip_suffix(']').ok_or_else(|| format!("{text:?} has no closing ]"))?;
                (indicator, inside)
            }
        };
        let mut reference =
            Self { indicator: indicator.trim().to_owned(), dimensions: BTreeMap::new(), record: None };
        for condition in conditions.split(',').map(str::trim).filter(|c| !c.is_empty()) {
            match condition.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                Some(("record", "register")) => reference.record = Some(HouseholdRecord::Register),
                Some(("record", "survey")) => reference.record = Some(HouseholdRecord::Survey),
                Some(("record", other)) => {
                    return Err(format!("{other:?} is not a kind of households; write register or survey"));
                }
                Some((name, value)) if !value.is_empty() => {
                    reference.dimensions.insert(name.to_owned(), value.to_owned());
                }
                _ => return Err(format!("{condition:?} is not a dimension; write it as source=central")),
            }
        }
        Ok(reference)
    }

    /// Id of the indicator without a version.
    pub(crate) fn indicator_id(&self) -> &str {
        self.indicator.split('@').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_named_with_its_version_dimensions_and_kind_of_records() {
        let reference = FigureReference::parse("fund.fiscal@1[source=central, record=register]").unwrap();
        assert_eq!(
            (reference.indicator.as_str(), reference.indicator_id()),
            ("fund.fiscal@1", "fund.fiscal")
        );
        assert_eq!(reference.dimensions["source"], "central");
        assert_eq!(reference.record, Some(HouseholdRecord::Register));
        for wrong in ["fund.fiscal[source=central", "fund.fiscal[source]", "fund.fiscal[record=all]"] {
            assert!(FigureReference::parse(wrong).is_err(), "{wrong}");
        }
    }
}
