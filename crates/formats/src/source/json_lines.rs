//! NDJSON: one object a line, whose names are the columns.

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use uplift_core::error::{Error, Result};

use super::text::Text;
use crate::row::{CellKind, Row, Visit};

/// A text of objects.
#[derive(Debug)]
pub(crate) struct JsonLines {
    pub(crate) text: Text,
    headings: Vec<String>,
}

/// Names that one file may have.
const MAX_NAMES: usize = 10_000;

impl JsonLines {
    /// Finds the names, in the order in which they first come.
    pub(crate) fn new(text: Text) -> Result<Self> {
        let mut names: HashMap<String, usize> = HashMap::new();
        let mut headings = Vec::new();
        for line in lines(&text.content) {
            let (number, line) = line;
            for (name, _) in parse(number, line)? {
                if names.len() >= MAX_NAMES {
                    return Err(Error::invalid_field("file", format!("has more than {MAX_NAMES} names")));
                }
                names.entry(name).or_insert_with_key(|name| {
                    headings.push(name.clone());
                    headings.len() - 1
                });
            }
        }
        Ok(Self { text, headings })
    }

    /// The names.
    pub(crate) fn headings(&self) -> &[String] {
        &self.headings
    }

    /// Visits the objects as rows.
    pub(crate) fn rows(&self, visit: Visit<'_>) -> Result<()> {
        let positions: HashMap<&str, usize> =
            self.headings.iter().enumerate().map(|(n, name)| (name.as_str(), n)).collect();
        let mut row = Row::default();
        for (number, line) in lines(&self.text.content) {
            let mut cells = vec![(String::new(), CellKind::Written); self.headings.len()];
            for (name, value) in parse(number, line)? {
                if let Some(position) = positions.get(name.as_str()) {
                    cells[*position] = cell(value);
                }
            }
            row.clear();
            row.line = number;
            cells.iter().for_each(|(text, kind)| row.push(text, *kind));
            if visit(&row)? == ControlFlow::Break(()) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// The objects for whose line there is a text, each with it under a name, as a file of the same kind.
    pub(crate) fn with<'t>(&self, name: &str, text: impl Fn(i64) -> Option<&'t str>) -> Vec<u8> {
        let mut written = String::new();
        for (number, line) in lines(&self.text.content) {
            let object =
                text(number as i64).and_then(|text| Some((text, serde_json::from_str::<Pairs>(line).ok()?)));
            let Some((text, Pairs(mut pairs))) = object else { continue };
            pairs.retain(|(other, _)| other != name);
            pairs.push((name.to_owned(), text.into()));
            let pairs = pairs.iter().map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())));
            written.push_str(&format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(",")));
        }
        self.text.encode(&written)
    }
}

/// The lines that are not blank, with their numbers.
fn lines(content: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(content.lines()).filter(|(_, line)| !line.trim().is_empty())
}

/// The values of one line by name, those of nested objects by their path.
fn parse(number: u64, line: &str) -> Result<Vec<(String, Value)>> {
    let wrong = |message: String| Error::invalid_field(format!("file, line {number}"), message);
    let object: Pairs = serde_json::from_str(line)
        .map_err(|e| wrong(format!("is not a JSON object: {e}; write one object a line")))?;
    let mut values = Vec::new();
    flatten("", object.0, &mut values);
    let mut seen = std::collections::HashSet::new();
    match values.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        Some((name, _)) => Err(wrong(format!("has {name:?} twice; keep one"))),
        None => Ok(values),
    }
}

fn flatten(path: &str, pairs: Vec<(String, Value)>, values: &mut Vec<(String, Value)>) {
    for (name, value) in pairs {
        let name = if path.is_empty() { name } else { format!("{path}/{name}") };
        match value {
            Value::Object(inner) => flatten(&name, inner.into_iter().collect(), values),
            value => values.push((name, value)),
        }
    }
}

/// A value as a cell.
fn cell(value: Value) -> (String, CellKind) {
    match value {
        Value::Null => (String::new(), CellKind::Written),
        Value::Bool(yes) => (yes.to_string(), CellKind::Boolean),
        Value::Number(number) => (number.to_string(), CellKind::Number),
        Value::String(text) => (text, CellKind::Written),
        other => (other.to_string(), CellKind::Written),
    }
}

/// The names and values of an object in their order, repeated ones too.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairsVisitor;
        impl<'de> Visitor<'de> for PairsVisitor {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(PairsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(content: &str) -> Result<JsonLines> {
        JsonLines::new(Text::decode(content.as_bytes().to_vec(), None).unwrap())
    }

    #[test]
    fn objects_are_rows_and_their_names_columns() {
        let file =
            open("{\"id\":\"a\",\"n\":1.5}\n\n{\"n\":2,\"in\":{\"deep\":true},\"id\":null}\n").unwrap();
        assert_eq!(file.headings(), ["id", "n", "in/deep"]);
        let mut rows = Vec::new();
        file.rows(&mut |row| {
            rows.push((row.line, row.texts.iter().map(str::to_owned).collect::<Vec<_>>(), row.kinds.clone()));
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        assert_eq!(rows[0].1, ["a", "1.5", ""]);
        assert_eq!((rows[1].0, rows[1].1.join("|")), (3, "|2|true".to_owned()));
        assert_eq!(rows[1].2[2], CellKind::Boolean);
    }

    #[test]
    fn what_is_no_object_or_has_a_name_twice_is_refused_with_its_line() {
        for (content, reason) in [
            ("{\"a\":1}\n{\"a\":\n", "line 2"),
            ("{\"a\":1}\n[1]\n", "line 2"),
            ("{\"a\":1,\"a\":2}\n", "twice"),
        ] {
            let refused = open(content).unwrap_err().message;
            assert!(refused.contains(reason), "{refused}");
        }
    }
}
