//! What is computed of one file: kept, or of a pass over it.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use uplift_core::error::{Error, Result};
use uplift_engine::SESSION;
use uplift_engine::error::query_failed;
use uplift_store::DataFile;

use crate::addition::Addition;
use crate::file::FileBatches;
use crate::kept::Kept;
use crate::kept_file::KeptOfFile;
use crate::key_pass::{KeyPass, KeyStates};
use crate::partial::Partial;
use crate::pass::{Pass, Passed};
use crate::program::{Aggregate, Program};
use crate::state::State;

/// Reads a file.
pub(crate) type Content<'a> = &'a dyn Fn() -> Result<bytes::Bytes>;

/// The states of a file: those that are kept, and those of a pass over it for the others.
pub(crate) fn of_file(
    program: &Program,
    file: &DataFile,
    kept: &Kept,
    content: Content<'_>,
) -> Result<Partial> {
    let path: Arc<str> = file.path.as_str().into();
    let number = kept.texts.numbers(std::slice::from_ref(&path)).first().copied();
    let all = kept;
    let kept = KeptOfFile::new(all, &path, &program.grouping);
    let needs_cells = (0..program.aggregates.len()).any(|aggregate| program.by_cluster(aggregate));
    let (groups, cells) = (kept.groups(), if needs_cells { kept.cells() } else { None });
    let state = |aggregate: &Aggregate| kept.state(&aggregate.identity, cells.as_deref());
    let known: Vec<Option<Arc<State>>> = program.aggregates.iter().map(state).collect();
    let is_whole = known.iter().all(Option::is_some) && (cells.is_some() || !needs_cells);
    if let (true, Some(groups)) = (is_whole, &groups) {
        let (groups, states) = (groups.clone(), known.into_iter().flatten().collect());
        let _memory = held(kept.finish())?;
        return Ok(Partial { file: number, groups, cells, states, _memory });
    }
    let wanted = |n: &usize| known[*n].is_none() || (cells.is_none() && program.by_cluster(*n));
    let wanted: Vec<usize> = (0..known.len()).filter(wanted).collect();
    let passed =
        pass_over(program, &wanted, FileBatches::new(content()?, program.columns.clone(), file), all)?;
    let groups = Arc::new(passed.groups);
    let cells = passed.cells.map(Arc::new).or(cells);
    kept.keep(&groups, cells.as_ref());
    let mut states = known;
    for (n, state) in wanted.into_iter().zip(passed.states) {
        let state = Arc::new(state);
        kept.keep_state(&program.aggregates[n].identity, &state, cells.as_ref());
        states[n] = Some(state);
    }
    let states = states.into_iter().flatten().collect();
    passed.memory.try_grow(kept.finish()).map_err(failed)?;
    Ok(Partial { file: number, groups, cells, states, _memory: Some(passed.memory) })
}

/// Memory of what was read from disk, of what all queries may hold together; none where nothing was.
fn held(bytes: usize) -> Result<Option<MemoryReservation>> {
    if bytes == 0 {
        return Ok(None);
    }
    let memory = MemoryConsumer::new("saved states").register(&SESSION.runtime_env().memory_pool);
    memory.try_resize(bytes).map_err(failed)?;
    Ok(Some(memory))
}

fn pass_over(
    program: &Program,
    wanted: &[usize],
    batches: datafusion::common::Result<FileBatches<'_>>,
    kept: &Kept,
) -> Result<Passed> {
    let over = || {
        let mut pass = Pass::new(program, wanted)?;
        for rows in batches? {
            pass.add(rows?)?;
        }
        pass.finish(&kept.groups, &kept.clusters)
    };
    over().map_err(failed)
}

/// What a file has of each key: kept, or of a pass over it.
pub(crate) fn keys_of_file(
    addition: &Addition,
    wanted: &[usize],
    file: &DataFile,
    kept: &Kept,
    content: Content<'_>,
) -> Result<KeyStates> {
    let path: Arc<str> = file.path.as_str().into();
    let number = kept.texts.numbers(std::slice::from_ref(&path))[0];
    let all = kept;
    let kept = KeptOfFile::new(all, &path, &addition.identity);
    let identity = |aggregate: &usize| &addition.aggregates[*aggregate].identity;
    let mut known: Vec<Option<Arc<State>>> =
        wanted.iter().map(|aggregate| kept.state(identity(aggregate), None)).collect();
    let missing: Vec<usize> = (0..known.len()).filter(|n| known[*n].is_none()).collect();
    let (keys, memory) = match kept.keys().filter(|_| missing.is_empty()) {
        Some(keys) => (keys, None),
        None => {
            let missing_aggregates: Vec<usize> = missing.iter().map(|n| wanted[*n]).collect();
            let batches = FileBatches::new(content()?, addition.columns.clone(), file);
            let over = || {
                let mut pass = KeyPass::new(addition, &missing_aggregates, &all.secret)?;
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
                kept.keep_state(identity(&wanted[n]), &state, None);
                known[n] = Some(state);
            }
            (keys, Some(memory))
        }
    };
    let loaded = kept.finish();
    let memory = match memory {
        Some(memory) => memory.try_grow(loaded).map(|()| Some(memory)).map_err(failed)?,
        None => held(loaded)?,
    };
    Ok(KeyStates { file: number, keys, states: known.into_iter().flatten().collect(), _memory: memory })
}

pub(crate) fn failed(e: DataFusionError) -> Error {
    query_failed("computing indicators", e)
}
