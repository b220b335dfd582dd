//! The fonts of pages: of those that are installed, the first of each list that has Chinese and Latin characters.

use std::path::PathBuf;
use std::sync::OnceLock;

use fontdb::{Database, FaceInfo, Source, Stretch, Style};
use typst::text::{FontBook, FontInfo};
use typst::utils::LazyHash;
use uplift_core::error::{Error, ErrorKind, Result};

/// For text and tables.
const SANS: [&str; 6] = [
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
];
/// For headings.
const SERIF: [&str; 6] = [
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Source Han Serif CN",
    "Noto Serif SC",
    "Songti SC",
    "SimSun",
];
/// For queries.
const MONO: [&str; 3] = ["Noto Sans Mono CJK SC", "Source Han Mono SC", "Menlo"];

/// Fonts that were found. Their files are read when pages are set: they are large.
#[derive(Debug)]
pub struct Fonts {
    pub(crate) book: LazyHash<FontBook>,
    /// In the order of the book.
    pub(crate) faces: Vec<Face>,
    /// Family for text and tables.
    pub(crate) sans: String,
    /// Family for headings.
    pub(crate) serif: String,
    /// Family for queries.
    pub(crate) mono: String,
}

/// A font in a file, which may have several.
#[derive(Debug)]
pub(crate) struct Face {
    pub(crate) path: PathBuf,
    pub(crate) index: u32,
}

impl Fonts {
    /// The fonts of this machine, looked for once; an error says what to install.
    pub fn installed() -> Result<&'static Self> {
        static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
        let missing = || {
            let message = "a PDF needs a font with Chinese characters, and none is installed; install Noto Sans CJK, as with: apt-get install fonts-noto-cjk";
            Error::new(ErrorKind::FailedPrecondition, message)
        };
        FONTS.get_or_init(Self::find).as_ref().ok_or_else(missing)
    }

    /// Whether one of them has a character.
    pub(crate) fn have(&self, c: char) -> bool {
        let infos = (0..self.faces.len()).filter_map(|face| self.book.info(face));
        infos.into_iter().any(|info| info.coverage.contains(c as u32))
    }

    fn find() -> Option<Self> {
        let mut installed = Database::new();
        installed.load_system_fonts();
        let has = |family: &&&str| installed.faces().any(|face| is_upright(face, family));
        let sans = *SANS.iter().find(has)?;
        let serif = *SERIF.iter().find(has).unwrap_or(&sans);
        let mono = *MONO.iter().find(has).unwrap_or(&sans);
        let (mut faces, mut infos) = (Vec::new(), Vec::new());
        let wanted = |face: &&FaceInfo| [sans, serif, mono].iter().any(|family| is_upright(face, family));
        for face in installed.faces().filter(wanted) {
            let (Source::File(path) | Source::SharedFile(path, _)) = &face.source else { continue };
            let info = installed.with_face_data(face.id, FontInfo::new).flatten();
            let Some(info) = info else { continue };
            infos.push(info);
            faces.push(Face { path: path.clone(), index: face.index });
        }
        let book = LazyHash::new(FontBook::from_infos(infos));
        let family = str::to_owned;
        (!faces.is_empty()).then(|| Self {
            book,
            faces,
            sans: family(sans),
            serif: family(serif),
            mono: family(mono),
        })
    }
}

fn is_upright(face: &FaceInfo, family: &str) -> bool {
    let named = face.families.iter().any(|(name, _)| name == family);
    named && face.style == Style::Normal && face.stretch == Stretch::Normal
}
