"""The questions of the benchmark asked of DuckDB, Polars and chDB, over the same files, on the same cores.

    peers.py FOLDER ENGINE      FOLDER has the live files of the household table; times go to standard output as JSON

Every question is asked five times of files that the system has in memory; the least and the median time are told.
An engine reads the files each time, as it does for anybody who keeps nothing.
"""

import json
import statistics
import sys
import time

LINES = "CASE year WHEN 2011 THEN 2536.0 WHEN 2010 THEN 2300.0 END"
HOUSEHOLDS = f"""
SELECT substr(area_code, 1, 6) AS county, area_code, year, household_id, CAST(income AS DOUBLE) / size AS y,
       CAST(income AS DOUBLE) / size / ({LINES}) AS r, coalesce(weight, 1) * size AS w,
       4 * CAST(deprived_schooling AS INT) + 4 * CAST(deprived_health AS INT) + CAST(deprived_housing AS INT)
         + CAST(deprived_water AS INT) + CAST(deprived_road AS INT) + CAST(deprived_power AS INT) AS score,
       deprived_schooling, deprived_health, deprived_housing, deprived_water, deprived_road, deprived_power
FROM households WHERE status <> 'closed'
"""
DEPRIVATIONS = ["schooling", "health", "housing", "water", "road", "power"]
CENSORED = ", ".join(
    f"sum(CASE WHEN score >= 4 AND deprived_{name} THEN w ELSE 0 END) / sum(w) AS {name}" for name in DEPRIVATIONS
)
UNCENSORED = ", ".join(f"sum(CASE WHEN deprived_{name} THEN w ELSE 0 END) / sum(w) AS u_{name}" for name in DEPRIVATIONS)
FGT = """sum(CASE WHEN r < 1 THEN w ELSE 0 END) / sum(w) AS h, sum(CASE WHEN r < 1 THEN w * (1 - r) ELSE 0 END) / sum(w) AS pg,
         sum(CASE WHEN r < 1 THEN w * (1 - r) * (1 - r) ELSE 0 END) / sum(w) AS spg"""
RANKED = """SELECT *, sum(w) OVER (PARTITION BY {by} ORDER BY y, household_id ROWS UNBOUNDED PRECEDING) AS below,
            sum(w) OVER (PARTITION BY {by}) AS n, sum(w * y) OVER (PARTITION BY {by}) AS t,
            sum(w * y) OVER (PARTITION BY {by} ORDER BY y, household_id ROWS UNBOUNDED PRECEDING) AS l FROM h"""
GINI = "sum(w * y * (2 * below - w - n)) / (max(n) * max(t)) AS gini, min(CASE WHEN below >= n / 2 THEN y END) AS median"
EVERYTHING = f"""{FGT}, {GINI}, sum(w * y) / sum(w) AS mean, sum(CASE WHEN r < 1 THEN w * power(1 - r, 3) ELSE 0 END) / sum(w) AS fgt3,
    sum(CASE WHEN r < 1 THEN w ELSE 0 END) AS poor, sum(CASE WHEN r < 1 AND y > 0 THEN -w * ln(r) ELSE 0 END) / sum(w) AS watts,
    sum(CASE WHEN y > 0 THEN w * (ln(t / n) - ln(y)) ELSE 0 END) / sum(w) AS mld,
    sum(CASE WHEN y > 0 THEN w * y * n / t * ln(y * n / t) ELSE 0 END) / sum(w) AS theil,
    sum(w * y * y) / sum(w) AS squares, min(CASE WHEN below >= n * 0.9 THEN y END) / min(CASE WHEN below >= n * 0.1 THEN y END) AS ratio,
    {", ".join(f"max(CASE WHEN below <= n * {tenth / 10} THEN l / t END) AS share{tenth}" for tenth in range(1, 10))},
    sum(CASE WHEN score >= 4 THEN w ELSE 0 END) / sum(w) AS mh, sum(CASE WHEN score >= 4 THEN w * score ELSE 0 END) / 12 / sum(w) AS m0,
    {CENSORED}, {UNCENSORED}"""

QUESTIONS = {
    "Q1": f"WITH h AS ({HOUSEHOLDS} AND year = 2011) SELECT county, {FGT} FROM h GROUP BY county",
    "Q2": f"WITH h AS ({HOUSEHOLDS} AND year = 2011), ranked AS ({RANKED.format(by='county')}) "
    f"SELECT county, {FGT}, {GINI} FROM ranked GROUP BY county",
    "Q3": f"WITH h AS ({HOUSEHOLDS} AND year = 2011) SELECT county, sum(CASE WHEN score >= 4 THEN w ELSE 0 END) / sum(w) AS hc, "
    "sum(CASE WHEN score >= 4 THEN w * score ELSE 0 END) / 12 / sum(CASE WHEN score >= 4 THEN w ELSE 0 END) AS a, "
    f"sum(CASE WHEN score >= 4 THEN w * score ELSE 0 END) / 12 / sum(w) AS m0, {CENSORED} FROM h "
    "WHERE score IS NOT NULL GROUP BY county",
    "Q4": f"WITH h AS ({HOUSEHOLDS} AND year = 2011) SELECT area_code, sum(CASE WHEN r < 1 THEN w ELSE 0 END) AS poor, "
    "count(DISTINCT CASE WHEN r < 1 THEN household_id END) AS households FROM h GROUP BY area_code ORDER BY poor DESC LIMIT 100",
    "Q5": f"WITH h AS ({HOUSEHOLDS}) SELECT b.county, sum(CASE WHEN a.r >= 1 AND b.r < 1 THEN b.w ELSE 0 END) AS entered, "
    "sum(CASE WHEN a.r < 1 AND b.r >= 1 THEN b.w ELSE 0 END) AS left_it, sum(CASE WHEN a.r < 1 AND b.r < 1 THEN b.w ELSE 0 END) AS stayed, "
    "sum(b.w) AS people FROM (SELECT * FROM h WHERE year = 2011) b JOIN (SELECT * FROM h WHERE year = 2010) a "
    "ON a.household_id = b.household_id GROUP BY b.county",
    "Q6": f"WITH h AS ({HOUSEHOLDS} AND year IN (2010, 2011)), ranked AS ({RANKED.format(by='year, county')}) "
    f"SELECT year, county, {EVERYTHING} FROM ranked GROUP BY year, county",
}


def duckdb(folder):
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    connection.execute(f"CREATE VIEW households AS SELECT * FROM read_parquet('{folder}/*.parquet')")
    return lambda sql: connection.execute(sql).fetchall()


def polars(folder):
    import polars

    context = polars.SQLContext(households=polars.scan_parquet(f"{folder}/*.parquet"))
    return lambda sql: context.execute(sql).collect().rows()


def chdb(folder):
    import chdb

    session = chdb.session.Session()
    session.query("SET max_threads = 2, join_use_nulls = 1")
    session.query(f"CREATE VIEW households AS SELECT * FROM file('{folder}/*.parquet', Parquet)")
    return lambda sql: str(session.query(sql, "CSV")).splitlines()


def main():
    folder, engine = sys.argv[1:]
    ask = globals()[engine](folder)
    for name, sql in QUESTIONS.items():
        try:
            times, rows = [], 0
            for _ in range(5):
                began = time.perf_counter()
                rows = len(ask(sql))
                times.append(time.perf_counter() - began)
            told = {"question": name, "least": min(times), "median": statistics.median(times), "rows": rows}
        except Exception as e:  # An engine that cannot answer is told as such.
            told = {"question": name, "cannot": str(e).splitlines()[0][:200]}
        print(json.dumps(told), flush=True)
    import resource

    print(json.dumps({"peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


main()
