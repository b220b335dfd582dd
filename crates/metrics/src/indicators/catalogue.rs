//! Declared indicators: read from TOML, type-checked against the tables that they compute from.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use uplift_core::error::{DeclarationError, Error, ErrorKind, FieldViolation, Result};
use uplift_core::language::Bilingual;
use uplift_core::nearest::nearest;

use super::indicator::Indicator;
use super::lines::NATIONAL;
use super::plan;

/// The indicators of Uplift itself: one file for each section of the annual report, and poverty measures.
const BUILT_IN: [(&str, &str); 18] = [
    ("overview", include_str!("../../catalogue/overview.toml")),
    ("poverty", include_str!("../../catalogue/poverty.toml")),
    ("inequality", include_str!("../../catalogue/inequality.toml")),
    ("deprivation", include_str!("../../catalogue/deprivation.toml")),
    ("funds", include_str!("../../catalogue/funds.toml")),
    ("industry", include_str!("../../catalogue/industry.toml")),
    ("village", include_str!("../../catalogue/village.toml")),
    ("relocation", include_str!("../../catalogue/relocation.toml")),
    ("households", include_str!("../../catalogue/households.toml")),
    ("works", include_str!("../../catalogue/works.toml")),
    ("investment", include_str!("../../catalogue/investment.toml")),
    ("bazaar", include_str!("../../catalogue/bazaar.toml")),
    ("groups", include_str!("../../catalogue/groups.toml")),
    ("finance", include_str!("../../catalogue/finance.toml")),
    ("mutual_funds", include_str!("../../catalogue/mutual_funds.toml")),
    ("supervision", include_str!("../../catalogue/supervision.toml")),
    ("publicity", include_str!("../../catalogue/publicity.toml")),
    ("handin", include_str!("../../catalogue/handin.toml")),
];

/// Earlier versions of those that have a new one, and those that were withdrawn.
const SUPERSEDED: [(&str, &str); 15] = [
    ("bazaar", include_str!("../../catalogue/superseded/bazaar.toml")),
    ("deprivation", include_str!("../../catalogue/superseded/deprivation.toml")),
    ("finance", include_str!("../../catalogue/superseded/finance.toml")),
    ("funds", include_str!("../../catalogue/superseded/funds.toml")),
    ("groups", include_str!("../../catalogue/superseded/groups.toml")),
    ("handin", include_str!("../../catalogue/superseded/handin.toml")),
    ("industry", include_str!("../../catalogue/superseded/industry.toml")),
    ("inequality", include_str!("../../catalogue/superseded/inequality.toml")),
    ("investment", include_str!("../../catalogue/superseded/investment.toml")),
    ("mutual_funds", include_str!("../../catalogue/superseded/mutual_funds.toml")),
    ("overview", include_str!("../../catalogue/superseded/overview.toml")),
    ("poverty", include_str!("../../catalogue/superseded/poverty.toml")),
    ("relocation", include_str!("../../catalogue/superseded/relocation.toml")),
    ("supervision", include_str!("../../catalogue/superseded/supervision.toml")),
    ("village", include_str!("../../catalogue/superseded/village.toml")),
];

/// All indicators, every version of each.
#[derive(Debug, Default, Clone)]
pub(crate) struct Catalogue {
    /// By id, the oldest version first; ids in the order of their declaration.
    indicators: Vec<Vec<Arc<Indicator>>>,
    by_id: HashMap<String, usize>,
    /// Titles of sections that have one.
    titles: BTreeMap<String, Bilingual>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// What the section is called in English; empty is its name.
    #[serde(default)]
    title_en: String,
    /// The same in Chinese.
    #[serde(default)]
    title_zh: String,
    /// SQL that the file's indicators share: `$name` in a measure or condition stands for it.
    #[serde(default)]
    define: BTreeMap<String, String>,
    #[serde(default, rename = "indicator")]
    indicators: Vec<Indicator>,
}

/// Who declares indicators.
#[derive(Clone, Copy)]
enum Declared<'a> {
    ByUplift,
    /// An office, which may not use these ids.
    ByOthers(&'a HashMap<String, usize>),
}

impl Catalogue {
    /// The title of a section; its name in a language that has none.
    pub(crate) fn title(&self, section: &str) -> Bilingual {
        let Bilingual { en, zh } = self.titles.get(section).cloned().unwrap_or_default();
        let or_name = |title: String| if title.is_empty() { section.to_owned() } else { title };
        Bilingual::new(or_name(en), or_name(zh))
    }

    /// The indicators of Uplift itself.
    pub(crate) fn built_in() -> Result<Self> {
        let mut catalogue = Self::default();
        let mut violations = Vec::new();
        for (section, text) in SUPERSEDED.into_iter().chain(BUILT_IN) {
            catalogue.read(&format!("{section}.toml"), section, text, Declared::ByUplift, &mut violations);
        }
        if violations.is_empty() { Ok(catalogue) } else { Err(Error::invalid(violations)) }
    }

    /// This and what an office declares in a folder of its own, and what is wrong with the files that are left
    /// out: a bad file costs itself and no other. Problems name file, indicator and part.
    pub(crate) fn with_folder(&self, folder: &Path) -> Result<(Self, Vec<FieldViolation>)> {
        self.clone().and_files(folder, &self.by_id)
    }

    /// The declarations of a folder and no others, and what is wrong with the files that are left out.
    pub(crate) fn of_folder(folder: &Path) -> Result<(Self, Vec<FieldViolation>)> {
        Self::default().and_files(folder, &HashMap::new())
    }

    fn and_files(
        self,
        folder: &Path,
        reserved: &HashMap<String, usize>,
    ) -> Result<(Self, Vec<FieldViolation>)> {
        let mut catalogue = self;
        let mut problems = Vec::new();
        for path in files(folder)? {
            let name =
                path.file_name().map(|n| n.to_string_lossy().escape_debug().to_string()).unwrap_or_default();
            let section = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
            let mut with_file = catalogue.clone();
            let mut violations = Vec::new();
            match read_declarations(&path) {
                Ok(text) => {
                    with_file.read(&name, &section, &text, Declared::ByOthers(reserved), &mut violations)
                }
                Err(remedy) => violations.push(FieldViolation::new(&name, remedy)),
            }
            if violations.is_empty() {
                catalogue = with_file;
            }
            problems.extend(violations);
        }
        Ok((catalogue, problems))
    }

    /// What is wrong with the text of a file of declarations.
    pub(crate) fn problems(&self, text: &str) -> Vec<FieldViolation> {
        let mut violations = Vec::new();
        let by = Declared::ByOthers(&self.by_id);
        self.clone().read("declarations.toml", "declarations", text, by, &mut violations);
        violations
    }

    /// Adds what a file declares.
    fn read(
        &mut self,
        file: &str,
        section: &str,
        text: &str,
        by: Declared<'_>,
        violations: &mut Vec<FieldViolation>,
    ) {
        let declared: File = match toml::from_str(text) {
            Ok(declared) => declared,
            Err(e) => return violations.push(FieldViolation::new(file, located(text, &e))),
        };
        if declared.indicators.len() > MAX_INDICATORS || declared.define.len() > MAX_INDICATORS {
            let remedy =
                format!("declares more than {MAX_INDICATORS} indicators or names; use several files");
            return violations.push(FieldViolation::new(file, remedy));
        }
        if !declared.title_en.is_empty() || !declared.title_zh.is_empty() {
            // An office names its own sections, and none of Uplift's.
            let title = Bilingual::new(declared.title_en, declared.title_zh);
            self.titles.entry(section.to_owned()).or_insert(title);
        }
        for mut indicator in declared.indicators {
            indicator.section = section.to_owned();
            indicator.expand(&declared.define);
            indicator.digest = indicator.computed_digest();
            let location = format!("{file}: {}", indicator.id);
            if let Declared::ByOthers(reserved) = by
                && reserved.contains_key(&indicator.id)
            {
                let remedy =
                    "id: is one of Uplift's own; choose another, as with the office's name before it";
                violations.push(FieldViolation::new(location, remedy));
                continue;
            }
            // Uplift's own were checked when it was built, by a test: planning them all takes a second of every start.
            let checked = if matches!(by, Declared::ByUplift) { Ok(()) } else { check(&indicator) };
            if let Err(error) = checked.and_then(|()| self.add(indicator)) {
                violations.push(FieldViolation::new(location, error));
            }
        }
    }

    fn add(&mut self, indicator: Indicator) -> Result<(), DeclarationError> {
        let known = self.by_id.get(&indicator.id).copied();
        let expected = known.and_then(|index| self.indicators[index].last()).map_or(1, |v| v.version + 1);
        if indicator.version != expected {
            let message = format!("must be {expected}, not {}", indicator.version);
            return Err(DeclarationError::new("version", message));
        }
        // An indicator stands where its newest version is declared.
        let mut versions = known.map(|index| self.indicators.remove(index)).unwrap_or_default();
        let id = indicator.id.clone();
        versions.push(Arc::new(indicator));
        self.indicators.push(versions);
        match known {
            None => drop(self.by_id.insert(id, self.indicators.len() - 1)),
            Some(_) => {
                let ids = self.indicators.iter().enumerate();
                self.by_id = ids.map(|(n, versions)| (versions[0].id.clone(), n)).collect();
            }
        }
        Ok(())
    }

    /// The newest version of each.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &Arc<Indicator>> {
        self.indicators.iter().filter_map(|versions| versions.last()).filter(|i| i.withdrawn.is_empty())
    }

    /// Every version of one, the oldest first.
    pub(crate) fn history(&self, id: &str) -> Result<&[Arc<Indicator>]> {
        if let Some(index) = self.by_id.get(id) {
            return Ok(&self.indicators[*index]);
        }
        let near = nearest(id, self.by_id.keys().map(String::as_str));
        let near = near.map(|n| format!("; did you mean {n}?")).unwrap_or_default();
        Err(Error::not_found(format!("there is no indicator {id:?}{near} (ListIndicators lists them)")))
    }

    /// One by `id`, or `id@version`.
    pub(crate) fn get(&self, name: &str) -> Result<&Arc<Indicator>> {
        let (id, version) = match name.split_once('@') {
            Some((id, version)) => (id, Some(version)),
            None => (name, None),
        };
        let versions = self.history(id)?;
        let newest = &versions[versions.len() - 1];
        let Some(version) = version else {
            return match newest.withdrawn.as_str() {
                "" => Ok(newest),
                reason => {
                    let last = newest.version;
                    Err(Error::not_found(format!(
                        "indicator {id} was withdrawn: {reason} ({id}@{last} is what it was)"
                    )))
                }
            };
        };
        let declared = version.parse().ok().and_then(|v: u32| versions.iter().find(|i| i.version == v));
        declared.ok_or_else(|| {
            Error::not_found(format!(
                "indicator {id} has no version {version}; its newest is {}",
                newest.version
            ))
        })
    }
}

/// Bytes of a file of declarations, and indicators or names in it.
const MAX_FILE: u64 = 256 << 10;
const MAX_INDICATORS: usize = 200;
/// Characters of a title or definition.
const MAX_TEXT: usize = 1_000;

/// The text of a file; only of a regular one of sensible size, so that a link shows nothing of what other
/// files hold.
fn read_declarations(path: &Path) -> Result<String, String> {
    let about = std::fs::symlink_metadata(path).map_err(|e| format!("cannot be read: {e}"))?;
    if !about.is_file() {
        return Err("is not a regular file; put the file itself here".to_owned());
    }
    if about.len() > MAX_FILE {
        return Err(format!("is larger than {} KiB; use several files", MAX_FILE >> 10));
    }
    std::fs::read_to_string(path).map_err(|e| format!("cannot be read: {e}"))
}

/// Where and why a file is not TOML that declares indicators, without what the file says there.
fn located(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map_or(0, |span| span.start).min(text.len());
    let line = text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1;
    format!("line {line}: {}", error.message())
}

fn check(indicator: &Indicator) -> Result<(), DeclarationError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    if indicator.id.is_empty() || indicator.id.len() > 100 || !indicator.id.chars().all(plain) {
        return Err(DeclarationError::new("id", "write at most 100 letters, digits, dots and underscores"));
    }
    if let Some(dimension) = indicator.dimensions.iter().find(|d| !d.chars().all(plain)) {
        return Err(DeclarationError::new(
            "dimensions",
            format!("{dimension:?} is not the name of a column"),
        ));
    }
    for (field, text) in [
        ("title_en", &indicator.title_en),
        ("title_zh", &indicator.title_zh),
        ("definition_en", &indicator.definition_en),
        ("definition_zh", &indicator.definition_zh),
        ("unit", &indicator.unit),
    ] {
        if text.trim().is_empty() {
            return Err(DeclarationError::new(field, "is empty"));
        }
        if text.chars().count() > MAX_TEXT || text.chars().any(|c| c.is_control() && c != '\n') {
            let remedy = format!("is longer than {MAX_TEXT} characters, or has control characters");
            return Err(DeclarationError::new(field, remedy));
        }
    }
    let parts = (&indicator.value, &indicator.numerator, &indicator.denominator);
    if !matches!(parts, (Some(_), None, None) | (None, Some(_), Some(_))) {
        return Err(DeclarationError::new("value", "declare either value, or numerator and denominator"));
    }
    for component in indicator.components() {
        plan::check(component, &indicator.dimensions, &NATIONAL)?;
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
        let (loaded, problems) = Catalogue::built_in().unwrap().with_folder(&folder).unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        if problems.is_empty() { Ok(loaded) } else { Err(Error::invalid(problems)) }
    }

    #[test]
    fn every_section_of_the_article_has_indicators_that_fit_their_tables() {
        let catalogue = Catalogue::built_in().unwrap();
        for indicator in catalogue.indicators.iter().flatten() {
            check(indicator).unwrap_or_else(|e| panic!("{}@{}: {e}", indicator.id, indicator.version));
        }
        assert!(catalogue.newest().count() >= 60, "{}", catalogue.newest().count());
        for (section, _) in BUILT_IN {
            assert!(catalogue.newest().filter(|i| i.section == section).count() >= 3, "{section}");
        }
        let absorption = catalogue.history("fund.absorption").unwrap();
        assert_eq!(absorption.iter().map(|i| i.version).collect::<Vec<_>>(), [1, 2, 3, 4]);
        assert_ne!(absorption[0].digest, absorption[1].digest);
        assert_eq!(catalogue.get("fund.absorption").unwrap().version, 4);
        assert_eq!(catalogue.get("fund.absorption@1").unwrap().version, 1);
        let unknown = catalogue.get("fund.absorbtion").unwrap_err().message;
        assert!(unknown.contains("fund.absorption"), "{unknown}");
    }

    /// Definitions that double each other sixty times.
    fn doubling() -> String {
        let names = (0..60).map(|n| format!("n{n} = \"$n{0} + $n{0}\"\n", n + 1));
        let define: String = names.chain(["n60 = \"amount\"\n".to_owned()]).collect();
        format!("[define]\n{define}{}", OWN.replace("KIND", "").replace("count(*)", "sum($n0)"))
    }

    #[test]
    fn a_bad_file_costs_itself_and_a_link_shows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        std::fs::write(file("good.toml"), OWN.replace("KIND", "")).unwrap();
        std::fs::write(file("bad.toml"), "secret = ").unwrap();
        std::os::unix::fs::symlink(file("bad.toml"), file("link.toml")).unwrap();
        std::fs::create_dir(file("folder.toml")).unwrap();
        std::fs::write(file("large.toml"), vec![b'#'; MAX_FILE as usize + 1]).unwrap();
        let (catalogue, problems) = Catalogue::built_in().unwrap().with_folder(folder.path()).unwrap();
        assert!(catalogue.get("own.flows").is_ok());
        let told: Vec<_> = problems.iter().map(|p| p.field.as_str()).collect();
        assert_eq!(told, ["bad.toml", "folder.toml", "large.toml", "link.toml"]);
        assert!(problems.iter().all(|p| !p.description.contains("secret")), "{problems:?}");
    }

    #[test]
    fn an_error_names_file_indicator_and_part() {
        assert_eq!(
            load(&OWN.replace("KIND", "kind = 'loan'")).unwrap().get("own.flows").unwrap().section,
            "own"
        );
        let measuring = |measure: &str| OWN.replace("KIND", "").replace("count(*)", measure);
        for (text, parts) in [
            (OWN.replace("KIND", "knd = 'loan'"), vec!["own.toml: own.flows", "where", "knd"]),
            (OWN.replace("KIND", "kind = "), vec!["own.toml: own.flows", "where"]),
            (OWN.replace("KIND", "").replace("count(*)", "sum(amuont)"), vec!["measure", "amuont"]),
            (OWN.replace("KIND", "").replace("count(*)", "max(kind)"), vec!["measure", "not a number"]),
            (measuring("headcount_ratio(amount, 1)"), vec!["own.toml: own.flows", "measure", "line"]),
            (measuring("headcount_ratio(amount, 1, 0)"), vec!["measure", "above 0"]),
            (measuring("headcount_ratio(amount, 1, amount)"), vec!["measure", "not a number"]),
            (measuring("gini(amount)"), vec!["own.toml: own.flows", "gini"]),
            (measuring("count(*)").replace("fund_flow", "flows"), vec!["dataset", "flows"]),
            (
                measuring("count(*)").replace("\"record\"", "\"record\"\ndimensions = [\"colour\"]"),
                vec!["dimensions", "colour"],
            ),
            (measuring("count(*)").replace("\"Flows\"", "\"\""), vec!["title_en"]),
            (OWN.replace("KIND", "kind"), vec!["where", "not a condition"]),
            (
                measuring("count(*)").replace("[[indicator]]", "[[indicator]]\nversion = 2"),
                vec!["version", "must be 1, not 2"],
            ),
            (measuring("count(*)").replace("unit =", "units ="), vec!["own.toml", "line 8", "units"]),
            (OWN.replace("KIND", "1=1) OR (1=1"), vec!["own.toml: own.flows", "where", "bracket"]),
            (OWN.replace("KIND", "kind IN (SELECT kind FROM area)"), vec!["where", "not a query"]),
            (measuring("sum(length(repeat(flow_id, 1000000)))"), vec!["measure", "repeat"]),
            (measuring("count(distinct repeat(kind, 100000000))"), vec!["measure", "repeat"]),
            (
                measuring("count(*) filter (where household_id = 'a')").replace("fund_flow", "delivery"),
                vec!["personal"],
            ),
            (
                measuring("count(CASE WHEN household_id = 'a' THEN 1 END)").replace("fund_flow", "delivery"),
                vec!["personal"],
            ),
            (
                measuring("max(CAST(household_id AS BIGINT))").replace("fund_flow", "delivery"),
                vec!["personal"],
            ),
            (
                OWN.replace("own.flows", "fund.budget").replace("KIND", ""),
                vec!["own.toml: fund.budget", "id"],
            ),
            (
                measuring("count(worst)").replace(
                    "dataset =",
                    "per = { key = \"flow_id\", columns = { worst = \"headcount_ratio(amount, 1, 100)\" } }, dataset =",
                ),
                vec!["own.toml: own.flows", "per", "is a measure"],
            ),
            (doubling(), vec!["measure", "longer than"]),
        ] {
            let error = load(&text).unwrap_err();
            for part in parts {
                assert!(error.message.contains(part), "{part} is missing from {}", error.message);
            }
        }
    }
}
