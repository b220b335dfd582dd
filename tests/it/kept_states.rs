//! What is kept of data files against computing from nothing, over random histories; and against the query engine, which
//! recomputes every figure by SQL from the records.

use std::collections::BTreeMap;

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

#[tokio::test]
async fn what_is_kept_of_files_changes_no_digit() {
    let mut random = ChaCha8Rng::seed_from_u64(24);
    let mut uplift = Uplift::start().await;
    let mut areas = String::from("area_code,valid_from,level,name_en,name_zh\n");
    for county in COUNTIES {
        areas += &format!("{county},2010-01-01,county,County,县\n");
        for village in 1..4 {
            areas += &format!("{county}00{village}20{village},2010-01-01,village,Village,村\n");
        }
    }
    hand_in(&uplift, "area", "2011", &areas).await;
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
            3 => uplift.restart().await,
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
