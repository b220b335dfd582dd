//! Answers from the tables. Under construction.
