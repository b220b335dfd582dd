//! Names of what is saved: digests of what it is of.

/// A digest.
pub(crate) type Name = [u8; 16];

/// The digest of texts, each with its length.
pub(crate) fn name<'t>(texts: impl IntoIterator<Item = &'t [u8]>) -> Name {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text);
    }
    beginning(&hasher.finalize())
}

pub(crate) fn checksum(bytes: &[u8]) -> Name {
    beginning(&blake3::hash(bytes))
}

fn beginning(digest: &blake3::Hash) -> Name {
    let mut name = Name::default();
    name.copy_from_slice(&digest.as_bytes()[..16]);
    name
}

/// The name of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileName(String);

/// What names of answers begin with.
pub(crate) const ANSWER: &str = "answer";

impl FileName {
    /// Of states of a data file: it begins with what tells that, since it goes when the data file does.
    pub(crate) fn of_states(data_file: &str, what: &Name) -> Self {
        Self(format!("{}-{}", of_data_file(data_file), hex(what)))
    }

    pub(crate) fn of_answer(what: &Name) -> Self {
        Self(format!("{ANSWER}-{}", hex(what)))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// What names of files with states of a data file begin with. Its own name has a digest: its folder does not matter.
pub(crate) fn of_data_file(path: &str) -> String {
    let own = path.rsplit('/').next().unwrap_or(path);
    hex(&name([own.as_bytes()]))
}

fn hex(name: &Name) -> String {
    name.iter().map(|byte| format!("{byte:02x}")).collect()
}
