//! What was handed in: which county sent what for when, and what was rejected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use chrono::Datelike;
use minijinja::context;
use serde::{Deserialize, Serialize};
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::period::Period;
use uplift_proto::service::Service;
use uplift_proto::v1::ingest::{
    GetSubmissionRequest, ListRejectionsRequest, ListSubmissionsRequest, Mode, Rejection, State as Outcome,
    Submission,
};

use super::Answer;
use crate::cache::CachePolicy;
use crate::services::failed;
use crate::site::{Page, Site, to_value};
use crate::visit::Visit;

/// Submissions of one answer, and of the table of what was handed in.
const PAGE: i32 = 1_000;
const MAX_SUBMISSIONS: usize = 20_000;
/// Submissions that a page lists.
const LISTED: usize = 100;
/// Rejected rows of a page.
const REJECTIONS: i32 = 200;

/// A submission as pages show it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SubmissionView {
    pub(crate) id: String,
    dataset: String,
    dataset_title: String,
    area_code: String,
    period: String,
    sender: String,
    state: &'static str,
    state_words: &'static str,
    received: i64,
    accepted: i64,
    rejected: i64,
    simulated: bool,
    time: String,
}

/// A row that was rejected, and why.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RejectionView {
    row: i64,
    field: String,
    value: String,
    message: String,
}

/// What an area handed in of a dataset and a month, as one sign.
#[derive(Debug, Clone, Default, Serialize)]
struct Cell {
    submissions: usize,
    accepted: i64,
    rejected: i64,
}

/// The row of a dataset.
#[derive(Debug, Serialize)]
struct Row {
    area: String,
    cells: Vec<Option<Cell>>,
}

/// Which submissions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ListQuery {
    dataset: String,
    year: String,
}

impl SubmissionView {
    pub(crate) fn new(submission: Submission, language: Language) -> Self {
        let outcome = submission.state();
        let header = submission.header.unwrap_or_default();
        let (state, state_words) = match outcome {
            Outcome::Committed => ("committed", language.choose("accepted", "已入库")),
            Outcome::Refused => ("refused", language.choose("refused", "已退回")),
            Outcome::Checked => ("checked", language.choose("checked, nothing committed", "仅校验，未入库")),
            Outcome::Unspecified => ("", "–"),
        };
        Self {
            dataset_title: dataset_title(&header.dataset, language),
            id: header.submission_id,
            dataset: header.dataset,
            area_code: header.area_code,
            period: header.period,
            sender: header.sender,
            state,
            state_words,
            received: submission.rows_received,
            accepted: submission.rows_accepted,
            rejected: submission.rows_rejected,
            simulated: header.simulated,
            time: instant(submission.create_time),
        }
    }
}

impl RejectionView {
    pub(crate) fn new(rejection: Rejection, language: Language) -> Self {
        let message = match language {
            Language::Zh if !rejection.message_zh.is_empty() => rejection.message_zh,
            _ => rejection.message,
        };
        Self { row: rejection.row, field: rejection.field, value: rejection.value, message }
    }
}

impl RejectionView {
    /// How many rows these are of.
    pub(crate) fn rows(rejections: &[Self]) -> i64 {
        rejections.iter().map(|rejection| rejection.row).collect::<BTreeSet<_>>().len() as i64
    }
}

/// An instant as pages write it.
pub(crate) fn instant(time: Option<prost_types::Timestamp>) -> String {
    let time = time.and_then(|time| chrono::DateTime::from_timestamp(time.seconds, 0));
    time.map(|time| time.format("%Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default()
}

/// The title of a dataset; its name where there is none.
pub(crate) fn dataset_title(name: &str, language: Language) -> String {
    let dataset = uplift_proto::dataset::find(name);
    dataset.map_or_else(|| name.to_owned(), |dataset| dataset.title.text(language).to_owned())
}

/// What was handed in, as a table of areas and datasets or months, and the newest submissions.
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Query(query): Query<ListQuery>,
) -> Answer {
    let all = submissions(&site, &query.dataset).await?;
    let periods = all.iter().filter_map(|s| s.header.as_ref()?.period.parse::<Period>().ok());
    let years: BTreeSet<u16> = periods.map(Period::year).collect();
    let year = match query.year.as_str() {
        "" => years.last().copied().unwrap_or_default(),
        year => year.parse::<u16>().map_err(|_| {
            Error::invalid_field("year", format!("{year:?} is not a year; write one, as 2011"))
        })?,
    };
    let Completeness { columns, rows } =
        Completeness::new(&all, year, !query.dataset.is_empty(), visit.language);
    let areas = super::area_names::names(&site, &year.to_string(), visit.language).await?;
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(area, cells)| Row { area: areas.get(&area).cloned().unwrap_or(area), cells })
        .collect();
    let simulated = all.iter().any(|s| s.header.as_ref().is_some_and(|header| header.simulated));
    let count = all.len();
    let listed: Vec<_> =
        all.into_iter().take(LISTED).map(|s| SubmissionView::new(s, visit.language)).collect();
    let datasets: Vec<_> = uplift_proto::dataset::all()
        .iter()
        .map(|dataset| (dataset.name.clone(), dataset.title.text(visit.language).to_owned()))
        .collect();
    let content = context! {
        columns, rows => to_value(rows), year, years => years.into_iter().collect::<Vec<_>>(),
        dataset => query.dataset, datasets => to_value(datasets),
        submissions => to_value(listed), count,
    };
    let title = visit.text("What was handed in", "报送情况").to_owned();
    let page =
        Page { template: "submissions.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

/// Submissions, the newest first.
pub(super) async fn submissions(site: &Site, dataset: &str) -> Result<Vec<Submission>> {
    let mut request =
        ListSubmissionsRequest { dataset: dataset.to_owned(), page_size: PAGE, ..Default::default() };
    let mut all = Vec::new();
    loop {
        let page =
            site.services.ingest().list_submissions(request.clone()).await.map_err(failed)?.into_inner();
        all.extend(page.submissions);
        if page.next_page_token.is_empty() || all.len() >= MAX_SUBMISSIONS {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

/// What areas handed in for a year: by dataset, or by month where one dataset is looked at.
#[derive(Debug, Default)]
struct Completeness {
    /// Titles of columns.
    columns: Vec<String>,
    /// Cells by area.
    rows: BTreeMap<String, Vec<Option<Cell>>>,
}

impl Completeness {
    fn new(submissions: &[Submission], year: u16, by_month: bool, language: Language) -> Self {
        // The newest come first: what an earlier one had is no more once another replaced it.
        let mut replaced = BTreeSet::new();
        let committed = submissions.iter().filter(|submission| {
            let Some(header) = submission.header.as_ref() else { return false };
            let of = (&header.dataset, &header.area_code, &header.period);
            let is_there = submission.state() == Outcome::Committed && !replaced.contains(&of);
            if is_there && header.mode() == Mode::Replace {
                replaced.insert(of);
            }
            is_there
        });
        let committed: Vec<_> = committed.collect();
        let of_year: Vec<_> = committed
            .into_iter()
            .filter_map(|submission| {
                let header = submission.header.as_ref()?;
                let period = header.period.parse::<Period>().ok().filter(|period| period.year() == year)?;
                Some((header, period, submission))
            })
            .collect();
        let present: BTreeSet<&str> = of_year.iter().map(|(header, ..)| header.dataset.as_str()).collect();
        let names: Vec<&str> = uplift_proto::dataset::all()
            .iter()
            .map(|dataset| dataset.name.as_str())
            .filter(|name| present.contains(name))
            .collect();
        let columns = match by_month {
            true => {
                let months = (1..=12).map(|month| month.to_string());
                months.chain([language.choose("Year", "全年").to_owned()]).collect()
            }
            false => names.iter().map(|name| dataset_title(name, language)).collect::<Vec<_>>(),
        };
        let mut rows: BTreeMap<String, Vec<Option<Cell>>> = BTreeMap::new();
        for (header, period, submission) in of_year {
            let column = match by_month {
                true if period.is_year() => Some(12),
                // A quarter or a half-year is told at its last month.
                true => Some(period.last_day().month0() as usize),
                false => names.iter().position(|name| *name == header.dataset),
            };
            let row = rows.entry(header.area_code.clone()).or_insert_with(|| vec![None; columns.len()]);
            let Some(cell) = column.and_then(|column| row.get_mut(column)) else { continue };
            let cell = cell.get_or_insert_default();
            cell.submissions += 1;
            cell.accepted += submission.rows_accepted;
            cell.rejected += submission.rows_rejected;
        }
        Self { columns, rows }
    }
}

/// One submission with its rejected rows.
pub(crate) async fn show(
    State(site): State<Arc<Site>>,
    visit: Visit,
    Path((_, id)): Path<(String, String)>,
) -> Answer {
    let request = GetSubmissionRequest { submission_id: id.clone() };
    let answer = site.services.ingest().get_submission(request).await.map_err(failed)?.into_inner();
    let replaced_by = answer.replaced_by;
    let submission = SubmissionView::new(answer.submission.unwrap_or_default(), visit.language);
    let request =
        ListRejectionsRequest { submission_id: id.clone(), page_size: REJECTIONS, ..Default::default() };
    let page = match submission.rejected {
        0 => Default::default(),
        _ => site.services.ingest().list_rejections(request).await.map_err(failed)?.into_inner(),
    };
    let rejections: Vec<_> =
        page.rejections.into_iter().map(|r| RejectionView::new(r, visit.language)).collect();
    let (simulated, title) = (submission.simulated, format!("{} {id}", visit.text("Submission", "报送")));
    let content = context! {
        more => submission.rejected > RejectionView::rows(&rejections),
        submission => to_value(submission),
        rejections => to_value(rejections), replaced_by,
        call => site.services.places.call(
            Service::Ingest,
            "GetSubmission",
            &serde_json::json!({ "submission_id": id }),
        ),
    };
    let page =
        Page { template: "submission.html", title, simulated, cache: CachePolicy::Revalidate, content };
    Ok(site.show(&visit, page)?)
}

#[cfg(test)]
mod tests {
    use uplift_proto::v1::ingest::SubmissionHeader;

    use super::*;

    #[test]
    fn datasets_or_months_have_their_columns_and_what_was_refused_has_none() {
        let one = |area: &str, dataset: &str, period: &str, state: Outcome| Submission {
            header: Some(SubmissionHeader {
                area_code: area.into(),
                dataset: dataset.into(),
                period: period.into(),
                ..Default::default()
            }),
            state: state.into(),
            rows_accepted: 5,
            ..Default::default()
        };
        let all = [
            one("500101", "delivery", "2011-03", Outcome::Committed),
            one("500101", "delivery", "2011-Q1", Outcome::Committed),
            one("500101", "delivery", "2011", Outcome::Committed),
            one("500101", "event", "2011", Outcome::Committed),
            one("500101", "delivery", "2010-03", Outcome::Committed),
            one("500102", "delivery", "2011-03", Outcome::Refused),
            one("500102", "delivery", "nonsense", Outcome::Committed),
        ];
        let accepted = |by_month| {
            let table = Completeness::new(&all, 2011, by_month, Language::En);
            assert_eq!(table.rows.keys().collect::<Vec<_>>(), ["500101"]);
            let cells = table.rows["500101"].iter().map(|cell| cell.as_ref().map(|cell| cell.accepted));
            table.columns.into_iter().zip(cells).collect::<Vec<_>>()
        };
        let by_dataset = accepted(false);
        assert_eq!(by_dataset.iter().map(|(_, rows)| *rows).collect::<Vec<_>>(), [Some(15), Some(5)]);
        // What was replaced is no more, and what came after it is.
        let mut again = all.to_vec();
        let replacing = |rows| Submission { rows_accepted: rows, ..again[0].clone() };
        let mut replacing = replacing(2);
        if let Some(header) = &mut replacing.header {
            header.mode = Mode::Replace.into();
        }
        again.splice(0..0, [again[0].clone(), replacing]);
        let table = Completeness::new(&again, 2011, true, Language::En);
        assert_eq!(table.rows["500101"][2].as_ref().map(|cell| cell.accepted), Some(5 + 2 + 5));
        let by_month = accepted(true);
        assert_eq!((by_month[2].1, by_month[3].1), (Some(10), None));
        assert_eq!(by_month[12], ("Year".to_owned(), Some(10)));
    }
}
