//! Other engines on the same tables: what DuckDB and deltalake compute by SQL of their own is what
//! QueryIndicators answers.

use serde_json::Value;
use uplift_proto::service::Service;
use uplift_proto::v1::metrics::{Figure, IndicatorQuery, QueryIndicatorsRequest};
use uplift_proto::v1::records::AreaLevel;
use uplift_testkit::Uplift;

use crate::clients::{run, tool};

/// Indicators, and SQL that computes the same by county without looking at our declarations; after `#`
/// the standard error of their value or their change.
const INDEPENDENT_QUERIES: [(&str, &str); 20] = [
    (
        "fund.fiscal",
        "SELECT area_code AS area, sum(CASE WHEN kind = 'refund' THEN -amount ELSE amount END) FROM fund_flow \
         WHERE kind IN ('disbursement', 'refund') AND budget_year = 2011 \
         AND source IN ('fiscal_national', 'fiscal_municipal') GROUP BY 1",
    ),
    (
        "fund.absorption",
        "SELECT area_code AS area, 100 * CAST(sum(CASE WHEN kind = 'expenditure' THEN amount ELSE 0 END) AS DOUBLE) \
         / sum(CASE WHEN kind = 'allocation' THEN amount ELSE 0 END) FROM fund_flow \
         WHERE kind IN ('expenditure', 'allocation') AND budget_year = 2011 GROUP BY 1",
    ),
    (
        "fund.groups",
        "SELECT f.area_code AS area, sum(f.amount) FROM fund_flow f JOIN organisation o ON f.payer_id = o.organisation_id \
         WHERE f.kind = 'donation' AND o.kind = 'assistance_group' AND year(f.date) = 2011 GROUP BY 1",
    ),
    (
        "relocation.people",
        "SELECT area_code AS area, sum(quantity) FROM delivery WHERE kind = 'relocation' AND year(date) = 2011 GROUP BY 1",
    ),
    (
        "relocation.cost",
        "SELECT f.area AS area, CAST(f.paid AS DOUBLE) / d.people FROM (SELECT area_code AS area, \
         sum(CASE WHEN kind = 'refund' THEN -amount ELSE amount END) AS paid FROM fund_flow \
         WHERE kind IN ('disbursement', 'refund') AND programme_id = 'relocation' AND budget_year = 2011 GROUP BY 1) f \
         JOIN (SELECT area_code AS area, sum(quantity) AS people FROM delivery WHERE kind = 'relocation' \
         AND year(date) = 2011 GROUP BY 1) d ON f.area = d.area",
    ),
    (
        "village.lifted",
        "SELECT substr(area_code, 1, 6) AS area, count(DISTINCT project_id) FROM inspection WHERE kind = 'acceptance' \
         AND result = 'passed' AND coalesce(programme_id, 'village') = 'village' AND year(date) = 2011 GROUP BY 1",
    ),
    (
        "mutual.villages",
        "SELECT substr(area_code, 1, 6) AS area, count(DISTINCT area_code) FROM organisation WHERE kind = 'mutual_fund' AND year(founded) <= 2011 GROUP BY 1",
    ),
    (
        "mutual.par90",
        "WITH loans AS (SELECT loan_id, max(substr(area_code, 1, 6)) AS area, \
         max(CASE WHEN kind = 'loan' THEN due END) AS due, \
         max(CASE WHEN kind = 'rescheduling' THEN 1 ELSE 0 END) AS rescheduled, \
         sum(CASE WHEN kind = 'loan' THEN amount WHEN kind IN ('repayment', 'write_off') THEN -amount ELSE 0 END) AS balance \
         FROM fund_flow WHERE loan_id IS NOT NULL AND year(date) <= 2011 GROUP BY loan_id) SELECT area, \
         100 * CAST(sum(CASE WHEN due < DATE '2011-10-02' OR rescheduled = 1 THEN balance ELSE 0 END) AS DOUBLE) \
         / sum(balance) FROM loans GROUP BY 1",
    ),
    (
        "supervision.rectified",
        "SELECT area_code AS area, 100.0 * sum(rectified) / sum(findings) FROM inspection \
         WHERE kind <> 'acceptance' AND year(date) = 2011 GROUP BY 1 HAVING sum(findings) > 0",
    ),
    (
        "poverty.share",
        "SELECT substr(area_code, 1, 6) AS area, 100 * sum(CASE WHEN status IN ('registered', 'returned', 'newly_poor') \
         THEN weight * size ELSE 0 END) / sum(weight * size) FROM household WHERE year = 2011 GROUP BY 1",
    ),
    (
        "poverty.squared_gap",
        "SELECT substr(area_code, 1, 6) AS area, 100 * sum(weight * size * power(greatest(1 - CAST(income AS DOUBLE) \
         / size / 2536, 0.0), 2)) / sum(weight * size) FROM household WHERE year = 2011 AND income IS NOT NULL GROUP BY 1",
    ),
    (
        "deprivation.water_uncensored",
        "SELECT substr(area_code, 1, 6) AS area, 100 * sum(CASE WHEN deprived_water THEN weight * size ELSE 0 END) \
         / sum(weight * size) FROM household WHERE year = 2011 AND deprived_water IS NOT NULL GROUP BY 1",
    ),
    (
        "inequality.gini",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, CAST(income AS DOUBLE) / size AS y, weight * size AS w FROM \
         household WHERE year = 2011) SELECT a.area AS area, sum(a.w * b.w * abs(a.y - b.y)) / (2 * sum(a.w * b.w * a.y)) \
         FROM h a JOIN h b ON a.area = b.area GROUP BY 1",
    ),
    (
        "inequality.theil",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, CAST(income AS DOUBLE) / size AS y, weight * size AS w FROM \
         household WHERE year = 2011 AND income > 0) SELECT area, sum(w * y * ln(y)) / sum(w * y) - \
         ln(sum(w * y) / sum(w)) FROM h GROUP BY 1",
    ),
    (
        "poverty.exit_rate",
        "SELECT substr(b.area_code, 1, 6) AS area, 100 * sum(CASE WHEN CAST(b.income AS DOUBLE) / b.size >= 2536 \
         THEN b.weight * b.size ELSE 0 END) / sum(b.weight * b.size) FROM household a JOIN household b \
         ON a.household_id = b.household_id AND a.year = 2010 AND b.year = 2011 \
         WHERE CAST(a.income AS DOUBLE) / a.size < 2300 GROUP BY 1",
    ),
    (
        "deprivation.adjusted_headcount",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, weight * size AS w, CAST(deprived_schooling AS INT) / 3.0 + \
         CAST(deprived_health AS INT) / 3.0 + (CAST(deprived_housing AS INT) + CAST(deprived_water AS INT) + \
         CAST(deprived_road AS INT) + CAST(deprived_power AS INT)) / 12.0 AS score FROM household WHERE year = 2011) \
         SELECT area, sum(CASE WHEN score > 0.3333 THEN w * score ELSE 0 END) / sum(w) FROM h GROUP BY 1",
    ),
    (
        "deprivation.water_censored",
        "SELECT substr(area_code, 1, 6) AS area, 100 * sum(CASE WHEN deprived_water AND (deprived_schooling OR \
         deprived_health OR (deprived_housing AND deprived_road AND deprived_power)) THEN weight * size ELSE 0 END) \
         / sum(weight * size) FROM household WHERE year = 2011 GROUP BY 1",
    ),
    (
        "poverty.gap#value",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, \"cluster\" AS psu, weight * size AS w, \
         greatest(1 - CAST(income AS DOUBLE) / size / 2536, 0.0) AS g FROM household WHERE year = 2011), \
         r AS (SELECT area, sum(w * g) / sum(w) AS r, sum(w) AS n FROM h GROUP BY area), \
         z AS (SELECT h.area AS area, h.psu AS psu, sum(h.w * (h.g - r.r) / r.n) AS z FROM h JOIN r \
         ON h.area = r.area GROUP BY h.area, h.psu) \
         SELECT area, 100 * sqrt(count(*) * var_samp(z)) FROM z GROUP BY area",
    ),
    (
        "deprivation.intensity#value",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, \"cluster\" AS psu, weight * size AS w, (4 * CAST(deprived_schooling AS INT) \
         + 4 * CAST(deprived_health AS INT) + CAST(deprived_housing AS INT) + CAST(deprived_water AS INT) + \
         CAST(deprived_road AS INT) + CAST(deprived_power AS INT)) / 12.0 AS s FROM household WHERE year = 2011), \
         p AS (SELECT area, psu, CASE WHEN s > 0.3333 THEN w ELSE 0 END AS w, s FROM h), \
         r AS (SELECT area, sum(w * s) / sum(w) AS r, sum(w) AS n FROM p GROUP BY area HAVING sum(w) > 0), \
         z AS (SELECT p.area AS area, p.psu AS psu, sum(p.w * (p.s - r.r) / r.n) AS z FROM p JOIN r \
         ON p.area = r.area GROUP BY p.area, p.psu) \
         SELECT area, 100 * sqrt(count(*) * var_samp(z)) FROM z GROUP BY area",
    ),
    (
        "poverty.headcount_ratio#change",
        "WITH h AS (SELECT substr(area_code, 1, 6) AS area, year, \"cluster\" AS psu, weight * size AS w, \
         CASE WHEN CAST(income AS DOUBLE) / size < CASE WHEN year = 2010 THEN 2300 ELSE 2536 END THEN 1.0 ELSE 0.0 END AS p FROM household), \
         r AS (SELECT area, year, sum(w * p) / sum(w) AS r, sum(w) AS n FROM h GROUP BY area, year), \
         z AS (SELECT h.area AS area, h.psu AS psu, sum(CASE WHEN h.year = 2011 THEN 1 ELSE -1 END * h.w * (h.p - r.r) \
         / r.n) AS z FROM h JOIN r ON h.area = r.area AND h.year = r.year \
         WHERE h.area IN (SELECT area FROM h GROUP BY area HAVING count(DISTINCT year) = 2) GROUP BY h.area, h.psu) SELECT area, 100 * sqrt(count(*) * var_samp(z)) FROM z GROUP BY area",
    ),
];

const SCRIPT: &str = "
import json, sys
import duckdb
from deltalake import DeltaTable, QueryBuilder
root, queries = sys.argv[1], json.load(open(sys.argv[2]))
names = ['fund_flow', 'delivery', 'inspection', 'organisation', 'household']
tables = {name: DeltaTable(f'{root}/{name}') for name in names}
duck, delta = duckdb.connect(), QueryBuilder()
for name, table in tables.items():
    files = table.file_uris()
    duck.execute(f'CREATE VIEW {name} AS SELECT * FROM read_parquet({files!r}, hive_partitioning = true)')
    delta = delta.register(name, table)
answers = {}
for name, sql in queries:
    by_duck = {area: float(value) for area, value in duck.execute(sql).fetchall()}
    sql = sql.replace('year(date)', \"date_part('year', date)\").replace('year(f.date)', \"date_part('year', f.date)\")
    read = delta.execute(sql.replace('year(founded)', \"date_part('year', founded)\")).read_all()
    areas, values = (read.column(c).to_pylist() for c in range(2))
    answers[name] = [by_duck, {a: float(v) for a, v in zip(areas, values)}]
print(json.dumps(answers))
";

async fn by_county(uplift: &Uplift, indicator: &str) -> Vec<Figure> {
    let query = IndicatorQuery {
        indicators: vec![indicator.to_owned()],
        area_code: "50".to_owned(),
        by_level: AreaLevel::County.into(),
        periods: vec!["2011".to_owned()],
        compare_previous_year: true,
        ..Default::default()
    };
    let request = QueryIndicatorsRequest { query: Some(query), ..Default::default() };
    uplift.metrics().await.query_indicators(request).await.unwrap().into_inner().figures
}

#[tokio::test]
async fn duckdb_and_deltalake_agree_on_indicators_by_county() {
    let uplift = Uplift::start().await;
    let url = format!("http://{}", uplift.address(Service::Ingest));
    uplift_testkit::simulate(&url, 600).await;
    let queries = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&queries, &INDEPENDENT_QUERIES).unwrap();
    let root = uplift.table("").display().to_string();
    let path = queries.path().display().to_string();
    let (ok, text) = run(tool("python"), vec!["-c".into(), SCRIPT.into(), root, path]).await;
    assert!(ok, "{text}");
    let answers: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    for (indicator, _) in INDEPENDENT_QUERIES {
        let (id, error) = indicator.split_once('#').unwrap_or((indicator, ""));
        let figures = by_county(&uplift, id).await;
        let number = |f: &Figure| match error {
            "value" => f.uncertainty?.standard_error,
            "change" => f.change_uncertainty?.standard_error,
            _ => f.value,
        };
        let counties = figures.iter().filter(|f| f.area_code != "50");
        let ours: Vec<_> = counties.filter_map(|f| Some((&f.area_code, number(f)?))).collect();
        assert!(ours.len() >= 18, "{indicator}: {} counties", ours.len());
        for (engine, theirs) in ["duckdb", "deltalake"].iter().zip(answers[indicator].as_array().unwrap()) {
            assert_eq!(theirs.as_object().unwrap().len(), ours.len(), "{indicator} by {engine}");
            for (area, value) in &ours {
                let their = theirs[area.as_str()].as_f64().unwrap_or_else(|| panic!("{indicator} {area}"));
                let apart = (their - value).abs() / value.abs().max(1.0);
                assert!(apart < 1e-12, "{indicator} {area}: {value}, by {engine} {their}");
            }
        }
    }
}
