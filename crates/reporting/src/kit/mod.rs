//! Replay kits: an edition with everything that its figures are computed from, in one archive, from which anyone verifies it
//! on another machine.

pub(crate) mod layout;
pub(crate) mod making;
pub(crate) mod opened;
pub(crate) mod packed;
mod replay;
