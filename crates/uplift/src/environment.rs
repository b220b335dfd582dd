//! The environment: a variable of Uplift with a slip in its name is refused, since it would change nothing and
//! nobody would know.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::nearest::nearest;

use crate::cli::Cli;

const PREFIX: &str = "UPLIFT_";

/// Whether others set a variable of this name: the tests, and Kubernetes for a service that is called uplift.
fn is_others(name: &str) -> bool {
    let for_services = ["_SERVICE_HOST", "_SERVICE_PORT", "_TCP", "_TCP_PROTO", "_TCP_PORT", "_TCP_ADDR"];
    name.starts_with("UPLIFT_TEST_")
        || name == "UPLIFT_PORT"
        || for_services.iter().any(|end| name.ends_with(end))
}

/// Refuses variables that begin as Uplift's do and are none.
pub(crate) fn check() -> Result<()> {
    let mut known = BTreeSet::new();
    collect(&Cli::command(), &mut known);
    let given = std::env::vars_os().map(|(name, _)| name.to_string_lossy().into_owned());
    let unknown = given.filter(|name| name.starts_with(PREFIX) && !known.contains(name) && !is_others(name));
    let violation = |name: String| {
        let near = nearest(&name, known.iter().map(String::as_str)).unwrap_or_default();
        let remedy =
            format!("is not a variable of uplift; did you mean {near}? {near} and others are in --help");
        FieldViolation::new(name, remedy)
    };
    let violations: Vec<_> = unknown.map(violation).collect();
    if violations.is_empty() { Ok(()) } else { Err(Error::invalid(violations)) }
}

/// The variables of a command and of those below it.
fn collect(command: &Command, known: &mut BTreeSet<String>) {
    let names = command.get_arguments().filter_map(|argument| argument.get_env());
    known.extend(names.map(|name| name.to_string_lossy().into_owned()));
    command.get_subcommands().for_each(|below| collect(below, known));
}
