//! The help and the errors of the command line in Chinese, from a catalogue of the English texts.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::LazyLock;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use uplift_core::language::Language;

/// English texts and their Chinese.
static TEXTS: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    toml::from_str(include_str!("../locales/help.zh.toml")).expect("the catalogue of help is TOML")
});

const TEMPLATE: &str = "{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}\n";

/// The language that the command line or the environment asks for, known before the rest is parsed: what is wrong with the
/// rest is told in it.
pub(crate) fn asked_language(arguments: &[OsString]) -> Language {
    let texts: Vec<_> = arguments.iter().filter_map(|a| a.to_str()).collect();
    let behind = texts.iter().position(|a| *a == "--language").and_then(|at| texts.get(at + 1).copied());
    let joined = texts.iter().find_map(|a| a.strip_prefix("--language="));
    let environment = std::env::var("UPLIFT_LANGUAGE").ok();
    match behind.or(joined).or(environment.as_deref()) {
        Some("zh") => Language::Zh,
        _ => Language::En,
    }
}

/// A command whose help is Chinese.
pub(crate) fn in_chinese(mut command: Command) -> Command {
    command.build();
    translated(command)
}

fn translated(command: Command) -> Command {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage =
        usage.replace("[OPTIONS]", "[选项]").replace("<COMMAND>", "<命令>").replace("[COMMAND]", "[命令]");
    let about = command.get_about().map(paragraphs);
    let long_about = command.get_long_about().map(paragraphs);
    let after = command.get_after_help().map(lines);
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    let mut command = command.help_template(TEMPLATE).override_usage(usage).subcommand_help_heading("命令");
    if let Some(about) = about {
        command = command.about(about);
    }
    if let Some(about) = long_about {
        command = command.long_about(about);
    }
    if let Some(after) = after {
        command = command.after_help(after);
    }
    command = command.mut_args(argument);
    for name in names {
        command = command.mut_subcommand(&name, |c| match name.as_str() {
            "help" => translated(c).about("显示帮助，或某个命令的帮助"),
            _ => translated(c),
        });
    }
    command
}

fn argument(argument: Arg) -> Arg {
    let heading = if argument.is_positional() { "参数" } else { "选项" };
    let help = match argument.get_id().as_str() {
        "help" => "显示帮助（-h为摘要）".to_owned(),
        "version" => "显示版本".to_owned(),
        _ => argument.get_help().map(paragraphs).unwrap_or_default(),
    };
    let mut long = vec![help.clone()];
    let values: Vec<_> = argument.get_possible_values().into_iter().filter(|v| !v.is_hide_set()).collect();
    let takes_value = argument.get_action().takes_values();
    if takes_value && values.iter().any(|v| v.get_help().is_some()) {
        let value = |v: &clap::builder::PossibleValue| {
            format!("  - {}：{}", v.get_name(), v.get_help().map(paragraphs).unwrap_or_default())
        };
        long.push("可用值：".to_owned());
        long.extend(values.iter().map(value));
    }
    let mut marks = Vec::new();
    if takes_value {
        let defaults: Vec<_> = argument.get_default_values().iter().map(|v| v.to_string_lossy()).collect();
        if defaults.iter().any(|d| !d.is_empty()) {
            marks.push(format!("[默认：{}]", defaults.join("、")));
        }
        if !values.is_empty() && values.iter().all(|v| v.get_help().is_none()) {
            let names: Vec<_> = values.iter().map(|v| v.get_name()).collect();
            marks.push(format!("[可用值：{}]", names.join("、")));
        }
        if let Some(name) = argument.get_env() {
            marks.push(format!("[环境变量：{}]", name.to_string_lossy()));
        }
    }
    let short = std::iter::once(help).chain(marks.iter().cloned()).collect::<Vec<_>>().join(" ");
    long.extend(marks);
    argument
        .help(short)
        .long_help(long.join("\n"))
        .help_heading(heading)
        .hide_default_value(true)
        .hide_env(true)
        .hide_possible_values(true)
}

/// A text in Chinese, paragraph by paragraph.
fn paragraphs(text: &StyledStr) -> String {
    let text = text.to_string();
    text.split("\n\n").map(|part| own(&part.replace('\n', " "))).collect::<Vec<_>>().join("\n\n")
}

/// A text in Chinese, line by line: most are commands to type.
fn lines(text: &StyledStr) -> String {
    text.to_string().lines().map(own).collect::<Vec<_>>().join("\n")
}

fn own(text: &str) -> String {
    let without_stop = text.strip_suffix('.').unwrap_or(text);
    let found = TEXTS.get(text).or_else(|| TEXTS.get(without_stop));
    found.cloned().unwrap_or_else(|| text.to_owned())
}

/// What is wrong with a command line, in Chinese.
pub(crate) fn usage_error(error: &clap::Error) -> String {
    let context = |kind| error.get(kind).map(listed).unwrap_or_default();
    let (argument, value) = (context(ContextKind::InvalidArg), context(ContextKind::InvalidValue));
    let hint = |kind| match context(kind) {
        near if near.is_empty() => String::new(),
        near => format!("；是否指{near}？"),
    };
    let message = match error.kind() {
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{argument}"),
        ErrorKind::UnknownArgument => format!("没有参数{argument}{}", hint(ContextKind::SuggestedArg)),
        ErrorKind::InvalidSubcommand => {
            format!(
                "没有命令{}{}",
                context(ContextKind::InvalidSubcommand),
                hint(ContextKind::SuggestedSubcommand)
            )
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("参数{argument}缺少取值"),
        ErrorKind::InvalidValue => {
            let valid = context(ContextKind::ValidValue);
            let valid = if valid.is_empty() { String::new() } else { format!("；可用：{valid}") };
            format!("参数{argument}不能取{value}{valid}")
        }
        ErrorKind::ValueValidation => format!("参数{argument}不能取{value}"),
        ErrorKind::ArgumentConflict => {
            format!("参数{argument}不能与{}同用", context(ContextKind::PriorArg))
        }
        ErrorKind::NoEquals | ErrorKind::TooManyValues | ErrorKind::TooFewValues => {
            format!("参数{argument}的取值个数不对")
        }
        _ => "命令写法有误".to_owned(),
    };
    format!("错误：{message}\n\n详见 --help\n")
}

fn listed(value: &ContextValue) -> String {
    match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(all) => all.join("、"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn everything_in_the_help_has_its_chinese() {
        fn texts(command: &Command, all: &mut Vec<String>) {
            let mut add = |text: Option<&StyledStr>| {
                let paragraphs = text.map(ToString::to_string).unwrap_or_default();
                all.extend(paragraphs.split("\n\n").filter(|p| !p.is_empty()).map(|p| p.replace('\n', " ")));
            };
            add(command.get_about());
            add(command.get_long_about());
            for argument in command.get_arguments() {
                add(argument.get_help());
                add(argument.get_long_help());
                argument.get_possible_values().iter().for_each(|v| add(v.get_help()));
            }
            command.get_subcommands().for_each(|c| texts(c, all));
        }
        let mut all = Vec::new();
        texts(&Cli::command(), &mut all);
        let missing: Vec<_> = all.iter().filter(|text| own(text) == **text && text.is_ascii()).collect();
        let figures = |text: &&&String| text.starts_with(|c: char| c.is_ascii_digit());
        let missing: Vec<_> = missing.iter().filter(|text| !figures(text)).collect();
        assert!(missing.is_empty(), "{missing:#?}");
    }

    #[test]
    fn the_whole_help_is_chinese() {
        let mut command = in_chinese(Cli::command());
        let mut pages = vec![command.render_long_help().to_string()];
        for name in command.clone().get_subcommands().map(|c| c.get_name().to_owned()) {
            let page = command.find_subcommand_mut(&name).map(|c| c.render_long_help().to_string());
            pages.extend(page);
        }
        for page in pages {
            for line in page.lines().filter(|line| !line.contains("uplift ")) {
                // Three plain words of English in a row are a sentence.
                let words =
                    line.split(' ').map(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_lowercase()));
                let longest = words.fold((0, 0), |(most, run), is_word| {
                    let run = if is_word { run + 1 } else { 0 };
                    (most.max(run), run)
                });
                assert!(longest.0 < 3, "{line}");
            }
        }
    }
}
