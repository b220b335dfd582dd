//! Takes records in, checks them, commits them. Under construction.
