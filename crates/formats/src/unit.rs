//! Units as people write them in headings, in a line above the table, or beside the file.

use rust_decimal::Decimal;
use uplift_core::dataset::{Field, Kind};
use uplift_core::text::half_width;

/// A heading or a unit for comparison: half-width, small, without space and underscores.
pub(crate) fn normal(text: &str) -> String {
    half_width(text).to_lowercase().replace(|c: char| c.is_whitespace() || matches!(c, '_' | '*'), "")
}

/// What stands around a unit.
const BRACKETS_AND_SEPARATORS: [char; 20] = [
    '(', ')', '[', ']', '{', '}', '【', '】', '〔', '〕', '〈', '〉', '《', '》', '/', ':', ',', '，', '、',
    '-',
];

/// A unit without what people write around it: brackets, 单位, 人民币.
pub(crate) fn bare(unit: &str) -> String {
    let unit = normal(unit);
    let mut unit = unit.trim_matches(BRACKETS_AND_SEPARATORS.as_slice());
    if matches!(unit, "¥" | "￥") {
        return "元".to_owned();
    }
    for prefix in ["金额单位", "计量单位", "货币单位", "单位", "unit", "in", "人民币", "rmb", "cny"]
    {
        if let Some(rest) = unit.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
            unit = rest.trim_matches(BRACKETS_AND_SEPARATORS.as_slice());
        }
    }
    // ￥万元, and 元/年 of what is counted by the year.
    let unit = unit.trim_start_matches(['¥', '￥']);
    let yearly = ["/年", "每年", "/year", "/yr", "peryear"].iter().find_map(|per| unit.strip_suffix(per));
    let unit = yearly.unwrap_or(unit);
    let unit = unit.strip_suffix("人民币").filter(|rest| !rest.is_empty()).unwrap_or(unit);
    unit.replace(',', "")
}

/// Factors that stand before a unit.
const FACTORS: [(&str, i64); 22] = [
    ("", 1),
    ("十", 10),
    ("百", 100),
    ("千", 1_000),
    ("万", 10_000),
    ("十万", 100_000),
    ("百万", 1_000_000),
    ("千万", 10_000_000),
    ("亿", 100_000_000),
    ("十亿", 1_000_000_000),
    ("百亿", 10_000_000_000),
    ("hundred", 100),
    ("thousand", 1_000),
    ("1000", 1_000),
    ("'000", 1_000),
    ("10000", 10_000),
    ("10k", 10_000),
    ("tenthousand", 10_000),
    ("wan", 10_000),
    ("million", 1_000_000),
    ("100million", 100_000_000),
    ("billion", 1_000_000_000),
];

/// Fen in one unit of money: 万元, 亿, 10,000 yuan; none if it is not one.
pub(crate) fn fen_per(unit: &str) -> Option<Decimal> {
    let unit = bare(unit);
    match unit.as_str() {
        "分" | "fen" => return Some(Decimal::ONE),
        "角" | "jiao" => return Some(Decimal::TEN),
        "人民币" => return Some(Decimal::ONE_HUNDRED),
        _ => {}
    }
    let yuan = ["元", "圆", "yuan", "rmb", "cny"].iter().find_map(|yuan| unit.strip_suffix(yuan));
    let factor = match yuan {
        Some(factor) => factor_of(factor)?,
        // People leave out the yuan of large units: 金额（万）.
        None => factor_of(&unit).filter(|factor| *factor >= 10_000 && unit.parse::<i64>().is_err())?,
    };
    Some(Decimal::from(factor) * Decimal::ONE_HUNDRED)
}

fn factor_of(word: &str) -> Option<i64> {
    FACTORS.iter().find(|(name, _)| *name == word).map(|(_, factor)| *factor)
}

/// Whether a text names some money, though perhaps not a unit that is known here.
pub(crate) fn is_like_money(unit: &str) -> bool {
    let unit = bare(unit);
    ["元", "圆", "yuan", "rmb", "cny", "usd", "eur", "币"].iter().any(|money| unit.ends_with(money))
}

/// Words for the units of fields that are no money.
const WORDS: [(&str, &[&str]); 6] = [
    ("person", &["人", "人次", "名", "口", "persons", "people", "person"]),
    ("household", &["户", "household", "households"]),
    ("village", &["村", "个", "village", "villages"]),
    ("km", &["公里", "千米", "km", "kilometres"]),
    ("percent", &["%", "％", "百分比", "percent"]),
    ("year", &["年", "岁", "year", "years"]),
];

/// Whether a text is a unit that something is counted in: 人, 户, km.
pub(crate) fn is_counted(text: &str) -> bool {
    let text = bare(text);
    WORDS.iter().any(|(_, words)| words.contains(&text.as_str()))
}

/// What one unit of a file is worth in the own unit of a field: fen of money. None if it is no unit of the field.
pub(crate) fn scale(field: &Field, unit: &str) -> Option<Decimal> {
    match (&field.kind, unit) {
        (Kind::Money, "") => Some(Decimal::ONE_HUNDRED),
        (Kind::Money, unit) => fen_per(unit),
        (_, "") => Some(Decimal::ONE),
        (Kind::Integer | Kind::Number, unit) => {
            let unit = bare(unit);
            // What a field without a unit counts is in its name.
            let counts =
                if field.unit.is_empty() && field.kind == Kind::Integer { "person" } else { &field.unit };
            let (_, words) = WORDS.iter().find(|(name, _)| *name == counts)?;
            let factor = words.iter().find_map(|word| factor_of(unit.strip_suffix(word)?));
            factor.map(Decimal::from)
        }
        _ => None,
    }
}

/// Units of money that a line beside the table speaks of.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mentions {
    /// The units, as they are written.
    pub(crate) units: Vec<String>,
    /// Whether the line says that it is about units: 单位：万元, （万元）, amounts in million yuan.
    pub(crate) says_unit: bool,
    /// A currency that is no yuan.
    pub(crate) foreign: Option<String>,
}

/// Words of a line that tells units.
const TELLING: [&str; 14] = [
    "单位",
    "计量",
    "币种",
    "以",
    "按",
    "填",
    "金额均为",
    "unit",
    "currency",
    "amounts",
    "amountin",
    "in",
    "rmb",
    "cny",
];

/// What stands before 单位 where it means an office.
const OFFICES: [&str; 12] =
    ["填报", "编制", "填表", "制表", "报送", "上报", "责任", "实施", "主管", "主办", "牵头", "建设"];

/// Currencies that are not the yuan.
const CURRENCIES: [&str; 14] = [
    "港币", "港元", "美元", "美金", "欧元", "日元", "英镑", "韩元", "卢布", "澳元", "usd", "hkd", "eur",
    "jpy",
];

/// Characters of a declared unit; what is longer is the name of an office: 单位：某县扶贫办.
const SHORT: usize = 3;

/// Characters before 元 that belong to the unit.
fn is_factor(c: char) -> bool {
    matches!(c, '十' | '百' | '千' | '万' | '亿' | '美' | '欧' | '港' | '日' | '韩' | '澳')
}

/// Whether a text begins with a label of a few characters and a colon: 日期：2011年.
fn begins_label(text: &str) -> bool {
    text.char_indices().take(7).find(|(_, c)| *c == ':').is_some_and(|(at, _)| at > 0)
}

/// A text in simplified characters and half-width, with one space where words end: 单 位： 万 元 is one word.
fn spaced(text: &str) -> String {
    let text = half_width(text).to_lowercase();
    let mut words = String::new();
    let mut last_is_single = true;
    for word in text.split_whitespace() {
        let single = word.chars().count() == 1;
        if !(words.is_empty() || single || (last_is_single && word.chars().count() <= 2)) {
            words.push(' ');
        }
        words.push_str(&simple(word));
        last_is_single = single;
    }
    words
}

/// Factors behind which an English unit stands, the longest first.
const ENGLISH: [(&str, &str); 14] = [
    ("hundredmillion", "亿元"),
    ("100million", "亿元"),
    ("tenthousand", "万元"),
    ("thousandsof", "千元"),
    ("millionsof", "百万元"),
    ("thousand", "千元"),
    ("million", "百万元"),
    ("billion", "十亿元"),
    ("10,000", "万元"),
    ("10000", "万元"),
    ("1,000", "千元"),
    ("1000", "千元"),
    ("10k", "万元"),
    ("wan", "万元"),
];

impl Mentions {
    /// What the cells of a row speak of.
    pub(crate) fn in_cells<'c>(cells: impl Iterator<Item = &'c str>) -> Self {
        let mut mentions = Self::default();
        let mut row = String::new();
        // With the space between words, which ends a unit: 单位：万元  日期：2011年.
        let mut words = String::new();
        for cell in cells {
            let text = simple(cell);
            // A comma that groups a number parts its cell in two.
            if text.trim_end_matches(['元', '圆']) == "000"
                && row.trim_end().ends_with(|c: char| c.is_ascii_digit())
            {
                row.truncate(row.trim_end().len());
                words.truncate(words.trim_end().len());
            }
            // A cell that is a unit, or ends in one in brackets, says so by itself.
            let inner = text.strip_suffix(')').and_then(|rest| rest.rsplit('(').next());
            mentions.says_unit |=
                fen_per(&text).is_some() || inner.is_some_and(|inner| fen_per(inner).is_some());
            row.push_str(&text);
            row.push(' ');
            words.push_str(&spaced(cell));
            words.push(' ');
        }
        mentions.says_unit |= TELLING.iter().any(|word| row.contains(word));
        mentions.add_chinese(&words);
        mentions.add_english(&row);
        mentions.add_declared(&words);
        mentions.units.dedup();
        mentions
    }

    fn add(&mut self, unit: &str) {
        if !self.units.iter().any(|other| fen_per(other) == fen_per(unit)) {
            self.units.push(unit.to_owned());
        }
    }

    /// 万元 and its like, unless it is an amount (100万元) or part of a name (万元县).
    fn add_chinese(&mut self, row: &str) {
        for (at, yuan) in row.match_indices(['元', '圆']) {
            let before = &row[..at];
            let factor = before.trim_end_matches(is_factor);
            let unit = &row[factor.len()..at + yuan.len()];
            let amount = factor.ends_with(|c: char| c.is_ascii_digit());
            let rest = &row[at + yuan.len()..];
            let next = rest.chars().next().unwrap_or(' ');
            // 万元县 is a name; 以万元列示 and 单位:万元精度:2 are not.
            let told = before.trim_end_matches(is_factor).ends_with(['以', '按', '为', '填', '用', ':']);
            let name = next.is_alphabetic()
                && !matches!(next, '计' | '为' | '人' | '整' | '、' | '和' | '及')
                && !(told && !before.trim_end_matches(is_factor).ends_with("填报单位:")
                    || begins_label(rest));
            match fen_per(unit) {
                _ if amount || name => {}
                Some(_) => self.add(unit),
                None => self.foreign = Some(unit.to_owned()),
            }
        }
        if self.units.is_empty() && self.says_unit {
            // People leave out the yuan: 单位：万.
            let mut parts = row.split([' ', ':', '(', ')', ',', '，']).filter(|part| !part.is_ascii());
            let told = parts.find(|part| fen_per(part).is_some());
            self.units.extend(told.map(str::to_owned));
        }
    }

    /// What stands behind 单位： and is no unit that is known, as 10,000元, W and 港币.
    fn add_declared(&mut self, row: &str) {
        for label in ["单位:", "单位为", "币种:", "unit:", "currency:"] {
            for (at, _) in row.match_indices(label) {
                // 填报单位 names an office.
                let of_office = OFFICES.iter().any(|office| row[..at].ends_with(office));
                let rest = row[at + label.len()..].trim_start();
                let declared = rest.split([' ', ')', '(', ';', '、']).next().unwrap_or_default();
                if of_office || declared.is_empty() || declared.contains("人民币") || is_counted(declared)
                {
                    continue;
                }
                let number = declared.trim_end_matches(['元', '圆']);
                let is_number =
                    number.len() < declared.len() && number.starts_with(|c: char| c.is_ascii_digit());
                if CURRENCIES.iter().any(|currency| declared.contains(currency)) {
                    self.foreign = Some(declared.to_owned());
                } else if is_number {
                    match fen_per(declared) {
                        Some(_) => self.add(declared),
                        None => self.foreign = Some(declared.to_owned()),
                    }
                } else if label != "币种:" && declared.chars().count() <= SHORT && fen_per(declared).is_none()
                {
                    self.foreign = Some(declared.to_owned());
                }
            }
        }
    }

    fn add_english(&mut self, row: &str) {
        let mut bare_currency = false;
        for word in ["yuan", "rmb", "cny"] {
            for (at, _) in row.match_indices(word) {
                let (before, after) = (row[..at].trim_end(), row[at + word.len()..].trim_start());
                let before = before.trim_end_matches("rmb").trim_end_matches("cny");
                let factor = ENGLISH.iter().find(|(f, _)| before.ends_with(f) || after.starts_with(f));
                match factor {
                    Some((_, unit)) => self.add(unit),
                    None => bare_currency = true,
                }
            }
        }
        if bare_currency && self.units.is_empty() {
            self.add("元");
        }
    }
}

/// A text for finding units: half-width, small, without space, in simplified characters.
fn simple(text: &str) -> String {
    let text = normal(text).replace('萬', "万").replace('億', "亿").replace('單', "单").replace('圓', "元");
    text.replace(['【', '〔', '['], "(").replace(['】', '〕', ']'], ")").replace(['—', ';'], ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_money_are_known_as_people_write_them() {
        for (unit, yuan) in [
            ("元", 1_i64),
            ("万元", 10_000),
            ("（万元）", 10_000),
            ("单位：万元", 10_000),
            ("人民币万元", 10_000),
            ("万", 10_000),
            ("亿", 100_000_000),
            ("亿元", 100_000_000),
            ("千元", 1_000),
            ("百万元", 1_000_000),
            ("万元人民币", 10_000),
            (" 万 元 ", 10_000),
            ("10,000 yuan", 10_000),
            ("million yuan", 1_000_000),
            ("RMB", 1),
            ("CNY million", 1_000_000),
            ("in 万元", 10_000),
            ("Unit: 10,000 yuan", 10_000),
            ("￥万元", 10_000),
            ("元/年", 1),
            ("万元每年", 10_000),
            ("千万元", 10_000_000),
            ("百亿元", 10_000_000_000),
        ] {
            assert_eq!(fen_per(unit), Some(Decimal::from(yuan) * Decimal::ONE_HUNDRED), "{unit:?}");
        }
        assert_eq!(fen_per("分"), Some(Decimal::ONE));
        for unit in ["", "美元", "万美元", "人", "千", "10000", "公里", "元/人", "English"] {
            assert_eq!(fen_per(unit), None, "{unit:?}");
        }
    }

    #[test]
    fn a_line_beside_the_table_tells_the_unit_of_its_money() {
        for line in [
            "单位：万元",
            "（单位：万元）",
            "金额单位：万元",
            "表1 资金情况（万元）",
            "单位：万元、人",
            "单 位： 万 元",
            "2011年度资金表 单位：万元",
            "2011年资金表，单位万元",
            "单位:|万元",
            "||单位：|万元",
            "万元",
            "【单位：万元】",
            "单位 万元",
            "单位—万元",
            "金额以万元计",
            "以万元为单位",
            "本表金额均为万元",
            "單位：萬元",
            "(in 10,000 yuan)",
            "Unit: CNY 10,000",
            "Unit：RMB 10000",
            "UNIT: WAN YUAN",
            "填报单位：某县扶贫办|金额单位：万元",
            "单位：万",
            "单位：万元  日期：2011年",
            "填报时间：2011年12月 单位：万元 第1页",
            "币种：人民币  单位：万元  精度：2",
            "2011年农户收入表  单位：万元 填报单位：万州",
            "单位:万元精度:2",
            "单位：10,000元",
            "单位：10|000元",
            "单位:10000元",
            "以万元列示",
            "按万元填列",
            "in CNY 10|000",
            "填表说明：金额填万元",
        ] {
            let mentions = Mentions::in_cells(line.split('|'));
            assert!(mentions.says_unit, "{line:?}: {mentions:?}");
            let fen: Vec<_> = mentions.units.iter().map(|unit| fen_per(unit)).collect();
            assert_eq!(fen, [fen_per("万元")], "{line:?}: {mentions:?}");
        }
        for (line, unit) in [
            ("in million yuan", "百万元"),
            ("(Amounts in thousands of yuan)", "千元"),
            ("Currency: million CNY", "百万元"),
            ("Units: yuan million", "百万元"),
            ("单位：元", "元"),
            ("Unit: yuan (RMB)", "元"),
        ] {
            let mentions = Mentions::in_cells([line].into_iter());
            assert_eq!(
                mentions.units.iter().map(|u| fen_per(u)).collect::<Vec<_>>(),
                [fen_per(unit)],
                "{line:?}"
            );
        }
        for line in [
            "填报单位：某县扶贫办",
            "填报单位：万元县",
            "单位：人",
            "2011年100万元以上项目",
            "2011年",
            "单位：某县扶贫办",
        ] {
            let mentions = Mentions::in_cells([line].into_iter());
            assert_eq!((mentions.units, mentions.foreign), (Vec::new(), None), "{line:?}");
        }
        for line in ["单位：万美元", "单位：港币", "单位：W", "币种：美金", "Unit: USD", "单位：口袋"]
        {
            let mentions = Mentions::in_cells([line].into_iter());
            assert!(mentions.says_unit && mentions.foreign.is_some(), "{line:?}: {mentions:?}");
        }
        assert_eq!(Mentions::in_cells(["单位：万元、元"].into_iter()).units.len(), 2);
    }
}
