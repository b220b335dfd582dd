//! Samples between the service and the wire.

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, Result};
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::risk::Candidate;
use crate::asked::Violations;
use crate::snapshots::AsOf;

/// Most projects of one sample.
const MAX_SIZE: i32 = 1_000;

/// A request, read.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) area: AreaCode,
    pub(crate) period: Period,
    pub(crate) size: usize,
    pub(crate) seed: i64,
    pub(crate) simulated: bool,
    pub(crate) as_of: AsOf,
}

impl Question {
    pub(crate) fn parse(request: wire::DrawInspectionSampleRequest) -> Result<Self> {
        let mut violations = Violations::default();
        let area = violations.area(&request.area_code);
        let period = violations.period(&request.period);
        if !(1..=MAX_SIZE).contains(&request.size) {
            violations.add("size", format!("is {}; ask for 1 to {MAX_SIZE} projects", request.size));
        }
        let as_of = violations.as_of(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.0.is_empty() => Ok(Self {
                area,
                period,
                size: request.size.unsigned_abs() as usize,
                seed: request.seed,
                simulated: request.simulated,
                as_of,
            }),
            _ => Err(Error::invalid(violations.0)),
        }
    }
}

/// A project as callers see it.
pub(crate) fn encode(candidate: &Candidate, area: &Bilingual) -> wire::SampledProject {
    let reasons = candidate.reasons().into_iter().map(|reason| wire::RiskReason {
        kind: reason.kind.into(),
        points: reason.points,
        text_en: reason.text.en,
        text_zh: reason.text.zh,
    });
    wire::SampledProject {
        project_id: candidate.project.clone(),
        area_code: candidate.area.clone(),
        area_name_en: area.en.clone(),
        area_name_zh: area.zh.clone(),
        name: candidate.name.clone(),
        accepted_on: candidate.accepted_on.clone(),
        risk: candidate.risk(),
        reasons: reasons.collect(),
    }
}
