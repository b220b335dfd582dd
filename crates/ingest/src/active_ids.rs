//! Ids of submissions that are being decided: two with one id must not both find it unused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use uplift_core::error::{Error, ErrorKind, Result};

/// The ids in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveIds {
    ids: Arc<Mutex<HashSet<String>>>,
}

/// An id in use. It travels with what it names, since a caller may leave while that waits for its commit; the id is
/// free again when the last holder is done.
#[derive(Debug)]
pub(crate) struct ActiveId {
    ids: ActiveIds,
    id: String,
}

impl ActiveIds {
    /// Takes an id, unless another submission has it.
    pub(crate) fn take(&self, id: &str) -> Result<Arc<ActiveId>> {
        let mut ids = self.ids.lock().unwrap_or_else(|e| e.into_inner());
        if !ids.insert(id.to_owned()) {
            let message = format!("submission {id} is being processed by another request; retry");
            return Err(Error::new(ErrorKind::Aborted, message));
        }
        Ok(Arc::new(ActiveId { ids: self.clone(), id: id.to_owned() }))
    }
}

impl Drop for ActiveId {
    fn drop(&mut self) {
        self.ids.ids.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.id);
    }
}
