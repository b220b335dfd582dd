//! Messages in Chinese: those of the rules that datasets declare, and those of the catalogues.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::dataset::all;

/// Remedies of row rules in English, and the same in Chinese.
static REMEDIES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    let rules = all().iter().flat_map(|dataset| &dataset.rules);
    rules.map(|rule| (rule.remedy.en.as_str(), rule.remedy.zh.as_str())).collect()
});

/// A message in Chinese; none if nothing has it.
pub fn chinese(message: &str) -> Option<String> {
    let remedy = REMEDIES.get(message).filter(|zh| !zh.is_empty()).map(|zh| (*zh).to_owned());
    remedy.or_else(|| uplift_core::chinese::chinese(message))
}
