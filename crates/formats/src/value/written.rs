//! A cell of a file as a value: the one parser of what people write, for import and for `measure`.

use std::borrow::Cow;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromStr, ToPrimitive};
use uplift_core::dataset::{Code, Field, Format, Kind};
use uplift_core::rejection::{Rule, shortened};
use uplift_core::text::{canonical, half_width, is_plain_identifier};

use super::date::parse_date;
use super::missing::is_missing_mark;
use super::number::{DecimalMark, NumberError, PlainNumber, plain_digits};
use super::{MAX_QUOTED, ParseError, Value, days, unlisted};
use crate::label::is_total_word;
use crate::row::{Cell, CellKind};
use crate::unit::{fen_per, normal, scale};

/// How a file writes its values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style<'s> {
    pub(crate) decimal_mark: DecimalMark,
    /// Texts that stand for a missing value, as the sender says.
    pub(crate) missing_marks: &'s [String],
}

/// What is wrong with a formula that a program wrote and no spreadsheet computed.
const FORMULA: &str = "is a formula without a value; open the workbook in Excel and save it";

/// Digits of a number of 32 bits that are sure.
const SINGLE_DIGITS: usize = 6;
/// Digits of a number that a spreadsheet keeps.
const KEPT_DIGITS: usize = 15;
/// How far a number may be from a whole one that it stands for, in yuan and in units: what binary fractions leave.
const BINARY_TAIL: Decimal = Decimal::from_parts(1, 0, 0, false, 9);

impl Style<'_> {
    /// Whether a cell holds nothing.
    pub(crate) fn is_missing(&self, cell: Cell<'_>) -> bool {
        cell.text.is_empty() || self.missing_marks.iter().any(|mark| mark == cell.text)
    }

    /// The decimal mark of a cell: programs write a point.
    fn mark(&self, cell: Cell<'_>) -> DecimalMark {
        let by_program = matches!(cell.kind, CellKind::Number | CellKind::Single | CellKind::Shown);
        if by_program { DecimalMark::Point } else { self.decimal_mark }
    }
}

/// Parses a cell. An empty one is a missing value. `scale` is what one unit of the file is worth in the field's own
/// unit: 1,000,000 fen for 万元.
pub(crate) fn parse_cell<'a>(
    field: &'a Field,
    cell: Cell<'a>,
    scale: Decimal,
    style: &Style<'_>,
) -> Result<Value<'a>, ParseError> {
    if style.is_missing(cell) {
        return Ok(Value::Missing);
    }
    if cell.kind == CellKind::Formula {
        return Err(wrong(field, cell.text, FORMULA));
    }
    match &field.kind {
        Kind::Text(format) => parse_text(field, *format, cell),
        // Programs write these two, and need no folding.
        Kind::Boolean if matches!(cell.text, "0" | "1") => Ok(Value::Boolean(cell.text == "1")),
        Kind::Boolean => match half_width(cell.text).to_lowercase().as_str() {
            "true" | "yes" | "y" | "1" | "是" | "有" | "√" => Ok(Value::Boolean(true)),
            "false" | "no" | "n" | "0" | "否" | "无" | "×" => Ok(Value::Boolean(false)),
            _ => Err(wrong(field, cell.text, "is neither yes nor no; write yes or no, 是 or 否")),
        },
        Kind::Code(codes) => {
            // Most cells are written as their code or its title is, and need no folding.
            let as_written = |c: &&Code| c.stored == cell.text || c.title.zh == cell.text;
            if let Some(code) = codes.iter().find(as_written) {
                return Ok(Value::Code(&code.stored));
            }
            let text = normal(cell.text);
            let is_named = |c: &&Code| {
                let names = [&c.stored, &c.name, &c.title.en, &c.title.zh].into_iter().chain(&c.aliases);
                names.into_iter().any(|n| normal(n) == text)
            };
            match codes.iter().find(is_named) {
                Some(code) => Ok(Value::Code(&code.stored)),
                None if is_missing_mark(cell.text) => Err(wrong(field, cell.text, "")),
                None => {
                    let names: Vec<_> =
                        codes.iter().map(|c| format!("{} {}", c.title.en, c.title.zh)).collect();
                    let quoted = shortened(cell.text, MAX_QUOTED);
                    Err(unlisted(quoted.clone(), &format!("{quoted:?} "), &names.join(", ")))
                }
            }
        }
        Kind::Integer | Kind::Number | Kind::Money => parse_number(field, cell, scale, style),
    }
}

/// What is wrong with a cell; of a mark for a missing value, what to do about it.
fn wrong(field: &Field, text: &str, message: &str) -> ParseError {
    let quoted = shortened(text, MAX_QUOTED);
    let message = match (is_missing_mark(text), field.required) {
        (false, _) => format!("{quoted:?} {message}"),
        (true, false) => {
            format!(
                "{quoted:?} stands for no value; leave the cell empty, or name it as a mark of missing values"
            )
        }
        (true, true) => format!("{quoted:?} stands for no value, and this one is required; write the value"),
    };
    ParseError { rule: Rule::Format, value: quoted.into_owned(), message }
}

fn parse_text<'a>(field: &Field, format: Format, cell: Cell<'a>) -> Result<Value<'a>, ParseError> {
    let text = cell.text;
    if format == Format::Identifier && cell.kind == CellKind::Written && is_plain_identifier(text) {
        return Ok(Value::Text(text.into()));
    }
    let by_machine = matches!(cell.kind, CellKind::Number | CellKind::Single) && format != Format::Printed;
    if by_machine && format == Format::Identifier && text.contains('.') && !text.ends_with(".0") {
        return Err(wrong(field, text, "is a number with a fraction and no identifier; write it as text"));
    }
    let digits = || text.trim_start_matches('-').bytes().filter(u8::is_ascii_digit).count();
    if by_machine && digits() > KEPT_DIGITS {
        let message =
            format!("is a number, of which a spreadsheet keeps {KEPT_DIGITS} digits; write it as text");
        return Err(wrong(field, text, &message));
    }
    let refused = |message: String| {
        if is_missing_mark(text) {
            wrong(field, text, "")
        } else {
            ParseError { rule: Rule::Format, value: shortened(text, MAX_QUOTED).into_owned(), message }
        }
    };
    match format {
        Format::Date if cell.kind == CellKind::Number && text.len() != 8 => {
            Err(wrong(field, text, "is a number and not a date; format the column as date"))
        }
        Format::Date => {
            // A date with a time of day may be written at length.
            let text = shortened(text, MAX_QUOTED);
            parse_date(&text).map(|date| Value::Date(days(date))).map_err(refused)
        }
        Format::Identifier if is_missing_mark(text) => Err(wrong(field, text, "")),
        Format::Identifier if is_total_word(text) => Err(wrong(
            field,
            text,
            "is the word of a total and no identifier; remove the row, or name the record",
        )),
        Format::Identifier | Format::Area | Format::Period => {
            let kept = match half_width(text) {
                Cow::Borrowed(text) => canonical(format, text).map_err(refused)?,
                Cow::Owned(text) => canonical(format, &text).map_err(refused)?.into_owned().into(),
            };
            Ok(if kept.is_empty() { Value::Missing } else { Value::Text(kept) })
        }
        Format::Free if text.contains(['\n', '\r']) => {
            // A line that a cell breaks to fit is one line.
            let one = text.split(['\n', '\r']).map(str::trim).filter(|part| !part.is_empty());
            let kept = canonical(format, &one.collect::<Vec<_>>().join(" ")).map(|kept| kept.into_owned());
            Ok(Value::Text(kept.map_err(refused)?.into()))
        }
        Format::Free | Format::Printed | Format::Expression => {
            let kept = canonical(format, text).map_err(refused)?;
            Ok(if kept.is_empty() { Value::Missing } else { Value::Text(kept) })
        }
    }
}

fn parse_number<'a>(
    field: &Field,
    cell: Cell<'_>,
    scale: Decimal,
    style: &Style<'_>,
) -> Result<Value<'a>, ParseError> {
    let plain =
        Some(cell.text).filter(|_| style.mark(cell) == DecimalMark::Point && cell.kind != CellKind::Single);
    if let Some(value) =
        plain.and_then(PlainNumber::of_text).and_then(|number| plain_value(field, number, scale))
    {
        return Ok(value);
    }
    let digits = plain_digits(number_text(field, cell, scale), style.mark(cell)).map_err(|e| match e {
        NumberError::NotANumber if has_unit(cell.text) => wrong(
            field,
            cell.text,
            "has a unit in the cell that is not that of the column; write the unit into the heading, and digits alone",
        ),
        e => wrong(field, cell.text, &number_message(e)),
    })?;
    let number = decimal(&digits).and_then(|n| n.checked_mul(scale)).map(|n| n.normalize());
    let inside = |n: Decimal| field.limits.is_none_or(|(low, high)| low <= n && n <= high);
    let Some(number) = number.filter(|n| inside(*n)) else {
        let message = limits_message(field, cell, scale, "", style).unwrap_or_default();
        return Err(ParseError {
            rule: Rule::Range,
            value: shortened(cell.text, MAX_QUOTED).into_owned(),
            message,
        });
    };
    if number.is_zero() && is_not_zero(&digits) {
        let message = "is nearer to 0 than any measurement is; write 0, or use another unit";
        return Err(wrong(field, cell.text, message));
    }
    let units = if field.kind == Kind::Money { Decimal::ONE_HUNDRED } else { Decimal::ONE };
    let whole = || nearest_whole(number, units);
    match field.kind {
        Kind::Integer => match whole() {
            Some(whole) => Ok(Value::Integer(whole)),
            None => Err(wrong(field, cell.text, "is not a whole number")),
        },
        Kind::Money if cell.kind == CellKind::Single && significant(&digits) > SINGLE_DIGITS => {
            let message =
                "is a number of 32 bits, which does not keep every fen; write 64 bits, or a decimal";
            Err(wrong(field, cell.text, message))
        }
        Kind::Money => match whole() {
            Some(fen) => Ok(Value::Money(fen)),
            None => {
                // A power of ten, so that its zeros are the decimals.
                let decimals = scale.to_u64().map_or(0, |scale| scale.checked_ilog10().unwrap_or_default());
                let read = if *digits == *cell.text { String::new() } else { format!(" (read as {digits})") };
                let message =
                    format!("is not a whole number of fen{read}; write at most {decimals} decimals");
                Err(wrong(field, cell.text, &message))
            }
        },
        _ => Ok(number.to_f64().map_or(Value::Missing, |number| Value::Number(number + 0.0))),
    }
}

/// The value of a plain number, where whole numbers give it exactly and it is within its limits.
fn plain_value<'a>(field: &Field, number: PlainNumber, scale: Decimal) -> Option<Value<'a>> {
    let divisor = 10_i64.checked_pow(number.decimals)?;
    let inside = |n: Decimal| field.limits.is_none_or(|(low, high)| low <= n && n <= high);
    if field.kind == Kind::Number {
        let is_exact = scale == Decimal::ONE && number.digits.unsigned_abs() < 1 << f64::MANTISSA_DIGITS;
        let value = Decimal::new(number.digits, number.decimals);
        // The quotient of two doubles that are whole is the double nearest to the number.
        return (is_exact && inside(value))
            .then(|| Value::Number(number.digits as f64 / divisor as f64 + 0.0));
    }
    let scale = scale.is_integer().then(|| scale.to_i64()).flatten()?;
    let scaled = number.digits.checked_mul(scale)?;
    let whole = (scaled % divisor == 0).then_some(scaled / divisor)?;
    if !inside(whole.into()) {
        return None;
    }
    Some(if field.kind == Kind::Money { Value::Money(whole) } else { Value::Integer(whole) })
}

/// The text of a number, without the unit of its column: 12.5万元 in a column of 万元, 5人 in one of persons.
fn number_text<'a>(field: &Field, cell: Cell<'a>, of_column: Decimal) -> &'a str {
    let digits =
        cell.text.rfind(is_digit).and_then(|at| Some(at + cell.text[at..].chars().next()?.len_utf8()));
    let (number, unit) = cell.text.split_at(digits.unwrap_or_default());
    let unit = unit.trim();
    if unit.is_empty() || number.is_empty() || scale(field, unit) != Some(of_column) {
        return cell.text;
    }
    number
}

/// A digit, be it full-width.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

/// Digits of a number without zeros at its ends.
fn significant(digits: &str) -> usize {
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

/// Whether a number has its unit behind it: 12.5万元.
fn has_unit(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| !is_digit(c));
    let unit = unit.trim_start_matches(|c: char| is_digit(c) || matches!(c, '.' | ',' | ' '));
    fen_per(unit).is_some()
}

/// What is wrong with a text that is not a number, behind the text itself.
fn number_message(error: NumberError) -> String {
    match error {
        NumberError::NotANumber => {
            "is not a number; write digits, for example 1234.50 or 1,234.50".to_owned()
        }
        NumberError::Ambiguous { point, comma } => {
            format!("may be {point} or {comma}; say which with decimal_mark point or comma (--decimal)")
        }
        NumberError::Shortened => {
            "is a number whose last digits a spreadsheet does not show; format the column as number"
                .to_owned()
        }
    }
}

/// Whether digits are a number other than 0, be it too small to compute with.
fn is_not_zero(digits: &str) -> bool {
    digits.split('e').next().is_some_and(|mantissa| mantissa.bytes().any(|b| (b'1'..=b'9').contains(&b)))
}

/// The exact value of plain digits; one nearer to 0 than can be computed with is 0.
fn decimal(digits: &str) -> Option<Decimal> {
    match digits.contains('e') {
        true => match Decimal::from_scientific(digits) {
            Err(_) if digits.contains("e-") => Some(Decimal::ZERO),
            number => number.ok(),
        },
        false => Decimal::from_str_exact(digits).or_else(|_| Decimal::from_str(digits)).ok(),
    }
}

/// The whole number that a number is, or is but for the tail of a binary fraction. `units` of it are the unit that
/// people count in.
fn nearest_whole(number: Decimal, units: Decimal) -> Option<i64> {
    let whole = number.round();
    let tail = (number - whole).abs();
    (tail <= BINARY_TAIL * units).then(|| whole.to_i64()).flatten()
}

/// A number of any size for a measure; none where the cell is empty. An error says what is wrong with the text.
pub(crate) fn parse_f64(cell: Cell<'_>, style: &Style<'_>) -> Result<Option<f64>, String> {
    if style.is_missing(cell) {
        return Ok(None);
    }
    let quoted = shortened(cell.text, MAX_QUOTED);
    if cell.kind == CellKind::Formula {
        return Err(format!("{quoted:?} {FORMULA}"));
    }
    if is_missing_mark(cell.text) {
        return Err(format!(
            "{quoted:?} stands for no value; leave the cell empty, or name it with --missing"
        ));
    }
    let digits = match cell.kind {
        CellKind::Number | CellKind::Single => Ok(cell.text.into()),
        _ => plain_digits(cell.text, style.mark(cell)),
    };
    let digits = digits.map_err(|e| format!("{quoted:?} {}", number_message(e)))?;
    let number = digits.parse().ok().filter(|n: &f64| n.is_finite());
    number.map(Some).ok_or_else(|| format!("{quoted:?} is not a finite number"))
}

/// What is said of a number outside the limits of its field, in the unit and the digits of the file; none if it is
/// inside.
pub(crate) fn limits_message(
    field: &Field,
    cell: Cell<'_>,
    scale: Decimal,
    unit: &str,
    style: &Style<'_>,
) -> Option<String> {
    let digits = plain_digits(number_text(field, cell, scale), style.mark(cell)).ok()?;
    let (low, high) = field.limits?;
    // What has more digits than can be computed with is beyond every limit.
    let number = decimal(&digits).and_then(|number| number.checked_mul(scale));
    let (below, above) = match number {
        Some(number) => (number < low, number > high),
        None => (digits.starts_with('-'), !digits.starts_with('-')),
    };
    let (side, limit) = match (below, above) {
        (true, _) => ("below the minimum of", low),
        (_, true) => ("above the maximum of", high),
        _ => return None,
    };
    let unit = match field.kind {
        Kind::Money if unit.is_empty() => "元",
        _ => unit,
    };
    let remedy =
        if field.required { "correct it" } else { "correct it, or leave it empty if it is not known" };
    let limit = (limit / scale).normalize();
    Some(
        format!("{:?} is {side} {limit} {unit}; {remedy}", shortened(cell.text, MAX_QUOTED))
            .replace(" ;", ";"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Style<'static> = Style { decimal_mark: DecimalMark::Point, missing_marks: &[] };

    fn parse<'a>(dataset: &str, field: &str, text: &'a str) -> Result<Value<'a>, String> {
        let field = uplift_proto::dataset::find(dataset).unwrap().field(field).unwrap();
        let scale = crate::unit::scale(field, "").unwrap();
        parse_cell(field, Cell::written(text), scale, &POINT).map_err(|e| e.message)
    }

    #[test]
    fn money_is_read_to_the_fen_and_the_tail_of_a_binary_fraction_is_dropped() {
        for (text, fen) in [
            ("1234.5600000000001", Some(123_456)),
            ("0.30000000000000004", Some(30)),
            ("10.000000", Some(1_000)),
            ("99999999.119999999", Some(9_999_999_912)),
            ("10.005", None),
            ("10.000001", None),
            ("1e3", Some(100_000)),
        ] {
            let parsed = parse("fund_flow", "amount_fen", text);
            assert_eq!(parsed.ok(), fen.map(Value::Money), "{text}");
        }
        assert_eq!(parse("household", "size", "4.0"), Ok(Value::Integer(4)));
        assert_eq!(parse("household", "size", "2.9999999999999996"), Ok(Value::Integer(3)));
        assert!(parse("household", "size", "4.5").is_err());
        assert!(parse("household", "size", "TRUE").is_err());
    }

    #[test]
    fn a_mark_of_missing_values_is_told_as_such_and_a_required_cell_is_never_to_be_emptied() {
        for mark in ["NA", "-", ".", "n/a", "#N/A", "#DIV/0!", "无", "/", "NULL", "—"] {
            let optional = parse("household", "income_fen", mark).unwrap_err();
            assert!(optional.contains("leave the cell empty"), "{mark}: {optional}");
            let required = parse("household", "size", mark).unwrap_err();
            assert!(required.contains("required") && !required.contains("empty"), "{mark}: {required}");
            let named = [mark.to_owned()];
            let style = Style { missing_marks: &named, ..POINT };
            let field = uplift_proto::dataset::find("household").unwrap().field("income_fen").unwrap();
            assert_eq!(parse_cell(field, Cell::written(mark), Decimal::ONE, &style), Ok(Value::Missing));
            assert_eq!(parse_f64(Cell::written(mark), &style), Ok(None));
            assert!(parse_f64(Cell::written(mark), &POINT).is_err());
        }
        assert!(parse("household", "stratum", "NA").unwrap_err().contains("leave the cell empty"));
        assert_eq!(parse("household", "deprived_water", "无"), Ok(Value::Boolean(false)));
    }

    #[test]
    fn a_number_may_have_the_unit_of_its_column_and_no_other() {
        let field = |dataset, field| uplift_proto::dataset::find(dataset).unwrap().field(field).unwrap();
        let money = field("fund_flow", "amount_fen");
        let wan = fen_per("万元").unwrap();
        for (text, scale, fen) in [
            ("12.5万元", wan, Some(12_500_000)),
            ("12.5万", wan, Some(12_500_000)),
            ("￥1,200.50元", Decimal::ONE_HUNDRED, Some(120_050)),
            ("１２．５ 万元", wan, Some(12_500_000)),
            ("12.5万元", Decimal::ONE_HUNDRED, None),
            ("12.5元", wan, None),
            ("12.5万美元", wan, None),
            ("万元", wan, None),
            ("12.5人", wan, None),
        ] {
            let value = parse_cell(money, Cell::written(text), scale, &POINT);
            assert_eq!(value.ok(), fen.map(Value::Money), "{text}");
        }
        let other = parse_cell(money, Cell::written("12.5万元"), Decimal::ONE_HUNDRED, &POINT).unwrap_err();
        assert!(other.message.contains("not that of the column"), "{}", other.message);
        assert_eq!(parse("household", "size", "5人"), Ok(Value::Integer(5)));
        assert!(parse("household", "size", "5户").is_err());
        assert!(parse("household", "size", "5万人").is_err());
    }

    #[test]
    fn identifiers_that_a_spreadsheet_made_numbers_of_are_refused() {
        assert_eq!(parse("household", "household_id", "１００１２"), Ok(Value::Text("10012".into())));
        assert!(parse("household", "household_id", "10012.0").unwrap_err().contains("write 10012"));
        assert!(parse("household", "area_code", "500101.0").is_err());
        let field = uplift_proto::dataset::find("household").unwrap().field("household_id").unwrap();
        let number = |text| Cell { text, kind: CellKind::Number };
        let parsed = |text| parse_cell(field, number(text), Decimal::ONE, &POINT);
        assert!(parsed("10012").is_ok());
        assert!(parsed("500101197001011230").unwrap_err().message.contains("15 digits"));
    }
}
