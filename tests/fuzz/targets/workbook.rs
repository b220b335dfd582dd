//! The parts of a workbook, packed as one: the sheet, and behind a zero byte the shared texts.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use uplift_core::contained::is_contained;
use uplift_formats::{ReadingOptions, Table};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const RELATIONS: &str = "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">";
const TYPE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const BOOK: &str = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets><sheet name=\"s\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>";

fn workbook(sheet: &[u8], texts: &[u8]) -> Vec<u8> {
    let relation = |id: &str, kind: &str, target: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{TYPE}/{kind}\" Target=\"{target}\"/>")
    };
    let package = format!("{RELATIONS}{}</Relationships>", relation("rId1", "officeDocument", "xl/workbook.xml"));
    let own = relation("rId1", "worksheet", "worksheets/sheet1.xml")
        + &relation("rId2", "sharedStrings", "sharedStrings.xml");
    let own = format!("{RELATIONS}{own}</Relationships>");
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in [
        ("_rels/.rels", package.as_bytes()),
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", own.as_bytes()),
        ("xl/sharedStrings.xml", texts),
        ("xl/worksheets/sheet1.xml", sheet),
    ] {
        writer.start_file(name, stored).expect("a part begins");
        writer.write_all(content).expect("a part is written");
    }
    writer.finish().expect("an archive").into_inner()
}

fuzz_target!(
    init: {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| if !is_contained() { report(panic) }));
    },
    |bytes: &[u8]| {
        let zero = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let (sheet, texts) = (&bytes[..zero], bytes.get(zero + 1..).unwrap_or_default());
        let options = ReadingOptions::default();
        let Ok(table) = Table::parse("file".to_owned(), workbook(sheet, texts), options, &["income"]) else { return };
        if let Ok(numbers) = table.numbers("--income", "income") {
            assert_eq!(numbers.len(), table.rows());
        }
    }
);
