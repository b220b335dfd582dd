//! Text of a file: its encoding recognised, decoded once, written back the same way.

use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use uplift_core::error::{Error, Result};

/// The text of a file.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) content: String,
    encoding: &'static Encoding,
    /// Whether the file began with a byte order mark.
    marked: bool,
}

impl Text {
    /// Decodes a file; UTF-8 without a mark is not copied.
    pub(crate) fn decode(bytes: Vec<u8>) -> Result<Self> {
        let encoding = detect_encoding(&bytes);
        let marked = Encoding::for_bom(&bytes).is_some();
        let bytes = match String::from_utf8(bytes) {
            Ok(content) if encoding == UTF_8 && !marked => return Ok(Self { content, encoding, marked }),
            Ok(content) => content.into_bytes(),
            Err(error) => error.into_bytes(),
        };
        let (content, _, broken) = encoding.decode(&bytes);
        if broken {
            let message = format!(
                "is not text in UTF-8, UTF-16 or GB18030 (read as {}); save it as CSV again",
                encoding.name()
            );
            return Err(Error::invalid_field("file", message));
        }
        Ok(Self { content: content.into_owned(), encoding, marked })
    }

    /// Another text in the same encoding, with a mark if this had one.
    pub(crate) fn encode(&self, text: &str) -> Vec<u8> {
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

/// The encoding of a file: by its mark if it has one, UTF-8 if it is valid, GB18030 otherwise.
fn detect_encoding(bytes: &[u8]) -> &'static Encoding {
    match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        // Every other byte of Western text in UTF-16 is zero, and no other encoding contains zeros.
        None if bytes.iter().step_by(2).take(8).any(|b| *b == 0) => UTF_16BE,
        None if bytes.iter().skip(1).step_by(2).take(8).any(|b| *b == 0) => UTF_16LE,
        None if std::str::from_utf8(bytes).is_ok() => UTF_8,
        None => GB18030,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_back_in_the_encoding_that_it_came_in() {
        let line = "金额,1\n";
        let utf16: Vec<u8> = format!("\u{feff}{line}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [
            line.as_bytes().to_vec(),
            format!("\u{feff}{line}").into_bytes(),
            GB18030.encode(line).0.into_owned(),
            utf16,
        ] {
            let text = Text::decode(bytes.clone()).unwrap();
            assert_eq!(text.content, line);
            assert_eq!(text.encode(&text.content), bytes);
        }
        assert!(Text::decode(vec![b'a', 0xff, 0xff, b'\n', 0x80]).is_err());
    }
}
