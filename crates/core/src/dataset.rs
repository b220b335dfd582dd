//! What a dataset is: its fields, what they hold, and the rules on them.

use rust_decimal::Decimal;

use crate::language::Bilingual;

/// A kind of record that offices submit.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Name, as `statement`: also the name of its table.
    pub name: String,
    /// Name of its list in `Rows`, as `statements`.
    pub rows_field: String,
    /// Field number of that list.
    pub rows_number: u32,
    /// Title.
    pub title: Bilingual,
    /// Fields that together tell records apart.
    pub key: Vec<String>,
    /// Whether the key tells only the records of one reporting area apart.
    pub key_of_area: bool,
    /// Fields, in the order of their declaration.
    pub fields: Vec<Field>,
    /// Rules over several fields of a record.
    pub rules: Vec<RowRule>,
    /// Rules over several records.
    pub set_rules: Vec<SetRule>,
    /// Records of other datasets whose columns those rules may use.
    pub joined: Vec<JoinedRecord>,
    /// Whether its records may be made public, but for fields that are not public.
    pub public: bool,
    /// SQL expression: which of its records may be; empty is all.
    pub public_when: String,
}

/// One field of a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// Name on the wire.
    pub name: String,
    /// Number on the wire.
    pub number: u32,
    /// Title.
    pub title: Bilingual,
    /// Other headings by which offices know it.
    pub aliases: Vec<String>,
    /// What it holds.
    pub kind: Kind,
    /// Unit of a number; empty for others.
    pub unit: String,
    /// Whether an empty value is refused.
    pub required: bool,
    /// Record that a value must name.
    pub reference: Option<Reference>,
    /// Whether it tells something about one person.
    pub personal: bool,
    /// Whether it is a date that is not after the day of its submission.
    pub past: bool,
    /// Whether it is left out of public records, because it may tell of a person.
    pub withheld: bool,
    /// Least and greatest number allowed; none for what is not a number.
    pub limits: Option<(Decimal, Decimal)>,
    /// Whether it is a date or a year that lies in the period that its submission reports for.
    pub in_period: bool,
}

/// Records of one submission, or of one batch of a stream.
pub const MAX_RECORDS: usize = 2_000_000;

/// The field of another dataset whose values a field may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The other dataset.
    pub dataset: String,
    /// Its field.
    pub field: String,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text of some format.
    Text(Format),
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// Money: fen on the wire, yuan with two decimals in the table.
    Money,
    /// Yes or no.
    Boolean,
    /// One code of a list.
    Code(Vec<Code>),
}

/// What a text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Anything.
    Free,
    /// Letters, digits, dot, dash, underscore.
    Identifier,
    /// An area code.
    Area,
    /// A reporting period.
    Period,
    /// An ISO date.
    Date,
    /// A figure as a document prints it.
    Printed,
    /// Arithmetic over statement ids.
    Expression,
}

/// One code of a code list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Number on the wire.
    pub number: i32,
    /// Name on the wire: `QUALIFIER_MORE_THAN`.
    pub name: String,
    /// As the table keeps it: `more_than`.
    pub stored: String,
    /// Title.
    pub title: Bilingual,
    /// Other words by which offices write it.
    pub aliases: Vec<String>,
}

/// A rule over several fields of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRule {
    /// SQL expression over the columns that must not be false.
    pub sql: String,
    /// Field that a violation is reported on.
    pub field: String,
    /// What to do about a violation.
    pub remedy: Bilingual,
}

/// A rule over the records of a group together, those that are there and those that come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRule {
    /// Columns whose values make a group.
    pub group: Vec<String>,
    /// SQL expressions by which the records of a group are in order, and the first that breaks the rule is at fault; empty where all
    /// that break it are.
    pub order: Vec<String>,
    /// SQL expression: the records that the rule is about; empty is all.
    pub when: String,
    /// SQL expression that must not be false of any of them.
    pub sql: String,
    /// SQL expression for what a message shows of a violation.
    pub shows: String,
    /// Field that a violation is reported on.
    pub field: String,
    /// What to do about a violation; `{shown}` in it is what is shown.
    pub remedy: Bilingual,
    /// Whether it also keeps records from being taken away.
    pub keeps: bool,
}

/// The record of another dataset that a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedRecord {
    /// The other dataset.
    pub dataset: String,
    /// What rules call its columns by.
    pub name: String,
    /// Fields of the other dataset.
    pub on: Vec<String>,
    /// The own fields of equal value, in the same order.
    pub own: Vec<String>,
    /// Date of the own record on which the other must be valid; without it the other's newest record counts.
    pub at: String,
    /// Field of the other dataset: the first day that its record is valid.
    pub from: String,
    /// The last day; empty is for as long as no later record begins.
    pub until: String,
}

/// Stands in a remedy for what a violation shows.
pub const SHOWN: &str = "{shown}";

impl Dataset {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name == name)
    }
}

impl Field {
    /// Whether it is shown in public records.
    pub fn is_public(&self) -> bool {
        !self.personal && !self.withheld
    }

    /// Name of its column: without the unit that the wire's name ends in.
    pub fn column(&self) -> &str {
        match self.kind {
            Kind::Money => self.name.strip_suffix(FEN_SUFFIX).unwrap_or(&self.name),
            _ => &self.name,
        }
    }
}

/// What the names of money fields end in on the wire: their unit.
pub const FEN_SUFFIX: &str = "_fen";

impl Kind {
    /// The least and greatest number of any field of this kind: room for every real figure, and for sums
    /// of millions of them. None for what is not a number.
    pub fn limits(&self) -> Option<(Decimal, Decimal)> {
        let greatest: i64 = match self {
            Self::Integer => 1_000_000_000_000,
            Self::Number => 1_000_000_000_000_000,
            // A quadrillion yuan.
            Self::Money => 100_000_000_000_000_000,
            Self::Text(_) | Self::Boolean | Self::Code(_) => return None,
        };
        Some((Decimal::from(-greatest), Decimal::from(greatest)))
    }

    /// Characters of the longest text; none for what is not a text.
    pub fn max_length(&self) -> Option<usize> {
        if let Self::Text(format) = self { Some(format.max_length()) } else { None }
    }

    /// The kind in one word, as documentation shows it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Money => "money",
            Self::Boolean => "boolean",
            Self::Code(_) => "code",
        }
    }
}

impl Format {
    /// Characters of the longest text of this format.
    pub fn max_length(self) -> usize {
        match self {
            Self::Free => 500,
            Self::Identifier | Self::Printed => 100,
            Self::Area => 12,
            Self::Period | Self::Date => 20,
            Self::Expression => 2_000,
        }
    }

    /// What a text of this format looks like, for documentation and error messages.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Free => "",
            Self::Identifier => "letters, digits, dot, dash, underscore, slash and brackets, at most 100",
            Self::Area => "an area code of GB/T 2260, for example 50 or 500101",
            Self::Period => "a period, for example 2011, 2011-Q3 or 2011-10",
            Self::Date => "a date, for example 2011-10-17",
            Self::Printed => "a figure as printed, for example 1.336 billion or 150,000-300,000",
            Self::Expression => "arithmetic over statement ids, for example a + b",
        }
    }
}
