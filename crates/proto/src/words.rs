//! What enumerations of answers are called where people read them.

use uplift_core::language::Bilingual;

use crate::v1::metrics::{ClaimVerdict, ObjectiveStatus};

/// How a target stands.
pub fn objective_status(status: ObjectiveStatus) -> Bilingual {
    let (en, zh) = match status {
        ObjectiveStatus::Reached => ("reached", "已完成"),
        ObjectiveStatus::OnCourse => ("on course", "进展正常"),
        ObjectiveStatus::Uncertain => ("uncertain", "难以判断"),
        ObjectiveStatus::Behind => ("behind", "滞后"),
        ObjectiveStatus::Missed => ("missed", "未完成"),
        ObjectiveStatus::NotMeasured => ("cannot be measured", "无法测算"),
        ObjectiveStatus::NoRecords | ObjectiveStatus::Unspecified => ("no records", "无记录"),
    };
    Bilingual::new(en, zh)
}

/// Whether data support a claim.
pub fn claim_verdict(verdict: ClaimVerdict) -> Bilingual {
    let (en, zh) = match verdict {
        ClaimVerdict::Supported => ("supported by the data", "数据支持"),
        ClaimVerdict::Undecided => ("not decided by the data", "数据不足以判断"),
        ClaimVerdict::NotSupported => ("not supported by the data", "数据不支持"),
        ClaimVerdict::Unspecified => ("–", "–"),
    };
    Bilingual::new(en, zh)
}
