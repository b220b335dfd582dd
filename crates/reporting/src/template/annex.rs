//! Pieces of a section that a call other than those for figures answers whole.

/// A piece of a section that a call answers whole; `annex:` and its name in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Annex {
    /// Records that look like abuse, by rule.
    RedFlags,
    /// Targets of the year, what is reached of each and where that leads to.
    Objectives,
    /// What changed for households in villages that were helped and in others.
    Outcomes,
}

/// What stands before the name of one.
pub(super) const PREFIX: &str = "annex:";

impl Annex {
    pub(super) const ALL: [Self; 3] = [Self::RedFlags, Self::Objectives, Self::Outcomes];

    /// What a template calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RedFlags => "red-flags",
            Self::Objectives => "objectives",
            Self::Outcomes => "outcomes",
        }
    }

    /// The one that a section names. Records that look like abuse are older than the word before the name.
    pub(super) fn of_content(content: &str) -> Option<Self> {
        let name = content.strip_prefix(PREFIX);
        let is_it = |annex: &Self| name == Some(annex.name()) || content == Self::RedFlags.name();
        Self::ALL.into_iter().find(is_it)
    }

    /// Its tables, each of which is a sheet of a workbook.
    pub(super) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::RedFlags => &["red-flags"],
            Self::Objectives => &["objectives", "income-objective"],
            Self::Outcomes => &["outcomes", "claims"],
        }
    }
}
