//! `report.toml`, as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use uplift_proto::v1::records::AreaLevel;

/// The structure of a template.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Structure {
    /// Document whose statements are compared, unless the caller names one.
    pub(super) document: Option<String>,
    #[serde(default)]
    pub(super) figures: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    pub(super) tables: BTreeMap<String, Table>,
    #[serde(default)]
    pub(super) charts: BTreeMap<String, Chart>,
    /// What must hold between figures for the report to be published.
    #[serde(default)]
    pub(super) conditions: BTreeMap<String, Spanned<String>>,
    #[serde(default, rename = "section")]
    pub(super) sections: Vec<Section>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    pub(super) id: Spanned<String>,
    /// Ids of texts, tables and charts, in order.
    #[serde(default)]
    pub(super) content: Vec<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub(super) figures: Vec<Spanned<String>>,
    pub(super) by: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) show: Vec<Spanned<String>>,
    pub(super) sort: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chart {
    pub(super) kind: Spanned<String>,
    pub(super) figures: Vec<Spanned<String>>,
    pub(super) by: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) grid: String,
}

/// What figures are broken down by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Breakdown {
    /// The areas of a level.
    Level(AreaLevel),
    /// The codes of dimensions.
    Dimensions(Vec<String>),
}

impl Breakdown {
    /// A level by its name, or dimensions with commas between them.
    pub(super) fn parse(text: &str) -> Self {
        match AreaLevel::from_str_name(&format!("AREA_LEVEL_{}", text.to_ascii_uppercase())) {
            Some(level) => Self::Level(level),
            None => Self::Dimensions(text.split(',').map(|name| name.trim().to_owned()).collect()),
        }
    }

    /// The dimensions; none for a level.
    pub(crate) fn dimensions(&self) -> &[String] {
        match self {
            Self::Level(_) => &[],
            Self::Dimensions(names) => names,
        }
    }
}

/// How a chart shows figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChartKind {
    /// One bar of parts.
    Stacked,
    /// Bars, the longest first.
    Ranked,
    /// A square for each county, darker where there is more.
    Tiles,
    /// Lines from the year before to this one.
    Slope,
    /// Bars against marks of their targets.
    Bullet,
    /// Shares of income against shares of people.
    Lorenz,
    /// Bands from the values of one dimension to those of another.
    Sankey,
}

/// Kinds of charts with their names and how many dimensions they are broken down by; none where a level will do too.
const KINDS: [(&str, ChartKind); 7] = [
    ("stacked", ChartKind::Stacked),
    ("ranked", ChartKind::Ranked),
    ("tiles", ChartKind::Tiles),
    ("slope", ChartKind::Slope),
    ("bullet", ChartKind::Bullet),
    ("lorenz", ChartKind::Lorenz),
    ("sankey", ChartKind::Sankey),
];

impl ChartKind {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let known = KINDS.iter().find(|(name, _)| *name == text);
        known.map(|(_, kind)| *kind).ok_or_else(|| {
            let names: Vec<_> = KINDS.iter().map(|(name, _)| *name).collect();
            format!("{text:?} is not a kind of chart; write one of {}", names.join(", "))
        })
    }

    /// What is wrong with a breakdown for this kind.
    pub(super) fn unfit(self, by: Option<&Breakdown>, figures: usize) -> Option<&'static str> {
        let dimensions = by.map(|by| by.dimensions().len());
        match self {
            Self::Stacked | Self::Ranked if by.is_none() || figures != 1 || dimensions > Some(1) => {
                Some("shows one figure by a level or one dimension")
            }
            Self::Tiles if dimensions != Some(0) || figures != 1 => Some("shows one figure by a level"),
            Self::Sankey if dimensions != Some(2) || figures != 1 => {
                Some("shows one figure by two dimensions, as source,programme_id")
            }
            Self::Bullet | Self::Lorenz | Self::Slope if by.is_some() => {
                Some("shows several figures and has no breakdown")
            }
            Self::Lorenz if figures != 10 => {
                Some("shows the shares of ten tenths of the people, the poorest first")
            }
            _ => None,
        }
    }
}
