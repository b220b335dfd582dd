//! Text of a file: its encoding recognised or named, decoded once, written back the same way.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use uplift_core::error::{Error, Result};
use uplift_core::text::unreadable;

/// The text of a file.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) content: String,
    encoding: &'static Encoding,
    /// Whether the file began with a byte order mark.
    marked: bool,
    /// Whether the sender named the encoding.
    named: bool,
}

/// Bytes of a file that show whether every other one is zero.
const UTF_16_SAMPLE: usize = 4096;

impl Text {
    /// Decodes a file whose encoding was named or is recognised; UTF-8 without a mark is not copied.
    pub(crate) fn decode(bytes: Vec<u8>, named: Option<&str>) -> Result<Self> {
        if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
            return Err(wrong("is text in UTF-32; save it as UTF-8"));
        }
        let marked = Encoding::for_bom(&bytes);
        let encoding = match named {
            Some(name) => Encoding::for_label(name.trim().as_bytes()).ok_or_else(|| {
                let message = format!(
                    "{name:?} is not an encoding; write utf-8, gb18030, big5, utf-16le or windows-1252"
                );
                Error::invalid_field("encoding", message)
            })?,
            None => marked.map_or_else(|| guess_encoding(&bytes), |(encoding, _)| encoding),
        };
        let mark = marked.filter(|(of, _)| *of == encoding).map_or(0, |(_, length)| length);
        if encoding == UTF_8 {
            return Self::from_utf8(bytes, mark, named.is_some());
        }
        if encoding == GB18030 && named.is_none() {
            refuse_what_is_not_gb18030(&bytes)?;
        }
        let Some(content) = encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..])
        else {
            return Err(wrong(undecodable(&bytes[mark..], encoding)));
        };
        // No office writes these; a text that is read in a wrong encoding has them.
        if let Some((at, c)) = content.char_indices().find(|(_, c)| unreadable(*c) && *c != '\0') {
            let line = line_at(content[..at].as_bytes());
            return Err(wrong(format!(
                "read as {} has a character in line {line} that no text has (U+{:04X}); {NAME_IT}",
                encoding.name(),
                u32::from(c)
            )));
        }
        Ok(Self { content: content.into_owned(), encoding, marked: mark > 0, named: named.is_some() })
    }

    fn from_utf8(bytes: Vec<u8>, mark: usize, named: bool) -> Result<Self> {
        let content = String::from_utf8(bytes).map_err(|e| {
            let line = line_at(&e.as_bytes()[..e.utf8_error().valid_up_to()]);
            wrong(format!("is not UTF-8 in line {line}; {NAME_IT}"))
        })?;
        let content = if mark > 0 { content[mark..].to_owned() } else { content };
        Ok(Self { content, encoding: UTF_8, marked: mark > 0, named })
    }

    /// The name of its encoding.
    pub(crate) fn encoding(&self) -> &'static str {
        self.encoding.name()
    }

    /// Another text in the same encoding, with a mark if this had one. Fewer rows may no longer show which encoding it is:
    /// then it is UTF-8 with a mark, which every program reads.
    pub(crate) fn encode(&self, text: &str) -> Vec<u8> {
        let bytes = self.encoded(text);
        let read_again = || Self::decode(bytes.clone(), None).is_ok_and(|again| again.content == text);
        if self.named || self.encoding == UTF_8 || read_again() {
            return bytes;
        }
        format!("\u{feff}{text}").into_bytes()
    }

    fn encoded(&self, text: &str) -> Vec<u8> {
        let mark = if self.marked { "\u{feff}" } else { "" };
        let text = format!("{mark}{text}");
        match self.encoding {
            e if e == UTF_16LE => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            e if e == UTF_16BE => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            e if e == UTF_8 => text.into_bytes(),
            e => e.encode(&text).0.into_owned(),
        }
    }
}

/// The remedy for text that cannot be read.
const NAME_IT: &str = "save it as UTF-8, or name its encoding (--encoding gb18030, big5 or windows-1252)";

fn wrong(message: impl std::fmt::Display) -> Error {
    Error::invalid_field("file", message)
}

/// The number of the line that follows these bytes.
fn line_at(before: &[u8]) -> usize {
    before.iter().filter(|b| **b == b'\n').count() + 1
}

/// The encoding of a file without a mark: UTF-8 if it is valid, GB18030 otherwise; UTF-16 where every other byte of
/// its Western signs is zero.
fn guess_encoding(bytes: &[u8]) -> &'static Encoding {
    let sample = &bytes[..bytes.len().min(UTF_16_SAMPLE)];
    let zeros = |from: usize| sample.iter().skip(from).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let many = sample.len().div_ceil(16);
    match () {
        () if bytes.len().is_multiple_of(2) && odd >= many && even == 0 => UTF_16LE,
        () if bytes.len().is_multiple_of(2) && even >= many && odd == 0 => UTF_16BE,
        () if std::str::from_utf8(bytes).is_ok() => UTF_8,
        () => GB18030,
    }
}

/// What is wrong with bytes that are not of an encoding.
fn undecodable(bytes: &[u8], encoding: &'static Encoding) -> String {
    let name = encoding.name();
    if encoding == UTF_16LE || encoding == UTF_16BE {
        return format!("is not whole as {name}; {NAME_IT}");
    }
    let broken = |line: &[u8]| encoding.decode_without_bom_handling_and_without_replacement(line).is_none();
    let line = bytes.split(|b| *b == b'\n').position(broken).map_or(1, |index| index + 1);
    format!("is neither UTF-8 nor {name} in line {line}; {NAME_IT}")
        .replace("neither UTF-8 nor UTF-8", "not UTF-8")
}

/// Refuses bytes that can be decoded as GB18030 and are something else: text whose encoding changes within the file,
/// and Western text, of which an accented letter and the next one make a rare character.
fn refuse_what_is_not_gb18030(bytes: &[u8]) -> Result<()> {
    let (mut utf8, mut other) = (None, None);
    let (mut lines, mut lines_in_utf8) = (0, 0);
    let mut pairs = Pairs::default();
    for (index, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if line.is_ascii() {
            continue;
        }
        lines += 1;
        match std::str::from_utf8(line) {
            Ok(text) => {
                lines_in_utf8 += 1;
                if is_surely_utf8(text) {
                    utf8 = utf8.or(Some(index + 1));
                }
            }
            Err(_) => other = other.or(Some(index + 1)),
        }
        pairs.count(line);
        if pairs.western && pairs.first_western == 0 {
            pairs.first_western = index + 1;
        }
        if pairs.rare > 0 && pairs.first_rare == 0 {
            pairs.first_rare = index + 1;
        }
    }
    // Every other line may be valid in both encodings by chance; most of them are not.
    let mixed = utf8.is_some() || (lines_in_utf8 > 1 && lines_in_utf8 * 2 > lines);
    if let (true, Some(other)) = (mixed, other) {
        let first = utf8.map(|line| format!(", as line {line} is")).unwrap_or_default();
        return Err(wrong(format!(
            "changes its encoding: line {other} is not UTF-8{first}; save all of it as UTF-8"
        )));
    }
    let line = if pairs.western { pairs.first_western } else { pairs.first_rare };
    if pairs.western || pairs.rare * 3 > pairs.common {
        return Err(wrong(format!(
            "is not UTF-8, and as GB18030 line {line} has characters that Chinese text seldom has; {NAME_IT}"
        )));
    }
    Ok(())
}

/// Whether a text is Chinese in UTF-8: several characters that each took three bytes for a common one.
fn is_surely_utf8(text: &str) -> bool {
    let common =
        |c: char| matches!(c, '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}');
    let mut signs = text.chars().filter(|c| !c.is_ascii()).peekable();
    signs.peek().is_some() && text.chars().filter(|c| common(*c)).count() > 1 && signs.all(common)
}

/// The pairs of bytes that GB18030 makes characters of.
#[derive(Default)]
struct Pairs {
    /// Common characters of GB 2312, as nearly all of a text is.
    common: usize,
    rare: usize,
    /// Whether one stands between small Western letters.
    western: bool,
    first_western: usize,
    first_rare: usize,
}

impl Pairs {
    fn count(&mut self, line: &[u8]) {
        let mut at = 0;
        while at < line.len() {
            let (Some(second), true) = (line.get(at + 1), line[at] >= 0x80) else {
                at += 1;
                continue;
            };
            match second {
                b'0'..=b'9' => {
                    self.rare += 1;
                    at += 4;
                    continue;
                }
                // Punctuation, and the characters that are used most: 97 of 100 in ordinary text.
                0xa1.. if matches!(line[at], 0xa1 | 0xa3 | 0xb0..=0xd7) => self.common += 1,
                _ => self.rare += 1,
            }
            let before = at > 0 && line[at - 1].is_ascii_lowercase();
            let after = line.get(at + 2).is_some_and(u8::is_ascii_lowercase);
            self.western |= second.is_ascii_alphabetic() && before && after;
            at += 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(name: &str, text: &str) -> Vec<u8> {
        Encoding::for_label(name.as_bytes()).unwrap().encode(text).0.into_owned()
    }

    #[test]
    fn a_text_goes_back_in_the_encoding_that_it_came_in() {
        let line = "金额,1\n";
        let utf16: Vec<u8> = format!("\u{feff}{line}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            line.as_bytes().to_vec(),
            format!("\u{feff}{line}").into_bytes(),
            GB18030.encode(line).0.into_owned(),
            utf16.clone(),
        ] {
            let text = Text::decode(bytes.clone(), None).unwrap();
            assert_eq!(text.content, line);
            assert_eq!(text.encode(&text.content), bytes);
        }
        let mostly_common =
            Text::decode(GB18030.encode("编号,名称\n1,扶贫\n2,\u{4e02}\u{4e04}").0.into_owned(), None)
                .unwrap();
        let rare = "\u{4e02}\u{4e04},1\n";
        let again = Text::decode(mostly_common.encode(rare), None).unwrap();
        assert_eq!((again.content.as_str(), again.encoding()), (rare, "UTF-8"));
        let unmarked = "flow_id,金额\na,1\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Text::decode(unmarked, None).unwrap().content, "flow_id,金额\na,1\n");
        assert!(Text::decode(utf16[..utf16.len() - 1].to_vec(), None).is_err());
    }

    #[test]
    fn an_encoding_that_is_not_sure_is_refused_with_its_line_and_read_when_it_is_named() {
        let chinese = "编号,名称\n1,扶贫日宣传活动\n2,易地搬迁\n";
        let western = "id,name\n1,Señor Müller visits Niño\n";
        for (bytes, name, line, text) in [
            (encoded("big5", "編號,名稱\n1,園遊會與義賣\n"), "big5", "", "編號,名稱\n1,園遊會與義賣\n"),
            (encoded("windows-1252", western), "windows-1252", "line 2", western),
            (encoded("windows-1252", "id,name\n1,Niño\n"), "latin1", "line 2", "id,name\n1,Niño\n"),
        ] {
            let refused = Text::decode(bytes.clone(), None).expect_err(name).message;
            assert!(refused.contains(line) && refused.contains("--encoding"), "{refused}");
            assert_eq!(Text::decode(bytes, Some(name)).unwrap().content, text);
        }
        let mixed = [chinese.as_bytes(), &encoded("gb18030", "3,义卖活动\n")].concat();
        let refused = Text::decode(mixed, None).unwrap_err().message;
        assert!(refused.contains("line 4 is not UTF-8, as line 1 is"), "{refused}");
        let cut_off = chinese.as_bytes()[..chinese.len() - 2].to_vec();
        assert!(Text::decode(cut_off, None).unwrap_err().message.contains("line 3"));
        let utf32: Vec<u8> = "\u{feff}a".chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        assert!(Text::decode(utf32, None).unwrap_err().message.contains("UTF-32"));
        assert!(Text::decode(b"a".to_vec(), Some("klingon")).unwrap_err().message.contains("klingon"));
    }

    #[test]
    fn rare_characters_among_common_ones_and_stray_zeros_are_text() {
        let names = "姓名,村\n王喆,堃屋村\n李镕,朱家湾\n";
        assert_eq!(Text::decode(encoded("gb18030", names), None).unwrap().content, names);
        let zeros = "event\0_id,title\nnu-1,\0\0\n";
        assert_eq!(Text::decode(zeros.as_bytes().to_vec(), None).unwrap().content, zeros);
    }
}
