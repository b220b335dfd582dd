//! Simulated records as the submissions that county offices would send.

use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use uplift_proto::dataset::find;
use uplift_proto::rows::Rows;
use uplift_proto::v1::ingest::{Policy, SubmissionHeader};

use crate::planted::Planted;

/// Rows of one message; larger submissions have several.
const ROWS_PER_BATCH: usize = 5_000;

/// One county's submission of one dataset for one year.
#[derive(Debug)]
pub struct SimulatedSubmission {
    pub header: SubmissionHeader,
    /// Its rows, in batches.
    pub batches: Vec<Rows>,
    /// Number of rows.
    pub rows: usize,
    /// What is planted in its records and in those of its county that come before it.
    pub planted: Vec<Planted>,
}

/// What to simulate.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Households of the sample, each described in both years.
    pub households: usize,
    /// The same seed makes the same records.
    pub seed: u64,
}

impl Plan {
    /// Records as a submission.
    pub(crate) fn submission<M: Message>(
        self,
        dataset: &str,
        area: &str,
        year: i32,
        records: &[M],
    ) -> SimulatedSubmission {
        self.in_batches(dataset, area, year, records.chunks(ROWS_PER_BATCH))
    }

    /// The same of parts that stay together, as the vouchers of one fund: each batch is committed by itself.
    pub(crate) fn submission_of_parts<M: Message + Clone>(
        self,
        dataset: &str,
        area: &str,
        year: i32,
        parts: &[Vec<M>],
    ) -> SimulatedSubmission {
        let mut batches: Vec<Vec<M>> = Vec::new();
        for part in parts {
            match batches.last_mut() {
                Some(batch) if batch.len() + part.len() <= ROWS_PER_BATCH => batch.extend_from_slice(part),
                _ => batches.push(part.clone()),
            }
        }
        self.in_batches(dataset, area, year, batches.iter().map(Vec::as_slice))
    }

    fn in_batches<'m, M: Message + 'm>(
        self,
        dataset: &str,
        area: &str,
        year: i32,
        batches: impl Iterator<Item = &'m [M]>,
    ) -> SimulatedSubmission {
        let number = find(dataset).map(|d| d.rows_number).unwrap_or_default();
        let header = SubmissionHeader {
            submission_id: format!("simulated/{}/{}/{dataset}/{area}/{year}", self.seed, self.households),
            dataset: dataset.to_owned(),
            area_code: area.to_owned(),
            period: year.to_string(),
            policy: Policy::AcceptGoodRows.into(),
            sender: "Simulated county office 模拟数据".to_owned(),
            simulated: true,
            ..SubmissionHeader::default()
        };
        let mut rows = 0;
        let batches = batches.map(|batch| {
            rows += batch.len();
            Rows::encode(number, batch)
        });
        let batches = batches.collect();
        SimulatedSubmission { header, batches, rows, planted: Vec::new() }
    }

    /// Random numbers of one part of the simulation, independent of what was drawn before it.
    pub(crate) fn random(self, part: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(part);
        random
    }
}
