//! Records to try Uplift with: the published article as data, and a simulated programme around it.
//!
//! Owns what is handed in by the demo and the tests. Never hands anything in itself, and labels
//! everything simulated but the article.

mod area;
pub mod article;
mod households;
pub mod plan;
mod programme;
mod submission;

pub use article::Article;
pub use plan::Plan;
pub use submission::SimulatedSubmission;
