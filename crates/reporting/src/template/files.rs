//! The files of a template, and what is wrong with them by file and line.

use std::fmt;

use uplift_core::error::FieldViolation;

use crate::digest::digest;

/// A file of a template.
#[derive(Debug, Clone)]
pub(super) struct SourceFile {
    /// As people find it: annual/report.toml.
    pub(super) name: String,
    pub(super) content: String,
}

/// The files of a template.
#[derive(Debug, Clone)]
pub(crate) struct SourceFiles {
    pub(super) id: String,
    pub(super) structure: SourceFile,
    pub(super) en: SourceFile,
    pub(super) zh: SourceFile,
}

impl SourceFiles {
    /// SHA-256 of them in their order, each after its length, in hex.
    pub(super) fn sha256(&self) -> String {
        let mut content = Vec::new();
        for file in [&self.structure, &self.en, &self.zh] {
            content.extend_from_slice(&(file.content.len() as u64).to_be_bytes());
            content.extend_from_slice(file.content.as_bytes());
        }
        digest(&content)
    }
}

impl SourceFile {
    /// The line of a byte, counted from 1.
    pub(super) fn line_at(&self, byte: usize) -> usize {
        let end = self.content.floor_char_boundary(byte);
        self.content[..end].matches('\n').count() + 1
    }

    /// The line of a piece of the content, which tells by where it lies.
    pub(super) fn line_of(&self, piece: &str) -> usize {
        let start = (piece.as_ptr() as usize).checked_sub(self.content.as_ptr() as usize);
        start.filter(|start| *start <= self.content.len()).map_or(1, |start| self.line_at(start))
    }
}

/// Problems that were found.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Vec<FieldViolation>);

impl Problems {
    pub(super) fn add(&mut self, file: &SourceFile, line: usize, message: impl fmt::Display) {
        self.0.push(FieldViolation::new(format!("{}, line {line}", file.name), message));
    }
}
