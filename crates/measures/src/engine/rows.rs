//! The rows of a group: gathered in any order and any split.

use super::aggregate::State;
use crate::distribution::check;
use crate::error::Error;

/// Values with weights.
#[derive(Debug, Default, Clone)]
pub(super) struct Rows {
    pairs: Vec<(f64, f64)>,
    /// Parameters of the measure, as a line, the same in every row.
    arguments: Vec<f64>,
}

impl Rows {
    /// Refuses a line or parameter that is not that of the rows before.
    fn same(&self, arguments: &[f64]) -> Result<(), Error> {
        if self.arguments == arguments {
            return Ok(());
        }
        Err(Error::new(format!(
            "a line or parameter is {arguments:?} in one row and {:?} in another; give every row the same",
            self.arguments
        )))
    }

    /// Parameters of the measure, as a line.
    pub(super) fn arguments(&self) -> &[f64] {
        &self.arguments
    }

    /// Values and weights.
    pub(super) fn pairs(&self) -> Vec<(f64, f64)> {
        self.pairs.clone()
    }
}

impl State for Rows {
    fn add(&mut self, numbers: &[f64]) -> Result<(), Error> {
        let [value, weight, arguments @ ..] = numbers else {
            return Err(Error::new("a measure needs a value and a weight"));
        };
        check(*value, *weight)?;
        if self.pairs.is_empty() {
            self.arguments = arguments.to_vec();
        }
        self.same(arguments)?;
        self.pairs.push((*value, *weight));
        Ok(())
    }

    fn merge(&mut self, other: Self) -> Result<(), Error> {
        if self.pairs.is_empty() {
            *self = other;
            return Ok(());
        }
        // A state without rows has no parameters.
        if !other.pairs.is_empty() {
            self.same(&other.arguments)?;
        }
        self.pairs.extend(other.pairs);
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let numbers = self.arguments.iter().copied().chain(self.pairs.iter().flat_map(|(v, w)| [*v, *w]));
        let count = (self.arguments.len() as u64).to_le_bytes();
        count.into_iter().chain(numbers.flat_map(f64::to_le_bytes)).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (count, numbers) = bytes.split_first_chunk()?;
        let (numbers, rest) = numbers.as_chunks();
        let numbers: Vec<f64> = numbers.iter().map(|eight| f64::from_le_bytes(*eight)).collect();
        let count = usize::try_from(u64::from_le_bytes(*count)).ok()?;
        let (arguments, pairs) = numbers.split_at_checked(count)?;
        let (pairs, odd) = pairs.as_chunks();
        (rest.is_empty() && odd.is_empty()).then(|| Self {
            arguments: arguments.to_vec(),
            pairs: pairs.iter().map(|[value, weight]| (*value, *weight)).collect(),
        })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.pairs.capacity() * size_of::<(f64, f64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_that_differ_in_their_line_are_refused_as_rows_are() {
        let state = |line| {
            let mut rows = Rows::default();
            rows.add(&[1.0, 1.0, line]).unwrap();
            Rows::from_bytes(&rows.to_bytes()).unwrap()
        };
        let mut all = state(2300.0);
        assert!(all.merge(Rows::default()).is_ok() && all.merge(state(2300.0)).is_ok());
        assert!(all.merge(state(1274.0)).unwrap_err().message.contains("give every row the same"));
        assert_eq!(all.pairs().len(), 2);
    }
}
