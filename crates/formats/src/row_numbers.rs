//! Where rows stand in what was sent, so that a message names the row that its sender sees.

/// Positions of decoded rows.
#[derive(Debug, Clone)]
pub struct RowNumbers {
    /// What a position is called: row or line.
    word: &'static str,
    positions: Positions,
}

#[derive(Debug, Clone)]
enum Positions {
    /// Rows of messages, of which so many were before.
    After(i64),
    /// Lines of a file, or rows of a sheet.
    Lines(Vec<i64>),
}

impl RowNumbers {
    /// Rows of a list, of which so many were sent before.
    pub fn after(rows: i64) -> Self {
        Self { word: "row", positions: Positions::After(rows) }
    }

    pub(crate) fn of_lines(word: &'static str, lines: Vec<i64>) -> Self {
        Self { word, positions: Positions::Lines(lines) }
    }

    /// The number of a row, which is at an index counted from 0.
    pub fn number(&self, index: usize) -> i64 {
        match &self.positions {
            Positions::After(rows) => rows + index as i64 + 1,
            Positions::Lines(lines) => lines.get(index).copied().unwrap_or_default(),
        }
    }

    /// The number with its word: line 12.
    pub fn name(&self, index: usize) -> String {
        format!("{} {}", self.word, self.number(index))
    }
}
