//! Targets of the year: what is reached month by month, where it leads to, and what is behind; and the objective of incomes.

mod forecast;
mod income;
mod question;
mod read;
mod target;
pub(crate) mod wire;

pub(crate) use self::income::incomes;
pub(crate) use self::question::Question;
pub(crate) use self::read::{Computing, objectives};
