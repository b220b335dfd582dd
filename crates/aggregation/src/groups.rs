//! The groups of the records of one source, numbered as they are met.

pub(crate) mod bytes;

use std::sync::Arc;

use datafusion::common::Result;
use hashbrown::HashMap;

use crate::batch::Batch;
use crate::labels::Labels;
use crate::names::Names;
use crate::program::Program;

/// The beginning of the area's code, then the other keys; none is missing.
pub(crate) type GroupKey = Vec<Option<Arc<str>>>;

#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Of the area and of each other key.
    labels: Vec<Labels>,
    /// The labels of each group.
    keys: Vec<Box<[u32]>>,
    known: HashMap<Box<[u32]>, u32>,
}

impl Groups {
    /// The group of each row of a batch.
    pub(crate) fn number(&mut self, program: &Program, batch: &mut Batch<'_>) -> Result<Vec<usize>> {
        self.labels.resize_with(1 + program.others.len(), Labels::default);
        let area = batch.rows.column(program.area).clone();
        let mut labelled = vec![self.labels[0].number(&area, |code| beginning(code, program.digits))?];
        for (slot, labels) in program.others.iter().zip(&mut self.labels[1..]) {
            labelled.push(labels.number(&batch.value(*slot)?, |text| text)?);
        }
        let (mut last, mut key) = (None, Vec::with_capacity(labelled.len()));
        let group = |row: usize| {
            let is = |group: usize| {
                let key = &self.keys[group];
                labelled.iter().zip(key).all(|(labels, known)| labels[row] == *known)
            };
            match last {
                // Rows of a group mostly come together.
                Some(group) if is(group) => group,
                _ => {
                    key.clear();
                    key.extend(labelled.iter().map(|labels| labels[row]));
                    *last.insert(self.group(&key))
                }
            }
        };
        Ok((0..batch.rows.num_rows()).map(group).collect())
    }

    fn group(&mut self, key: &[u32]) -> usize {
        if let Some(known) = self.known.get(key) {
            return *known as usize;
        }
        let number = self.keys.len();
        self.known.insert(key.into(), number as u32);
        self.keys.push(key.into());
        number
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The numbers that the groups have in all sources.
    pub(crate) fn finish(self, names: &Names<GroupKey>) -> Vec<u32> {
        let text = |(labels, number): (&Labels, &u32)| labels.text(*number).cloned();
        let key = |key: &[u32]| self.labels.iter().zip(key).map(text).collect();
        names.numbers(&self.keys.iter().map(|labels| key(labels)).collect::<Vec<GroupKey>>())
    }
}

/// The characters of a code that tell groups apart.
fn beginning(code: Option<&str>, digits: usize) -> Option<&str> {
    code.map(|code| code.char_indices().nth(digits).map_or(code, |(end, _)| &code[..end]))
}
