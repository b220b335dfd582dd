//! The pages, one file each: what it asks of the services, and what its template shows.

pub(crate) mod area;
mod area_names;
mod area_tree;
pub(crate) mod breakdown;
pub(crate) mod comparison;
pub(crate) mod contradictions;
pub(crate) mod datasets;
pub(crate) mod edition_files;
pub(crate) mod editions;
pub(crate) mod explorer;
pub(crate) mod figure;
mod figure_files;
pub(crate) mod indicator;
pub(crate) mod overview;
mod query;
mod scope;
pub(crate) mod submissions;
pub(crate) mod upload;
pub(crate) mod verification;

use axum::response::Response;

use crate::failure::Failure;

/// What a page answers.
type Answer = Result<Response, Failure>;
