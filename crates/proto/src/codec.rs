//! How messages of a call are encoded and decoded. A request that cannot be decoded, or that has a field which
//! its message does not declare, is the caller's error: nothing that was sent is dropped without a word.

use std::marker::PhantomData;

use bytes::{Buf, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost::{Message, Name};
use prost_reflect::{Kind, MessageDescriptor};
use tonic::codec::{BufferSettings, Codec, DecodeBuf, Decoder};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;
use uplift_core::error::Error;

use crate::dataset::{ROWS, pool};
use crate::status::to_status;

/// Protobuf as tonic encodes it, decoded strictly.
#[derive(Debug)]
pub struct StrictCodec<T, U> {
    messages: PhantomData<(T, U)>,
}

impl<T, U> Default for StrictCodec<T, U> {
    fn default() -> Self {
        Self { messages: PhantomData }
    }
}

impl<T, U> Codec for StrictCodec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Name + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = StrictDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        StrictDecoder { message: PhantomData }
    }
}

/// Decodes one kind of message.
#[derive(Debug)]
pub struct StrictDecoder<U> {
    message: PhantomData<U>,
}

impl<U: Message + Name + Default> Decoder for StrictDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        let bytes = buf.copy_to_bytes(buf.remaining());
        // Answers may have fields that a newer service added; a client passes them over.
        if !U::NAME.ends_with("Request") {
            let unreadable = |e| Status::new(Code::Internal, format!("the answer cannot be decoded: {e}"));
            return U::decode(bytes).map(Some).map_err(unreadable);
        }
        decode(bytes).map(Some)
    }
}

/// A request from its bytes; refused if they are not one, or have a field that it does not declare.
pub fn decode<M: Message + Name + Default>(bytes: Bytes) -> Result<M, Status> {
    let wrong = |e: prost::DecodeError| Error::invalid_field("request", format!("cannot be decoded: {e}"));
    let message = M::decode(bytes.clone()).map_err(|e| to_status(wrong(e)))?;
    if let Some(descriptor) = pool().get_message_by_name(&M::full_name())
        && let Some(path) = unknown_field(&descriptor, &bytes)
    {
        let remedy = format!("is not a field of {}; leave it out", M::NAME);
        return Err(to_status(Error::invalid_field(path, remedy)));
    }
    Ok(message)
}

/// The path of the first field that a message does not declare. The bytes were decoded before, so that
/// they are well formed and not nested deeper than protobuf allows.
fn unknown_field(descriptor: &MessageDescriptor, mut bytes: &[u8]) -> Option<String> {
    while !bytes.is_empty() {
        let (number, wire_type) = decode_key(&mut bytes).ok()?;
        let Some(field) = descriptor.get_field(number) else { return Some(number.to_string()) };
        if wire_type != WireType::LengthDelimited {
            skip_field(wire_type, number, &mut bytes, DecodeContext::default()).ok()?;
            continue;
        }
        let length = usize::try_from(decode_varint(&mut bytes).ok()?).ok()?;
        let (inner, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        // Records are decoded by ingest, which rejects an unknown field with its row.
        if let Kind::Message(message) = field.kind()
            && message.full_name() != ROWS
            && let Some(path) = unknown_field(&message, inner)
        {
            return Some(format!("{}.{path}", field.name()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::v1::metrics::{IndicatorQuery, QueryIndicatorsRequest};

    #[test]
    fn an_unknown_field_is_found_at_any_depth_and_known_ones_pass() {
        let query = IndicatorQuery {
            periods: vec!["2011".to_owned()],
            table_versions: [("area".to_owned(), 3)].into(),
            ..IndicatorQuery::default()
        };
        let known = QueryIndicatorsRequest { query: Some(query.clone()), ..Default::default() };
        let descriptor = pool().get_message_by_name(&QueryIndicatorsRequest::full_name()).unwrap();
        assert_eq!(unknown_field(&descriptor, &known.encode_to_vec()), None);
        let mut inner = query.encode_to_vec();
        inner.extend([0x98, 6, 1]);
        let unknown = |key: u8, inner: &[u8]| {
            let mut outer = vec![key, inner.len() as u8];
            outer.extend(inner);
            unknown_field(&descriptor, &outer)
        };
        assert_eq!(unknown(1 << 3 | 2, &inner).as_deref(), Some("query.99"));
        assert_eq!(unknown(15 << 3 | 2, b"x"), Some("15".to_owned()));
    }
}
