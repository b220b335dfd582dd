//! Records to try Uplift with: the published article as data, and a simulated programme around it.
//!
//! Owns what the demo and the tests submit. Never submits anything itself, and labels
//! everything simulated but the article.

mod abuse;
mod acceptance;
mod area;
pub mod article;
mod county;
mod events;
mod figures;
mod flow;
mod help;
mod households;
mod infrastructure;
mod ledger;
mod money;
mod mutual_fund;
mod organisations;
mod plan;
mod planted;
mod programme;
mod projects;
mod register;
mod second_loan;
mod share;
mod submission;
mod supervision;
mod totals;
mod training;
mod villagers;
mod work;

pub use article::Article;
pub use planted::{Planted, PlantedKind};
pub use submission::{Plan, SimulatedSubmission};
