//! The command. Under construction.
