//! Arrow IPC decoded from bytes that are there: the library's readers set aside whatever length a message claims, and
//! a few bytes may claim more than any machine has.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::buffer::Buffer;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ipc::convert::fb_to_schema;
use arrow::ipc::reader::{FileDecoder, StreamDecoder, read_footer_length};
use arrow::ipc::{Block, root_as_footer};
use bytes::Bytes;

/// Bytes behind the footer of a file: its length and the magic word.
const TRAILER: usize = 10;

/// A file with a footer that says where its batches are.
pub(super) struct ArrowFile {
    pub(super) schema: SchemaRef,
    buffer: Buffer,
    decoder: FileDecoder,
    batches: std::vec::IntoIter<Block>,
}

impl ArrowFile {
    pub(super) fn open(bytes: Bytes) -> Result<Self, ArrowError> {
        let buffer = Buffer::from(bytes);
        let wrong = || ArrowError::IpcError("its footer is not where it should be".to_owned());
        let trailer = buffer.len().checked_sub(TRAILER).ok_or_else(wrong)?;
        let length = read_footer_length(buffer[trailer..].try_into().map_err(|_| wrong())?)?;
        let start = trailer.checked_sub(length).ok_or_else(wrong)?;
        let footer = root_as_footer(&buffer[start..trailer])
            .map_err(|e| ArrowError::IpcError(format!("its footer cannot be read: {e}")))?;
        let schema = Arc::new(fb_to_schema(footer.schema().ok_or_else(wrong)?));
        let mut decoder = FileDecoder::new(schema.clone(), footer.version());
        for block in footer.dictionaries().iter().flatten() {
            decoder.read_dictionary(block, &slice(&buffer, block)?)?;
        }
        let batches: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        Ok(Self { schema, buffer: buffer.clone(), decoder, batches: batches.into_iter() })
    }
}

impl Iterator for ArrowFile {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let block = self.batches.next()?;
        let batch =
            slice(&self.buffer, &block).and_then(|data| self.decoder.read_record_batch(&block, &data));
        batch.transpose()
    }
}

/// The bytes of a block, if they are in the file.
fn slice(buffer: &Buffer, block: &Block) -> Result<Buffer, ArrowError> {
    let place = || {
        let offset = usize::try_from(block.offset()).ok()?;
        let metadata = usize::try_from(block.metaDataLength()).ok()?;
        let length = metadata.checked_add(usize::try_from(block.bodyLength()).ok()?)?;
        (offset.checked_add(length)? <= buffer.len()).then_some((offset, length))
    };
    let (offset, length) =
        place().ok_or_else(|| ArrowError::IpcError("a batch is not in the file".to_owned()))?;
    Ok(buffer.slice_with_length(offset, length))
}

/// Messages one after the other.
pub(super) struct ArrowStream {
    pub(super) schema: SchemaRef,
    buffer: Buffer,
    decoder: StreamDecoder,
    /// The batch that came with the schema.
    first: Option<RecordBatch>,
}

impl ArrowStream {
    pub(super) fn open(bytes: Bytes) -> Result<Self, ArrowError> {
        let (mut buffer, mut decoder) = (Buffer::from(bytes), StreamDecoder::new());
        let first = decoder.decode(&mut buffer)?;
        let schema = decoder.schema().ok_or_else(|| ArrowError::IpcError("it has no schema".to_owned()))?;
        Ok(Self { schema, buffer, decoder, first })
    }
}

impl Iterator for ArrowStream {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        if self.buffer.is_empty() {
            // A stream that was cut off is told as such, once.
            return std::mem::take(&mut self.decoder).finish().err().map(Err);
        }
        match self.decoder.decode(&mut self.buffer) {
            Ok(Some(batch)) => Some(Ok(batch)),
            Ok(None) => self.next(),
            Err(error) => Some(Err(error)),
        }
    }
}
