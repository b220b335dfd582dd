//! A document as data.

use uplift_core::error::{Error, Result};

use crate::document::Document;

pub(super) fn render(document: &Document) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(document).map_err(|e| Error::internal("writing the report as JSON", e))
}
