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
    for prefix in ["金额单位", "计量单位", "货币单位", "单位", "unit", "in", "人民币", "rmb", "cny"]
    {
        if let Some(rest) = unit.strip_prefix(prefix).filter(|rest| !rest.is_empty()) {
            unit = rest.trim_matches(BRACKETS_AND_SEPARATORS.as_slice());
        }
    }
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
        "人民币" | "¥" | "￥" => return Some(Decimal::ONE_HUNDRED),
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

/// What one unit of a file is worth in the own unit of a field: fen of money. None if it is no unit of the field.
pub(crate) fn scale(field: &Field, unit: &str) -> Option<Decimal> {
    match (&field.kind, unit) {
        (Kind::Money, "") => Some(Decimal::ONE_HUNDRED),
        (Kind::Money, unit) => fen_per(unit),
        (_, "") => Some(Decimal::ONE),
        (Kind::Integer | Kind::Number, unit) => {
            let unit = bare(unit);
            let (_, words) = WORDS.iter().find(|(name, _)| *name == field.unit)?;
            let factor = words.iter().find_map(|word| factor_of(unit.strip_suffix(word)?));
            factor.map(Decimal::from)
        }
        _ => None,
    }
}

/// The unit of money that a line above the table names for all of it; an error if it names none that is known, or
/// several.
pub(crate) fn named_above(cell: &str) -> Option<Result<String, String>> {
    let text = half_width(cell);
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let told = ["单位:", "单位：", "unit:", "Unit:", "units:", "Units:"].iter().find_map(|word| {
        let (before, after) = compact.split_once(word)?;
        // 填报单位 is the office that reports.
        let of_money = before.ends_with(['(', '（', ',', '，', ' ']) || before.is_empty();
        (of_money || ["金额", "计量", "货币"].iter().any(|word| before.ends_with(word))).then_some(after)
    });
    let Some(told) = told else {
        let inner = compact.strip_suffix([')', '）'])?.rsplit(['(', '（']).next()?;
        return fen_per(inner).map(|_| Ok(inner.to_owned()));
    };
    let told = told.split([')', '）']).next().unwrap_or_default();
    let parts = told.split(['、', ',', '，', '/', ';', '；', '及', '和']);
    let mut money: Vec<&str> = parts.filter(|part| fen_per(part).is_some() || is_like_money(part)).collect();
    money.dedup();
    match money[..] {
        [] => None,
        [unit] if fen_per(unit).is_some() => Some(Ok(unit.to_owned())),
        [unit] => Some(Err(format!("{unit:?} is not a unit of yuan"))),
        _ => Some(Err(format!("{told:?} names several units of money; write each into its heading"))),
    }
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
    fn a_line_above_the_table_names_the_unit_of_its_money() {
        for (line, unit) in [
            ("单位：万元", Some(Ok("万元"))),
            ("（单位：万元）", Some(Ok("万元"))),
            ("金额单位:元", Some(Ok("元"))),
            ("表1 资金情况（万元）", Some(Ok("万元"))),
            ("单位：万元、人", Some(Ok("万元"))),
            ("单 位： 万 元", Some(Ok("万元"))),
            ("填报单位：某县扶贫办", None),
            ("填报单位：万元县", None),
            ("单位：人", None),
            ("2011年", None),
            ("单位：万美元", Some(Err(()))),
            ("单位：万元、元", Some(Err(()))),
        ] {
            let named = named_above(line).map(|named| named.map_err(drop));
            assert_eq!(
                named.as_ref().map(|n| n.as_ref().map(String::as_str).map_err(|e| *e)),
                unit,
                "{line:?}"
            );
        }
    }
}
