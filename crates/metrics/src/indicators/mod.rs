//! Indicators: declared, planned, computed, compared, traced.

pub(crate) mod area_names;
pub(crate) mod catalogue;
pub(crate) mod code_names;
pub(crate) mod findings;
pub(crate) mod indicator;
pub(crate) mod lines;
pub(crate) mod live_catalogue;
pub(crate) mod measurement;
pub(crate) mod plan;
pub(crate) mod planned;
pub(crate) mod query;
pub(crate) mod ranking;
pub(crate) mod reference_data;
pub(crate) mod scan;
pub(crate) mod sql_guard;
pub(crate) mod survey;
pub(crate) mod trace;
pub(crate) mod under_query;
pub(crate) mod value;
