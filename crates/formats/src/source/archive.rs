//! The archive that a workbook is: what it unpacks to is counted before anything is unpacked for use.

use std::io::{Cursor, Read, Write};

use bytes::Bytes;
use memchr::memchr_iter;
use uplift_core::error::{Error, Result};
use zip::ZipArchive;

/// Bytes that a workbook may unpack to; beyond the second number only as far as an ordinary one does.
const MAX_UNPACKED: u64 = 2 << 30;
const MAX_UNPACKED_TEXTS: u64 = 256 << 20;
const MAX_UNPACKED_ANYHOW: u64 = 64 << 20;
const MAX_RATIO: u64 = 200;
const MAX_PARTS: usize = 10_000;

/// Refuses an archive that unpacks to more than an ordinary workbook, whatever its directory says. Says whether a sheet
/// may have formulas.
pub(crate) fn check_archive(bytes: &Bytes) -> Result<bool> {
    let mut archive = ZipArchive::new(Cursor::new(bytes.clone()))
        .map_err(|e| Error::invalid_field("file", format!("is not a readable workbook: {e}")))?;
    let is_workbook = |name: &str| name.ends_with("workbook.xml");
    if archive.len() > MAX_PARTS || !archive.file_names().flatten().any(|name| is_workbook(&name)) {
        let message = "is an archive and not a workbook of Excel; save the table as .xlsx or CSV";
        return Err(Error::invalid_field("file", message));
    }
    let packed = bytes.len() as u64;
    let most = MAX_UNPACKED.min(MAX_UNPACKED_ANYHOW.max(packed.saturating_mul(MAX_RATIO)));
    let too_large = |claimed: u64| {
        let message = format!(
            "unpacks to {} MiB or more from {} KiB, which no ordinary workbook does; copy the table into a new workbook",
            claimed >> 20,
            packed >> 10
        );
        Error::invalid_field("file", message)
    };
    let sizes = (0..archive.len()).filter_map(|index| Some(archive.by_index_raw(index).ok()?.size()));
    let claimed = sizes.fold(0, u64::saturating_add);
    if claimed > most {
        return Err(too_large(claimed));
    }
    // A directory may lie, so that what is there is counted. Only sheets are read bit by bit; everything else is kept
    // in memory.
    let mut formulas = FormulaFinder::default();
    let mut room = most;
    let mut room_beside_sheets = MAX_UNPACKED_TEXTS.min(most);
    for index in 0..archive.len() {
        let Ok(mut part) = archive.by_index(index) else { continue };
        let mut begin = Vec::new();
        let read = part.by_ref().take(1024).read_to_end(&mut begin).unwrap_or_default() as u64;
        let is_sheet = begin.windows(10).any(|window| window == b"worksheet ");
        if is_sheet {
            formulas.search(&begin);
        }
        let allowed = if is_sheet { room } else { room.min(room_beside_sheets) };
        let rest = std::io::copy(&mut part.take(allowed + 1), &mut formulas).unwrap_or_default();
        if read + rest > allowed {
            return Err(too_large(most - room + read + rest));
        }
        room -= read + rest;
        room_beside_sheets -= if is_sheet { 0 } else { read + rest };
    }
    Ok(formulas.found)
}

/// Looks for elements of formulas in the bytes of sheets as they pass.
#[derive(Debug, Default)]
struct FormulaFinder {
    found: bool,
    /// The last bytes of the part before.
    last: [u8; 2],
}

impl FormulaFinder {
    fn search(&mut self, bytes: &[u8]) {
        let is_name = |before: u8, after: u8| {
            matches!(before, b'<' | b':') && matches!(after, b'>' | b'/' | b' ' | b'\n' | b'\r' | b'\t')
        };
        let at = |index: usize| match index.checked_sub(2) {
            Some(index) => bytes.get(index).copied().unwrap_or_default(),
            None => self.last[index],
        };
        let across = (1..3).any(|f| at(f) == b'f' && is_name(at(f - 1), at(f + 1)));
        self.found = self.found
            || across
            || memchr_iter(b'f', bytes)
                .any(|f| f > 0 && bytes.get(f + 1).is_some_and(|after| is_name(bytes[f - 1], *after)));
        self.last = [at(bytes.len()), at(bytes.len() + 1)];
    }
}

impl Write for FormulaFinder {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if !self.found {
            self.search(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_found_wherever_the_bytes_are_cut() {
        for (text, found) in [
            ("<c r=\"A1\"><f>1+1</f></c>", true),
            ("<x:c><x:f t=\"shared\" si=\"0\"/></x:c>", true),
            ("<c><v>5</v></c><font/>", false),
        ] {
            for step in 1..=text.len() {
                let mut finder = FormulaFinder::default();
                text.as_bytes().chunks(step).for_each(|part| finder.write_all(part).unwrap());
                assert_eq!(finder.found, found, "{text} in parts of {step} bytes");
            }
        }
    }
}
