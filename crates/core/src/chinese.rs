//! Messages in Chinese. They are written in English where they arise, with what is wrong filled in; catalogues have each as a
//! pattern, `{value} is not a number`, beside its Chinese.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::error::{Error, FieldViolation};

const CATALOGUES: [&str; 5] = [
    include_str!("../locales/rows.zh.toml"),
    include_str!("../locales/files.zh.toml"),
    include_str!("../locales/services.zh.toml"),
    include_str!("../locales/commands.zh.toml"),
    include_str!("../locales/indicators.zh.toml"),
];

/// How often what is filled in is a message itself.
const MAX_DEPTH: usize = 3;

/// A message with places to fill in.
#[derive(Debug)]
struct Pattern {
    /// What stands between the places, from the beginning to the end.
    literals: Vec<String>,
    /// The names of the places.
    names: Vec<String>,
    chinese: String,
}

/// All patterns, those with most of their own text first: the others would fit more than they mean.
static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    let mut all: HashMap<String, String> = HashMap::new();
    for catalogue in CATALOGUES {
        let entries: HashMap<String, String> =
            toml::from_str(catalogue).expect("the catalogues of messages are TOML");
        all.extend(entries);
    }
    let mut patterns: Vec<_> = all.into_iter().map(|(en, chinese)| Pattern::new(&en, chinese)).collect();
    patterns.sort_by_key(|p| std::cmp::Reverse(p.literals.iter().map(String::len).sum::<usize>()));
    patterns
});

impl Pattern {
    fn new(english: &str, chinese: String) -> Self {
        let (mut literals, mut names) = (Vec::new(), Vec::new());
        let mut rest = english;
        while let Some((literal, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            literals.push(literal.to_owned());
            names.push(name.to_owned());
            rest = after;
        }
        literals.push(rest.to_owned());
        Self { literals, names, chinese }
    }

    /// What is filled in; none if the message is another.
    fn filled<'m>(&self, message: &'m str) -> Option<Vec<&'m str>> {
        let (first, others) = self.literals.split_first()?;
        let mut rest = message.strip_prefix(first.as_str())?;
        let mut filled = Vec::new();
        for (n, literal) in others.iter().enumerate() {
            let last = n + 1 == others.len();
            let at = match last {
                true if rest.ends_with(literal.as_str()) => rest.len() - literal.len(),
                true => return None,
                // What is quoted may hold the next words itself.
                false => quoted_length(rest) + rest[quoted_length(rest)..].find(literal.as_str())?,
            };
            filled.push(&rest[..at]);
            rest = &rest[at + literal.len()..];
        }
        (rest.is_empty() && filled.iter().all(|part| !part.is_empty())).then_some(filled)
    }

    fn in_chinese(&self, filled: &[&str], depth: usize) -> String {
        let mut text = self.chinese.clone();
        for (name, part) in self.names.iter().zip(filled) {
            let own = if part.starts_with('"') { None } else { translated(part, depth + 1) };
            let listed = own.or_else(|| chinese_names(part).filter(|_| name == "names"));
            let part = listed.unwrap_or_else(|| chinese_quotes(part));
            text = text.replace(&format!("{{{name}}}"), &part);
        }
        text
    }
}

/// The Chinese ones of names in both languages with commas between, as "bank credit 银行信贷, other 其他"; none if one has no
/// Chinese.
fn chinese_names(list: &str) -> Option<String> {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let names = list.split(", ").map(|name| name.rsplit(' ').next().filter(|name| name.contains(is_chinese)));
    names.collect::<Option<Vec<_>>>().map(|names| names.join("、"))
}

/// Bytes of a quoted text at the beginning; 0 if there is none.
fn quoted_length(text: &str) -> usize {
    let Some(inside) = text.strip_prefix('"') else { return 0 };
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            '"' if !escaped => return at + 2,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    0
}

/// A text quoted as Chinese quotes it.
fn chinese_quotes(text: &str) -> String {
    if quoted_length(text) == text.len() && text.len() >= 2 {
        format!("“{}”", &text[1..text.len() - 1])
    } else {
        text.to_owned()
    }
}

fn translated(message: &str, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    PATTERNS.iter().find_map(|pattern| Some(pattern.in_chinese(&pattern.filled(message)?, depth)))
}

/// A message in Chinese; none if no catalogue has it.
pub fn chinese(message: &str) -> Option<String> {
    translated(message, 0)
}

/// An error's message in Chinese, as far as the catalogues have it.
pub fn chinese_error(error: &Error) -> String {
    let own = |text: &str| chinese(text).unwrap_or_else(|| text.to_owned());
    match error.violations.as_slice() {
        [] => own(&error.message),
        [only] => chinese_violation(only),
        [first, rest @ ..] => format!("{}（另有{}处）", chinese_violation(first), rest.len()),
    }
}

/// A field that is wrong, and why, in Chinese.
pub fn chinese_violation(violation: &FieldViolation) -> String {
    let description = chinese(&violation.description).unwrap_or_else(|| violation.description.clone());
    match chinese_place(&violation.field) {
        place if place.is_empty() => description,
        place => format!("{place}：{description}"),
    }
}

/// A place in a file in Chinese; paths into requests stay as they are.
fn chinese_place(field: &str) -> String {
    let numbered = |rest: &str| {
        let (word, number) = rest.split_once(' ')?;
        let word = match word {
            "line" | "row" => "行",
            "record" => "条",
            _ => return None,
        };
        let (number, after) = number.split_once(", ").map_or((number, ""), |(n, after)| (n, after));
        Some(format!(
            "第{number}{word}{}",
            if after.is_empty() { String::new() } else { format!("，{after}") }
        ))
    };
    let of_file = |rest: &str| {
        let column = rest.strip_prefix("column ").map(|name| format!("列{}", chinese_quotes(name)));
        column.or_else(|| numbered(rest))
    };
    match field.strip_prefix("file, ").and_then(of_file) {
        Some(place) => format!("文件{place}"),
        None if field == "file" => "文件".to_owned(),
        None => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_their_chinese_with_what_is_filled_in() {
        for (english, expected) in [
            (
                "\"十万\" is not a number; write digits, for example 1234.50 or 1,234.50",
                "“十万”不是数字；请写阿拉伯数字，如1234.50、1,234.50",
            ),
            (
                "\"-5\" is below the minimum of 0.01 元; correct it, or leave it empty if it is not known",
                "“-5”低于下限0.01 元；请更正；不清楚的留空",
            ),
            (
                "has the same key as line 7; give each record its own",
                "与第7行编号重复；每条记录应有自己的编号",
            ),
            ("is required; write a date, for example 2011-10-17", "必填；请填日期，如2011-10-17"),
            (
                "\"a is not within b\" is not a date; write it as 2011-10-17",
                "“a is not within b”不是日期；请按2011-10-17的格式填写",
            ),
        ] {
            assert_eq!(chinese(english).as_deref(), Some(expected));
        }
        assert_eq!(chinese("nothing of the kind"), None);
    }

    #[test]
    fn names_in_both_languages_are_told_in_chinese_and_codes_as_they_are() {
        for (names, expected) in
            [("bank credit 银行信贷, other 其他", "银行信贷、其他"), ("credit, other", "credit, other")]
        {
            let message = format!("is required; write one of {names}");
            assert_eq!(chinese(&message), Some(format!("必填；请填其中之一：{expected}")));
        }
    }

    #[test]
    fn an_error_names_its_place_in_chinese() {
        let error = Error::invalid_field(
            "file, line 3",
            "has a quotation mark that is never closed; close or remove it",
        );
        assert_eq!(chinese_error(&error), "文件第3行：有未闭合的引号；请补上或删除");
    }

    #[test]
    fn every_translation_fills_in_what_its_message_has_and_nothing_else() {
        for pattern in PATTERNS.iter() {
            for part in pattern.chinese.split('{').skip(1) {
                let (name, _) = part.split_once('}').unwrap_or_default();
                assert!(pattern.names.iter().any(|known| known == name), "{}: {name}", pattern.chinese);
            }
            let latin = pattern.chinese.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(latin, "{} is not Chinese", pattern.chinese);
        }
    }
}
