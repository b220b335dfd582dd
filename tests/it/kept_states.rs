//! What is kept of data files, in memory and on disk, against computing from nothing, over random histories; and against
//! the query engine, which recomputes every figure by SQL from the records.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, QueryIndicatorsRequest, TraceFigureRequest};
use uplift_proto::v1::records::AreaLevel;
use uplift_server::config::Config;
use uplift_server::node::Node;
use uplift_testkit::Uplift;

use crate::clients::setting;
use crate::figures::{hand_in, hand_in_as, hand_in_of, replace_of};

const COUNTIES: [&str; 3] = ["500101", "500102", "500103"];

/// Sections whose indicators are of households.
const SECTIONS: [&str; 3] = ["poverty", "inequality", "deprivation"];

const HEAD: &str = "household_id,year,area_code,size,income,status,weight,stratum,cluster,deprived_schooling,\
                    deprived_health,deprived_housing,deprived_water,deprived_road,deprived_power\n";

/// A household's row; of a sample or of the register, poor or not, with answers or without, in a village or a county.
fn household(random: &mut ChaCha8Rng, id: usize, year: u16, county: &str) -> String {
    let size = random.random_range(1..7);
    let income = match random.random_range(0..12) {
        0 => String::new(),
        1 => format!("-{}", random.random_range(0..3_000)),
        // Many have the same.
        2..5 => format!("{}", 2_000 * size),
        _ => format!("{}.{:02}", random.random_range(0..9_000) * size, random.random_range(0..100)),
    };
    let area = match random.random_range(0..4) {
        0 => county.to_owned(),
        village => format!("{county}00{village}20{village}"),
    };
    let (weight, stratum, cluster) = match random.random_range(0..5) {
        0 => (String::new(), "", String::new()),
        _ => {
            let weight = format!("{}.{}", random.random_range(0..40), random.random_range(0..1_000));
            // A cluster may lie in several counties' files.
            (weight, ["hills", "plain"][random.random_range(0..2)], format!("c{}", random.random_range(0..9)))
        }
    };
    let answer = |random: &mut ChaCha8Rng| ["true", "false", "false", ""][random.random_range(0..4)];
    let answers: Vec<_> = (0..6).map(|_| answer(random)).collect();
    let answers = answers.join(",");
    let status = ["registered", "not_poor", "lifted", "closed"][random.random_range(0..4)];
    format!("H{id},{year},{area},{size},{income},{status},{weight},{stratum},{cluster},{answers}\n")
}

/// A service of metrics alone, over the same tables: it knows nothing of what was computed before.
async fn from_nothing(uplift: &Uplift, query: &IndicatorQuery) -> Vec<Figure> {
    let mut config = Config::on_free_ports(uplift.folder());
    config.services = vec![Service::Metrics.into()];
    config.metrics.cache_mb = 0;
    let node = Node::start(&config).await.unwrap();
    let address = node.address(Service::Metrics).unwrap();
    let channel = uplift_client::connect(&format!("http://{address}")).await.unwrap();
    let figures = asked(&mut uplift_client::metrics(channel), query).await;
    node.stop().await.unwrap();
    figures
}

async fn asked(metrics: &mut uplift_client::MetricsClient, query: &IndicatorQuery) -> Vec<Figure> {
    let request =
        QueryIndicatorsRequest { query: Some(query.clone()), page_size: 5_000, ..Default::default() };
    let mut answer = metrics.query_indicators(request).await.unwrap().into_inner();
    assert_eq!(answer.next_page_token, "");
    answer.figures.iter_mut().for_each(|figure| figure.trace.clear());
    answer.figures
}

/// Households by year: mostly those of the year before or after in the same county, some that moved here, and new ones.
#[derive(Default)]
struct Households {
    known: usize,
    of_year: BTreeMap<u16, Vec<(usize, &'static str)>>,
}

impl Households {
    fn next(&mut self, random: &mut ChaCha8Rng, year: u16, county: &'static str) -> usize {
        let is_there =
            |id: usize| self.of_year.get(&year).is_some_and(|all| all.iter().any(|(known, _)| *known == id));
        let other = self.of_year.get(&(4021 - year)).into_iter().flatten();
        let mut others = other.filter(|(id, home)| {
            let may_move = random.random_bool(0.03);
            (*home == county || may_move) && !is_there(*id) && random.random_bool(0.3)
        });
        let id = others.next().map_or(self.known + 1, |(id, _)| *id);
        self.known = self.known.max(id);
        self.of_year.entry(year).or_default().push((id, county));
        id
    }
}

fn question(random: &mut ChaCha8Rng) -> IndicatorQuery {
    let places = [
        ("50", AreaLevel::Unspecified),
        ("50", AreaLevel::County),
        ("50", AreaLevel::Village),
        (COUNTIES[0], AreaLevel::Unspecified),
        (COUNTIES[0], AreaLevel::Village),
    ];
    let (area, level) = places[random.random_range(0..places.len())];
    IndicatorQuery {
        sections: vec![SECTIONS[random.random_range(0..SECTIONS.len())].to_owned()],
        area_code: area.to_owned(),
        by_level: level.into(),
        periods: vec!["2011".to_owned()],
        compare_previous_year: random.random_bool(0.5),
        highest: if level != AreaLevel::Unspecified && random.random_bool(0.3) { 2 } else { 0 },
        ..Default::default()
    }
}

/// Records of households that are in both years.
async fn records_of_both_years(uplift: &Uplift) -> usize {
    let query = IndicatorQuery {
        indicators: vec!["poverty.persistence".into()],
        area_code: "50".into(),
        periods: vec!["2011".into()],
        ..Default::default()
    };
    asked(&mut uplift.metrics().await, &query).await.iter().map(|figure| figure.records as usize).sum()
}

/// The counties, with villages in each.
fn areas() -> String {
    let mut areas = String::from("area_code,valid_from,level,name_en,name_zh\n");
    for county in COUNTIES {
        areas += &format!("{county},2010-01-01,county,County,县\n");
        for village in 1..4 {
            areas += &format!("{county}00{village}20{village},2010-01-01,village,Village,村\n");
        }
    }
    areas
}

/// Files below a folder, in order.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// What may befall the files of a cache between two starts; mostly nothing.
fn damage(random: &mut ChaCha8Rng, cache: &Path) {
    let files = files_below(cache);
    if files.is_empty() {
        return;
    }
    let length = |file: &Path| fs::metadata(file).unwrap().len();
    match random.random_range(0..8) {
        0 => fs::remove_dir_all(cache).unwrap(),
        1 => fs::remove_file(&files[random.random_range(0..files.len())]).unwrap(),
        // Another build was here.
        2 => {
            let build = fs::read_dir(cache).unwrap().next().unwrap().unwrap().path();
            fs::rename(build, cache.join("0123456789abcdef")).unwrap();
        }
        3 => {
            for file in &files {
                let length = random.random_range(0..=length(file));
                OpenOptions::new().write(true).open(file).unwrap().set_len(length).unwrap();
            }
        }
        4 => {
            for file in files.iter().filter(|file| length(file) > 0) {
                let mut content = fs::read(file).unwrap();
                let byte = random.random_range(0..content.len());
                content[byte] ^= 1 << random.random_range(0..8);
                fs::write(file, content).unwrap();
            }
        }
        // Files under the names of others.
        5 => {
            let contents: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
            files.iter().zip(contents.iter().rev()).for_each(|(file, other)| fs::write(file, other).unwrap());
        }
        _ => {}
    }
}

#[tokio::test]
async fn what_is_kept_of_files_changes_no_digit() {
    let mut random = ChaCha8Rng::seed_from_u64(24);
    let mut uplift = Uplift::start().await;
    hand_in(&uplift, "area", "2011", &areas()).await;
    let (mut households, mut asked_of) = (Households::default(), BTreeMap::new());
    for _ in 0..setting("KEPT", 16) {
        let county = COUNTIES[random.random_range(0..COUNTIES.len())];
        let year = [2010, 2011, 2011][random.random_range(0..3)];
        let mut rows = HEAD.to_owned();
        for _ in 0..random.random_range(1..60) {
            let id = households.next(&mut random, year, county);
            rows += &household(&mut random, id, year, county);
        }
        let period = year.to_string();
        match random.random_range(0..8) {
            0..2 => drop(replace_of(county, &uplift, "household", &period, &rows).await),
            2 => hand_in_as(&uplift, "household", &period, &rows, true).await,
            3 => {
                uplift.stop().await;
                damage(&mut random, &uplift.folder().join("cache"));
                uplift.restart().await;
            }
            // So many small files that they are compacted.
            4 => {
                for row in rows.lines().skip(1).take(26) {
                    hand_in_of(county, &uplift, "household", &period, &format!("{HEAD}{row}\n")).await;
                }
            }
            _ => drop(hand_in_of(county, &uplift, "household", &period, &rows).await),
        }
        let query = question(&mut random);
        let kept = asked(&mut uplift.metrics().await, &query).await;
        let anew = from_nothing(&uplift, &query).await;
        assert_eq!(kept.len(), anew.len(), "{query:?}");
        for (kept, anew) in kept.iter().zip(&anew) {
            assert_eq!(kept, anew, "{query:?}");
        }
        *asked_of.entry(query.sections[0].clone()).or_insert(0) +=
            kept.iter().filter(|f| f.value.is_some()).count();
    }
    assert!(asked_of.values().sum::<usize>() > 300, "{asked_of:?}");
    let both = records_of_both_years(&uplift).await;
    assert!(both > 10, "{both}");
    // The query engine has the same values from the records, and counts the same.
    let query = IndicatorQuery { by_level: AreaLevel::County.into(), highest: 0, ..question(&mut random) };
    let query =
        IndicatorQuery { sections: SECTIONS.map(str::to_owned).to_vec(), area_code: "50".into(), ..query };
    let mut metrics = uplift.metrics().await;
    let request = QueryIndicatorsRequest { query: Some(query), page_size: 5_000, ..Default::default() };
    let figures = metrics.query_indicators(request).await.unwrap().into_inner().figures;
    for figure in figures.iter().filter(|figure| figure.records > 0) {
        let request = TraceFigureRequest { trace: figure.trace.clone(), page_size: 3, ..Default::default() };
        let evidence = metrics.trace_figure(request).await.unwrap().into_inner();
        let name = (&figure.indicator_id, &figure.area_code);
        assert!(evidence.agrees, "{name:?}: {:?} {:?}", figure.value, evidence.recomputed);
        for part in &evidence.parts {
            let counted: i64 = part.submissions.iter().map(|submission| submission.records).sum();
            assert_eq!(counted, part.records, "{name:?}");
            assert_eq!(part.records.min(3), part.rows.len() as i64, "{name:?}");
        }
    }
}

/// Households of both years in all counties.
async fn with_households(random: &mut ChaCha8Rng) -> Uplift {
    let uplift = Uplift::start().await;
    hand_in(&uplift, "area", "2011", &areas()).await;
    let mut households = Households::default();
    for (year, county) in [2010, 2011].into_iter().flat_map(|year| COUNTIES.map(|county| (year, county))) {
        let mut rows = HEAD.to_owned();
        for _ in 0..40 {
            let id = households.next(random, year, county);
            rows += &household(random, id, year, county);
        }
        hand_in_of(county, &uplift, "household", &year.to_string(), &rows).await;
    }
    uplift
}

#[tokio::test]
async fn a_service_that_is_started_anew_reads_what_was_saved() {
    let mut random = ChaCha8Rng::seed_from_u64(25);
    let mut uplift = with_households(&mut random).await;
    let by_county = |sections: &[&str], indicators: &[&str]| IndicatorQuery {
        sections: sections.iter().map(ToString::to_string).collect(),
        indicators: indicators.iter().map(ToString::to_string).collect(),
        area_code: "50".to_owned(),
        by_level: AreaLevel::County.into(),
        periods: vec!["2011".to_owned()],
        ..Default::default()
    };
    // Records that others are joined to are left out: nothing is kept of those.
    let poverty = ["poverty.headcount_ratio", "poverty.gap", "poverty.entry_rate", "poverty.exit_rate"];
    let sections = by_county(&SECTIONS[1..], &poverty);
    // Other questions over the same states: their answers were not saved.
    let others = [
        by_county(&[], &["poverty.headcount_ratio", "inequality.gini"]),
        by_county(&[], &["poverty.entry_rate"]),
    ];
    let all = asked(&mut uplift.metrics().await, &sections).await;
    assert!(all.iter().filter(|figure| figure.value.is_some()).count() > 100);
    uplift.stop().await;
    assert!(!files_below(&uplift.folder().join("cache")).is_empty());
    // Nothing can be computed of files that are not there.
    let (table, away) = (uplift.table("household"), uplift.folder().join("away"));
    let is_data = |file: &PathBuf| {
        let is_log = file.components().any(|part| part.as_os_str() == "_delta_log");
        !is_log && file.extension().is_some_and(|extension| extension == "parquet")
    };
    let data = files_below(&table).into_iter().filter(is_data).enumerate();
    fs::create_dir(&away).unwrap();
    let moved: Vec<_> = data.map(|(n, file)| (file, away.join(n.to_string()))).collect();
    assert!(moved.len() > 1);
    uplift.restart().await;
    moved.iter().for_each(|(file, away)| fs::rename(file, away).unwrap());
    assert_eq!(asked(&mut uplift.metrics().await, &sections).await, all);
    for other in &others {
        for figure in asked(&mut uplift.metrics().await, other).await {
            assert!(all.contains(&figure), "{figure:?}");
        }
    }
    // What was saved of records is gone when they are.
    let states = |folder: &Path| {
        let is_answer = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().starts_with("answer-");
        files_below(&folder.join("cache")).into_iter().filter(|file| !is_answer(file)).count()
    };
    uplift.stop().await;
    assert!(states(uplift.folder()) > moved.len());
    uplift.restart().await;
    assert_eq!(states(uplift.folder()), 1, "the secret");
}
