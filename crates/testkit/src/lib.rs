//! Runs the services for tests. Under construction.
