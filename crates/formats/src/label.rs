//! Rows of a sheet that are no records: its totals, its signatures and notes, its head again on the next page.

use std::sync::LazyLock;

use uplift_core::text::half_width;

use crate::row::Row;

/// What a row is that is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The sum of rows above it.
    Total,
    /// A signature or a remark below the table.
    Note,
    /// The head again.
    Head,
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Note => "note",
            Self::Head => "head",
        })
    }
}

/// Words for a sum, without space.
const TOTALS: [&str; 25] = [
    "本页小计",
    "本月合计",
    "本年累计",
    "平均",
    "均值",
    "总平均",
    "average",
    "mean",
    "totalincome",
    "合计",
    "总计",
    "小计",
    "累计",
    "共计",
    "总和",
    "全县合计",
    "全区合计",
    "全市合计",
    "本页合计",
    "本年合计",
    "total",
    "totals",
    "subtotal",
    "grandtotal",
    "sum",
];

/// First letters of all words: nearly every cell has another, and is passed over at once.
static INITIALS: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut initials: Vec<_> = TOTALS.iter().chain(&NOTES).filter_map(|word| word.chars().next()).collect();
    initials.sort_unstable();
    initials.dedup();
    initials
});

/// Whether a text may begin with one of the words.
fn may_be_word(text: &str) -> bool {
    let Some(first) = text.trim_start().chars().next() else { return false };
    let mut buffer = [0; 4];
    let first = match first.is_ascii() {
        true => first,
        // A full-width letter is one too.
        false => half_width(first.encode_utf8(&mut buffer)).chars().next().unwrap_or(first),
    };
    INITIALS.binary_search(&first.to_ascii_lowercase()).is_ok()
}

/// Whether a text is the word of a total and nothing else: 合计.
pub(crate) fn is_total_word(text: &str) -> bool {
    if text.bytes().any(|b| b.is_ascii_digit()) || !may_be_word(text) {
        return false;
    }
    let word = half_width(text).to_lowercase().replace(char::is_whitespace, "");
    TOTALS.contains(&word.trim_end_matches([':', '：']))
}

/// Words that begin a signature or a remark.
const NOTES: [&str; 22] = [
    "填表人",
    "制表人",
    "制表",
    "审核人",
    "审核",
    "复核",
    "复核人",
    "负责人",
    "单位负责人",
    "填报人",
    "填报日期",
    "填表日期",
    "经办人",
    "联系人",
    "联系电话",
    "报出日期",
    "注",
    "备注",
    "说明",
    "资料来源",
    "note",
    "source",
];

/// What a row is, by the first text in it; none for what may be a record.
pub(crate) fn label(row: &Row, headings: &[String]) -> Option<Label> {
    let (_, first) = row.filled().next()?;
    if !may_be_word(first) && headings.iter().find(|h| !h.is_empty()).is_none_or(|h| h != first) {
        return None;
    }
    // Words for totals and notes are short.
    let begin: String = first.chars().filter(|c| !c.is_whitespace()).take(24).collect();
    let begin = half_width(&begin).to_lowercase();
    let word = begin.split([':', '：', '(', '（']).next().unwrap_or_default();
    if TOTALS.contains(&word) {
        return Some(Label::Total);
    }
    let labelled = begin.contains([':', '：']) || row.filled().nth(1).is_none();
    if labelled
        && (NOTES.contains(&word)
            || NOTES.iter().any(|n| begin.starts_with(n) && begin[n.len()..].starts_with([':', '：', '.'])))
    {
        return Some(Label::Note);
    }
    let is_head = row.texts.iter().map(str::trim).eq(headings.iter().map(String::as_str));
    is_head.then_some(Label::Head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::CellKind;

    #[test]
    fn totals_notes_and_heads_are_told_from_records() {
        let headings = ["id".to_owned(), "amount".to_owned()];
        for (cells, expected) in [
            (["合计", "20"], Some(Label::Total)),
            (["合 计", "20"], Some(Label::Total)),
            (["", "小计："], Some(Label::Total)),
            (["Total", "20"], Some(Label::Total)),
            (["Grand total", "20"], Some(Label::Total)),
            (["填表人：甲", ""], Some(Label::Note)),
            (["注：本表不含", ""], Some(Label::Note)),
            (["Note: estimated", ""], Some(Label::Note)),
            (["Source", ""], Some(Label::Note)),
            (["id", "amount"], Some(Label::Head)),
            (["total-1", "20"], None),
            (["合计村", "20"], None),
            (["source-1", "20"], None),
            (["注", "20"], None),
            (["a", "20"], None),
        ] {
            let mut row = Row::default();
            cells.iter().for_each(|cell| row.push(cell, CellKind::Written));
            assert_eq!(label(&row, &headings), expected, "{cells:?}");
        }
    }
}
