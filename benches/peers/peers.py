"""The same work by cxo and by its peers, on the same data, in one run on one machine: a markdown table with ratios.

    python peers.py DIRECTORY [--rows 10000000] [--only WORK]

DIRECTORY receives the generated data (the CSV of 10 million rows needs 600 MB); what is there already is used again.
Every figure is the shortest of several runs. Columns are in memory before the clock starts; the CSV is in the page cache
for everybody, and the time of cxo includes the start of its process. "1 thread" is enforced for polars, duckdb and arrow by their own settings, in a process of its own.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

from table import ratio, seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 20250101
SEGMENTS = 1000


def best(run, times=1, seconds=2.0):
    """Shortest of at least three runs, in seconds for one of `times` calls."""
    found, runs, start = float("inf"), 0, time.perf_counter()
    while runs < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        for _ in range(times):
            run()
        found = min(found, time.perf_counter() - before)
        runs += 1
    return found / times


# Data


def generate(directory, rows):
    """scores.u8, keys.u32 and feedback.csv; the same bytes for the same number of rows."""
    import numpy as np

    done = directory / "rows"
    if done.exists() and done.read_text() == str(rows):
        return
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    scores = random.choice(11, rows, p=[0.02, 0.01, 0.02, 0.03, 0.04, 0.06, 0.07, 0.11, 0.17, 0.17, 0.30]).astype("u1")
    keys = random.integers(0, SEGMENTS, rows, dtype="u4")
    scores.tofile(directory / "scores.u8")
    keys.tofile(directory / "keys.u32")
    channels = ["web", "app", "store", "phone", "email"]
    comments = ["", "", "", '"Quick, friendly"', '"Late, ""again"""', "As promised"]
    with open(directory / "feedback.csv", "w", newline="") as out:
        out.write("customer,time,channel,stage,device,score,comment\n")
        for start in range(0, rows, 100_000):
            part = min(100_000, rows - start)
            customer = random.integers(0, 3_000_000, part).tolist()
            minute = random.integers(0, 1_440, part).tolist()
            day = random.integers(1, 29, part).tolist()
            words = random.integers(0, 6, part).tolist()
            some = scores[start : start + part].tolist()
            out.writelines(
                f"C{c:07},2025-{1 + c % 12:02}-{d:02}T{m // 60:02}:{m % 60:02}:00Z,{channels[c % 5]},service,phone,{s},{comments[w]}\n"
                for c, m, d, w, s in zip(customer, minute, day, words, some)
            )
    done.write_text(str(rows))


# Peers


def columns_of(directory):
    import numpy as np

    return np.fromfile(directory / "scores.u8", dtype="u1"), np.fromfile(directory / "keys.u32", dtype="u4")


def peer_numpy(directory):
    import numpy as np

    scores, keys = columns_of(directory)
    ten_times = np.tile(scores, 10)

    def counts(column):
        if column.max() > 10:
            raise ValueError
        return np.count_nonzero(column >= 9), np.count_nonzero(column <= 6), column.size

    def segments():
        promoters = np.bincount(keys[scores >= 9], minlength=SEGMENTS)
        detractors = np.bincount(keys[scores <= 6], minlength=SEGMENTS)
        return (promoters - detractors) / np.bincount(keys, minlength=SEGMENTS)

    def bootstrap():
        random = np.random.default_rng(SEED)
        draws = random.multinomial(10_000, [0.42, 0.31, 0.27], size=10_000)
        return np.percentile((draws[:, 0] - draws[:, 2]) / 100, [2.5, 97.5])

    return {
        "nps": best(lambda: counts(scores)),
        "nps-10x": best(lambda: counts(ten_times)),
        "tally": best(lambda: np.bincount(scores, minlength=11)),
        "segments": best(segments),
        "bootstrap": best(bootstrap),
        "check": np.bincount(scores, minlength=11).tolist(),
    }


def peer_pandas(directory):
    import pandas

    scores, keys = columns_of(directory)
    frame = pandas.DataFrame({"key": keys, "score": scores})

    def segments():
        group = frame.assign(p=frame.score >= 9, d=frame.score <= 6).groupby("key", sort=False)[["p", "d"]].mean()
        return group.p - group.d

    def csv():
        column = pandas.read_csv(directory / "feedback.csv", usecols=["score"], dtype={"score": "uint8"}).score
        return (column >= 9).mean() - (column <= 6).mean()

    return {
        "nps": best(lambda: ((frame.score >= 9).sum(), (frame.score <= 6).sum())),
        "segments": best(segments),
        "csv": best(csv, seconds=0),
    }


def peer_polars(directory):
    import polars

    scores, keys = columns_of(directory)
    frame = polars.DataFrame({"key": keys, "score": scores})
    ten_times = polars.concat([frame.select("score")] * 10, rechunk=True)
    three = [(polars.col("score") >= 9).sum().alias("p"), (polars.col("score") <= 6).sum().alias("d"), polars.len()]
    rows = polars.DataFrame(
        {
            "segment": [f"segment {row}" for row in range(1_000_000)],
            "responses": range(1_000_000),
            "promoters": range(1_000_000),
            "passives": range(1_000_000),
            "detractors": range(1_000_000),
            "score": [row / 7 for row in range(1_000_000)],
            "standard_error": [row / 11 for row in range(1_000_000)],
            "lower": [row / 13 for row in range(1_000_000)],
            "upper": [row / 17 for row in range(1_000_000)],
        }
    )
    import io

    sink = io.BytesIO()
    rows.write_ndjson(sink)
    size = sink.tell()
    lines = best(lambda: rows.write_ndjson(io.BytesIO()))
    return {
        "nps": best(lambda: frame.select(three)),
        "nps-10x": best(lambda: ten_times.select(three)),
        "tally": best(lambda: frame["score"].value_counts()),
        "segments": best(lambda: frame.group_by("key").agg(three)),
        "json-lines": lines,
        "json-lines-bytes": size,
        **csv_polars(directory),
    }


def csv_polars(directory):
    import polars

    score = polars.col("score")
    query = polars.scan_csv(directory / "feedback.csv", schema_overrides={"score": polars.UInt8}).select(
        (score >= 9).sum().alias("p"), (score <= 6).sum().alias("d"), polars.len()
    )
    return {"csv": best(query.collect, seconds=0), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def peer_duckdb(directory, threads):
    import duckdb

    scores, keys = columns_of(directory)
    base = duckdb.connect()
    base.execute(f"SET threads={threads}")
    import pandas

    frame = pandas.DataFrame({"key": keys, "score": scores})
    base.execute("CREATE TABLE answers AS SELECT * FROM frame")
    del frame
    counts = "count(*) FILTER (score >= 9), count(*) FILTER (score <= 6), count(*)"
    return {
        "nps": best(lambda: base.execute(f"SELECT {counts} FROM answers").fetchall()),
        "tally": best(lambda: base.execute("SELECT score, count(*) FROM answers GROUP BY score").fetchall()),
        "segments": best(lambda: base.execute(f"SELECT key, {counts} FROM answers GROUP BY key").fetchall()),
        **csv_duckdb(directory, threads),
    }


def csv_duckdb(directory, threads):
    import duckdb

    base = duckdb.connect()
    base.execute(f"SET threads={threads}")
    file = str(directory / "feedback.csv").replace("'", "''")
    query = f"SELECT count(*) FILTER (score >= 9), count(*) FILTER (score <= 6), count(*) FROM read_csv('{file}')"
    found = best(lambda: base.execute(query).fetchall(), seconds=0)
    return {"csv": found, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def peer_scipy(directory):
    import numpy as np
    from scipy import stats

    values = np.repeat([1, 0, -1], [4_200, 3_100, 2_700])
    random = np.random.default_rng(SEED)

    def run():
        return stats.bootstrap((values,), np.mean, n_resamples=10_000, batch=500, method="percentile", rng=random)

    return {"bootstrap": best(run, seconds=0)}


def peer_statsmodels(directory):
    from statsmodels.stats.proportion import proportion_confint, test_proportions_2indep

    return {
        "adjusted-wald": best(lambda: test_proportions_2indep(4_200, 10_000, 2_700, 10_000), times=100),
        "wilson": best(lambda: proportion_confint(4_200, 10_000, method="wilson"), times=1000),
    }


PEERS = {
    "numpy": (peer_numpy, {}),
    "pandas": (peer_pandas, {}),
    "polars, 1 thread": (peer_polars, {"POLARS_MAX_THREADS": "1"}),
    "polars": (peer_polars, {}),
    "duckdb, 1 thread": (lambda directory: peer_duckdb(directory, 1), {}),
    "duckdb": (lambda directory: peer_duckdb(directory, os.cpu_count() or 1), {}),
    "scipy": (peer_scipy, {}),
    "statsmodels": (peer_statsmodels, {}),
    "csv polars, 1 thread": (csv_polars, {"POLARS_MAX_THREADS": "1"}),
    "csv polars": (csv_polars, {}),
    "csv duckdb, 1 thread": (lambda directory: csv_duckdb(directory, 1), {}),
    "csv duckdb": (lambda directory: csv_duckdb(directory, os.cpu_count() or 1), {}),
}


def peer(name, directory):
    """One peer in a process of its own: its threads, its memory, its imports."""
    command = [sys.executable, __file__, str(directory), "--peer", name]
    done = subprocess.run(command, env={**os.environ, **PEERS[name][1]}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


# Ours


def ours(directory):
    command = ["cargo", "bench", "--quiet", "--bench", "peers", "--", "--data", str(directory.resolve())]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {line["work"]: line["seconds"] for line in lines if "seconds" in line}
    found["check"] = next(line["counts"] for line in lines if line["work"] == "check")
    found["json-lines-bytes"] = next(line["bytes"] for line in lines if line["work"] == "check-lines")
    return found


def ours_csv(directory, cores):
    """`cxo nps` on the CSV, held to some cores: wall seconds and peak memory in MiB."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "-p", "cxo-cli"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    command = [target / "release" / "cxo", "nps", directory / "feedback.csv", "--score", "score", "--format", "json"]
    found, memory, answer = float("inf"), 0.0, None
    for _ in range(3):
        before = time.perf_counter()
        limit = (lambda: os.sched_setaffinity(0, set(cores))) if hasattr(os, "sched_setaffinity") else None
        child = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=limit)
        output = child.stdout.read()
        _, status, usage = os.wait4(child.pid, 0)
        found = min(found, time.perf_counter() - before)
        if status != 0:
            sys.exit("cxo nps failed")
        memory = max(memory, usage.ru_maxrss / 1024)
        answer = json.loads(output)["results"][0]
    return found, memory, answer


# Report


def line(work, mine, peers):
    """A row: ours, each peer and the ratio of the fastest one to ours."""
    named = ", ".join(f"{name} {seconds(value)}" for name, value in sorted(peers.items(), key=lambda item: item[1]))
    faster = ratio(min(peers.values()) / mine) if peers else ""
    print(f"| {work} | {seconds(mine)} | {named} | {faster} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        print(json.dumps(PEERS[options.peer][0](options.directory)))
        return
    rows, directory = options.rows, options.directory
    generate(directory, rows)
    mine = ours(directory)
    peers = {name: peer(name, directory) for name in PEERS if not name.startswith("csv")}
    if mine["check"] != peers["numpy"]["check"]:
        sys.exit(f"not the same counts: {mine['check']} and {peers['numpy']['check']}")

    def among(work, *but):
        return {name: found[work] for name, found in peers.items() if work in found and name not in but}

    size = (directory / "feedback.csv").stat().st_size / 1e6
    print(f"| work | cxo | peers | fastest peer / cxo |\n|---|---|---|---|")
    line(f"three NPS counts of {rows:,} u8", mine["nps"], among("nps"))
    line(f"three NPS counts of {10 * rows:,} u8", mine["nps-10x"], among("nps-10x"))
    line(f"11-bin tally of {rows:,} u8", mine["tally"], among("tally"))
    line(f"NPS by {SEGMENTS:,} segments, {rows:,} rows", mine["segments"], among("segments"))
    line("bootstrap percentile interval, n = 10,000 (ours exact, theirs 10,000 resamples)", mine["bootstrap"], among("bootstrap"))
    line("one adjusted-Wald interval (peer: a test of two proportions)", mine["adjusted-wald"], among("adjusted-wald"))
    line("1,000,000 result rows to JSON Lines", mine["json-lines"], among("json-lines"))
    rate = {"cxo": mine["json-lines-bytes"] / mine["json-lines"]}
    rate |= {name: found["json-lines-bytes"] / found["json-lines"] for name, found in peers.items() if "json-lines" in found}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    for title, held, names in (
        ("one core", cores[:1], ["csv polars, 1 thread", "csv duckdb, 1 thread"]),
        (f"{len(cores)} cores", cores, ["csv polars", "csv duckdb"]),
    ):
        wall, memory, answer = ours_csv(directory, held)
        if answer["responses"] != rows:
            sys.exit(f"not the same number of responses: {answer['responses']} and {rows}")
        found = {name: peer(name, directory) for name in names}
        line(f"CSV of {size:.0f} MB to NPS, {title}", wall, {name[4:]: value["csv"] for name, value in found.items()})
        others = ", ".join(f"{name[4:]} {value['memory']:.0f} MiB" for name, value in found.items())
        print(f"| peak memory of that | {memory:.0f} MiB | {others} | |")
    print("\nJSON Lines: " + ", ".join(f"{name} {value / 1e6:.0f} MB/s" for name, value in rate.items()))
    print(f"pandas reads the CSV in {seconds(peers['pandas']['csv'])}; statsmodels needs {seconds(peers['statsmodels']['wilson'])} for a Wilson interval.")


if __name__ == "__main__":
    main()
