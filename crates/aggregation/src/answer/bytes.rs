//! An answer as bytes: the keys of its places, and its columns in the engine's own format.

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use super::{Answer, Group};
use crate::groups;
use crate::groups::GroupKey;
use crate::saved::reader::{Reader, write_u32};

impl Answer {
    /// None where it cannot be written.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let key = |group: &Group| -> GroupKey {
            std::iter::once(group.area.clone()).chain(group.others.iter().cloned()).collect()
        };
        let keys = groups::bytes::write(&self.groups.iter().map(key).collect::<Vec<_>>());
        let mut to = Vec::new();
        write_u32(keys.len(), &mut to);
        to.extend(keys);
        let mut writer = StreamWriter::try_new(to, self.columns.schema_ref()).ok()?;
        writer.write(&self.columns).ok()?;
        writer.into_inner().ok()
    }

    /// The same, read; none where that is not it.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let length = from.count(1)?;
        let keys = groups::bytes::read(from.take(length)?)?;
        let group = |key: GroupKey| {
            let mut key = key.into_iter();
            Some(Group { area: key.next()?, others: key.collect() })
        };
        let groups = keys.into_iter().map(group).collect::<Option<Vec<_>>>()?;
        let columns = StreamReader::try_new(from.0, None).ok()?.next()?.ok()?;
        (columns.num_rows() == groups.len()).then_some(Self { groups, columns })
    }
}
