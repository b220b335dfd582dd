//! What the metrics service answers of a document: its statements, and its checks, judged.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use prost::Message;
use uplift_client::{MetricsClient, all_checks};
use uplift_core::error::{Error, ErrorKind, Result};
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{
    CheckResult, CheckStatementsRequest, CheckStatementsResponse, PublishedFigure, QueryStatementsRequest,
};

use crate::digest::digest;
use crate::upstream::{instant, upstream};

/// Statements of one report.
const MAX_STATEMENTS: usize = 20_000;
const PAGE: i32 = 10_000;

/// All statements and checks of a document, at the same versions.
#[derive(Debug)]
pub(crate) struct DocumentAnswers {
    pub(crate) statements: Vec<PublishedFigure>,
    pub(crate) checks: CheckStatementsResponse,
    pub(crate) versions: HashMap<String, i64>,
    pub(crate) records_time: Option<DateTime<Utc>>,
}

/// Asks for them at versions of tables; of others, the newest.
pub(crate) async fn document_answers(
    metrics: &MetricsClient,
    document_id: &str,
    versions: HashMap<String, i64>,
) -> Result<DocumentAnswers> {
    let (statements, read, records_time) = statements(metrics, document_id, versions.clone()).await?;
    let mut versions = versions;
    versions.extend(read);
    let request = CheckStatementsRequest {
        document_id: document_id.to_owned(),
        table_versions: versions.clone(),
        ..CheckStatementsRequest::default()
    };
    let checks = all_checks(&mut metrics.clone(), request).await.map_err(upstream)?;
    versions.extend(checks.table_versions.clone());
    Ok(DocumentAnswers { statements, checks, versions, records_time })
}

impl DocumentAnswers {
    /// SHA-256 of each statement, and of each check with its verdict, in hex: by statement:ID and check:ID.
    pub(crate) fn digests(&self) -> BTreeMap<String, String> {
        let statement = |figure: &PublishedFigure| {
            let statement = figure.statement.clone().unwrap_or_default();
            (format!("statement:{}", statement.statement_id), digest(&statement.encode_to_vec()))
        };
        let check = |result: &CheckResult| {
            let check = result.check.clone().unwrap_or_default();
            let content = [check.encode_to_vec(), result.explanation_en.clone().into_bytes()].concat();
            (format!("check:{}", check.check_id), digest(&content))
        };
        self.statements.iter().map(statement).chain(self.checks.results.iter().map(check)).collect()
    }
}

/// All statements of a document, page by page, every page at the versions of the first.
async fn statements(
    metrics: &MetricsClient,
    document_id: &str,
    table_versions: HashMap<String, i64>,
) -> Result<(Vec<PublishedFigure>, HashMap<String, i64>, Option<DateTime<Utc>>)> {
    let mut figures = Vec::new();
    // Pages as large as they may be: each reads the document's statements anew.
    let mut request = QueryStatementsRequest {
        document_id: document_id.to_owned(),
        table_versions,
        page_size: PAGE,
        ..Default::default()
    };
    loop {
        let page = metrics.clone().query_statements(request.clone()).await;
        let page = page.map_err(|s| upstream(from_status(&s)))?;
        let page = page.into_inner();
        figures.extend(page.figures);
        if figures.len() > MAX_STATEMENTS {
            let message = format!(
                "document {document_id} has more than {MAX_STATEMENTS} figures, which no page can show"
            );
            return Err(Error::new(ErrorKind::ResourceExhausted, message));
        }
        if page.next_page_token.is_empty() {
            return Ok((figures, page.table_versions, page.records_time.and_then(instant)));
        }
        request.page_token = page.next_page_token;
    }
}
