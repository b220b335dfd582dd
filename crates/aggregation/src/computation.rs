//! A program over the records of a source: the states of its files, kept or computed, and the answer that they make.

use std::sync::Arc;
use std::time::Instant;

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

use crate::answer::Answer;
use crate::file::FileBatches;
use crate::kept::Kept;
use crate::partial::Partial;
use crate::pass::{Pass, Passed};
use crate::places::Extent;
use crate::program::Program;
use crate::relevance::relevant;
use crate::state::State;

/// Where records come from.
#[derive(Debug)]
pub enum Source {
    /// The files of a table that may have a record of which a condition holds: what was computed of them is kept.
    Files { table: String, snapshot: Snapshot, condition: Arc<dyn PhysicalExpr>, kept: Arc<Kept> },
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
        Source::Files { table, snapshot, condition, kept } => {
            let (program, runtime) = (program.clone(), Handle::current());
            let all = kept.files(&table, &snapshot)?;
            let files = relevant(&all, condition, &program.table).map_err(failed)?;
            let of_file = move |file: &DataFile| {
                let content = || runtime.block_on(snapshot.content(&table, file));
                of_file(&program, file, &kept, content)
            };
            blocking(move || files.par_iter().map(|n| of_file(&all[*n])).collect::<Result<Vec<_>>>())
                .await??
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

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal("computing indicators", e))
}

/// The states of a file: those that are kept, and those of a pass over it for the others.
fn of_file(
    program: &Program,
    file: &DataFile,
    kept: &Kept,
    content: impl FnOnce() -> Result<bytes::Bytes>,
) -> Result<Partial> {
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
