//! The rejected rows of a file as a file of the same kind, for the sender to correct and submit.

use std::collections::BTreeMap;

use uplift_core::error::{Error, Result};

use crate::cell;
use crate::csv_reader::Reader;
use crate::text::Text;

/// Heading of the column of reasons.
pub(crate) const REASON: &str = "reason 原因";

/// The rows that have a reason, as they are written in the file and in its encoding, each with its reason
/// in a last column. Rows are counted from 1.
pub fn rejected_rows(file: Vec<u8>, reasons: &BTreeMap<i64, String>) -> Result<Vec<u8>> {
    let text = Text::decode(file)?;
    let failed = |e: csv::Error| Error::internal("writing rejected rows", e);
    let reader = Reader::new(&text.content)?;
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    let mut headings = reader.headings().to_vec();
    let reason_column = headings.iter().position(|h| h == REASON);
    if reason_column.is_none() {
        headings.push(REASON.to_owned());
    }
    writer.write_record(&headings).map_err(failed)?;
    for row in reader.rows() {
        let row = row?;
        if let Some(reason) = reasons.get(&row.number) {
            let cells = row.cells.iter().enumerate().filter(|(n, _)| Some(*n) != reason_column);
            let cells = cells.map(|(_, cell)| cell).chain([reason.as_str()]);
            writer.write_record(cells.map(|cell| cell::shown(cell).into_owned())).map_err(failed)?;
        }
    }
    let bytes = writer.into_inner().map_err(|e| Error::internal("writing rejected rows", e.into_error()))?;
    Ok(text.encode(&String::from_utf8_lossy(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_rows_go_back_once_with_the_newest_reason() {
        let file = "a,b\r\n1,x\n2,y\n3,\"z, z\"\n".as_bytes().to_vec();
        let reasons = BTreeMap::from([(1, "b: wrong".to_owned()), (3, "a: twice".to_owned())]);
        let rejected = rejected_rows(file, &reasons).unwrap();
        assert_eq!(
            String::from_utf8(rejected.clone()).unwrap(),
            "a,b,reason 原因\n1,x,b: wrong\n3,\"z, z\",a: twice\n"
        );
        let repeated = rejected_rows(rejected, &BTreeMap::from([(2, "a: still".to_owned())])).unwrap();
        assert_eq!(String::from_utf8(repeated).unwrap(), "a,b,reason 原因\n3,\"z, z\",a: still\n");
    }
}
