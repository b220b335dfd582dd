//! The header of a submission, checked once and typed from then on.

use sha2::{Digest, Sha256};
use uplift_core::area::AreaCode;
use uplift_core::dataset::Dataset;
use uplift_core::error::{Error, FieldViolation, Result};
use uplift_core::period::Period;
use uplift_proto::v1::ingest as wire;
use uplift_store::schema::Scope;

/// The area and the period that a submission reports for.
pub(crate) type AreaAndPeriod = (String, String);

/// A header that was checked.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub submission_id: String,
    /// Dataset of all its rows.
    pub dataset: &'static Dataset,
    /// Area it reports for.
    pub area: AreaCode,
    /// Period it reports for.
    pub period: Period,
    /// Whether its rows replace those of earlier submissions for its area and period.
    pub replace: bool,
    /// Whether good rows are accepted when others are rejected.
    pub accept_good_rows: bool,
    pub sender: String,
    pub simulated: bool,
}

const MAX_ID: usize = 200;
const MAX_SENDER: usize = 200;

impl Header {
    /// Checks a header, which is at `path` in its request, and reports every invalid field at once.
    pub(crate) fn parse(path: &str, header: Option<wire::SubmissionHeader>) -> Result<Self> {
        let Some(wire) = header else {
            return Err(Error::invalid_field(
                path,
                "is missing; it names the dataset, area and period of the rows",
            ));
        };
        let mut violations = Vec::new();
        let mut wrong = |field: &str, description: String| {
            violations.push(FieldViolation::new(format!("{path}.{field}"), description));
        };
        let id_fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
        if wire.submission_id.is_empty()
            || wire.submission_id.len() > MAX_ID
            || !wire.submission_id.chars().all(id_fits)
        {
            let hint = "a UUID, or a path such as county/2011/households/3";
            wrong(
                "submission_id",
                format!("must be 1 to {MAX_ID} letters, digits or . - _ / : ; use {hint}"),
            );
        }
        let dataset = uplift_proto::dataset::find(&wire.dataset);
        if dataset.is_none() {
            wrong("dataset", unknown_dataset(&wire.dataset));
        }
        let area = wire.area_code.parse::<AreaCode>().map_err(|e| wrong("area_code", e.to_string()));
        let period = wire.period.parse::<Period>().map_err(|e| wrong("period", e.to_string()));
        if let Ok(period) = period
            && period.is_day()
        {
            wrong(
                "period",
                format!("is a day; report for its month or year, as {}", &period.to_string()[..7]),
            );
        }
        let mode = wire::Mode::try_from(wire.mode).map_err(|_| wrong("mode", unlisted(wire.mode)));
        let policy = wire::Policy::try_from(wire.policy).map_err(|_| wrong("policy", unlisted(wire.policy)));
        if wire.sender.is_empty()
            || wire.sender.chars().count() > MAX_SENDER
            || wire.sender.chars().any(char::is_control)
        {
            let hint = "give the name of the sending office";
            wrong(
                "sender",
                format!("must be 1 to {MAX_SENDER} characters, none a control character; {hint}"),
            );
        }
        let (Some(dataset), Ok(area), Ok(period), Ok(mode), Ok(policy), true) =
            (dataset, area, period, mode, policy, violations.is_empty())
        else {
            return Err(Error::invalid(violations));
        };
        Ok(Self {
            submission_id: wire.submission_id,
            dataset,
            area,
            period,
            replace: mode == wire::Mode::Replace,
            accept_good_rows: policy == wire::Policy::AcceptGoodRows,
            sender: wire.sender,
            simulated: wire.simulated,
        })
    }

    pub(crate) fn area_and_period(&self) -> AreaAndPeriod {
        (self.area.to_string(), self.period.to_string())
    }

    /// The scope of its rows: what a replacing submission replaces.
    pub(crate) fn scope(&self) -> Scope {
        let (area, period) = self.area_and_period();
        Scope { year: self.period.year(), county: self.area.county().to_owned(), area, period }
    }

    /// A digest of the header and the content: equal for a repeat, different for anything else.
    pub(crate) fn digest(&self, content: &[&[u8]]) -> String {
        let mut hash = Sha256::new();
        let flags = [self.replace, self.accept_good_rows, self.simulated].map(u8::from);
        let period = self.period.to_string();
        let own: [&[u8]; 5] = [
            self.dataset.name.as_bytes(),
            self.area.as_str().as_bytes(),
            period.as_bytes(),
            self.sender.as_bytes(),
            &flags,
        ];
        for part in own.iter().chain(content) {
            // Lengths separate neighbouring parts.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }
}

/// The message for the name of a dataset that does not exist.
pub(crate) fn unknown_dataset(name: &str) -> String {
    let names: Vec<_> = uplift_proto::dataset::all().iter().map(|d| d.name.as_str()).collect();
    format!("{name:?} is not a dataset; write one of {}", names.join(", "))
}

fn unlisted(number: i32) -> String {
    format!("{number} is not a known value")
}
