//! An edition verified: its files compared with their digests, every figure computed again at its versions.

use std::time::SystemTime;

use bytes::Bytes;
use futures::{StreamExt, stream};
use uplift_client::MetricsClient;
use uplift_core::error::{ErrorKind, Result};
use uplift_core::language::Bilingual;
use uplift_proto::status::from_status;
use uplift_proto::v1::metrics::{TraceFigureRequest, TraceFigureResponse};
use uplift_proto::v1::reporting::{Difference, Edition, EditionFigure, Verification};

use crate::digest::digest;
use crate::edition::difference::difference;
use crate::edition::name::EditionName;
use crate::edition::same_value::is_same_value;
use crate::edition::statements::statement_differences;
use crate::edition::store::EditionStore;
use crate::steps::{DIGESTING, Progress, RECOMPUTING, Steps};
use crate::template::{TEMPLATE_FILES, template_digest};

/// Figures that are computed at a time.
const AT_A_TIME: usize = 4;

/// Compares everything, and tells what differs; it ends at the first thing that cannot be read.
pub(crate) async fn verify(
    metrics: &MetricsClient,
    editions: &EditionStore,
    name: &EditionName,
    steps: &mut Steps,
) -> Result<()> {
    let edition = editions.get(name).await?;
    let files = edition.report.as_ref().map(|report| report.files.as_slice()).unwrap_or_default();
    steps.expect(edition.figures.len());
    steps.begin(DIGESTING).await;
    let mut differences = Vec::new();
    for file in files {
        let current = editions.file(name, &edition, &file.name).await?.map(|content| digest(&content));
        let current = current.unwrap_or_default();
        if current != file.sha256 {
            let message = match current.is_empty() {
                true => Bilingual::new("the file is gone", "文件已丢失"),
                false => Bilingual::new("the file is not what was published", "文件与发布时不一致"),
            };
            differences.push(difference(&file.name, &file.sha256, &current, message));
        }
    }
    differences.extend(template_difference(editions, name, &edition).await?);
    let versions = edition.report.as_ref().map(|report| report.table_versions.clone()).unwrap_or_default();
    match statement_differences(metrics, &edition, versions).await {
        Ok(found) => differences.extend(found),
        // Damage is what is looked for.
        Err(error) if error.kind == ErrorKind::DataLoss => {
            let message = Bilingual::new(&error.message, &error.message);
            differences.push(difference("statements", "", "", message));
        }
        Err(error) => return Err(error),
    }
    let figures = edition.figures.clone();
    // From the files as they are now, whatever was computed from them before.
    let began = SystemTime::now().into();
    let opened = stream::iter(figures).map(|figure| recompute(metrics.clone(), figure, began));
    let mut opened = opened.buffered(AT_A_TIME).boxed();
    while let Some(found) = opened.next().await {
        steps.begin(RECOMPUTING).await;
        differences.extend(found?);
    }
    steps
        .tell(Progress::Verified(Verification {
            edition_id: edition.edition_id.clone(),
            sha256: edition.sha256.clone(),
            figures: edition.figures.len() as i32,
            files: files.len() as i32,
            differences,
        }))
        .await;
    Ok(())
}

/// Whether the template that is kept is what it was written by.
async fn template_difference(
    editions: &EditionStore,
    name: &EditionName,
    edition: &Edition,
) -> Result<Option<Difference>> {
    let [structure, en, zh] = TEMPLATE_FILES;
    let mut files = [structure, en, zh].map(|_| Bytes::new());
    for (file, content) in [structure, en, zh].into_iter().zip(&mut files) {
        *content = editions.file(name, edition, file).await?.unwrap_or_default();
    }
    let current = template_digest([&files[0], &files[1], &files[2]]);
    let message = Bilingual::new("the template is not what was published", "模板与发布时不一致");
    let differs = current != edition.template_sha256;
    Ok(differs.then(|| difference("template", &edition.template_sha256, &current, message)))
}

/// What differs of a figure, if anything does.
async fn recompute(
    mut metrics: MetricsClient,
    figure: EditionFigure,
    read_after: prost_types::Timestamp,
) -> Result<Option<Difference>> {
    let request = TraceFigureRequest {
        trace: figure.trace.clone(),
        page_size: 1,
        read_after: Some(read_after),
        ..Default::default()
    };
    match metrics.trace_figure(request).await {
        Ok(answer) => Ok(compare(&figure, &answer.into_inner())),
        // A version that is gone and a definition that changed are what is looked for; a service that is away is not.
        Err(status) => match status.code() {
            tonic::Code::NotFound
            | tonic::Code::InvalidArgument
            | tonic::Code::FailedPrecondition
            | tonic::Code::DataLoss => {
                let error = from_status(&status);
                let message = Bilingual::new(
                    format!("cannot be computed again: {}", error.message),
                    format!("无法重新计算：{}", error.message),
                );
                Ok(Some(difference(&figure.figure_id, &figure.exact_value, "", message)))
            }
            _ => Err(crate::upstream::upstream(from_status(&status))),
        },
    }
}

fn compare(figure: &EditionFigure, answer: &TraceFigureResponse) -> Option<Difference> {
    let current = answer.figure.as_ref().map(|figure| figure.exact_value.as_str()).unwrap_or_default();
    let recomputed = answer.recomputed_exact_value.as_str();
    let digest = answer.indicator.as_ref().map(|indicator| indicator.digest.as_str()).unwrap_or_default();
    if digest != figure.definition_digest {
        let message = Bilingual::new("its definition is not what was published", "其定义与发布时不一致");
        return Some(difference(&figure.figure_id, &figure.definition_digest, digest, message));
    }
    // What the query answers, and what its evidence adds up to: both must be what was published.
    let other = [current, recomputed].into_iter().find(|value| !is_same_value(value, &figure.exact_value))?;
    let message = Bilingual::new(
        format!("{} is computed otherwise now", figure.title_en),
        format!("“{}”重新计算的结果与发布时不同", figure.title_zh),
    );
    Some(difference(&figure.figure_id, &figure.exact_value, other, message))
}
