//! What all pages share: clients, templates, the style sheet, and what is asked so often that it is kept for a moment.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use chrono::{Datelike, Utc};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, context};
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use uplift_core::error::{Error, Result};
use uplift_core::language::Language;
use uplift_core::period::Period;
use uplift_proto::v1::ingest::ListSubmissionsRequest;
use uplift_proto::v1::metrics::{
    Indicator, IndicatorQuery, ListIndicatorsRequest, ListIndicatorsResponse, QueryIndicatorsRequest,
};
use uplift_proto::v1::records::AreaLevel;

use crate::cache::CachePolicy;
use crate::kept_pages::KeptPages;
use crate::services::{Services, failed};
use crate::texts::environment;
use crate::uploads::Uploads;
use crate::verifications::Verifications;
use crate::visit::{Visit, code};

/// The style sheet of every page.
pub(crate) const STYLE: &str = include_str!("../templates/style.css");
/// How long definitions and the newest period are kept: as long as a reader takes for a page.
const KEPT: Duration = Duration::from_secs(5);
/// Submissions that are looked at for the newest period.
const NEWEST: i32 = 100;

/// What all pages share.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) services: Services,
    pub(crate) uploads: Uploads,
    pub(crate) verifications: Verifications,
    pub(crate) pages: KeptPages,
    templates: Environment<'static>,
    /// Address of the style sheet, which has its digest.
    pub(crate) style: String,
    catalogue: Kept<ListIndicatorsResponse>,
    scope: Kept<(String, String)>,
}

/// A page to be shown.
pub(crate) struct Page {
    pub(crate) template: &'static str,
    pub(crate) title: String,
    /// Whether anything on it is simulated.
    pub(crate) simulated: bool,
    pub(crate) cache: CachePolicy,
    pub(crate) content: Value,
}

/// Anything as a template reads it.
pub(crate) fn to_value(content: impl Serialize) -> Value {
    Value::from(Serde(content))
}

/// Makes the browser ask for a page again after a second: work that it tells of is under way.
pub(crate) fn ask_again(answer: &mut Response) {
    answer.headers_mut().insert("refresh", HeaderValue::from_static("1"));
}

/// A value that is asked for again after a moment.
#[derive(Debug)]
struct Kept<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T> Kept<T> {
    fn new() -> Self {
        Self(Mutex::new(None))
    }

    async fn get(&self, ask: impl AsyncFnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut kept = self.0.lock().await;
        if let Some((since, value)) = kept.as_ref()
            && since.elapsed() < KEPT
        {
            return Ok(value.clone());
        }
        let value = Arc::new(ask().await?);
        *kept = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}

impl Site {
    pub(crate) fn new(services: Services, uploads: &Path) -> Result<Self> {
        let digest = hex::encode(Sha256::digest(STYLE));
        Ok(Self {
            services,
            uploads: Uploads::inside(uploads)?,
            verifications: Verifications::new(),
            pages: KeptPages::new(),
            templates: environment()?,
            style: format!("/style-{}.css", &digest[..16]),
            catalogue: Kept::new(),
            scope: Kept::new(),
        })
    }

    /// A page as an answer.
    pub(crate) fn show(&self, visit: &Visit, page: Page) -> Result<Response> {
        let failed = |e| Error::internal("rendering a page", e);
        let template = self.templates.get_template(page.template).map_err(failed)?;
        let shared = context! {
            language => code(visit.language),
            html_language => visit.text("en", "zh-Hans"),
            path => visit.path.as_str(),
            in_english => visit.same_in(Language::En),
            in_chinese => visit.same_in(Language::Zh),
            style => self.style.as_str(),
            title => page.title,
            simulated => page.simulated,
        };
        let html = template.render(context! { ..page.content, ..shared }).map_err(failed)?;
        let mut answer = Response::new(html.into());
        let kind = HeaderValue::from_static("text/html; charset=utf-8");
        for (name, value) in [(CONTENT_TYPE, kind), (CACHE_CONTROL, page.cache.header())] {
            answer.headers_mut().insert(name, value);
        }
        Ok(answer)
    }

    /// The definitions of all indicators, and their sections.
    pub(crate) async fn catalogue(&self) -> Result<Arc<ListIndicatorsResponse>> {
        let ask = async || {
            let request = ListIndicatorsRequest::default();
            let answer = self.services.metrics().list_indicators(request).await.map_err(failed)?;
            Ok(answer.into_inner())
        };
        self.catalogue.get(ask).await
    }

    /// The definition of one indicator.
    pub(crate) async fn indicator(&self, id: &str) -> Result<Option<Indicator>> {
        let all = self.catalogue().await?;
        Ok(all.indicators.iter().find(|indicator| indicator.indicator_id == id).cloned())
    }

    /// Where a reader begins: the area that has all others in it, and the newest year on record.
    pub(crate) async fn scope(&self) -> Result<(String, String)> {
        let ask = async || {
            let request = ListSubmissionsRequest { page_size: NEWEST, ..Default::default() };
            let answer = self.services.ingest().list_submissions(request).await.map_err(failed)?;
            let headers = answer.into_inner().submissions.into_iter().filter_map(|s| s.header);
            let years = headers.filter_map(|header| header.period.parse::<Period>().ok()).map(Period::year);
            let year = years.max().map_or_else(|| Utc::now().year(), i32::from).to_string();
            let area = self.whole_area(&year).await?;
            Ok((area, year))
        };
        Ok(self.scope.get(ask).await?.as_ref().clone())
    }

    async fn whole_area(&self, year: &str) -> Result<String> {
        let catalogue = self.catalogue().await?;
        let indicators = &catalogue.indicators;
        let on_scorecard = indicators.iter().filter(|indicator| indicator.scorecard > 0);
        let query = IndicatorQuery {
            indicators: on_scorecard.map(|indicator| indicator.indicator_id.clone()).collect(),
            by_level: AreaLevel::Province.into(),
            periods: vec![year.to_owned()],
            ..IndicatorQuery::default()
        };
        let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
        let answer = self.services.metrics().query_indicators(request).await.map_err(failed)?.into_inner();
        let area = answer.figures.into_iter().find(|figure| !figure.area_code.is_empty());
        Ok(area.map(|figure| figure.area_code).unwrap_or_default())
    }
}
