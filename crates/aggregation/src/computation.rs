//! A program over the records of a source: the states of its files, kept or computed, and the answer that they make.

use std::sync::Arc;
use std::time::Instant;

use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::logical_expr::ident;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use rayon::prelude::*;
use tokio::runtime::Handle;
use uplift_core::error::{Error, Result};
use uplift_store::{DataFile, Snapshot};

use crate::addition::{AddedColumns, Addition};
use crate::answer::Answer;
use crate::families::Families;
use crate::file_states::{Content, failed, keys_of_file, of_file};
use crate::kept::{FamilyPart, Kept};
use crate::key_merge::{merged, shares};
use crate::key_pass::KeyStates;
use crate::partial::Partial;
use crate::pass::Pass;
use crate::places::Extent;
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
    Added(Addition, Files),
    /// A query, as for records that others are joined to: nothing of it is kept.
    Query(Box<DataFrame>),
}

/// The answer of a program for an area, and for the areas inside whose codes have as many characters.
pub async fn compute(
    program: Arc<Program>,
    source: Source,
    kept: &Arc<Kept>,
    area: &str,
    by_level: Option<usize>,
) -> Result<Answer> {
    let began = Instant::now();
    let partials = match source {
        Source::Query(records) => of_query(&program, *records, kept).await.map_err(failed)?,
        Source::Files(files) => {
            let program = program.clone();
            let table = program.table.clone();
            files.each(kept, table, move |file, kept, content| of_file(&program, file, kept, content)).await?
        }
        Source::Added(addition, files) => {
            let (addition, program) = (Arc::new(addition), program.clone());
            let wanted = addition.columns_of(&program.columns).map_err(failed)?;
            let (of_files, of_each) = (wanted.aggregates.clone(), addition.clone());
            let names = kept.clone();
            let of_file = move |file: &DataFile, kept: &Kept, content: Content<'_>| {
                keys_of_file(&of_each, &of_files, file, kept, content)
            };
            let parts = files.each(kept, addition.table.clone(), of_file).await?;
            blocking(move || added_up(&addition, &wanted, &program, &parts, &names)).await?.map_err(failed)?
        }
    };
    let passed = began.elapsed();
    let (aggregates, sources, area) = (program.aggregates.len(), partials.len(), area.to_owned());
    let of_groups = kept.clone();
    let merge = move || Answer::new(&program, &partials, Extent { area: &area, by_level }, &of_groups);
    let answer = blocking(merge).await?.map_err(failed);
    let merged = began.elapsed() - passed;
    tracing::debug!(sources, aggregates, ?passed, ?merged, "aggregates");
    answer
}

impl Files {
    /// Something of each file, in their order.
    async fn each<T: Send + 'static>(
        self,
        kept: &Arc<Kept>,
        columns: SchemaRef,
        of_file: impl Fn(&DataFile, &Kept, Content<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Vec<T>> {
        let Self { table, snapshot, condition } = self;
        let kept = kept.clone();
        let all = kept.files(&table, &snapshot)?;
        let files = relevant(&all, condition, &columns).map_err(failed)?;
        let runtime = Handle::current();
        let each = move |n: &usize| {
            let file = &all[*n];
            of_file(file, &kept, &|| runtime.block_on(snapshot.content(&table, file)))
        };
        blocking(move || files.par_iter().map(each).collect()).await?
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal("computing indicators", e))
}

/// Partials of each family of files; those that are kept are shared.
fn added_up(
    addition: &Addition,
    wanted: &AddedColumns,
    program: &Program,
    parts: &[KeyStates],
    kept: &Kept,
) -> datafusion::common::Result<Vec<Partial>> {
    let computed = |parts: Vec<KeyStates>| -> datafusion::common::Result<Vec<Partial>> {
        let of_share = |share| {
            let all: Vec<usize> = (0..program.aggregates.len()).collect();
            let mut pass = Pass::new(program, &all)?;
            pass.add(merged(addition, wanted, &parts, share)?)?;
            pass.finish(&kept.groups, &kept.clusters).map(Partial::from)
        };
        shares(&parts).map(of_share).collect()
    };
    let families = Families::new(parts);
    let what = kept.texts.numbers(&[told(addition, wanted, program).into()])[0];
    let of_family = |family: usize| {
        let mut files: Vec<u32> = families.members[family].iter().map(|file| parts[*file].file).collect();
        files.sort_unstable();
        let left_out = families.left_out(parts, family);
        let key = FamilyPart { files: files.into(), left_out, what };
        kept.of_family(key, || computed(families.own(parts, family)?))
    };
    let of_families = (0..families.members.len()).into_par_iter().map(of_family);
    let of_families: Vec<Arc<Vec<Partial>>> = of_families.collect::<datafusion::common::Result<_>>()?;
    let mut partials = computed(families.mixed(parts)?)?;
    for of_family in of_families {
        match Arc::try_unwrap(of_family) {
            Ok(own) => partials.extend(own),
            Err(shared) => partials.extend(shared.iter().map(Partial::shared)),
        }
    }
    Ok(partials)
}

/// What tells what is computed of records that are added up.
fn told(addition: &Addition, wanted: &AddedColumns, program: &Program) -> String {
    let mut told = format!("{}\n{}\n{}", addition.identity, wanted.told(addition), program.grouping);
    for aggregate in &program.aggregates {
        told.push('\n');
        told.push_str(&aggregate.identity);
    }
    told
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
