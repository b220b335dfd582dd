//! A kit that is packed, and its bytes.

use std::io;
use std::path::PathBuf;

use bytes::Bytes;
use futures::{Stream, stream};
use tempfile::TempDir;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use crate::digest::digest_of_file;

const ARCHIVE: &str = "kit.tar.zst";

/// An archive, in a folder that is removed when it is let go.
#[derive(Debug)]
pub struct PackedKit {
    folder: TempDir,
}

impl PackedKit {
    pub(crate) fn new(folder: TempDir) -> Self {
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join(ARCHIVE)
    }

    /// SHA-256 of the archive, in hex.
    pub(crate) fn sha256(&self) -> io::Result<String> {
        digest_of_file(&self.path())
    }

    /// Its bytes, in chunks of at most `size`.
    pub(crate) fn chunks(self, size: usize) -> impl Stream<Item = io::Result<Bytes>> {
        let begin = (self, None::<File>);
        stream::try_unfold(begin, move |(kit, file)| async move {
            let mut file = match file {
                Some(file) => file,
                None => File::open(kit.path()).await?,
            };
            let mut chunk = Vec::with_capacity(size);
            (&mut file).take(size as u64).read_to_end(&mut chunk).await?;
            Ok((!chunk.is_empty()).then(|| (Bytes::from(chunk), (kit, Some(file)))))
        })
    }
}
