//! What is measured: a component in a period.

use uplift_core::period::Period;

use super::indicator::Component;

/// A component to be computed in a period, or its difference from an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Measurement {
    pub(crate) component: Component,
    pub(crate) period: Period,
    /// The earlier period.
    pub(crate) since: Option<Period>,
}
