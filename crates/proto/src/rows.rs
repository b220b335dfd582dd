//! `uplift.records.v1.Rows` as it came over the wire.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost::DecodeError;
use prost::Message;
use prost::encoding::{self, DecodeContext, WireType};

/// The encoded content of a `Rows` message. Ingest decodes it straight into columns, driven by
/// the descriptor: no typed record is built in between, and an unknown field is still present, to be
/// refused instead of silently dropped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    encoded: BytesMut,
}

/// One entry of a `Rows` message.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// Field number: which list it belongs to.
    pub field: u32,
    /// The encoded record; `None` if the entry is not a message.
    pub record: Option<&'a [u8]>,
}

impl Rows {
    /// Encodes records for the list with this field number.
    pub fn encode<'a, M: Message + 'a>(field: u32, records: impl IntoIterator<Item = &'a M>) -> Self {
        let mut encoded = BytesMut::new();
        for record in records {
            encoding::message::encode(field, record, &mut encoded);
        }
        Self { encoded }
    }

    /// Bytes on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        &self.encoded
    }

    /// The entries in order. `merge_field` checked their lengths when it received the bytes.
    pub fn entries(&self) -> impl Iterator<Item = Result<Entry<'_>, DecodeError>> {
        let mut rest: &[u8] = &self.encoded;
        std::iter::from_fn(move || (!rest.is_empty()).then(|| next_entry(&mut rest)))
    }
}

fn next_entry<'a>(rest: &mut &'a [u8]) -> Result<Entry<'a>, DecodeError> {
    let (field, wire_type) = encoding::decode_key(rest)?;
    let record = match wire_type {
        WireType::LengthDelimited => {
            let length = encoding::decode_varint(rest)? as usize;
            let (record, after) = rest.split_at(length.min(rest.len()));
            *rest = after;
            Some(record)
        }
        other => {
            encoding::skip_field(other, field, rest, DecodeContext::default())?;
            None
        }
    };
    Ok(Entry { field, record })
}

impl Message for Rows {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.encoded);
    }

    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        if wire_type == WireType::LengthDelimited {
            let length = encoding::decode_varint(buf)?;
            if length > buf.remaining() as u64 {
                return Err(missing());
            }
            encoding::encode_key(tag, wire_type, &mut self.encoded);
            encoding::encode_varint(length, &mut self.encoded);
            self.encoded.put(buf.take(length as usize));
            return Ok(());
        }
        // Not a list of records: only the key is kept, so that the error can name it.
        encoding::skip_field(wire_type, tag, buf, ctx)?;
        encoding::encode_key(tag, WireType::Varint, &mut self.encoded);
        encoding::encode_varint(0, &mut self.encoded);
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.encoded.len()
    }

    fn clear(&mut self) {
        self.encoded.clear();
    }
}

/// The error that prost gives for a message that ends too early; it has no constructor of its own.
fn missing() -> DecodeError {
    encoding::decode_varint(&mut Bytes::new()).expect_err("nothing to decode")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::records::Statement;

    #[test]
    fn records_come_back_as_sent_and_in_order() {
        let sent: Vec<_> = ["a", "b"]
            .iter()
            .map(|id| Statement { statement_id: id.to_string(), ..Default::default() })
            .collect();
        let wire = Rows::encode(1, &sent).encode_to_vec();
        let rows = Rows::decode(wire.as_slice()).unwrap();
        let back: Vec<_> =
            rows.entries().map(|e| Statement::decode(e.unwrap().record.unwrap()).unwrap()).collect();
        assert_eq!(back, sent);
    }

    #[test]
    fn a_message_cut_short_is_refused() {
        let wire = Rows::encode(1, &[Statement { statement_id: "long enough".into(), ..Default::default() }])
            .encode_to_vec();
        for end in 1..wire.len() {
            assert!(Rows::decode(&wire[..end]).is_err(), "{end} bytes were read");
        }
    }

    #[test]
    fn an_entry_that_is_not_a_message_is_kept_to_be_refused() {
        let rows = Rows::decode([9 << 3, 7].as_slice()).unwrap();
        let entries: Vec<_> = rows.entries().map(|e| e.unwrap()).collect();
        assert_eq!(entries, [Entry { field: 9, record: None }]);
    }
}
