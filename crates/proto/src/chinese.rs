//! Messages in Chinese: those of the rules that datasets declare, and those of the catalogues.

use std::collections::HashMap;
use std::sync::LazyLock;

use uplift_core::dataset::SHOWN;

use crate::dataset::all;

/// Remedies of row rules in English, and the same in Chinese.
static REMEDIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let rules = all().iter().flat_map(|dataset| &dataset.rules);
    rules.map(|rule| (rule.remedy.en.as_str(), rule.remedy.zh.as_str())).collect()
});

/// A message in Chinese; none if nothing has it.
pub fn chinese(message: &str) -> Option<String> {
    let remedy = REMEDIES.get(message).filter(|zh| !zh.is_empty()).map(|zh| (*zh).to_owned());
    remedy.or_else(|| showing(message)).or_else(|| uplift_core::chinese::chinese(message))
}

/// A remedy of a rule over several records, with what it shows.
fn showing(message: &str) -> Option<String> {
    all().iter().flat_map(|dataset| &dataset.set_rules).find_map(|rule| {
        let Some((before, after)) = rule.remedy.en.split_once(SHOWN) else {
            return (rule.remedy.en == message).then(|| rule.remedy.zh.clone());
        };
        let shown = message.strip_prefix(before)?.strip_suffix(after)?;
        Some(rule.remedy.zh.replace(SHOWN, shown))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_of_rules_over_several_records_have_their_chinese_with_what_they_show() {
        let rules: Vec<_> = all().iter().flat_map(|dataset| &dataset.set_rules).collect();
        assert!(!rules.is_empty());
        for rule in rules {
            let [en, zh] = [&rule.remedy.en, &rule.remedy.zh].map(|text| text.replace(SHOWN, "-12.50"));
            assert_eq!(chinese(&en), Some(zh));
        }
    }
}
