//! End-to-end tests: real services, real clients, a data folder for each test.

// A test ends at the first thing that is not as it should be; that is what unwrap is for here.
#![allow(clippy::unwrap_used)]

mod acceptance;
mod architecture;
mod cases;
mod catalogue_page;
mod chinese;
mod cli;
mod clients;
mod columns;
mod compose;
mod crash;
mod damage;
mod definitions;
mod edition_histories;
mod editions;
mod figures;
mod files;
mod funds;
mod hostile;
mod households;
mod indicators;
mod ingest;
mod kept_states;
mod kits;
mod model;
mod modules;
mod mutual_funds;
mod own_time;
mod portal;
mod query_engines;
mod random_records;
mod red_flags;
mod report;
mod report_pdf;
mod reporting;
mod snapshots;
mod statements;
mod streaming;
mod supervision;
mod systems;
mod versions;
mod wanted;
