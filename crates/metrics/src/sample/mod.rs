//! Which accepted projects are to be inspected again: drawn by risk, the same for the same seed and the same records.

mod draw;
mod read;
mod risk;
pub(crate) mod wire;

use uplift_core::error::Result;

pub(crate) use self::draw::Draw;
pub(crate) use self::risk::Candidate;
use crate::snapshots::SnapshotSet;

/// The projects drawn, by area and id, and how many there were.
pub(crate) async fn sample(snapshots: &SnapshotSet, draw: &Draw<'_>) -> Result<(Vec<Candidate>, usize)> {
    let candidates = read::candidates(snapshots, draw).await?;
    let population = candidates.len();
    let mut drawn = draw::drawn(candidates, draw.size, draw.seed);
    drawn.sort_by(|a, b| (&a.area, &a.project).cmp(&(&b.area, &b.project)));
    Ok((drawn, population))
}
