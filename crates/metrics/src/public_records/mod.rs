//! Records that may be made public: those of datasets that are declared so, without what tells of a person.

mod read;
mod send;
pub(crate) mod wire;

pub(crate) use send::send;
