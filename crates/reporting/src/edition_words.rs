//! What the files of an edition say of it: number, author, what it changes and why, notes to what its checklist found.

use chrono::{DateTime, Utc};
use serde::Serialize;
use uplift_core::language::Bilingual;

/// The edition that a document is.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EditionWords {
    pub(crate) edition_id: String,
    pub(crate) author: String,
    pub(crate) publish_time: DateTime<Utc>,
    pub(crate) amendment: Option<AmendmentWords>,
    pub(crate) notes: Vec<NoteWords>,
}

/// Why it is there beside the edition before, and the figures that differ.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AmendmentWords {
    /// The edition before.
    pub(crate) before: String,
    /// Revision or correction.
    pub(crate) kind: Bilingual,
    pub(crate) cause: Bilingual,
    pub(crate) changes: Vec<ChangeWords>,
}

/// A figure that differs.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ChangeWords {
    /// Indicator, area, dimensions.
    pub(crate) title: Bilingual,
    pub(crate) before: Bilingual,
    pub(crate) after: Bilingual,
    /// Titles of the sections that show it.
    pub(crate) sections: Bilingual,
}

/// A note to what the checklist found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoteWords {
    pub(crate) item: Bilingual,
    pub(crate) text: Bilingual,
}
