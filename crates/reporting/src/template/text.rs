//! Texts of one language, in the syntax of Fluent, as parts that name figures.

use std::collections::BTreeMap;

use fluent_syntax::ast::{
    CallArguments, Entry, Expression, InlineExpression, Pattern, PatternElement, Variant, VariantKey,
};
use uplift_core::language::Language;

use super::files::{Problems, SourceFile};

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// A name in place: of a figure, or a word such as the area.
    Mention {
        form: Form,
        name: String,
        line: usize,
    },
    /// One of several texts, the first whose key fits.
    Choice {
        selector: Selector,
        name: String,
        line: usize,
        variants: Vec<(String, Vec<Part>)>,
        otherwise: Vec<Part>,
    },
}

/// What is shown of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    /// Its value with the unit; a word as it is.
    Value,
    /// Its value without the unit.
    Number,
    /// The size of its change since the year before.
    Change,
    /// Its value in the year before.
    Previous,
    /// Its target.
    Target,
    /// Its value per hundred of the target.
    TargetShare,
    /// Its confidence interval.
    Interval,
    /// What documents publish.
    Published,
}

/// What a choice depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selector {
    /// up, down, level or unknown.
    Direction,
    /// yes or no: whether there is a value.
    Available,
    /// yes, no or none: whether the target is reached.
    Reached,
    /// one or other, or a number: the value.
    Count,
}

/// Forms by the name of their function, and by their name in a table.
const FORMS: [(&str, &str, Form); 8] = [
    ("VALUE", "value", Form::Value),
    ("NUMBER", "number", Form::Number),
    ("CHANGE", "change", Form::Change),
    ("PREVIOUS", "previous", Form::Previous),
    ("TARGET", "target", Form::Target),
    ("TARGET_SHARE", "target-share", Form::TargetShare),
    ("INTERVAL", "interval", Form::Interval),
    ("PUBLISHED", "published", Form::Published),
];

/// Selectors by the name of their function, with the keys of their variants.
const SELECTORS: [(&str, Selector, &[&str]); 3] = [
    ("DIRECTION", Selector::Direction, &["up", "down", "level", "unknown"]),
    ("AVAILABLE", Selector::Available, &["yes", "no"]),
    ("REACHED", Selector::Reached, &["yes", "no", "none"]),
];

impl Form {
    /// The form of a name in a table.
    pub(super) fn parse(name: &str) -> Result<Self, String> {
        let known = FORMS.iter().find(|(_, known, _)| *known == name);
        known.map(|(.., form)| *form).ok_or_else(|| {
            let names: Vec<_> = FORMS.iter().map(|(_, name, _)| *name).collect();
            format!("{name:?} is not shown of a figure; write {}", names.join(", "))
        })
    }
}

/// The messages of a file by id, with their line.
pub(super) fn parse(
    file: &SourceFile,
    language: Language,
    problems: &mut Problems,
) -> BTreeMap<String, (usize, Vec<Part>)> {
    let resource = match fluent_syntax::parser::parse(file.content.as_str()) {
        Ok(resource) => resource,
        Err((resource, errors)) => {
            for error in errors {
                problems.add(file, file.line_at(error.pos.start), error.kind.to_string());
            }
            resource
        }
    };
    let mut messages = BTreeMap::new();
    for entry in &resource.body {
        let Entry::Message(message) = entry else { continue };
        let line = file.line_of(message.id.name);
        let mut reader = Reader { file, language, problems: &mut *problems };
        let parts = message.value.as_ref().map(|value| reader.parts(value)).unwrap_or_default();
        let attributes = message.attributes.first();
        if let Some(attribute) = attributes {
            problems.add(
                file,
                file.line_of(attribute.id.name),
                "texts have no attributes; give it an id of its own",
            );
        }
        if messages.insert(message.id.name.to_owned(), (line, parts)).is_some() {
            problems.add(file, line, format!("text {:?} is there twice", message.id.name));
        }
    }
    messages
}

/// Reads the patterns of one file.
struct Reader<'r> {
    file: &'r SourceFile,
    language: Language,
    problems: &'r mut Problems,
}

impl Reader<'_> {
    fn parts(&mut self, pattern: &Pattern<&str>) -> Vec<Part> {
        pattern.elements.iter().filter_map(|element| self.part(element)).collect()
    }

    fn part(&mut self, element: &PatternElement<&str>) -> Option<Part> {
        match element {
            // A line that is broken in the file is not broken on the page.
            PatternElement::TextElement { value } => {
                Some(Part::Text(value.replace('\n', self.language.choose(" ", ""))))
            }
            PatternElement::Placeable { expression: Expression::Inline(expression) } => {
                self.mention(expression)
            }
            PatternElement::Placeable { expression: Expression::Select { selector, variants } } => {
                self.choice(selector, variants)
            }
        }
    }

    fn mention(&mut self, expression: &InlineExpression<&str>) -> Option<Part> {
        match expression {
            InlineExpression::StringLiteral { value } => Some(Part::Text((*value).to_owned())),
            InlineExpression::VariableReference { id } => Some(Part::Mention {
                form: Form::Value,
                name: id.name.to_owned(),
                line: self.file.line_of(id.name),
            }),
            InlineExpression::FunctionReference { id, arguments } => {
                let line = self.file.line_of(id.name);
                let known = FORMS.iter().find(|(name, ..)| *name == id.name);
                let Some((.., form)) = known else {
                    let names: Vec<_> = FORMS.iter().map(|(name, ..)| *name).collect();
                    self.problems.add(
                        self.file,
                        line,
                        format!("{} is not known; there are {}", id.name, names.join(", ")),
                    );
                    return None;
                };
                let name = self.argument(id.name, arguments)?;
                Some(Part::Mention { form: *form, name, line })
            }
            InlineExpression::Placeable { expression } => match expression.as_ref() {
                Expression::Inline(inline) => self.mention(inline),
                Expression::Select { selector, variants } => self.choice(selector, variants),
            },
            InlineExpression::NumberLiteral { value } => Some(Part::Text((*value).to_owned())),
            InlineExpression::MessageReference { id, .. } | InlineExpression::TermReference { id, .. } => {
                let line = self.file.line_of(id.name);
                self.problems.add(
                    self.file,
                    line,
                    format!("{} is not a figure; write {{ ${} }}", id.name, id.name),
                );
                None
            }
        }
    }

    fn choice(&mut self, selector: &InlineExpression<&str>, variants: &[Variant<&str>]) -> Option<Part> {
        let (selector, keys, name, line): (_, &[&str], _, _) = match selector {
            InlineExpression::VariableReference { id } => {
                (Selector::Count, &["one"], id.name.to_owned(), self.file.line_of(id.name))
            }
            InlineExpression::FunctionReference { id, arguments } => {
                let line = self.file.line_of(id.name);
                let Some((_, selector, keys)) = SELECTORS.iter().find(|(name, ..)| *name == id.name) else {
                    let names: Vec<_> = SELECTORS.iter().map(|(name, ..)| *name).collect();
                    let message = format!("{} does not choose a text; {} do", id.name, names.join(", "));
                    self.problems.add(self.file, line, message);
                    return None;
                };
                (*selector, keys, self.argument(id.name, arguments)?, line)
            }
            _ => {
                self.problems.add(self.file, 1, "a text is chosen by a figure, as { DIRECTION($name) -> … }");
                return None;
            }
        };
        let (mut read, mut otherwise) = (Vec::new(), Vec::new());
        for variant in variants {
            let (VariantKey::Identifier { name: key } | VariantKey::NumberLiteral { value: key }) =
                variant.key;
            let parts = self.parts(&variant.value);
            let number = selector == Selector::Count && key.parse::<f64>().is_ok();
            if !variant.default && !number && !keys.contains(&key) {
                let message = format!("[{key}] never fits; write {}, or a default", keys.join(", "));
                self.problems.add(self.file, self.file.line_of(key), message);
            }
            if variant.default {
                otherwise = parts.clone();
            }
            read.push((key.to_owned(), parts));
        }
        Some(Part::Choice { selector, name, line, variants: read, otherwise })
    }

    /// The figure that a function is called with.
    fn argument(&mut self, function: &str, arguments: &CallArguments<&str>) -> Option<String> {
        match arguments.positional.as_slice() {
            [InlineExpression::VariableReference { id }] if arguments.named.is_empty() => {
                Some(id.name.to_owned())
            }
            _ => {
                let line = self.file.line_of(function);
                self.problems.add(self.file, line, format!("{function} takes one figure: {function}($name)"));
                None
            }
        }
    }
}

/// Every name that parts mention, with its line.
pub(super) fn names(parts: &[Part]) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Mention { name, line, .. } => found.push((name.as_str(), *line)),
            Part::Choice { name, line, variants, otherwise, .. } => {
                found.push((name.as_str(), *line));
                variants.iter().for_each(|(_, parts)| found.extend(names(parts)));
                found.extend(names(otherwise));
            }
        }
    }
    found
}
