//! What is planted in the simulation to be found.

/// Something planted, and the records that show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    pub kind: PlantedKind,
    pub dataset: &'static str,
    /// Keys of the records.
    pub records: Vec<String>,
}

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlantedKind {
    InventedHousehold,
    CollectedMoney,
    MoneyOfTheDead,
    MoneyElsewhere,
    PaidAgain,
    HelpedAgain,
    TrainedTwice,
    AcceptedUnbuilt,
    LoanForLoan,
    OrderInParts,
    RoundedFigures,
    CopiedFigures,
    OverpricedWorks,
}
