//! Public records on their way to a caller, numbers masked that tell of a person.

use futures::StreamExt;
use tokio::sync::mpsc;
use uplift_core::dataset::{Dataset, Format, Kind};
use uplift_core::error::Result;
use uplift_core::personal_number::masked;
use uplift_engine::error::query_failed;
use uplift_formats::columns::{text, text_at};
use uplift_proto::v1::metrics as wire;

use super::read::{columns, records};
use super::wire::Question;
use crate::service::Metrics;

/// Records of one piece.
const PIECE: usize = 1_000;

/// Sends the columns, then the records. Ends when nobody listens.
pub(crate) async fn send(
    metrics: Metrics,
    question: Question,
    pieces: mpsc::Sender<wire::StreamPublicRecordsResponse>,
) -> Result<()> {
    let dataset = question.dataset;
    let (snapshots, versions) = metrics.pinned(&dataset.name, question.as_of.clone()).await?;
    let columns = columns(dataset);
    let withheld = dataset.fields.iter().filter(|field| !field.is_public());
    let head = wire::StreamPublicRecordsResponse {
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        withheld: withheld.map(|field| field.column().to_owned()).collect(),
        table_versions: versions.into_iter().collect(),
        ..Default::default()
    };
    if pieces.send(head).await.is_err() {
        return Ok(());
    }
    let masking: Vec<_> = columns.iter().map(|column| Masking::of(dataset, column)).collect();
    let mut batches = records(&snapshots, &question).await?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|e| query_failed("reading public records", e))?;
        let cells = columns.iter().map(|column| text(&batch, column)).collect::<Result<Vec<_>>>()?;
        for first in (0..batch.num_rows()).step_by(PIECE) {
            let mut piece = wire::StreamPublicRecordsResponse::default();
            for row in first..batch.num_rows().min(first + PIECE) {
                let values = cells
                    .iter()
                    .zip(&masking)
                    .map(|(column, masking)| masking.apply(text_at(column, row), &mut piece.masked));
                let values = values.collect();
                piece.records.push(wire::PublicRecord { values });
            }
            if pieces.send(piece).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Which numbers of a column may tell of a person.
enum Masking {
    None,
    Codes,
    Words,
}

impl Masking {
    fn of(dataset: &Dataset, column: &str) -> Self {
        let field = dataset.fields.iter().find(|field| field.column() == column);
        match field.map(|field| &field.kind) {
            Some(Kind::Text(Format::Free)) => Self::Words,
            Some(Kind::Text(Format::Identifier)) => Self::Codes,
            _ => Self::None,
        }
    }

    fn apply(&self, value: String, count: &mut i64) -> String {
        let is_code = match self {
            Self::None => return value,
            Self::Codes => true,
            Self::Words => false,
        };
        match masked(&value, is_code) {
            std::borrow::Cow::Borrowed(_) => value,
            std::borrow::Cow::Owned(shown) => {
                *count += 1;
                shown
            }
        }
    }
}
