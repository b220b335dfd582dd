"""What the first answer of a question cannot be faster than: its bytes by the speed of memory, and one core that only decodes.

    limits.py FOLDER      FOLDER is the table of households; prints a table

The columns are those that Uplift reads for the question, strata and clusters for its errors among them. Bytes are those of the
columns in the files of the years that are asked for. Decoding is Polars' with one thread, the least of five; the speed of memory
is that of a copy.
"""

import os
import sys
import time

os.environ["POLARS_MAX_THREADS"] = "1"

import duckdb
import numpy
import polars
from deltalake import DeltaTable

DEPRIVATIONS = [f"deprived_{name}" for name in ["schooling", "health", "housing", "water", "road", "power"]]
PEOPLE = ["area_code", "status", "size", "weight", "stratum", "cluster", "simulated"]
COLUMNS = {
    "Q1": (PEOPLE + ["income"], [2011]),
    "Q3": (PEOPLE + DEPRIVATIONS, [2011]),
    "Q6": (PEOPLE + ["income"] + DEPRIVATIONS, [2010, 2011]),
}
TIMES = 5


def least(work):
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def memory():
    """Bytes a second that are copied."""
    source = numpy.ones(1 << 27)
    target = numpy.empty_like(source)
    return source.nbytes / least(lambda: numpy.copyto(target, source))


def bytes_of(files, columns):
    kept = ", ".join(f"'{column}'" for column in columns)
    sql = f"SELECT sum(total_compressed_size) FROM parquet_metadata({files}) WHERE path_in_schema IN ({kept})"
    return duckdb.execute(sql).fetchone()[0]


def main():
    table = DeltaTable(sys.argv[1])
    speed = memory()
    print(f"Memory is copied at {speed / 1e9:.1f} GB/s.")
    print()
    print("| question | bytes of its columns | by the speed of memory | decoded by one core |")
    print("|---|---|---|---|")
    for question, (columns, years) in COLUMNS.items():
        folders = [f"/reporting_year={year}/" for year in years]
        files = [file.removeprefix("file://") for file in table.file_uris() if any(folder in file for folder in folders)]
        size = bytes_of(files, columns)
        decoded = least(lambda: [polars.read_parquet(file, columns=columns, use_statistics=False) for file in files])
        print(f"| {question} | {size / 1e6:.0f} MB | {size / speed * 1e3:.1f} ms | {decoded * 1e3:.0f} ms |")


main()
