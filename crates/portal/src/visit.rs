//! Who asks for what: the language and the place that an address has.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use uplift_core::chinese::chinese_error;
use uplift_core::error::Error;
use uplift_core::language::Language;

/// The language of an address, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visit {
    pub(crate) language: Language,
    /// From the slash behind the language on: /indicators.
    pub(crate) path: String,
    /// What follows the question mark.
    pub(crate) query: String,
}

impl Visit {
    /// What an address asks for; in the language that a browser prefers where the address has none.
    pub(crate) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let (language, path) = match uri.path().get(..3) {
            Some("/en") if ends(uri.path()) => (Language::En, &uri.path()[3..]),
            Some("/zh") if ends(uri.path()) => (Language::Zh, &uri.path()[3..]),
            _ => (preferred(headers), uri.path()),
        };
        Self { language, path: path.to_owned(), query: uri.query().unwrap_or_default().to_owned() }
    }

    /// An address in the language of this one.
    pub(crate) fn href(&self, path: &str) -> String {
        format!("/{}{path}", code(self.language))
    }

    /// The same place in another language.
    pub(crate) fn same_in(&self, language: Language) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("/{}{}{mark}{}", code(language), self.path, self.query)
    }

    /// A text in its language.
    pub(crate) fn text<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        self.language.choose(en, zh)
    }
}

impl Visit {
    /// What an error says, in its language.
    pub(crate) fn error(&self, error: &Error) -> String {
        match self.language {
            Language::En => error.message.clone(),
            Language::Zh => chinese_error(error),
        }
    }
}

/// How an address names a language.
pub(crate) fn code(language: Language) -> &'static str {
    language.choose("en", "zh")
}

fn ends(path: &str) -> bool {
    matches!(path.as_bytes().get(3), None | Some(b'/'))
}

/// Chinese where it stands before English in what a browser accepts.
fn preferred(headers: &HeaderMap) -> Language {
    let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let first = accepted.split(',').map(|tag| tag.trim().to_ascii_lowercase()).find_map(|tag| {
        let starts = |code: &str| tag.starts_with(code);
        match (starts("zh"), starts("en")) {
            (true, _) => Some(Language::Zh),
            (_, true) => Some(Language::En),
            _ => None,
        }
    });
    first.unwrap_or(Language::En)
}

impl<S: Sync> FromRequestParts<S> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_language_and_the_switch_keeps_the_place() {
        let of = |uri: &str| Visit::of(&uri.parse().unwrap(), &HeaderMap::new());
        let visit = of("/zh/indicators?q=a&area=50");
        assert_eq!((visit.language, visit.path.as_str()), (Language::Zh, "/indicators"));
        assert_eq!(visit.same_in(Language::En), "/en/indicators?q=a&area=50");
        assert_eq!(visit.href("/datasets"), "/zh/datasets");
        // No language: what merely begins like one is none.
        for path in ["/", "/enough", "/style.css"] {
            assert_eq!(of(path).path, path);
        }
        let mut headers = HeaderMap::new();
        for (accepted, language) in
            [("fr, zh-CN;q=0.8, en;q=0.5", Language::Zh), ("en-GB, zh", Language::En), ("fr", Language::En)]
        {
            headers.insert(ACCEPT_LANGUAGE, accepted.parse().unwrap());
            assert_eq!(Visit::of(&Uri::from_static("/"), &headers).language, language);
        }
    }
}
