//! Words for the units of figures.

use crate::language::Language;

/// Codes with their words: English for one, English for several, Chinese.
const UNITS: [(&str, &str, &str, &str); 38] = [
    ("CNY", "yuan", "yuan", "元"),
    ("person", "person", "people", "人"),
    ("household", "household", "households", "户"),
    ("village", "village", "villages", "个村"),
    ("town", "town", "towns", "个镇"),
    ("county", "county", "counties", "个区县"),
    ("km", "km", "km", "公里"),
    ("percent", "%", "%", "%"),
    ("percentage_point", "percentage point", "percentage points", "个百分点"),
    ("day", "day", "days", "天"),
    ("bed", "bed", "beds", "张床位"),
    ("month", "month", "months", "个月"),
    ("year", "year", "years", "年"),
    ("project", "project", "projects", "个项目"),
    ("group", "group", "groups", "个集团"),
    ("organisation", "organisation", "organisations", "个组织"),
    ("industry", "industry", "industries", "个产业"),
    ("criterion", "criterion", "criteria", "项标准"),
    ("action", "action", "actions", "项行动"),
    ("fund", "fund", "funds", "类资金"),
    ("medium", "media outlet", "media outlets", "家媒体"),
    ("observance", "observance", "observance", "届"),
    ("index", "index", "index", "指数"),
    ("ratio", "ratio", "ratio", "比值"),
    ("times", "times", "times", "倍"),
    ("event", "event", "events", "次活动"),
    ("disclosure", "disclosure", "disclosures", "项公示"),
    ("finding", "finding", "findings", "个问题"),
    ("inspection", "inspection", "inspections", "次检查"),
    ("loan", "loan", "loans", "笔借款"),
    ("criterion", "criterion", "criteria", "项"),
    ("record", "record", "records", "条记录"),
    ("row", "record", "records", "条记录"),
    ("submission", "submission", "submissions", "批次"),
    ("target", "target", "targets", "项"),
    ("fen", "fen", "fen", "分"),
    ("attendance", "attendance", "attendances", "人次"),
    ("unit", "unit", "units", "个"),
];

/// The code of a unit, however it is written: 人 and people are person. What is not known is itself.
pub fn unit_code(text: &str) -> &str {
    let bare = text.trim().strip_prefix('个').unwrap_or(text.trim());
    let is_it = |(code, one, en, zh): &&(&str, &str, &str, &str)| {
        code.eq_ignore_ascii_case(bare)
            || en.eq_ignore_ascii_case(bare)
            || one.eq_ignore_ascii_case(bare)
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
    known.map_or(code, |(_, _, en, zh)| language.choose(en, zh))
}

/// The English word for a unit, for one of it or for several.
pub fn unit_of(code: &str, one: bool) -> &str {
    let known = UNITS.iter().find(|(known, ..)| *known == code);
    known.map_or(code, |(_, singular, plural, _)| if one { singular } else { plural })
}
