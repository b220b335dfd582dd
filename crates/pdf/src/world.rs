//! What a template sees: itself, its data, fonts, and nothing else of the machine.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Dict, Duration, Value};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World, WorldExt};

use crate::fonts::Fonts;

/// Ids of the two files; ids are never given back, so they are made once.
static FILES: LazyLock<[Option<FileId>; 2]> = LazyLock::new(|| {
    ["/template.typ", "/data.json"].map(|path| {
        VirtualPath::new(path).ok().map(|path| RootedPath::new(VirtualRoot::Project, path).intern())
    })
});

pub(crate) struct Sheet {
    library: LazyHash<Library>,
    fonts: &'static Fonts,
    /// Those that were read, in the order of the book, and the files that they are in.
    read: Vec<OnceLock<Option<Font>>>,
    font_files: Mutex<HashMap<&'static Path, Bytes>>,
    template: Source,
    data: (FileId, Bytes),
}

impl Sheet {
    /// None if the names of its files are none, which they are.
    pub(crate) fn new(template: &str, data: Vec<u8>, fonts: &'static Fonts) -> Option<Self> {
        let [main, data_file] = *FILES;
        let family = |name: &str| Value::Str(name.into());
        let inputs: Dict = [
            ("sans".into(), family(&fonts.sans)),
            ("serif".into(), family(&fonts.serif)),
            ("mono".into(), family(&fonts.mono)),
        ]
        .into_iter()
        .collect();
        // Headings of rows are told to screen readers by a feature that typst has not yet settled.
        let features = [Feature::A11yExtras].into_iter().collect();
        let library = Library::builder().with_inputs(inputs).with_features(features).build();
        Some(Self {
            library: LazyHash::new(library),
            fonts,
            read: fonts.faces.iter().map(|_| OnceLock::new()).collect(),
            font_files: Mutex::default(),
            template: Source::new(main?, template.to_owned()),
            data: (data_file?, Bytes::new(data)),
        })
    }

    fn font_file(&self, path: &'static Path) -> Option<Bytes> {
        let mut files = self.font_files.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = files.get(path) {
            return Some(file.clone());
        }
        let file = Bytes::new(std::fs::read(path).ok()?);
        files.insert(path, file.clone());
        Some(file)
    }

    /// Line of the template that a diagnostic is about.
    pub(crate) fn line(&self, diagnostic: &SourceDiagnostic) -> Option<usize> {
        let range = self.range(diagnostic.span)?;
        self.template.lines().byte_to_line(range.start).map(|line| line + 1)
    }
}

impl World for Sheet {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        if id == self.data.0 { Ok(self.data.1.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn font(&self, index: usize) -> Option<Font> {
        let face = self.fonts.faces.get(index)?;
        self.read.get(index)?.get_or_init(|| Font::new(self.font_file(&face.path)?, face.index)).clone()
    }

    /// A page says nothing of the day on which it is set, so that it can be set again.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
