//! Groups as bytes: their keys, since numbers are of one process.

use super::GroupKey;
use crate::saved::reader::{Reader, write_text, write_u32};

/// The keys of all groups of a source.
pub(crate) fn write(keys: &[GroupKey]) -> Vec<u8> {
    let mut to = Vec::new();
    write_u32(keys.len(), &mut to);
    for key in keys {
        write_u32(key.len(), &mut to);
        for part in key {
            to.push(u8::from(part.is_some()));
            part.iter().for_each(|text| write_text(text, &mut to));
        }
    }
    to
}

/// The same, read; none where that is not it.
pub(crate) fn read(bytes: &[u8]) -> Option<Vec<GroupKey>> {
    let mut from = Reader(bytes);
    let count = from.count(4)?;
    let key = |from: &mut Reader<'_>| -> Option<GroupKey> {
        let parts = from.count(1)?;
        let part = |_| match from.byte()? {
            0 => Some(None),
            _ => from.text().map(|text| Some(text.into())),
        };
        (0..parts).map(part).collect()
    };
    let keys = (0..count).map(|_| key(&mut from)).collect::<Option<_>>()?;
    from.end(keys)
}
