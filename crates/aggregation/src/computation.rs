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
use uplift_engine::error::query_failed;
use uplift_store::{DataFile, Snapshot};

use crate::addition::{AddedColumns, Addition};
use crate::answer::Answer;
use crate::file::FileBatches;
use crate::kept::Kept;
use crate::key_merge::{merged, share_bits};
use crate::key_pass::{KeyPass, KeyStates};
use crate::partial::Partial;
use crate::pass::{Pass, Passed};
use crate::places::Extent;
use crate::program::Program;
use crate::relevance::relevant;
use crate::state::State;

/// The files of a table that may have a record of which a condition holds: what is computed of them is kept.
#[derive(Debug)]
pub struct Files {
    pub table: String,
    pub snapshot: Snapshot,
    pub condition: Arc<dyn PhysicalExpr>,
    pub kept: Arc<Kept>,
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
    area: &str,
    by_level: Option<usize>,
) -> Result<Answer> {
    let began = Instant::now();
    let partials = match source {
        Source::Query(records) => of_query(&program, *records).await.map_err(failed)?,
        Source::Files(files) => {
            let program = program.clone();
            let table = program.table.clone();
            files.each(table, move |file, kept, content| of_file(&program, file, kept, content)).await?
        }
        Source::Added(addition, files) => {
            let (addition, program) = (Arc::new(addition), program.clone());
            let wanted = addition.columns_of(&program.columns).map_err(failed)?;
            let (of_files, of_each) = (wanted.aggregates.clone(), addition.clone());
            let of_file = move |file: &DataFile, kept: &Kept, content: Content<'_>| {
                keys_of_file(&of_each, &of_files, file, kept, content)
            };
            let parts = files.each(addition.table.clone(), of_file).await?;
            blocking(move || added_up(&addition, &wanted, &program, &parts)).await?.map_err(failed)?
        }
    };
    let passed = began.elapsed();
    let (aggregates, sources, area) = (program.aggregates.len(), partials.len(), area.to_owned());
    let merge = move || Answer::new(&program, &partials, Extent { area: &area, by_level });
    let answer = blocking(merge).await?.map_err(failed);
    let merged = began.elapsed() - passed;
    tracing::debug!(sources, aggregates, ?passed, ?merged, "aggregates");
    answer
}

/// Reads a file.
type Content<'a> = &'a dyn Fn() -> Result<bytes::Bytes>;

impl Files {
    /// Something of each file, in their order.
    async fn each<T: Send + 'static>(
        self,
        columns: SchemaRef,
        of_file: impl Fn(&DataFile, &Kept, Content<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<Vec<T>> {
        let Self { table, snapshot, condition, kept } = self;
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

/// The states of a file: those that are kept, and those of a pass over it for the others.
fn of_file(program: &Program, file: &DataFile, kept: &Kept, content: Content<'_>) -> Result<Partial> {
    let kept = kept.of(&file.path.as_str().into(), &program.grouping);
    let known: Vec<Option<Arc<State>>> =
        program.aggregates.iter().map(|aggregate| kept.state(&aggregate.identity)).collect();
    let (groups, cells) = (kept.groups(), kept.cells());
    let needs_cells = (0..program.aggregates.len()).any(|aggregate| program.by_cluster(aggregate));
    let is_whole = known.iter().all(Option::is_some) && (cells.is_some() || !needs_cells);
    if let (true, Some(groups)) = (is_whole, &groups) {
        let states = known.into_iter().flatten().collect();
        return Ok(Partial {
            groups: groups.clone(),
            cells: cells.filter(|_| needs_cells),
            states,
            _memory: None,
        });
    }
    let wanted = |n: &usize| known[*n].is_none() || (cells.is_none() && program.by_cluster(*n));
    let wanted: Vec<usize> = (0..known.len()).filter(wanted).collect();
    let passed = pass_over(program, &wanted, FileBatches::new(content()?, program.columns.clone(), file))?;
    let groups = Arc::new(passed.groups);
    let cells = passed.cells.map(Arc::new).or(cells.filter(|_| needs_cells));
    kept.keep(&groups, cells.as_ref());
    let mut states = known;
    for (n, state) in wanted.into_iter().zip(passed.states) {
        let state = Arc::new(state);
        kept.keep_state(&program.aggregates[n].identity, &state);
        states[n] = Some(state);
    }
    let states = states.into_iter().flatten().collect();
    Ok(Partial { groups, cells, states, _memory: Some(passed.memory) })
}

fn pass_over(
    program: &Program,
    wanted: &[usize],
    batches: datafusion::common::Result<FileBatches<'_>>,
) -> Result<Passed> {
    let over = || {
        let mut pass = Pass::new(program, wanted)?;
        for rows in batches? {
            pass.add(rows?)?;
        }
        pass.finish()
    };
    over().map_err(failed)
}

/// What a file has of each key: kept, or of a pass over it.
fn keys_of_file(
    addition: &Addition,
    wanted: &[usize],
    file: &DataFile,
    kept: &Kept,
    content: Content<'_>,
) -> Result<KeyStates> {
    let kept = kept.of(&file.path.as_str().into(), &addition.identity);
    let identity = |aggregate: &usize| &addition.aggregates[*aggregate].identity;
    let mut known: Vec<Option<Arc<State>>> =
        wanted.iter().map(|aggregate| kept.state(identity(aggregate))).collect();
    let missing: Vec<usize> = (0..known.len()).filter(|n| known[*n].is_none()).collect();
    let (keys, memory) = match kept.keys().filter(|_| missing.is_empty()) {
        Some(keys) => (keys, None),
        None => {
            let missing_aggregates: Vec<usize> = missing.iter().map(|n| wanted[*n]).collect();
            let batches = FileBatches::new(content()?, addition.columns.clone(), file);
            let over = || {
                let mut pass = KeyPass::new(addition, &missing_aggregates)?;
                for rows in batches? {
                    pass.add(rows?)?;
                }
                pass.finish()
            };
            let (keys, states, memory) = over().map_err(failed)?;
            let keys = Arc::new(keys);
            kept.keep_keys(&keys);
            for (n, state) in missing.into_iter().zip(states) {
                let state = Arc::new(state);
                kept.keep_state(identity(&wanted[n]), &state);
                known[n] = Some(state);
            }
            (keys, Some(memory))
        }
    };
    Ok(KeyStates { keys, states: known.into_iter().flatten().collect(), _memory: memory })
}

/// A partial for each share of the keys.
fn added_up(
    addition: &Addition,
    wanted: &AddedColumns,
    program: &Program,
    parts: &[KeyStates],
) -> datafusion::common::Result<Vec<Partial>> {
    let bits = share_bits(parts);
    let of_share = |share: usize| {
        let all: Vec<usize> = (0..program.aggregates.len()).collect();
        let mut pass = Pass::new(program, &all)?;
        pass.add(merged(addition, wanted, parts, share, bits)?)?;
        pass.finish().map(Partial::from)
    };
    (0..1usize << bits).into_par_iter().map(of_share).collect()
}

/// A partial for each part that the engine divides a query into.
async fn of_query(program: &Arc<Program>, records: DataFrame) -> datafusion::common::Result<Vec<Partial>> {
    let columns = program.columns.fields().iter().map(|field| ident(field.name())).collect::<Vec<_>>();
    let streams = records.select(columns)?.execute_stream_partitioned().await?;
    let each = streams.into_iter().map(|mut batches| {
        let program = program.clone();
        tokio::spawn(async move {
            let all: Vec<usize> = (0..program.aggregates.len()).collect();
            let mut pass = Pass::new(&program, &all)?;
            while let Some(rows) = batches.next().await {
                pass.add(rows?)?;
            }
            pass.finish().map(Partial::from)
        })
    });
    let tasks: Vec<_> = each.collect();
    let mut partials = Vec::with_capacity(tasks.len());
    for task in tasks {
        partials.push(task.await.map_err(|e| DataFusionError::External(Box::new(e)))??);
    }
    Ok(partials)
}

fn failed(e: DataFusionError) -> Error {
    query_failed("computing indicators", e)
}
