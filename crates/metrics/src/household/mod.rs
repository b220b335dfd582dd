//! What is on record of one household: its years, what it received from every line of work, what became of it.

mod history;
mod read;
mod remarks;
pub(crate) mod wire;

pub(crate) use self::read::histories;
