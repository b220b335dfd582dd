//! A part of an edition that is not what was published.

use uplift_core::language::Bilingual;
use uplift_proto::v1::reporting::Difference;

/// A part that differs.
pub(crate) fn difference(part: &str, published: &str, current: &str, message: Bilingual) -> Difference {
    Difference {
        part: part.to_owned(),
        published: published.to_owned(),
        current: current.to_owned(),
        message_en: message.en,
        message_zh: message.zh,
    }
}
