//! Rules as they are declared.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use uplift_core::language::Bilingual;

/// The rules that Uplift itself has.
const BUILT_IN: [&str; 3] = [
    include_str!("../../red_flags/people.toml"),
    include_str!("../../red_flags/money.toml"),
    include_str!("../../red_flags/figures.toml"),
];

/// All rules, in the order in which they are shown.
pub(crate) static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let rules = BUILT_IN.iter().flat_map(|text| {
        let file: File = toml::from_str(text).expect("the built-in rules are TOML");
        file.rule
    });
    rules.collect()
});

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) title_en: String,
    pub(crate) title_zh: String,
    definition_en: String,
    definition_zh: String,
    /// Kind of the finding that a confirmed flag becomes.
    pub(crate) finding_kind: String,
    pub(crate) datasets: Vec<String>,
    #[serde(default)]
    pub(crate) limits: BTreeMap<String, f64>,
    pub(super) text_en: String,
    pub(super) text_zh: String,
    sql: String,
}

impl Rule {
    /// The rule with other limits where they are given, as shared_account.households.
    pub(crate) fn with_limits(&self, given: &BTreeMap<String, f64>) -> Self {
        let mut rule = self.clone();
        for (name, limit) in &mut rule.limits {
            if let Some(given) = given.get(&format!("{}.{name}", self.id)) {
                *limit = *given;
            }
        }
        rule
    }

    /// What it finds, its limits filled in.
    pub(crate) fn definition(&self) -> Bilingual {
        let fill = |text: &str| {
            self.limits.iter().fold(text.to_owned(), |text, (name, limit)| {
                text.replace(&format!("{{{name}}}"), &limit.to_string())
            })
        };
        Bilingual::new(fill(&self.definition_en), fill(&self.definition_zh))
    }

    /// Its query, limits filled in; longer names first, because one may begin with another.
    pub(crate) fn query(&self) -> String {
        let limits = self.limits.iter().rev();
        let filled = limits.fold(self.sql.clone(), |sql, (name, limit)| {
            sql.replace(&format!("${name}"), &limit.to_string())
        });
        filled.trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_no_limit_is_left_open() {
        let names: std::collections::BTreeSet<_> = RULES.iter().map(|rule| &rule.id).collect();
        assert_eq!(names.len(), RULES.len());
        for rule in RULES.iter() {
            assert!(!rule.query().contains('$'), "{}", rule.query());
            let Bilingual { en, zh } = rule.definition();
            assert!(!en.contains('{') && !zh.contains('{'), "{en} {zh}");
            assert!(uplift_proto::dataset::code_number("finding", "kind", &rule.finding_kind).is_some());
        }
    }

    #[test]
    fn a_limit_that_is_given_is_that_of_its_rule_alone() {
        let given = BTreeMap::from([("order_in_parts.limit".to_owned(), 200_000.0)]);
        let rule = RULES.iter().find(|rule| rule.id == "order_in_parts").unwrap().with_limits(&given);
        assert!(rule.query().contains("HAVING sum(amount) < 200000"));
        assert!(rule.definition().en.contains("below 200000 yuan"));
        let other = RULES.iter().find(|rule| rule.id == "paid_twice").unwrap().with_limits(&given);
        assert_eq!(other.limits["days"], 25.0);
    }
}
