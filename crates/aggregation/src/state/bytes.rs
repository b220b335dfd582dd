//! States as bytes. Rows tell their cell and not the number of their cluster, which is of one process.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use uplift_measures::exact::{ExactSum, Packed};
use uplift_measures::totals::Totals;

use super::{CellTotals, Content, LowerTotals, Row, State, order};
use crate::cells::Cells;
use crate::saved::reader::{Reader, write_all, write_u32};

const ENGINE: u8 = 0;
const TOTALS: u8 = 1;
const ROWS: u8 = 2;

impl State {
    /// The state of a source with these cells; none where it cannot be written.
    pub(crate) fn to_bytes(&self, cells: Option<&Cells>) -> Option<Vec<u8>> {
        let mut to = Vec::new();
        write_all(self.failed.iter().map(|group| (*group as u32).to_le_bytes()), &mut to);
        match &self.content {
            Content::Engine(columns) => {
                to.push(ENGINE);
                to.extend(write_columns(columns)?);
            }
            Content::Totals(groups, of_cells) => {
                to.push(TOTALS);
                write_u32(groups.len(), &mut to);
                for totals in groups {
                    to.push(u8::from(totals.is_some()));
                    totals.iter().for_each(|totals| write_totals(totals, &mut to));
                }
                of_cells.write(&mut to);
            }
            Content::Rows(groups) => {
                to.push(ROWS);
                write_rows(groups, cells?, &mut to)?;
            }
        }
        Some(to)
    }

    /// The same, read; none where that is not it.
    pub(crate) fn from_bytes(bytes: &[u8], cells: Option<&Cells>) -> Option<Self> {
        let mut from = Reader(bytes);
        let failed: BTreeSet<usize> =
            from.all(|bytes| u32::from_le_bytes(bytes) as usize)?.into_iter().collect();
        let content = match from.byte()? {
            ENGINE => Content::Engine(read_columns(from.take(from.0.len())?)?),
            TOTALS => {
                let count = from.count(1)?;
                let of_group = |_| match from.byte()? {
                    0 => Some(None),
                    _ => read_totals(&mut from).map(Some),
                };
                let groups = (0..count).map(of_group).collect::<Option<_>>()?;
                Content::Totals(groups, CellTotals::read(&mut from)?)
            }
            ROWS => Content::Rows(read_rows(&mut from, cells?)?),
            _ => return None,
        };
        from.end(Self { content, failed })
    }
}

/// The partial state of a function in the engine's own format.
fn write_columns(columns: &[ArrayRef]) -> Option<Vec<u8>> {
    if columns.is_empty() {
        return Some(Vec::new());
    }
    let field =
        |(n, column): (usize, &ArrayRef)| Field::new(format!("s{n}"), column.data_type().clone(), true);
    let schema = Arc::new(Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>()));
    let rows = RecordBatch::try_new(schema.clone(), columns.to_vec()).ok()?;
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).ok()?;
    writer.write(&rows).ok()?;
    writer.into_inner().ok()
}

fn read_columns(bytes: &[u8]) -> Option<Vec<ArrayRef>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let mut reader = StreamReader::try_new(bytes, None).ok()?;
    Some(reader.next()?.ok()?.columns().to_vec())
}

fn write_totals(totals: &Totals, to: &mut Vec<u8>) {
    totals.upper.write(to);
    totals.lower.write(to);
    to.extend(totals.people.to_le_bytes());
    to.extend(totals.rows.to_le_bytes());
}

fn read_totals(from: &mut Reader<'_>) -> Option<Totals> {
    let upper = ExactSum::read(&mut from.0)?;
    let lower = ExactSum::read(&mut from.0)?;
    Some(Totals { upper, lower, people: from.u64()?, rows: from.u64()? })
}

impl CellTotals {
    fn write(&self, to: &mut Vec<u8>) {
        let LowerTotals { met, sums } = self.lower.as_ref();
        write_u32(met.len(), to);
        for (n, is_met) in met.iter().enumerate() {
            to.push(u8::from(*is_met));
            if *is_met {
                self.upper[n].write(to);
                sums[n].write(to);
            }
        }
        write_u32(self.wide.len(), to);
        for (cell, totals) in &self.wide {
            to.extend(cell.to_le_bytes());
            write_totals(totals, to);
        }
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let count = from.count(1)?;
        let (mut upper, mut sums, mut met) =
            (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(count));
        for _ in 0..count {
            let is_met = from.byte()? != 0;
            met.push(is_met);
            upper.push(if is_met { Packed::read(&mut from.0)? } else { Packed::default() });
            sums.push(if is_met { Packed::read(&mut from.0)? } else { Packed::default() });
        }
        let wide = (0..from.count(4)?).map(|_| Some((from.u32()?, read_totals(from)?)));
        let wide = wide.collect::<Option<BTreeMap<_, _>>>()?;
        Some(Self { upper, lower: Arc::new(LowerTotals { met, sums }), shares_lower: false, wide })
    }
}

fn write_rows(groups: &[Arc<Vec<Row>>], cells: &Cells, to: &mut Vec<u8>) -> Option<()> {
    // A cluster is of one cell in a group.
    let mut cell_of = vec![u32::MAX; cells.clusters.iter().max().map_or(0, |last| *last as usize + 1)];
    write_u32(groups.len(), to);
    for (group, rows) in groups.iter().enumerate() {
        cells.of(group).iter().for_each(|cell| cell_of[cells.clusters[*cell as usize] as usize] = *cell);
        write_all(rows.iter().map(|row| row.value.to_le_bytes()), to);
        write_all(rows.iter().map(|row| row.weight.to_le_bytes()), to);
        let cells = rows.iter().map(|row| cell_of.get(row.cluster as usize).copied());
        let cells = cells.collect::<Option<Vec<u32>>>()?;
        write_all(cells.into_iter().map(u32::to_le_bytes), to);
    }
    Some(())
}

fn read_rows(from: &mut Reader<'_>, cells: &Cells) -> Option<Vec<Arc<Vec<Row>>>> {
    let count = from.count(12)?;
    let mut groups = Vec::with_capacity(count);
    for _ in 0..count {
        let values: Vec<f64> = from.all(f64::from_le_bytes)?;
        let weights: Vec<f64> = from.all(f64::from_le_bytes)?;
        let of_rows: Vec<u32> = from.all(u32::from_le_bytes)?;
        if values.len() != weights.len() || values.len() != of_rows.len() {
            return None;
        }
        let row = |n: usize| {
            let cluster = *cells.clusters.get(of_rows[n] as usize)?;
            Some(Row { value: values[n], weight: weights[n], cluster })
        };
        let mut rows = (0..values.len()).map(row).collect::<Option<Vec<_>>>()?;
        // In order they are already, but for rows of the same value and weight: clusters have other numbers.
        rows.chunk_by_mut(|a, b| a.value == b.value && a.weight == b.weight)
            .filter(|same| same.len() > 1)
            .for_each(|same| same.sort_unstable_by(order));
        groups.push(Arc::new(rows));
    }
    Some(groups)
}

#[cfg(test)]
mod tests;
