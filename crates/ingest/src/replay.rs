//! The first answer to a submission that is sent again.

use uplift_core::error::Result;

use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::quarantine::Quarantine;

/// The outcome of an earlier submission with this id and digest; none if there was none, or with other
/// content. `committed_only` leaves out those that were refused, which may be tried again.
pub(crate) async fn replay(
    ledger: &Ledger,
    quarantine: &Quarantine,
    id: &str,
    digest: &str,
    committed_only: bool,
) -> Result<Option<Outcome>> {
    let first = ledger.get(id).await.filter(|s| s.digest == digest && (s.committed || !committed_only));
    let Some(submission) = first else { return Ok(None) };
    let rejections = quarantine.rejections(std::slice::from_ref(&submission)).await?;
    Ok(Some(Outcome { submission, rejections }))
}
