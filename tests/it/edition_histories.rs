//! What a comparison finds after random histories, against a model of what each submission and definition brings.

use std::collections::{BTreeMap, BTreeSet};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uplift_proto::v1::reporting::{ChangeCauseKind, FigureChange, PublishReportRequest};
use uplift_testkit::Uplift;

use crate::clients::setting;
use crate::editions::{EN, STRUCTURE, ZH, asked, compared, flows, publish, published, settled, with_records};
use crate::figures::{hand_in_of, replace_of};
use crate::report::save_template;

/// A submission of a county that counts now: its id, and its flows by source.
#[derive(Debug, Clone)]
struct Live {
    id: String,
    flows: Vec<(&'static str, i64)>,
}

/// What there is at a time: what counties have handed in, and the version of the office's definition.
#[derive(Debug, Clone)]
struct State {
    counties: BTreeMap<&'static str, Vec<Live>>,
    version: usize,
    /// Rows so far.
    number: usize,
}

const COUNTIES: [&str; 3] = ["500101", "500102", "500103"];

/// Sources that versions of the office's indicator count.
const COUNTED: [&[&str]; 4] =
    [&["fiscal_national"], &["fiscal_national", "credit"], &["credit"], &["fiscal_national"]];

/// The figures of the template that flows of funds make: indicator, area.
const FIGURES: [(&str, &str); 6] = [
    ("fund.fiscal", "50"),
    ("fund.credit", "50"),
    ("fund.fiscal", "500101"),
    ("fund.fiscal", "500102"),
    ("fund.fiscal", "500103"),
    ("ours.total", "50"),
];

/// Declares the versions of the office's indicator, up to one.
fn declare(uplift: &Uplift, newest: usize) {
    let mut text = String::new();
    for (n, sources) in COUNTED.iter().take(newest).enumerate() {
        let sources: Vec<_> = sources.iter().map(|source| format!("'{source}'")).collect();
        text += &format!(
            "[[indicator]]\nid = \"ours.total\"\nversion = {}\nchanged = \"Other sources.\"\ntitle_en = \"Total\"\n\
             title_zh = \"合计\"\ndefinition_en = \"Of some sources.\"\ndefinition_zh = \"部分来源。\"\nunit = \"CNY\"\n\
             [indicator.value]\ndataset = \"fund_flow\"\nmeasure = \"sum(amount)\"\n\
             where = \"kind = 'disbursement' AND source IN ({})\"\n\n",
            n + 1,
            sources.join(", ")
        );
    }
    let folder = uplift.folder().join("indicators");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("ours.toml"), text).unwrap();
}

impl State {
    /// Each county begins with a file of its own, in place of what the other tests have.
    async fn begin(uplift: &Uplift) -> Self {
        let mut state = Self { counties: BTreeMap::new(), version: 1, number: 0 };
        declare(uplift, 1);
        for county in COUNTIES {
            state.number += 1;
            let amount = state.number as i64 * 100;
            let row = row(state.number, "fiscal_national", county, amount);
            let id = replace_of(county, uplift, "fund_flow", "2011", &flows(&row)).await;
            state.counties.insert(county, vec![Live { id, flows: vec![("fiscal_national", amount)] }]);
        }
        state
    }

    /// One random thing that happens: a county's file appended, or in place of all that it has; all that it has
    /// withdrawn; a new version of the definition.
    async fn act(&mut self, uplift: &Uplift, random: &mut ChaCha8Rng) {
        let county = COUNTIES[random.random_range(0..COUNTIES.len())];
        match random.random_range(0..20) {
            0..3 => {
                // All that it has is withdrawn: what comes in its place is of a kind that no figure counts.
                self.number += 1;
                let other = row(self.number, "credit", county, 1).replace("disbursement", "allocation");
                replace_of(county, uplift, "fund_flow", "2011", &flows(&other)).await;
                self.counties.insert(county, Vec::new());
            }
            3..5 if self.version < COUNTED.len() => {
                self.version += 1;
                declare(uplift, self.version);
            }
            kind => {
                let (mut rows, mut brought) = (String::new(), Vec::new());
                for _ in 0..random.random_range(1..4) {
                    self.number += 1;
                    let source = ["fiscal_national", "credit"][random.random_range(0..2)];
                    let amount = random.random_range(1..5_000);
                    rows += &row(self.number, source, county, amount);
                    brought.push((source, amount));
                }
                let (rows, live) = (flows(&rows), self.counties.entry(county).or_default());
                let id = match kind {
                    5..11 => {
                        live.clear();
                        replace_of(county, uplift, "fund_flow", "2011", &rows).await
                    }
                    _ => hand_in_of(county, uplift, "fund_flow", "2011", &rows).await,
                };
                live.push(Live { id, flows: brought });
            }
        }
    }

    /// What each submission brings to a figure: records, and their sum.
    fn brought(&self, (indicator, area): (&str, &str)) -> BTreeMap<String, (usize, i64)> {
        let sources = match indicator {
            "fund.fiscal" => &["fiscal_national"][..],
            "fund.credit" => &["credit"][..],
            _ => COUNTED[self.version - 1],
        };
        let counties = self.counties.iter().filter(|(code, _)| area == "50" || area == **code);
        let of_sources = |live: &Live| {
            let amounts = live.flows.iter().filter(|(source, _)| sources.contains(source)).map(|(_, a)| *a);
            let amounts: Vec<i64> = amounts.collect();
            (!amounts.is_empty()).then(|| (live.id.clone(), (amounts.len(), amounts.into_iter().sum())))
        };
        counties.flat_map(|(_, live)| live).filter_map(of_sources).collect()
    }
}

fn row(number: usize, source: &str, county: &str, amount: i64) -> String {
    format!("g{number},disbursement,{source},village,{county},2011-05-01,{amount}\n")
}

/// Values before and after, and causes with their shares, where those can be told.
type Expected = (i64, i64, BTreeMap<String, Option<i64>>);

fn expected(before: &State, after: &State, figure: (&str, &str)) -> Option<Expected> {
    let (old, new) = (before.brought(figure), after.brought(figure));
    let sum = |brought: &BTreeMap<String, (usize, i64)>| brought.values().map(|(_, sum)| sum).sum::<i64>();
    if sum(&old) == sum(&new) {
        return None;
    }
    let redefined = figure.0 == "ours.total" && before.version != after.version;
    let names: BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let share = |name: &String| {
        let value = |brought: &BTreeMap<String, (usize, i64)>| brought.get(name).map_or(0, |(_, sum)| *sum);
        // How much of it is the definition's cannot be told.
        (!redefined).then(|| value(&new) - value(&old))
    };
    let differ = names.iter().filter(|name| old.get(*name) != new.get(*name));
    let mut causes: BTreeMap<String, Option<i64>> = differ.map(|name| (name.clone(), share(name))).collect();
    if redefined {
        causes.insert(format!("ours.total@{} → @{}", before.version, after.version), None);
    }
    Some((sum(&old), sum(&new), causes))
}

fn found(change: FigureChange) -> ((String, String), Expected) {
    let value = |text: &str| text.parse::<i64>().unwrap_or_default();
    let causes = change.causes.iter().map(|cause| {
        let is_definition = cause.kind() == ChangeCauseKind::Definition;
        assert_eq!(is_definition, cause.name.contains('→'), "{cause:?}");
        (cause.name.clone(), cause.exact_share.parse::<i64>().ok())
    });
    let (before, after) = (value(&change.exact_value_before), value(&change.exact_value_after));
    ((change.indicator_id.clone(), change.area_code.clone()), (before, after, causes.collect()))
}

#[tokio::test]
async fn a_comparison_names_every_figure_that_differs_and_what_made_it() {
    let structure = STRUCTURE
        .replace("[tables.counties]", "own = \"ours.total\"\n\n[tables.counties]")
        .replace("[\"money-text\", ", "[\"money-text\", \"own-text\", ");
    let [en, zh] = [EN, ZH].map(|text| format!("{text}own-text = {{ $own }}.\n"));
    let (mut changed, mut redefined) = (0, 0);
    for seed in 0..setting("HISTORIES", 4) {
        let uplift = with_records().await;
        save_template(&uplift.folder().join("templates/ours"), &structure, &en, &zh);
        let mut random = ChaCha8Rng::seed_from_u64(seed as u64);
        let mut state = State::begin(&uplift).await;
        for _ in 0..random.random_range(0..6) {
            state.act(&uplift, &mut random).await;
        }
        let (checklist, _) = publish(&uplift, PublishReportRequest { check_only: true, ..asked() }).await;
        let edition = published(&uplift, settled(&checklist)).await;
        let shown: BTreeSet<_> =
            edition.figures.into_iter().map(|figure| (figure.indicator_id, figure.area_code)).collect();
        let before = state.clone();
        for _ in 0..random.random_range(1..8) {
            state.act(&uplift, &mut random).await;
        }

        // Of what the edition does not show, nothing changes in it.
        let owned = |(indicator, area): (&str, &str)| (indicator.to_owned(), area.to_owned());
        let expected: BTreeMap<_, _> = FIGURES
            .into_iter()
            .filter(|figure| shown.contains(&owned(*figure)))
            .filter_map(|figure| Some((owned(figure), expected(&before, &state, figure)?)))
            .collect();
        let changes = compared(&uplift, "ours-50-2011/1", "").await.changes;
        let found: BTreeMap<_, _> = changes.into_iter().map(found).collect();
        assert_eq!(found, expected, "seed {seed}");
        changed += found.len();
        redefined += usize::from(before.version != state.version);
    }
    println!("{changed} figures differ, {redefined} histories change the definition");
    assert!(changed > 0);
}
