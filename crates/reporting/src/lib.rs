//! Writes reports from the metrics service's answers. Under construction.
