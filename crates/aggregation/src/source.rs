//! Where records come from, and what a program leaves of them: kept, saved, or of a pass.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::ident;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use rayon::prelude::*;
use uplift_core::error::{Error, Result};
use uplift_store::{DataFile, Snapshot};

use crate::added_up::{added_up, told};
use crate::addition::{AddedColumns, Addition};
use crate::file_states::{Content, failed, keys_of_file, of_file};
use crate::kept::{Kept, TableFiles};
use crate::partial::Partial;
use crate::pass::Pass;
use crate::program::Program;
use crate::relevance::relevant;

/// The files of a table that may have a record of which a condition holds: what is computed of them is kept.
#[derive(Debug)]
pub struct Files {
    pub table: String,
    pub snapshot: Snapshot,
    pub condition: Arc<dyn PhysicalExpr>,
}

/// Where records come from.
#[derive(Debug)]
pub enum Source {
    /// Files, as they are.
    Files(Files),
    /// Files, whose records are added up first.
    Added(Arc<Addition>, Files),
    /// A query, as for records that others are joined to: nothing of it is kept.
    Query(Box<DataFrame>),
}

/// A source with the files that matter.
pub(crate) enum Input {
    Files(RelevantFiles),
    Added(Arc<Addition>, AddedColumns, RelevantFiles),
    Query(Box<DataFrame>),
}

pub(crate) struct RelevantFiles {
    table: String,
    snapshot: Snapshot,
    all: TableFiles,
    /// Places among all.
    relevant: Vec<usize>,
}

impl Files {
    fn relevant(self, kept: &Kept, columns: &SchemaRef) -> Result<RelevantFiles> {
        let Self { table, snapshot, condition } = self;
        let all = kept.files(&table, &snapshot)?;
        let relevant = relevant(&all, condition, columns).map_err(failed)?;
        Ok(RelevantFiles { table, snapshot, all, relevant })
    }
}

impl RelevantFiles {
    /// Something of each file, in their order.
    async fn each<T: Send + 'static>(
        self,
        kept: &Arc<Kept>,
        of_file: impl Fn(&DataFile, &Kept, Content<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Vec<T>> {
        let Self { table, snapshot, all, relevant } = self;
        let kept = kept.clone();
        let each = move |n: &usize| {
            let file = &all[*n];
            of_file(file, &kept, &|| snapshot.content(&table, file))
        };
        blocking(move || relevant.par_iter().map(each).collect()).await?
    }

    fn paths(&self) -> Vec<&str> {
        self.relevant.iter().map(|n| self.all[*n].path.as_str()).collect()
    }
}

pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal("computing indicators", e))
}

impl Input {
    pub(crate) fn new(source: Source, program: &Program, kept: &Kept) -> Result<Self> {
        Ok(match source {
            Source::Query(records) => Self::Query(records),
            Source::Files(files) => Self::Files(files.relevant(kept, &program.table)?),
            Source::Added(addition, files) => {
                let wanted = addition.columns_of(&program.columns).map_err(failed)?;
                let files = files.relevant(kept, &addition.table)?;
                Self::Added(addition, wanted, files)
            }
        })
    }

    /// What tells the states of a program, and the files that they are of; none of a query.
    pub(crate) fn told(&self, program: &Program) -> Option<(String, Vec<&str>)> {
        match self {
            Self::Files(files) => Some((program.told(), files.paths())),
            Self::Added(addition, wanted, files) => Some((told(addition, wanted, program), files.paths())),
            Self::Query(_) => None,
        }
    }

    pub(crate) async fn partials(self, program: &Arc<Program>, kept: &Arc<Kept>) -> Result<Vec<Partial>> {
        let program = program.clone();
        match self {
            Self::Query(records) => of_query(&program, *records, kept).await.map_err(failed),
            Self::Files(files) => {
                files.each(kept, move |file, kept, content| of_file(&program, file, kept, content)).await
            }
            Self::Added(addition, wanted, files) => {
                let (of_files, of_each) = (wanted.aggregates.clone(), addition.clone());
                let of_file = move |file: &DataFile, kept: &Kept, content: Content<'_>| {
                    keys_of_file(&of_each, &of_files, file, kept, content)
                };
                let parts = files.each(kept, of_file).await?;
                let kept = kept.clone();
                blocking(move || added_up(&addition, &wanted, &program, &parts, &kept)).await?.map_err(failed)
            }
        }
    }
}

/// A partial for each part that the engine divides a query into.
async fn of_query(
    program: &Arc<Program>,
    records: DataFrame,
    kept: &Arc<Kept>,
) -> datafusion::common::Result<Vec<Partial>> {
    let columns = program.columns.fields().iter().map(|field| ident(field.name())).collect::<Vec<_>>();
    let streams = records.select(columns)?.execute_stream_partitioned().await?;
    let each = streams.into_iter().map(|mut batches| {
        let (program, kept) = (program.clone(), kept.clone());
        tokio::spawn(async move {
            let all: Vec<usize> = (0..program.aggregates.len()).collect();
            let mut pass = Pass::new(&program, &all)?;
            while let Some(rows) = batches.next().await {
                pass.add(rows?)?;
            }
            pass.finish(&kept.groups, &kept.clusters).map(Partial::from)
        })
    });
    let tasks: Vec<_> = each.collect();
    let mut partials = Vec::with_capacity(tasks.len());
    for task in tasks {
        partials.push(task.await.map_err(|e| DataFusionError::External(Box::new(e)))??);
    }
    Ok(partials)
}
