//! One movement of money of a county.

use uplift_proto::v1::records::{FlowKind, FundFlow, FundSource};

use crate::share::Share;

/// One flow of the county.
pub(crate) fn flow(
    share: &Share<'_>,
    id: String,
    kind: FlowKind,
    source: FundSource,
    (fen, date): (u64, String),
) -> FundFlow {
    FundFlow {
        flow_id: id,
        date,
        kind: kind.into(),
        source: source.into(),
        amount_fen: Some(fen as i64),
        area_code: share.area().to_owned(),
        ..FundFlow::default()
    }
}
