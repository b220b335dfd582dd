"""A CSV file of households imported by Uplift, and by DuckDB with and without its keys.

    imports.py COMMAND HOUSEHOLDS      COMMAND is the uplift of the same build; prints a table

Uplift decodes GB18030 or UTF-8, checks every rule of the dataset, refuses keys that were accepted before, and answers once
the rows are durable. DuckDB casts columns, and in the first case keeps an index of the keys. Each is timed three times.
"""

import os
import subprocess
import sys
import tempfile
import time

import duckdb

TIMES = 3
COLUMNS = {
    "household_id": "VARCHAR", "year": "INT", "area_code": "VARCHAR", "size": "INT", "income": "DECIMAL(18, 2)",
    "status": "VARCHAR", "deprived_water": "BOOLEAN", "weight": "DOUBLE", "stratum": "VARCHAR", "cluster": "VARCHAR",
}
AREA = "area_code,name_zh,name_en,level,valid_from\n500101,万州区,Wanzhou,county,2000-01-01\n"
PORTS = {"ingest": 7911, "metrics": 7912, "reporting": 7913}


def csv(path, households):
    with open(path, "w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS).replace("income", "income（元）") + "\n")
        for n in range(households):
            fen = 150_000 + n * 7919 % 2_000_000
            water = "true" if n % 3 == 0 else "false"
            file.write(
                f"f{n},2011,500101,{1 + n % 6},{fen // 100}.{fen % 100:02d},registered,{water},1.0,s{n % 5},c{n % 97}\n"
            )


def ours(command, folder, path):
    ports = [argument for name, port in PORTS.items() for argument in (f"--{name}-port", str(port))]
    serve = [command, "serve", "--data-dir", f"{folder}/data-{time.monotonic_ns()}", *ports]
    service = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{PORTS['ingest']}"
    try:
        while subprocess.run([command, "health", url], capture_output=True).returncode:
            time.sleep(0.05)
        area = f"{folder}/area.csv"
        with open(area, "w", encoding="utf-8") as file:
            file.write(AREA)

        def submit(file, dataset, code):
            said = ["--dataset", dataset, "--area", code, "--period", "2011", "--ingest-url", url]
            subprocess.run([command, "import", file, *said], check=True, capture_output=True)

        submit(area, "area", "50")
        began = time.perf_counter()
        submit(path, "household", "500101")
        took = time.perf_counter() - began
        with open(f"/proc/{service.pid}/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        return took, peak * 1024
    finally:
        service.kill()
        service.wait()


def theirs(folder, path, keyed):
    file = f"{folder}/peer-{time.monotonic_ns()}.db"
    connection = duckdb.connect(file)
    connection.execute("SET threads = 2")
    fields = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    key = ", PRIMARY KEY (household_id, year)" if keyed else ""
    connection.execute(f"CREATE TABLE household ({fields}{key})")
    began = time.perf_counter()
    connection.execute(f"INSERT INTO household SELECT * FROM read_csv('{path}', header = true, columns = {COLUMNS})")
    connection.execute("CHECKPOINT")
    took = time.perf_counter() - began
    connection.close()
    os.remove(file)
    return took


def main():
    command, households = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/households.csv"
        csv(path, households)
        uplift = [ours(command, folder, path) for _ in range(TIMES)]
        keyed = min(theirs(folder, path, True) for _ in range(TIMES))
        plain = min(theirs(folder, path, False) for _ in range(TIMES))
    took, peak = min(took for took, _ in uplift), max(peak for _, peak in uplift)
    print("| households | Uplift, checked and keyed | DuckDB, keyed | DuckDB, unchecked | keyed ÷ ours | memory |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {households:,} | {took:.2f} s | {keyed:.2f} s | {plain:.2f} s | {keyed / took:.2f} | {peak >> 20:,} MB |"
    )


main()
