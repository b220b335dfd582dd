//! The portal: pages for people who look at a programme, hand files in, and check what was published.
//!
//! Owns pages, their addresses and what a browser may keep of them. Reads through the services' calls and opens no table;
//! of what people send it keeps a file until it is handed in. Never computes a figure. No page needs a script.

mod cache;
mod download;
mod failure;
mod figures;
mod kept_pages;
mod pages;
mod places;
mod server;
mod services;
mod site;
mod texts;
mod uploads;
mod verifications;
mod visit;

pub use server::serve;
pub use services::{Addresses, Services};
