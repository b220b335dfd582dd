//! What somebody may have meant by a name that does not exist.

/// Bytes of a name that are compared.
const MAX_NAME: usize = 100;

/// The known name that is most like this one; none where nothing is known. Of equally near names the
/// first in alphabetical order, so that the same mistake gets the same advice.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A name much longer than any real one is like none of them, and comparing it takes the square of its length.
    let name = name.get(..name.floor_char_boundary(MAX_NAME)).unwrap_or(name);
    let likeness = |other: &str| strsim::jaro_winkler(other, name);
    known.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)).then_with(|| b.cmp(a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_name_is_suggested() {
        assert_eq!(nearest("ingest_prot", ["metrics_port", "ingest_port", "listen"]), Some("ingest_port"));
        assert_eq!(nearest("anything", []), None);
        assert_eq!(nearest("x", ["b", "a"]), Some("a"));
        assert_eq!(nearest(&"贫困".repeat(1 << 20), ["poverty"]), Some("poverty"));
    }
}
