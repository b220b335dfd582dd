//! Opaque texts that callers send back: messages, encoded safely for a URL.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;

pub fn encode(message: &impl Message) -> String {
    URL_SAFE_NO_PAD.encode(message.encode_to_vec())
}

/// The message of a token; none if it is not a token of this kind.
pub fn decode<M: Message + Default>(token: &str) -> Option<M> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    M::decode(bytes.as_slice()).ok()
}
