//! What a browser may keep, and for how long.

use axum::http::HeaderValue;

/// What may be kept of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CachePolicy {
    /// It never changes under its address: a style sheet by its digest, a file of an edition.
    Immutable,
    /// It may be kept, and is asked for each time: its tag tells whether it changed.
    Revalidate,
    /// It is of one person's work, as a file that is being handed in.
    Never,
}

impl CachePolicy {
    /// The header that says so.
    pub(crate) fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Revalidate => "no-cache",
            Self::Never => "no-store",
        })
    }
}

/// What a page may load and send: its own style sheet, and forms to where it came from.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// What a report may load, which has its style in itself: nothing, and it sends nothing.
pub(crate) const REPORT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox allow-popups";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_never_changes_is_kept_without_asking() {
        let of = |policy: CachePolicy| policy.header().to_str().unwrap().to_owned();
        assert!(of(CachePolicy::Immutable).contains("immutable"));
        assert_eq!(of(CachePolicy::Revalidate), "no-cache");
        assert_eq!(of(CachePolicy::Never), "no-store");
    }

    #[test]
    fn no_policy_lets_a_script_run_or_a_stranger_be_asked() {
        for policy in [PAGE_POLICY, REPORT_POLICY] {
            assert!(policy.starts_with("default-src 'none'"));
            assert!(!policy.contains("script-src") && !policy.contains("http"), "{policy}");
        }
    }
}
