//! Words for the units of figures.

use crate::language::Language;

/// Codes with their words in English and Chinese.
const UNITS: [(&str, &str, &str); 36] = [
    ("CNY", "yuan", "元"),
    ("person", "people", "人"),
    ("household", "households", "户"),
    ("village", "villages", "个村"),
    ("town", "towns", "个镇"),
    ("county", "counties", "个区县"),
    ("km", "km", "公里"),
    ("percent", "%", "%"),
    ("percentage_point", "percentage points", "个百分点"),
    ("day", "days", "天"),
    ("bed", "beds", "张床位"),
    ("month", "months", "个月"),
    ("year", "years", "年"),
    ("project", "projects", "个项目"),
    ("group", "groups", "个集团"),
    ("organisation", "organisations", "个组织"),
    ("industry", "industries", "个产业"),
    ("criterion", "criteria", "项标准"),
    ("action", "actions", "项行动"),
    ("fund", "funds", "类资金"),
    ("medium", "media outlets", "家媒体"),
    ("observance", "observance", "届"),
    ("index", "index", "指数"),
    ("ratio", "ratio", "比值"),
    ("times", "times", "倍"),
    ("event", "events", "次活动"),
    ("finding", "findings", "个问题"),
    ("inspection", "inspections", "次检查"),
    ("loan", "loans", "笔借款"),
    ("record", "records", "条记录"),
    ("row", "rows", "条记录"),
    ("submission", "submissions", "批次"),
    ("target", "targets", "项"),
    ("fen", "fen", "分"),
    ("attendance", "attendances", "人次"),
    ("unit", "units", "个"),
];

/// The code of a unit, however it is written: 人 and people are person. What is not known is itself.
pub fn unit_code(text: &str) -> &str {
    let bare = text.trim().strip_prefix('个').unwrap_or(text.trim());
    let is_it = |(code, en, zh): &&(&str, &str, &str)| {
        code.eq_ignore_ascii_case(bare)
            || en.eq_ignore_ascii_case(bare)
            || zh.trim_start_matches('个') == bare
    };
    UNITS.iter().find(is_it).map_or(text, |(code, ..)| code)
}

/// Whether a unit is that of rates, which change in percentage points and not in percent.
pub fn is_rate(code: &str) -> bool {
    matches!(code, "percent" | "percentage_point")
}

/// The word for a unit; the code itself where none is known.
pub fn unit_name(code: &str, language: Language) -> &str {
    let known = UNITS.iter().find(|(known, ..)| *known == code);
    known.map_or(code, |(_, en, zh)| language.choose(en, zh))
}
