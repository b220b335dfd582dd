//! A household's history, as it is read.

use rust_decimal::Decimal;

/// One household, of one kind of records.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) household: String,
    pub(crate) simulated: bool,
    /// The first one first.
    pub(crate) years: Vec<Year>,
    /// By day.
    pub(crate) receipts: Vec<Receipt>,
    /// What the standard gave it for moving, in yuan, with the day.
    pub(crate) standards: Vec<(String, Decimal)>,
}

/// A year of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Year {
    pub(crate) year: i64,
    pub(crate) area: String,
    pub(crate) record: String,
    pub(crate) status: String,
    pub(crate) attribute: String,
    pub(crate) cause: String,
    pub(crate) size: i64,
    pub(crate) income: Option<Decimal>,
    /// Yuan a head.
    pub(crate) line: Option<Decimal>,
    pub(crate) deprivations: Vec<String>,
    pub(crate) members: Vec<Member>,
}

impl Year {
    pub(crate) fn per_head(&self) -> Option<Decimal> {
        let size = Decimal::from(self.size);
        self.income.filter(|_| self.size > 0).map(|income| (income / size).round_dp(2))
    }

    /// Whether its income is below the line of the year.
    pub(crate) fn is_poor(&self) -> Option<bool> {
        Some(self.per_head()? < self.line?)
    }

    pub(crate) fn is_registered(&self) -> bool {
        matches!(self.status.as_str(), "registered" | "returned" | "newly_poor")
    }
}

/// A member in a year.
#[derive(Debug, Clone, Default)]
pub(crate) struct Member {
    pub(crate) person: String,
    pub(crate) sex: String,
    pub(crate) age: i64,
    pub(crate) work: String,
    pub(crate) died: String,
}

/// Something received.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receipt {
    pub(crate) date: String,
    pub(crate) dataset: String,
    pub(crate) record: String,
    /// A kind of delivery, or payment, relocation, loan.
    pub(crate) kind: String,
    pub(crate) programme: String,
    pub(crate) area: String,
    pub(crate) person: String,
    pub(crate) quantity: Option<f64>,
    pub(crate) unit: String,
    pub(crate) amount: Option<Decimal>,
    pub(crate) source: String,
    pub(crate) submission: String,
}

impl Receipt {
    pub(crate) fn year(&self) -> i64 {
        self.date.get(..4).and_then(|year| year.parse().ok()).unwrap_or_default()
    }

    /// Whether it gives something: a visit tells how somebody fares.
    pub(crate) fn is_help(&self) -> bool {
        !self.kind.ends_with("follow_up")
    }
}
