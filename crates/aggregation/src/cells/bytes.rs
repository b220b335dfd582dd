//! Cells as bytes: with the names of their clusters, since numbers are of one process.

use super::Cells;
use crate::clusters::{Cluster, Clusters};
use crate::saved::reader::{Reader, write_all, write_text, write_u32};

/// The cells of a source.
pub(crate) fn write(cells: &Cells, names: &Clusters) -> Vec<u8> {
    let named = names.named(&cells.clusters);
    let mut to = Vec::new();
    // A cell mostly has the stratum of the one before.
    let mut strata: Vec<_> = named.iter().map(|(stratum, _)| stratum.clone()).collect();
    strata.dedup();
    write_u32(strata.len(), &mut to);
    strata.iter().for_each(|stratum| write_text(stratum, &mut to));
    write_u32(named.len(), &mut to);
    let mut before = None;
    for (stratum, cluster) in &named {
        to.push(u8::from(before.is_some_and(|before| before != stratum)));
        write_text(cluster, &mut to);
        before = Some(stratum);
    }
    write_all(cells.by_group.iter().map(|cell| cell.to_le_bytes()), &mut to);
    write_all(cells.begin.iter().map(|begin| begin.to_le_bytes()), &mut to);
    to
}

/// The same, read; none where that is not it.
pub(crate) fn read(bytes: &[u8], names: &Clusters) -> Option<Cells> {
    let mut from = Reader(bytes);
    let strata: Vec<std::sync::Arc<str>> = {
        let count = from.count(4)?;
        (0..count).map(|_| from.text().map(Into::into)).collect::<Option<_>>()?
    };
    let count = from.count(5)?;
    let mut stratum = 0;
    let cluster = |_| -> Option<Cluster> {
        stratum += usize::from(from.byte()?);
        Some((strata.get(stratum)?.clone(), from.text()?.into()))
    };
    let named = (0..count).map(cluster).collect::<Option<Vec<_>>>()?;
    let by_group: Vec<u32> = from.all(u32::from_le_bytes)?;
    let begin: Vec<u32> = from.all(u32::from_le_bytes)?;
    let is_whole = by_group.len() == count
        && by_group.iter().all(|cell| (*cell as usize) < count)
        && begin.is_sorted()
        && begin.last().is_none_or(|last| *last as usize <= count);
    from.end(())?;
    is_whole.then(|| Cells { clusters: names.numbers(&named), by_group, begin })
}
