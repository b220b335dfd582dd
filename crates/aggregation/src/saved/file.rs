//! A file of what was computed: parts one after another, each with its name and a checksum. It is only ever appended to.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, remove_file, symlink_metadata};
use std::io::{Error, ErrorKind, Result, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::SystemTime;

use super::names::{FileName, Name, checksum, name};

/// Bytes before a part: its name, its length, its checksum, and one of those three.
const HEADER: usize = 16 + 8 + 16 + 16;

/// Where the parts of a file are.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// The file. A header is checked with it, so that a file under the name of another has no parts.
    file: FileName,
    parts: HashMap<Name, Part>,
    /// The end of what is whole.
    end: u64,
}

#[derive(Debug, Clone, Copy)]
struct Part {
    begin: u64,
    length: usize,
    checksum: Name,
}

impl Index {
    /// The parts of a file, up to where one is not whole; nothing of a file that is not there.
    pub(crate) fn read(path: &Path, name: &FileName) -> Result<Self> {
        let mut index = Self { file: name.clone(), parts: HashMap::new(), end: 0 };
        let file = match open(path) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(index),
            file => file?,
        };
        let length = file.metadata()?.len();
        let mut header = [0; HEADER];
        while index.end + HEADER as u64 <= length {
            file.read_exact_at(&mut header, index.end)?;
            let Some((name, part)) = index.header(&header) else { break };
            let end = part.begin.checked_add(part.length as u64).filter(|end| *end <= length);
            let Some(end) = end else { break };
            index.parts.insert(name, part);
            index.end = end;
        }
        // Files that nobody reads go first where there is no room.
        let _ = file.set_modified(SystemTime::now());
        Ok(index)
    }

    pub(crate) fn has(&self, name: &Name) -> bool {
        self.parts.contains_key(name)
    }

    /// A part; none that is not there. A file with a part that is not what was written is removed.
    pub(crate) fn part(&self, path: &Path, name: &Name) -> Result<Option<Vec<u8>>> {
        let Some(part) = self.parts.get(name) else { return Ok(None) };
        let mut content = vec![0; part.length];
        let read = open(path).and_then(|file| file.read_exact_at(&mut content, part.begin));
        match read {
            Ok(()) if checksum(&content) == part.checksum => Ok(Some(content)),
            Ok(()) => remove(path).map(|()| None),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Appends parts, after what is whole, and tells how many bytes there are more.
    pub(crate) fn append(&self, path: &Path, parts: &[(Name, Vec<u8>)]) -> Result<u64> {
        let mut bytes = Vec::with_capacity(parts.iter().map(|(_, part)| HEADER + part.len()).sum());
        for (name, part) in parts {
            let mut header = Vec::with_capacity(HEADER);
            header.extend(name);
            header.extend((part.len() as u64).to_le_bytes());
            header.extend(checksum(part));
            let its_checksum = self::name([self.file.as_str().as_bytes(), &header]);
            header.extend(its_checksum);
            bytes.extend(header);
            bytes.extend(part);
        }
        let mut file = match open(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => OpenOptions::new().create(true).append(true).open(path)?,
        };
        if file.metadata()?.len() > self.end {
            file.set_len(self.end)?;
        }
        file.write_all(&bytes)?;
        Ok(bytes.len() as u64)
    }

    /// The part that the next header is of; none of what is not a header.
    fn header(&self, header: &[u8; HEADER]) -> Option<(Name, Part)> {
        let (told, its_checksum) = header.split_at(HEADER - 16);
        if name([self.file.as_str().as_bytes(), told]) != its_checksum {
            return None;
        }
        let (part, rest) = told.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let checksum = *rest.first_chunk::<16>()?;
        Some((*part, Part { begin: self.end + HEADER as u64, length, checksum }))
    }
}

/// Opens a file, and nothing else: a pipe would be waited for.
fn open(path: &Path) -> Result<File> {
    if symlink_metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(Error::new(ErrorKind::InvalidData, "it is not a file"))
    }
}

fn remove(path: &Path) -> Result<()> {
    match remove_file(path) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}
