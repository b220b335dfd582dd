//! What enumerations of answers are called where people read them.

use rust_decimal::Decimal;
use uplift_core::format::grouped;
use uplift_core::language::Bilingual;

use crate::v1::metrics::{ClaimVerdict, ObjectiveStatus};
use crate::v1::reporting::{ChangeCause, ChangeCauseKind};

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

/// What made a figure differ, with its share of the difference where that can be told.
pub fn change_cause(cause: &ChangeCause) -> Bilingual {
    let name = &cause.name;
    let (en, zh) = match cause.kind() {
        ChangeCauseKind::SubmissionAdded => (format!("added {name}"), format!("新增 {name}")),
        ChangeCauseKind::SubmissionRemoved => (format!("removed {name}"), format!("移除 {name}")),
        ChangeCauseKind::Definition => (format!("definition {name}"), format!("指标定义{name}")),
        ChangeCauseKind::Reference => (format!("reference table {name}"), format!("参考表{name}")),
        // Simulated and real records are never added; a difference of the two says nothing of either.
        ChangeCauseKind::Origin => {
            let zh = name.replace("simulated", "模拟").replace("real", "真实");
            (format!("records: {name}"), format!("记录来源：{zh}"))
        }
        ChangeCauseKind::Unspecified => (name.clone(), name.clone()),
    };
    let share = match cause.exact_share.parse::<Decimal>() {
        Ok(share) if share.is_sign_negative() => format!(" ({})", grouped(share)),
        Ok(share) => format!(" (+{})", grouped(share)),
        Err(_) => String::new(),
    };
    Bilingual::new(en + &share, zh + &share)
}
