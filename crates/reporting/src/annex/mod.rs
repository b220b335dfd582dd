//! What other calls of the metrics service tell, as blocks of a report: records that look like abuse, targets, outcomes.

mod cells;
mod objectives;
mod outcomes;
mod red_flags;

use std::collections::BTreeMap;

use uplift_client::MetricsClient;
use uplift_core::error::Result;
use uplift_core::period::Period;

use crate::document::Block;
use crate::template::{Annex, Content, Template};
use crate::writer::Writer;

/// The answers of the calls that a template needs.
#[derive(Debug, Default)]
pub(crate) struct Annexes {
    red_flags: Option<red_flags::Answer>,
    objectives: Option<objectives::Answer>,
    outcomes: Option<outcomes::Answer>,
}

impl Annexes {
    /// Asks for what a template shows of an area and a period at these versions, which are added to.
    pub(crate) async fn ask(
        metrics: &MetricsClient,
        template: &Template,
        (area, period): (&str, Period),
        versions: &mut BTreeMap<String, i64>,
    ) -> Result<Self> {
        let content = template.sections.iter().flat_map(|section| &section.content);
        let shown: Vec<_> = content
            .filter_map(|content| match content {
                Content::Annex(annex) => Some(*annex),
                _ => None,
            })
            .collect();
        let mut annexes = Self::default();
        // Of all areas together there is no target, and abuse is looked for in one.
        if area.is_empty() {
            return Ok(annexes);
        }
        for annex in shown {
            match annex {
                Annex::RedFlags => {
                    annexes.red_flags = Some(red_flags::ask(metrics, (area, period), versions).await?);
                }
                Annex::Objectives => {
                    annexes.objectives = Some(objectives::ask(metrics, (area, period), versions).await?);
                }
                Annex::Outcomes if period.is_year() => {
                    annexes.outcomes = Some(outcomes::ask(metrics, (area, period), versions).await?);
                }
                Annex::Outcomes => {}
            }
        }
        Ok(annexes)
    }

    /// The blocks of one; none where nothing is on record.
    pub(crate) fn blocks(&self, annex: Annex, writer: &mut Writer<'_>) -> Vec<Block> {
        match annex {
            Annex::RedFlags => self.red_flags.iter().flat_map(red_flags::blocks).collect(),
            Annex::Objectives => {
                self.objectives.iter().flat_map(|answer| objectives::blocks(answer, writer)).collect()
            }
            Annex::Outcomes => self.outcomes.iter().flat_map(outcomes::blocks).collect(),
        }
    }
}
