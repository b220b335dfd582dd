//! Samples between the service and the wire.

use uplift_core::area::AreaCode;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::language::Bilingual;
use uplift_core::period::Period;
use uplift_proto::v1::metrics as wire;

use super::risk::Candidate;
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
        let mut violations = Vec::new();
        let mut wrong = |field: &str, message: String| violations.push(FieldViolation::new(field, message));
        let area = request.area_code.parse::<AreaCode>().map_err(|e| wrong("area_code", e.to_string())).ok();
        let period = request.period.parse::<Period>().map_err(|e| wrong("period", e.to_string())).ok();
        if !(1..=MAX_SIZE).contains(&request.size) {
            wrong("size", format!("is {}; ask for 1 to {MAX_SIZE} projects", request.size));
        }
        let as_of = AsOf::parse(request.table_versions, request.as_of.map(|t| (t.seconds, t.nanos)));
        let as_of = as_of.map_err(|message| wrong("as_of", message.to_owned())).ok();
        match (area, period, as_of) {
            (Some(area), Some(period), Some(as_of)) if violations.is_empty() => Ok(Self {
                area,
                period,
                size: request.size.unsigned_abs() as usize,
                seed: request.seed,
                simulated: request.simulated,
                as_of,
            }),
            _ => Err(Error::invalid(violations)),
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
