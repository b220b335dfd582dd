//! Where an area lies: those around it, and those inside of it by name.

use serde::Serialize;
use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::figure::{digits, is_yearly};
use uplift_proto::v1::metrics::{Figure, IndicatorQuery};
use uplift_proto::v1::records::AreaLevel;

use super::query::{figures, is_named};
use super::scope::Scope;
use crate::figures::area_name;
use crate::site::Site;

/// Levels below a country, the widest first.
const LEVELS: [AreaLevel; 5] =
    [AreaLevel::Province, AreaLevel::Prefecture, AreaLevel::County, AreaLevel::Township, AreaLevel::Village];

/// An area with those around and inside of it.
#[derive(Debug, Default, Serialize)]
pub(super) struct AreaTree {
    /// The widest first; the last is the area itself.
    around: Vec<Node>,
    /// Of the next level that there is.
    inside: Vec<Node>,
}

impl AreaTree {
    /// The name of the area itself, where it has one.
    pub(super) fn name(&self) -> Option<&str> {
        self.around.last().map(|area| area.name.as_str())
    }
}

/// An area of a tree.
#[derive(Debug, Serialize)]
struct Node {
    code: String,
    name: String,
}

/// The tree around the area of a page.
pub(super) async fn area_tree(site: &Site, scope: &Scope, language: Language) -> Result<AreaTree> {
    let mut tree = AreaTree::default();
    let catalogue = site.catalogue().await?;
    let indicators = &catalogue.indicators;
    // Figures tell the names of areas; any will do.
    let Some(indicator) = indicators.iter().find(|i| i.scorecard > 0 && !is_yearly(i)) else {
        return Ok(tree);
    };
    let ask = async |area: &str, level: AreaLevel| -> Result<Vec<Figure>> {
        let query = IndicatorQuery {
            indicators: vec![indicator.indicator_id.clone()],
            area_code: area.to_owned(),
            by_level: level.into(),
            periods: vec![scope.period.year().to_string()],
            ..IndicatorQuery::default()
        };
        Ok(figures(site, query).await?.figures)
    };
    let node = |figure: &Figure| Node { code: figure.area_code.clone(), name: area_name(figure, language) };
    let area = scope.area.as_str();
    for length in LEVELS.into_iter().filter_map(digits).filter(|length| *length <= area.len()) {
        let Some(code) = area.get(..length) else { break };
        // Prefectures of a municipality are no areas of their own.
        let found = ask(code, AreaLevel::Unspecified).await.unwrap_or_default();
        tree.around.extend(found.first().filter(|figure| code == area || is_named(figure)).map(node));
    }
    for level in LEVELS.into_iter().filter(|level| digits(*level).is_some_and(|length| length > area.len())) {
        let found = ask(area, level).await?;
        let inside = found.iter().filter(|figure| figure.area_code != area && is_named(figure));
        tree.inside = inside.map(node).collect();
        // Real and simulated figures are of the same area.
        tree.inside.dedup_by(|a, b| a.code == b.code);
        if !tree.inside.is_empty() {
            break;
        }
    }
    Ok(tree)
}
