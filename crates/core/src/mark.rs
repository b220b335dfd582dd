//! Marks behind figures: what a reader must know before using one.

use serde::Serialize;

use crate::language::Bilingual;

/// A sign behind a figure. It is computed, never written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Its period is not over.
    Provisional,
    /// It differs from the edition before.
    Revised,
    /// It is estimated from a sample.
    Estimate,
    /// Chance alone may have made the change.
    NoClearChange,
    /// It has no value.
    NotAvailable,
    /// A document publishes another value.
    Inconsistent,
    /// What it counts has a finding that is open.
    UnderQuery,
    /// Its records are simulated.
    Simulated,
}

impl Mark {
    /// The sign, as it is printed behind a figure.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Provisional => "[p]",
            Self::Revised => "[r]",
            Self::Estimate => "[e]",
            Self::NoClearChange => "≈",
            Self::NotAvailable => "[x]",
            Self::Inconsistent => "≠",
            Self::UnderQuery => "†",
            Self::Simulated => "ⓢ",
        }
    }

    /// What it means, in both languages.
    pub fn meaning(self) -> Bilingual {
        let (en, zh) = match self {
            Self::Provisional => (
                "provisional: its period is not over, and more records may come",
                "初步数：统计期尚未结束，记录可能继续增加",
            ),
            Self::Revised => ("revised since the edition before", "较上一版已修订"),
            Self::Estimate => ("an estimate from a sample", "抽样估计值"),
            Self::NoClearChange => {
                ("no clear change: within the margin of error", "无明显变化：在误差范围内")
            }
            Self::NotAvailable => {
                ("not available: no records, or nothing to divide by", "无数据：没有相关记录，或分母为零")
            }
            Self::Inconsistent => ("contradicts what a document publishes of it", "与已公布的数据不一致"),
            Self::UnderQuery => (
                "under query: what it counts has a finding that is open",
                "存疑：所涉项目、资金、机构或村的问题尚未整改",
            ),
            Self::Simulated => ("from simulated records", "据模拟数据计算"),
        };
        Bilingual::new(en, zh)
    }
}
