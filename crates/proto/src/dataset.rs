//! The datasets, read from the annotated descriptors: every message in a list of `Rows`.

use std::sync::LazyLock;

use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind as WireKind, Value,
};
use uplift_core::dataset::{
    Code, Dataset, FEN_SUFFIX, Field, Format, JoinedRecord, Kind, Reference, RowRule, SetRule,
};
use uplift_core::language::Bilingual;

pub(crate) const ROWS: &str = "uplift.records.v1.Rows";

/// Descriptors of every message.
pub(crate) fn pool() -> &'static DescriptorPool {
    // They are compiled in and a test reads them all: a fault here cannot ship.
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(crate::DESCRIPTORS).expect("compiled-in descriptors"));
    &POOL
}

static DATASETS: LazyLock<Vec<Dataset>> = LazyLock::new(|| {
    let pool = pool();
    let rows = pool.get_message_by_name(ROWS).expect("message Rows is declared");
    rows.fields().map(|list| dataset(pool, &list)).collect()
});

/// Every dataset, in the order of declaration.
pub fn all() -> &'static [Dataset] {
    &DATASETS
}

pub fn find(name: &str) -> Option<&'static Dataset> {
    all().iter().find(|d| d.name == name)
}

/// The title of a code, given as it is on the wire; none for the unspecified code.
pub fn code_title(dataset: &str, field: &str, number: i32) -> Option<&'static Bilingual> {
    let Kind::Code(codes) = &find(dataset)?.field(field)?.kind else { return None };
    codes.iter().find(|c| c.number == number).map(|c| &c.title)
}

/// The wire number of a code as the table keeps it.
pub fn code_number(dataset: &str, field: &str, stored: &str) -> Option<i32> {
    let Kind::Code(codes) = &find(dataset)?.field(field)?.kind else { return None };
    codes.iter().find(|c| c.stored == stored).map(|c| c.number)
}

/// The title of a code as the table keeps it.
pub fn stored_title(dataset: &str, field: &str, stored: &str) -> Option<&'static Bilingual> {
    code_title(dataset, field, code_number(dataset, field, stored)?)
}

fn dataset(pool: &DescriptorPool, list: &FieldDescriptor) -> Dataset {
    let WireKind::Message(message) = list.kind() else {
        panic!("{} is not a list of messages", list.full_name())
    };
    let options = option(pool, &message.options(), "uplift.schema.v1.dataset");
    let rules = messages(&options, "rules")
        .map(|rule| RowRule { sql: text(&rule, "sql"), field: text(&rule, "field"), remedy: remedy(&rule) })
        .collect();
    let set_rules = messages(&options, "set_rules")
        .map(|rule| SetRule {
            group: texts(&rule, "group"),
            order: texts(&rule, "order"),
            when: text(&rule, "when"),
            sql: text(&rule, "sql"),
            shows: text(&rule, "shows"),
            field: text(&rule, "field"),
            remedy: remedy(&rule),
            keeps: flag(&rule, "keeps"),
        })
        .collect();
    let joined = messages(&options, "joined")
        .map(|joined| JoinedRecord {
            dataset: text(&joined, "dataset"),
            name: first_said(text(&joined, "name"), text(&joined, "dataset")),
            on: texts(&joined, "on"),
            own: first_said(texts(&joined, "own"), texts(&joined, "on")),
            at: text(&joined, "at"),
            from: text(&joined, "from"),
            until: text(&joined, "until"),
        })
        .collect();
    Dataset {
        name: snake_case(message.name()),
        rows_field: list.name().to_owned(),
        rows_number: list.number(),
        title: title(&options),
        key: texts(&options, "key"),
        key_of_area: flag(&options, "key_of_area"),
        fields: message.fields().map(|f| field(pool, &f)).collect(),
        rules,
        set_rules,
        joined,
        public: flag(&options, "public"),
        public_when: text(&options, "public_when"),
    }
}

/// What is said, or what stands for it where nothing is.
fn first_said<T: Default + PartialEq>(said: T, otherwise: T) -> T {
    if said == T::default() { otherwise } else { said }
}

/// The name of fields that hold the calendar year of a record.
const YEAR: &str = "year";

fn field(pool: &DescriptorPool, field: &FieldDescriptor) -> Field {
    let options = option(pool, &field.options(), "uplift.schema.v1.field");
    let limit = |name, otherwise| match text(&options, name) {
        t if t.is_empty() => otherwise,
        t => t.parse().unwrap_or_else(|_| panic!("{}: {name} is not a number", field.full_name())),
    };
    let reference = text(&options, "reference");
    let reference = reference
        .split_once('.')
        .map(|(dataset, field)| Reference { dataset: dataset.to_owned(), field: field.to_owned() });
    let kind = match field.kind() {
        WireKind::String => Kind::Text(format(&options)),
        WireKind::Int64 if field.name().ends_with(FEN_SUFFIX) => Kind::Money,
        WireKind::Int32 | WireKind::Int64 => Kind::Integer,
        WireKind::Double => Kind::Number,
        WireKind::Bool => Kind::Boolean,
        WireKind::Enum(codes) => Kind::Code(code_list(pool, &codes)),
        other => panic!("{}: {other:?} has no column type", field.full_name()),
    };
    let limits = kind.limits().map(|(low, high)| (limit("minimum", low), limit("maximum", high)));
    let is_time = kind == Kind::Text(Format::Date) || (kind == Kind::Integer && field.name() == YEAR);
    let in_period = is_time && !flag(&options, "any_time");
    Field {
        name: field.name().to_owned(),
        number: field.number(),
        title: title(&options),
        aliases: texts(&options, "aliases"),
        kind,
        unit: text(&options, "unit"),
        required: flag(&options, "required"),
        reference,
        personal: flag(&options, "personal"),
        withheld: flag(&options, "withheld"),
        past: flag(&options, "past"),
        limits,
        in_period,
    }
}

/// The codes that may be sent: the unspecified one stands for an empty value.
fn code_list(pool: &DescriptorPool, codes: &EnumDescriptor) -> Vec<Code> {
    let prefix = format!("{}_", snake_case(codes.name()).to_uppercase());
    codes
        .values()
        .filter(|v| v.number() != 0)
        .map(|v| {
            let options = option(pool, &v.options(), "uplift.schema.v1.code");
            Code {
                number: v.number(),
                name: v.name().to_owned(),
                stored: v.name().strip_prefix(&prefix).unwrap_or(v.name()).to_lowercase(),
                title: title(&options),
                aliases: texts(&options, "aliases"),
            }
        })
        .collect()
}

fn format(options: &DynamicMessage) -> Format {
    match options.get_field_by_name("format").and_then(|v| v.as_enum_number()) {
        Some(1) => Format::Identifier,
        Some(2) => Format::Area,
        Some(3) => Format::Period,
        Some(4) => Format::Date,
        Some(5) => Format::Printed,
        Some(6) => Format::Expression,
        _ => Format::Free,
    }
}

fn option(pool: &DescriptorPool, options: &DynamicMessage, name: &str) -> DynamicMessage {
    let extension = pool.get_extension_by_name(name).expect("option is declared");
    match options.get_extension(&extension).into_owned() {
        Value::Message(message) => message,
        other => panic!("{name} holds {other:?}"),
    }
}

fn messages(options: &DynamicMessage, name: &str) -> impl Iterator<Item = DynamicMessage> {
    let list = options.get_field_by_name(name).map(|v| v.into_owned());
    let list = list.and_then(|v| v.as_list().map(<[Value]>::to_vec)).unwrap_or_default();
    list.into_iter().filter_map(|v| v.as_message().cloned())
}

fn title(options: &DynamicMessage) -> Bilingual {
    Bilingual::new(text(options, "title_en"), text(options, "title_zh"))
}

fn remedy(rule: &DynamicMessage) -> Bilingual {
    Bilingual::new(text(rule, "remedy"), text(rule, "remedy_zh"))
}

fn text(options: &DynamicMessage, name: &str) -> String {
    options.get_field_by_name(name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn texts(options: &DynamicMessage, name: &str) -> Vec<String> {
    let list = options.get_field_by_name(name).map(|v| v.into_owned());
    let list = list.as_ref().and_then(Value::as_list).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn flag(options: &DynamicMessage, name: &str) -> bool {
    options.get_field_by_name(name).and_then(|v| v.as_bool()).unwrap_or_default()
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use uplift_core::dataset::SHOWN;

    use super::*;

    #[test]
    fn every_dataset_and_field_and_code_has_both_titles_and_keys_that_exist() {
        assert!(!all().is_empty());
        let titled = |title: &Bilingual| !title.en.is_empty() && !title.zh.is_empty();
        for dataset in all() {
            assert!(titled(&dataset.title), "{}", dataset.name);
            assert!(!dataset.key.is_empty(), "{} has no key", dataset.name);
            for key in &dataset.key {
                assert!(dataset.field(key).is_some_and(|f| f.required), "{}.{key}", dataset.name);
            }
            for rule in &dataset.rules {
                assert!(dataset.field(&rule.field).is_some(), "{}: {}", dataset.name, rule.sql);
                assert!(titled(&rule.remedy), "{}: {}", dataset.name, rule.sql);
            }
            for rule in &dataset.set_rules {
                assert!(dataset.field(&rule.field).is_some(), "{}: {}", dataset.name, rule.sql);
                assert!(titled(&rule.remedy) && !rule.group.is_empty(), "{}: {}", dataset.name, rule.sql);
                for text in [&rule.remedy.en, &rule.remedy.zh] {
                    assert_eq!(text.contains(SHOWN), !rule.shows.is_empty(), "{}: {text}", dataset.name);
                }
            }
            for joined in &dataset.joined {
                let other = find(&joined.dataset).unwrap();
                let both = |name: &String| dataset.field(name).is_some() && other.field(name).is_some();
                assert!(joined.on.iter().all(both), "{}: {joined:?}", dataset.name);
                let begins = other.field(&joined.from).is_some();
                assert!(begins || joined.on == other.key, "{}: {joined:?}", dataset.name);
                assert_ne!(other.name, dataset.name, "a rule over a dataset's own records needs no join");
            }
            for field in &dataset.fields {
                assert!(titled(&field.title), "{}.{}", dataset.name, field.name);
                if let Some(to) = &field.reference {
                    let named = find(&to.dataset).and_then(|d| d.field(&to.field));
                    assert!(named.is_some_and(|f| f.kind == field.kind), "{}.{}", dataset.name, field.name);
                }
                if let Kind::Code(codes) = &field.kind {
                    assert!(codes.iter().all(|c| titled(&c.title)), "{}.{}", dataset.name, field.name);
                }
            }
        }
    }

    #[test]
    fn options_reach_the_domain() {
        let statement = find("statement").unwrap();
        assert_eq!((statement.rows_field.as_str(), statement.rows_number), ("statements", 1));
        assert_eq!(statement.key, ["document_id", "statement_id"]);
        let printed = statement.field("printed").unwrap();
        assert_eq!(
            (&printed.kind, printed.required, printed.number),
            (&Kind::Text(Format::Printed), true, 10)
        );
        let Kind::Code(codes) = &statement.field("qualifier").unwrap().kind else { panic!() };
        assert_eq!(codes[2].stored, "more_than");
        assert_eq!(find("statement_check").unwrap().rows_field, "statement_checks");
        assert!(find("statements").is_none());
    }
}
