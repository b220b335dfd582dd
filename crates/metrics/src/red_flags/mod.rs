//! Records that look like abuse, found by declared rules: each a query, its limits, and what it says in both languages. A flag is
//! a reason to look; nothing is changed or removed by it.

mod find;
mod flag;
mod rule;
pub(crate) mod wire;

pub(crate) use self::find::{Found, found};
