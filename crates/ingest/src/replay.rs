//! The first answer to a submission that is sent again.

use uplift_core::error::{Error, ErrorKind, Result};

use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::quarantine::Quarantine;

/// The first answer to an id; none if nothing was committed with it, since what was refused may be tried again. An id
/// is one content: it is refused with another.
pub(crate) async fn replay(
    ledger: &Ledger,
    quarantine: &Quarantine,
    id: &str,
    digest: &str,
) -> Result<Option<Outcome>> {
    let Some(submission) = ledger.get(id).await.filter(|first| first.committed) else { return Ok(None) };
    if submission.digest != digest {
        let message = format!(
            "submission {id} was committed with other content; correct it with a new id in mode replace"
        );
        return Err(Error::new(ErrorKind::AlreadyExists, message));
    }
    let rejections = quarantine.rejections(std::slice::from_ref(&submission)).await?;
    let replaced_by = ledger.replaced_by(&submission).await;
    Ok(Some(Outcome { replaced_by, ..Outcome::new(submission, rejections) }))
}
