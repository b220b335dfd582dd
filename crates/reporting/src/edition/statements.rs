//! The statements and checks of an edition compared with what there is of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_core::language::Bilingual;
use uplift_proto::v1::reporting::{Difference, Edition};

use crate::document_answers::document_answers;
use crate::edition::difference::difference;

/// Statements, and checks with their verdicts, that differ at versions of tables.
pub(crate) async fn statement_differences(
    metrics: &MetricsClient,
    edition: &Edition,
    versions: HashMap<String, i64>,
) -> Result<Vec<Difference>> {
    let published: BTreeMap<String, String> = edition.statement_digests.clone().into_iter().collect();
    if published.is_empty() {
        return Ok(Vec::new());
    }
    let document_id = edition.report.as_ref().map(|report| report.document_id.as_str()).unwrap_or_default();
    let current = document_answers(metrics, document_id, versions).await?.digests();
    let names: BTreeSet<&String> = published.keys().chain(current.keys()).collect();
    let differ = names.into_iter().filter(|name| published.get(*name) != current.get(*name));
    let told = |name: &String| {
        let text = |digests: &BTreeMap<String, String>| digests.get(name).cloned().unwrap_or_default();
        let message = match name.starts_with("check:") {
            true => Bilingual::new(
                "the check or its verdict is not what was published",
                "勾稽关系或其判定与发布时不一致",
            ),
            false => Bilingual::new(
                "the published figure of the document is not what it was",
                "文件公布的数据与发布时不一致",
            ),
        };
        difference(name, &text(&published), &text(&current), message)
    };
    Ok(differ.map(told).collect())
}
