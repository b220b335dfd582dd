//! Declared indicators: read from TOML, type-checked against the tables that they compute from.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uplift_core::error::{Error, ErrorKind, FieldViolation, Result};

use crate::plan;

/// What comes with Uplift: one file for each section of the annual report, and poverty measures.
const BUILT_IN: [(&str, &str); 15] = [
    ("overview", include_str!("../catalogue/overview.toml")),
    ("poverty", include_str!("../catalogue/poverty.toml")),
    ("inequality", include_str!("../catalogue/inequality.toml")),
    ("deprivation", include_str!("../catalogue/deprivation.toml")),
    ("funds", include_str!("../catalogue/funds.toml")),
    ("industry", include_str!("../catalogue/industry.toml")),
    ("village", include_str!("../catalogue/village.toml")),
    ("relocation", include_str!("../catalogue/relocation.toml")),
    ("investment", include_str!("../catalogue/investment.toml")),
    ("bazaar", include_str!("../catalogue/bazaar.toml")),
    ("groups", include_str!("../catalogue/groups.toml")),
    ("finance", include_str!("../catalogue/finance.toml")),
    ("supervision", include_str!("../catalogue/supervision.toml")),
    ("publicity", include_str!("../catalogue/publicity.toml")),
    ("handin", include_str!("../catalogue/handin.toml")),
];

/// One version of an indicator as declared.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    /// Id, as `fund.absorption`.
    pub id: String,
    /// Version of the definition, counted from 1.
    #[serde(default = "one")]
    pub version: u32,
    /// What changed since the version before.
    #[serde(default)]
    pub changed: String,
    /// Section of the annual report: the name of its file.
    #[serde(skip_deserializing)]
    pub section: String,
    /// Tells what is computed from any other definition, titles aside; made when it is loaded.
    #[serde(skip)]
    pub digest: String,
    /// Title in English.
    pub title_en: String,
    /// Title in Chinese.
    pub title_zh: String,
    /// Definition in English.
    pub definition_en: String,
    /// Definition in Chinese.
    pub definition_zh: String,
    /// Unit of the value.
    pub unit: String,
    /// Columns that it can be told apart by.
    #[serde(default)]
    pub dimensions: Vec<String>,
    /// Factor of a ratio or of a measure: 100 for percent.
    #[serde(default)]
    pub scale: Option<u32>,
    /// Measure of the `programme` dataset that is its target.
    #[serde(default)]
    pub target: String,
    /// Subject of the statements that publish it.
    #[serde(default)]
    pub published: String,
    /// Whether a smaller value is the better one.
    #[serde(default)]
    pub less_is_better: bool,
    /// Place on the scorecard; absent is not on it.
    #[serde(default)]
    pub scorecard: Option<u32>,
    /// What is measured, unless it is a ratio.
    #[serde(default)]
    pub value: Option<Component>,
    /// Upper part of a ratio.
    #[serde(default)]
    pub numerator: Option<Component>,
    /// Lower part of a ratio.
    #[serde(default)]
    pub denominator: Option<Component>,
}

/// One measure over one dataset.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// Dataset that is measured.
    pub dataset: String,
    /// SQL aggregate, as `sum(amount)`; `$period_end` is the last day of the period.
    pub measure: String,
    /// SQL condition on records; empty is all.
    #[serde(default, rename = "where")]
    pub condition: String,
    /// Column that places a record in time; a date, a year, or a reporting period.
    #[serde(default)]
    pub period: String,
    /// Column that places a record in an area.
    #[serde(default)]
    pub area: String,
    /// Counts everything up to the end of the period, as a stock does.
    #[serde(default)]
    pub stock: bool,
    /// Referring columns whose record is joined: `payer_id` gives `payer_kind` and so on.
    #[serde(default)]
    pub join: Vec<String>,
    /// Records that are added up first, as the flows of one loan.
    #[serde(default)]
    pub per: Option<Per>,
}

/// Adding up the records that share a key before measuring.
#[derive(Debug, Clone, Deserialize, Serialize, PartialEq, Eq, Hash)]
#[serde(deny_unknown_fields)]
pub struct Per {
    /// Column that they share.
    pub key: String,
    /// Columns of the result: name and SQL aggregate.
    pub columns: BTreeMap<String, String>,
}

fn one() -> u32 {
    1
}

impl Indicator {
    /// What is measured: the value, or numerator and denominator.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        [&self.value, &self.numerator, &self.denominator].into_iter().flatten()
    }

    /// Puts shared SQL in its places. The longest names first, since one may begin another.
    fn define(&mut self, shared: &BTreeMap<String, String>) {
        let mut names: Vec<_> = shared.keys().collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        for component in [&mut self.value, &mut self.numerator, &mut self.denominator].into_iter().flatten() {
            let columns = component.per.iter_mut().flat_map(|per| per.columns.values_mut());
            for sql in [&mut component.measure, &mut component.condition].into_iter().chain(columns) {
                // Once for each, since one may stand in another.
                for name in names.iter().flat_map(|_| &names) {
                    *sql = sql.replace(&format!("${name}"), &shared[*name]);
                }
            }
        }
    }

    fn computed_digest(&self) -> String {
        let parts = (&self.value, &self.numerator, &self.denominator, self.scale, &self.unit);
        let text = serde_json::to_string(&parts).unwrap_or_default();
        Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
    }
}

/// All indicators, every version of each.
#[derive(Debug, Default, Clone)]
pub struct Catalogue {
    /// By id, the oldest version first; ids in the order of their declaration.
    indicators: Vec<Vec<Arc<Indicator>>>,
    by_id: HashMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// SQL that the file's indicators share: `$name` in a measure or condition stands for it.
    #[serde(default)]
    define: BTreeMap<String, String>,
    #[serde(default, rename = "indicator")]
    indicators: Vec<Indicator>,
}

impl Catalogue {
    /// What comes with Uplift.
    pub fn built_in() -> Result<Self> {
        let mut catalogue = Self::default();
        let mut wrong = Vec::new();
        for (section, text) in BUILT_IN {
            catalogue.read(&format!("{section}.toml"), section, text, &mut wrong);
        }
        if wrong.is_empty() { Ok(catalogue) } else { Err(Error::invalid(wrong)) }
    }

    /// This and what an office declares in a folder of its own. Everything wrong with a file is named:
    /// file, indicator, column.
    pub fn with_folder(&self, folder: &Path) -> Result<Self> {
        let mut catalogue = self.clone();
        let mut wrong = Vec::new();
        for path in files(folder)? {
            let name = path.display().to_string();
            let section = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            match std::fs::read_to_string(&path) {
                Ok(text) => catalogue.read(&name, &section, &text, &mut wrong),
                Err(e) => wrong.push(FieldViolation::new(name, format!("cannot be read: {e}"))),
            }
        }
        if wrong.is_empty() { Ok(catalogue) } else { Err(Error::invalid(wrong)) }
    }

    fn read(&mut self, file: &str, section: &str, text: &str, wrong: &mut Vec<FieldViolation>) {
        let declared: File = match toml::from_str(text) {
            Ok(declared) => declared,
            Err(e) => return wrong.push(FieldViolation::new(file, e.to_string())),
        };
        for mut indicator in declared.indicators {
            indicator.section = section.to_owned();
            indicator.define(&declared.define);
            indicator.digest = indicator.computed_digest();
            let place = format!("{file}: {}", indicator.id);
            if let Err(message) = self.add(indicator) {
                wrong.push(FieldViolation::new(place, message));
            }
        }
    }

    fn add(&mut self, indicator: Indicator) -> Result<(), String> {
        check(&indicator)?;
        let next = self.indicators.len();
        let place = *self.by_id.entry(indicator.id.clone()).or_insert(next);
        if place == next {
            self.indicators.push(Vec::new());
        }
        let versions = &mut self.indicators[place];
        let expected = versions.last().map_or(1, |v| v.version + 1);
        if indicator.version != expected {
            return Err(format!("version {} is declared where {expected} comes next", indicator.version));
        }
        versions.push(Arc::new(indicator));
        Ok(())
    }

    /// The newest version of each.
    pub fn newest(&self) -> impl Iterator<Item = &Arc<Indicator>> {
        self.indicators.iter().filter_map(|versions| versions.last())
    }

    /// Every version of one, the oldest first.
    pub fn history(&self, id: &str) -> Result<&[Arc<Indicator>]> {
        if let Some(place) = self.by_id.get(id) {
            return Ok(&self.indicators[*place]);
        }
        let near = self.by_id.keys().max_by(|a, b| {
            strsim::jaro_winkler(a, id).total_cmp(&strsim::jaro_winkler(b, id)).then_with(|| b.cmp(a))
        });
        let near = near.map(|n| format!("; the nearest is {n}")).unwrap_or_default();
        Err(Error::not_found(format!("there is no indicator {id:?}{near}; ListIndicators lists them")))
    }

    /// One by `id`, or `id@version`.
    pub fn get(&self, name: &str) -> Result<&Arc<Indicator>> {
        let (id, version) = match name.split_once('@') {
            Some((id, version)) => (id, Some(version)),
            None => (name, None),
        };
        let versions = self.history(id)?;
        let newest = &versions[versions.len() - 1];
        let Some(version) = version else { return Ok(newest) };
        let found = version.parse().ok().and_then(|v: u32| versions.iter().find(|i| i.version == v));
        found.ok_or_else(|| {
            Error::not_found(format!(
                "indicator {id} has no version {version}; its newest is {}",
                newest.version
            ))
        })
    }
}

fn check(indicator: &Indicator) -> Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    if indicator.id.is_empty() || !indicator.id.chars().all(plain) {
        return Err("id: write letters, digits, dots and underscores".to_owned());
    }
    for (field, text) in [
        ("title_en", &indicator.title_en),
        ("title_zh", &indicator.title_zh),
        ("definition_en", &indicator.definition_en),
        ("definition_zh", &indicator.definition_zh),
        ("unit", &indicator.unit),
    ] {
        if text.trim().is_empty() {
            return Err(format!("{field}: is empty"));
        }
    }
    let parts = (&indicator.value, &indicator.numerator, &indicator.denominator);
    if !matches!(parts, (Some(_), None, None) | (None, Some(_), Some(_))) {
        return Err("declare either value, or numerator and denominator".to_owned());
    }
    for component in indicator.components() {
        plan::check(component, &indicator.dimensions)?;
    }
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => {
            let message = format!("cannot read indicators from {}: {e}", folder.display());
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
    };
    let paths = entries.filter_map(|entry| entry.ok().map(|e| e.path()));
    let mut paths: Vec<_> = paths.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    Ok(paths)
}

/// The factor of a ratio or of a measure.
pub fn scale(indicator: &Indicator) -> Decimal {
    Decimal::from(indicator.scale.unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#"
[[indicator]]
id = "own.flows"
title_en = "Flows"
title_zh = "流水"
definition_en = "All of them."
definition_zh = "全部。"
unit = "record"
value = { dataset = "fund_flow", measure = "count(*)", where = "KIND" }
"#;

    fn load(text: &str) -> Result<Catalogue> {
        let folder = std::env::temp_dir().join(format!("uplift-catalogue-{}", text.len()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("own.toml"), text).unwrap();
        let loaded = Catalogue::built_in().unwrap().with_folder(&folder);
        std::fs::remove_dir_all(&folder).unwrap();
        loaded
    }

    #[test]
    fn every_section_of_the_article_has_indicators_that_fit_their_tables() {
        let catalogue = Catalogue::built_in().unwrap();
        assert!(catalogue.newest().count() >= 60, "{}", catalogue.newest().count());
        for (section, _) in BUILT_IN {
            assert!(catalogue.newest().filter(|i| i.section == section).count() >= 3, "{section}");
        }
        let absorption = catalogue.history("fund.absorption").unwrap();
        assert_eq!(absorption.iter().map(|i| i.version).collect::<Vec<_>>(), [1, 2]);
        assert_ne!(absorption[0].digest, absorption[1].digest);
        assert_eq!(catalogue.get("fund.absorption").unwrap().version, 2);
        assert_eq!(catalogue.get("fund.absorption@1").unwrap().version, 1);
        let unknown = catalogue.get("fund.absorbtion").unwrap_err().message;
        assert!(unknown.contains("fund.absorption"), "{unknown}");
    }

    #[test]
    fn a_fault_names_file_indicator_and_column() {
        assert_eq!(
            load(&OWN.replace("KIND", "kind = 'loan'")).unwrap().get("own.flows").unwrap().section,
            "own"
        );
        let poor = |measure: &str| OWN.replace("KIND", "").replace("count(*)", measure);
        for (text, said) in [
            (OWN.replace("KIND", "knd = 'loan'"), vec!["own.toml: own.flows", "where", "knd"]),
            (OWN.replace("KIND", "kind = "), vec!["own.toml: own.flows", "where"]),
            (OWN.replace("KIND", "").replace("count(*)", "sum(amuont)"), vec!["measure", "amuont"]),
            (OWN.replace("KIND", "").replace("count(*)", "max(kind)"), vec!["measure", "not a number"]),
            (poor("headcount_ratio(amount, 1)"), vec!["own.toml: own.flows", "measure", "line"]),
            (poor("headcount_ratio(amount, 1, 0)"), vec!["measure", "above 0"]),
            (poor("headcount_ratio(amount, 1, amount)"), vec!["measure", "no number"]),
            (poor("gini(amount)"), vec!["own.toml: own.flows", "gini"]),
            (OWN.replace("fund_flow", "flows"), vec!["dataset", "flows"]),
            (
                OWN.replace("\"record\"", "\"record\"\ndimensions = [\"colour\"]"),
                vec!["dimensions", "colour"],
            ),
            (OWN.replace("\"Flows\"", "\"\""), vec!["title_en"]),
            (OWN.replace("[[indicator]]", "[[indicator]]\nversion = 2"), vec!["version 2", "1 comes next"]),
            (OWN.replace("unit =", "units ="), vec!["own.toml", "units"]),
        ] {
            let error = load(&text).unwrap_err();
            for part in said {
                assert!(error.message.contains(part), "{part} is missing from {}", error.message);
            }
        }
    }
}
