//! The answer of a program over the records of a source: saved, or merged from the states of its files.

use std::sync::Arc;
use std::time::Instant;

use uplift_core::error::Result;

use crate::answer::Answer;
use crate::file_states::failed;
use crate::kept::Kept;
use crate::places::Extent;
use crate::program::Program;
use crate::saved::names::{ANSWER, FileName, name};
use crate::source::{Input, Source, blocking};

/// The answer of a program for an area, and for the areas inside whose codes have as many characters.
pub async fn compute(
    program: Arc<Program>,
    source: Source,
    kept: &Arc<Kept>,
    area: &str,
    by_level: Option<usize>,
) -> Result<Arc<Answer>> {
    let began = Instant::now();
    let _computing = kept.saved.as_ref().map(|saved| saved.computing());
    let input = Input::new(source, &program, kept)?;
    let extent = Extent { area, by_level };
    let name = input
        .told(&program)
        .map(|(told, files)| name_of(&format!("{told}\n{:?}", program.outputs), &files, extent));
    let (saved, named) = (kept.clone(), name.clone());
    if let Some(answer) = blocking(move || saved_answer(&saved, &named?)).await? {
        return Ok(Arc::new(answer));
    }
    let partials = input.partials(&program, kept).await?;
    let passed = began.elapsed();
    let (aggregates, sources, area) = (program.aggregates.len(), partials.len(), area.to_owned());
    let of_groups = kept.clone();
    let merge = move || Answer::new(&program, &partials, Extent { area: &area, by_level }, &of_groups);
    let answer = Arc::new(blocking(merge).await?.map_err(failed)?);
    let merged = began.elapsed() - passed;
    tracing::debug!(sources, aggregates, ?passed, ?merged, "aggregates");
    if let Some((saved, file)) = kept.saved.as_ref().zip(name) {
        let written = answer.clone();
        let content = Box::new(move || written.to_bytes());
        saved.write(file, vec![(self::name([ANSWER.as_bytes()]), content)], answer.size());
    }
    Ok(answer)
}

/// Tells an answer from all others: a question over a set of files, of which none ever changes.
fn name_of(told: &str, files: &[&str], extent: Extent<'_>) -> FileName {
    let level = extent.by_level.map_or(u64::MAX, |level| level as u64).to_le_bytes();
    let question = [ANSWER.as_bytes(), told.as_bytes(), extent.area.as_bytes(), &level];
    FileName::of_answer(&name(question.into_iter().chain(files.iter().map(|file| file.as_bytes()))))
}

fn saved_answer(kept: &Kept, file: &FileName) -> Option<Answer> {
    let bytes = kept.saved.as_ref()?.read(file, &self::name([ANSWER.as_bytes()]))?;
    Answer::from_bytes(&bytes)
}
