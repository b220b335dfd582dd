//! The reporting service: reports written from answers of the metrics service, kept, and published.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use chrono::Utc;
use tokio::sync::mpsc;
use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::ListIndicatorsRequest;
use uplift_proto::v1::reporting::{CompareReportsResponse, ErrataFile, Report, SubscribeChangesResponse};
use uuid::Uuid;

use crate::archive::Archive;
use crate::draft::{STEPS, Sources, compose, lay_out};
use crate::edition::comparison::compare;
use crate::edition::errata::errata_files;
use crate::edition::name::{EditionName, series_of};
use crate::edition::publication::{PublicationRequest, publish};
use crate::edition::store::EditionStore;
use crate::edition::verification::verify;
use crate::edition::watch::watch;
use crate::figure_key::EarlierFigures;
use crate::kit::making::{KIT_STEPS, make_kit};
use crate::request::{ReportRequest, Subject};
use crate::steps::{KEEPING, Progress, Steps};
use crate::template::{Indicators, Template, Templates, load_folder};
use crate::upstream::upstream;

/// Writes reports and keeps them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reporting {
    metrics: MetricsClient,
    archive: Archive,
    editions: EditionStore,
    templates: Templates,
}

/// A report that is not kept.
#[derive(Debug)]
pub struct Preview {
    /// Its record, without an id.
    pub report: Report,
    /// Its files: name and content.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Reporting {
    /// A service that asks this metrics service and keeps reports in this archive. An office's own templates are in
    /// `templates`, each a folder.
    pub fn new(metrics: MetricsClient, archive: Archive, templates: Option<PathBuf>) -> Self {
        let editions = EditionStore::new(archive.store());
        Self { metrics, archive, editions, templates: Templates::with_folder(templates) }
    }

    /// Writes a report and sends each step as it begins, then the report.
    pub async fn generate(&self, request: &ReportRequest, progress: mpsc::Sender<Progress>) -> Result<()> {
        let mut steps = Steps::new(progress, STEPS);
        let sources = self.sources(request).await?;
        let series = series_of(&sources.template.id, &Subject::new(&sources.template, request));
        let earlier = self.editions.newest_figures(&series).await?;
        let document = compose(&sources, request, &earlier, &mut steps).await?;
        let (mut report, files) = lay_out(document, request, &mut steps).await?;
        steps.begin(KEEPING).await;
        report.report_id = Uuid::now_v7().to_string();
        report.create_time = Some(SystemTime::now().into());
        self.archive.put(&report, files).await?;
        steps.tell(Progress::Written(report.into())).await;
        Ok(())
    }

    /// Publishes a report as an edition and sends each step as it begins, the checklist, then the edition.
    pub(crate) async fn publish(
        &self,
        request: &PublicationRequest,
        progress: mpsc::Sender<Progress>,
    ) -> Result<()> {
        let sources = self.sources(&request.report).await?;
        publish(&sources, &self.editions, request, &mut Steps::new(progress, STEPS)).await
    }

    /// Verifies an edition and sends each step as it begins, then the result.
    pub(crate) async fn verify(&self, name: &EditionName, progress: mpsc::Sender<Progress>) -> Result<()> {
        verify(&self.metrics, &self.editions, name, &mut Steps::new(progress, 1)).await
    }

    /// Makes the replay kit of an edition and sends each step as it begins, then the kit.
    pub(crate) async fn make_kit(&self, name: &EditionName, progress: mpsc::Sender<Progress>) -> Result<()> {
        let mut steps = Steps::new(progress, KIT_STEPS);
        let kit = make_kit(&self.metrics, &self.editions, name, &mut steps).await?;
        steps.tell(Progress::Packed(kit)).await;
        Ok(())
    }

    /// Compares an edition with another of its series, or with now.
    pub(crate) async fn compare(
        &self,
        name: &EditionName,
        other: Option<&EditionName>,
    ) -> Result<CompareReportsResponse> {
        compare(&self.metrics, &self.editions, name, other).await
    }

    /// What `compare` finds, as files for readers.
    pub(crate) async fn errata(
        &self,
        name: &EditionName,
        other: Option<&EditionName>,
    ) -> Result<Vec<ErrataFile>> {
        let comparison = self.compare(name, other).await?;
        let edition = self.editions.get(name).await?;
        let later = match other {
            Some(other) => Some(self.editions.get(other).await?),
            None => None,
        };
        errata_files(&edition, later.as_ref(), &comparison, Utc::now())
    }

    /// Sends the figures of an edition that differ now, then again whenever they are others.
    pub(crate) async fn watch(
        &self,
        name: &EditionName,
        answers: mpsc::Sender<SubscribeChangesResponse>,
    ) -> Result<()> {
        watch(&self.metrics, &self.editions, name, answers).await
    }

    /// The templates with their titles; those that are not valid with what is wrong.
    pub(crate) async fn templates(&self) -> Result<Vec<(String, Result<Template>)>> {
        let indicators = indicators(&self.metrics).await?;
        let load = |id: String| {
            let template = self.templates.load(&id, &indicators);
            (id, template)
        };
        Ok(self.templates.ids().into_iter().map(load).collect())
    }

    /// The reports.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The editions.
    pub(crate) fn editions(&self) -> &EditionStore {
        &self.editions
    }

    async fn sources(&self, request: &ReportRequest) -> Result<Sources> {
        let indicators = indicators(&self.metrics).await?;
        let template = self.templates.load(&request.template, &indicators)?;
        Ok(Sources { metrics: self.metrics.clone(), template, indicators })
    }
}

/// Writes a report by the template of a folder, or by a shipped one, and keeps it nowhere.
pub async fn preview(
    metrics: MetricsClient,
    template: &str,
    request: &ReportRequest,
    progress: mpsc::Sender<Progress>,
) -> Result<Preview> {
    let indicators = indicators(&metrics).await?;
    let template = match Path::new(template) {
        folder if folder.is_dir() => load_folder(folder, &indicators)?,
        _ => Templates::default().load(template, &indicators)?,
    };
    let mut steps = Steps::new(progress, STEPS);
    let sources = Sources { metrics, template, indicators };
    let document = compose(&sources, request, &EarlierFigures::default(), &mut steps).await?;
    let (report, files) = lay_out(document, request, &mut steps).await?;
    Ok(Preview { report, files: files.into_iter().map(|file| (file.record.name, file.content)).collect() })
}

async fn indicators(metrics: &MetricsClient) -> Result<Indicators> {
    let answer = metrics.clone().list_indicators(ListIndicatorsRequest::default()).await;
    let answer = answer.map_err(|s| upstream(from_status(&s)))?.into_inner();
    Ok(answer.indicators.into_iter().map(|i| (i.indicator_id.clone(), i)).collect())
}
