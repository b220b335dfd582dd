//! Records to try Uplift with: the published article as data, and a simulated programme around it.
//!
//! Owns what the demo and the tests submit. Never submits anything itself, and labels
//! everything simulated but the article.

mod acceptance;
mod area;
pub mod article;
mod county;
mod events;
mod households;
mod ledger;
mod money;
mod mutual_fund;
mod organisations;
mod plan;
mod programme;
mod projects;
mod register;
mod share;
mod submission;
mod supervision;
mod totals;
mod work;

pub use article::Article;
pub use submission::{Plan, SimulatedSubmission};
