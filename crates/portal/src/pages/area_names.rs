//! Names of counties, as figures tell them.

use std::collections::BTreeMap;

use uplift_core::error::Result;
use uplift_core::language::Language;
use uplift_proto::v1::metrics::IndicatorQuery;
use uplift_proto::v1::records::AreaLevel;

use super::query::figures;
use crate::figures::area_name;
use crate::site::Site;

/// Names of areas by code, as records of a year give them.
pub(super) async fn names(site: &Site, year: &str, language: Language) -> Result<BTreeMap<String, String>> {
    let (area, _) = site.scope().await?;
    let catalogue = site.catalogue().await?;
    let indicators = &catalogue.indicators;
    let on_scorecard = indicators.iter().filter(|indicator| indicator.scorecard > 0);
    let query = IndicatorQuery {
        indicators: on_scorecard.map(|indicator| indicator.indicator_id.clone()).collect(),
        area_code: area,
        by_level: AreaLevel::County.into(),
        periods: vec![year.to_owned()],
        ..IndicatorQuery::default()
    };
    let answer = figures(site, query).await?;
    let named = answer.figures.iter().map(|f| (f.area_code.clone(), area_name(f, language)));
    Ok(named.collect())
}
