"""Journeys by cxo and by pm4py, ClickHouse, ChannelAttribution and process_mining, on the same data, in one run on one machine.

    python journey.py DIRECTORY [--paths FILE] [--events 1000000]

DIRECTORY receives the generated log (seeded; 18 touchpoints, about 8 a journey, those of a journey together and in order, all
times of a journey different) and, without FILE, a generated table of paths. FILE is a table with the columns `path`,
`total_conversions` and `total_null`. Everything runs on one thread, each peer in a process of its own, and is timed in CPU time;
what takes cxo or process_mining less than 50 ms is timed by the clock. All figures are the shortest of several runs. What is counted is compared: an
answer that differs stops the run. ChannelAttribution simulates its chain, so its largest error is printed instead.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

from table import ratio, seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 20261125
TEN_MILLION = 10_000_000
TOUCHPOINTS = (
    "home search product cart checkout account catalog compare delivery filter help login pay promo purchase review support "
    "wishlist"
).split()
STEPS = TOUCHPOINTS[:5]
WINDOW = 30 * 60
CHANNELS = "affiliate brand display email generic mobile organic referral retargeting social video partner".split()


# Data


def walks(random, names, lengths, spread):
    """One chain for all: what comes next depends on what was last; rows of numbers, -1 behind the end."""
    import numpy as np

    moves = np.cumsum(random.dirichlet(np.full(names, spread), names), axis=1)
    first = np.cumsum(random.dirichlet(np.full(names, spread)))
    steps = np.full((len(lengths), lengths.max()), -1, dtype="i1")
    draw = lambda rows: random.uniform(size=(rows, 1))
    last = (draw(len(lengths)) > first * (1 - 1e-9)).sum(axis=1).clip(max=names - 1)
    for place in range(lengths.max()):
        on = lengths > place
        if place > 0:
            last[on] = (draw(on.sum()) > moves[last[on]] * (1 - 1e-9)).sum(axis=1).clip(max=names - 1)
        steps[on, place] = last[on]
    return steps


def write_log(path, events):
    import numpy as np

    random = np.random.default_rng(SEED)
    lengths = 1 + random.poisson(7, events // 8 + 1)
    lengths = lengths[: np.searchsorted(np.cumsum(lengths), events) + 1]
    lengths[-1] -= lengths.sum() - events
    case = np.repeat(np.arange(len(lengths)), lengths)
    steps = walks(random, len(TOUCHPOINTS), lengths, 0.3)
    steps = steps[steps >= 0]
    begins = np.sort(random.integers(0, 90 * 86_400, len(lengths)))
    gaps = 1 + random.exponential(240, events).astype("i8")
    sums = np.cumsum(gaps)
    ends = np.cumsum(lengths)
    offset = np.repeat(sums[ends - lengths], lengths)
    times = np.datetime_as_string(np.datetime64("2026-01-01") + (np.repeat(begins, lengths) + sums - offset).astype("m8[s]"))
    with open(path, "w") as file:
        file.write("case,activity,time\n")
        for begin in range(0, events, 100_000):
            rows = slice(begin, begin + 100_000)
            columns = zip(case[rows].tolist(), steps[rows].tolist(), times[rows].tolist())
            file.writelines(f"c{case:07},{TOUCHPOINTS[step]},{at}Z\n" for case, step, at in columns)


def write_paths(path):
    import numpy as np

    random = np.random.default_rng(SEED)
    lengths = 1 + random.geometric(0.18, 40_000)
    rows = walks(random, len(CHANNELS), lengths, 0.4)
    seen = {}
    for row in rows:
        seen.setdefault(" > ".join(CHANNELS[step] for step in row if step >= 0), None)
    with open(path, "w") as file:
        file.write("path,total_conversions,total_null\n")
        for way in list(seen)[:10_000]:
            file.write(f"{way},{random.poisson(2)},{1 + random.poisson(6)}\n")


def generate(directory, events):
    done = directory / "journey-rows"
    if done.exists() and done.read_text() == str(events):
        return
    directory.mkdir(parents=True, exist_ok=True)
    write_log(directory / "log.csv", events)
    write_paths(directory / "paths.csv")
    done.write_text(str(events))


# Peers: each returns CPU seconds by work, and what must agree.


def once(run):
    """CPU seconds of the shortest of two runs, or of up to five where they are short."""
    found, runs, start = float("inf"), 0, time.perf_counter()
    while runs < 2 or (runs < 5 and time.perf_counter() - start < 2.0):
        before = time.process_time()
        run()
        found = min(found, time.process_time() - before)
        runs += 1
    return found


def peak():
    """The most memory that this process had, in MiB."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def pm4py(directory, _):
    import pandas
    import pm4py as package

    def read():
        table = pandas.read_csv(directory / "log.csv")
        table["time"] = pandas.to_datetime(table["time"])
        return package.format_dataframe(table, case_id="case", activity_key="activity", timestamp_key="time")

    def whole():
        table = read()
        package.discover_dfg(table), package.get_variants(table)

    whole()
    found = {"peak": peak(), "csv": once(whole)}
    table = read()
    edges, starts, ends = package.discover_dfg(table)
    ways = package.get_variants(table)
    found |= {"graph": once(lambda: package.discover_dfg(table)), "variants": once(lambda: package.get_variants(table))}
    found |= {"edges": len(edges), "steps": int(sum(edges.values())), "ways": len(ways), "most": int(max(ways.values()))}
    return found


def clickhouse(directory, _):
    from chdb import session

    one = session.Session()
    one.query("SET max_threads = 1")
    settings = "SETTINGS max_threads = 1, date_time_input_format = 'best_effort'"
    columns = "case String, activity LowCardinality(String), time DateTime"
    source = f"file('{directory.resolve()}/log.csv', 'CSVWithNames', '{columns}')"
    ordered = "arraySort(groupArray((time, activity)))"
    steps = f"SELECT arrayMap(x -> x.2, {ordered}) AS way FROM log GROUP BY case"
    pairs = "arrayJoin(arrayZip(arrayPopBack(way), arrayPopFront(way)))"
    graph = f"SELECT {pairs} AS edge, count() AS n FROM ({steps}) GROUP BY edge"
    variants = f"SELECT way, count() AS n FROM ({steps}) GROUP BY way"
    conditions = ", ".join(f"activity = '{step}'" for step in STEPS)
    level = f"windowFunnel({WINDOW})(time, {conditions})"
    funnel = f"SELECT level, count() AS n FROM (SELECT {level} AS level FROM log GROUP BY case) GROUP BY level ORDER BY level"
    counted = lambda query: f"SELECT count(), sum(n), max(n) FROM ({query}) {settings}"
    ask = lambda query: [json.loads(line) for line in str(one.query(query, "JSONCompactEachRow")).splitlines()]
    # Counts of 64 bits come as text.
    numbers = lambda query: [int(value) for value in ask(counted(query))[0]]

    def read():
        one.query("DROP TABLE IF EXISTS log")
        one.query(f"CREATE TABLE log ENGINE = Memory AS SELECT * FROM {source} {settings}")

    def whole():
        read()
        numbers(graph), numbers(variants), ask(f"{funnel} {settings}")

    whole()
    found = {"peak": peak(), "csv": once(whole)}
    works = {"graph": lambda: numbers(graph), "variants": lambda: numbers(variants), "funnel": lambda: ask(f"{funnel} {settings}")}
    found |= {name: once(work) for name, work in works.items()}
    found["edges"], found["steps"], _ = numbers(graph)
    found["ways"], _, found["most"] = numbers(variants)
    levels = {int(level): int(n) for level, n in ask(f"{funnel} {settings}")}
    found["reached"] = [sum(n for level, n in levels.items() if level >= step) for step in range(1, len(STEPS) + 1)]
    return found


def channel_attribution(_, paths):
    import ChannelAttribution as package
    import pandas

    table = pandas.read_csv(paths)
    table = table[["path", "total_conversions", "total_null"]].astype({"total_conversions": int, "total_null": int})
    given = dict(var_null="total_null", out_more=True, verbose=False, flg_pro=False)
    run = lambda: package.markov_model(table, "path", "total_conversions", **given)
    found = {"removal": once(run)}
    effects = run()["removal_effects"]
    found["channels"] = dict(zip(effects.iloc[:, 0], effects.iloc[:, 1].astype(float)))
    return found


def process_mining(directory, _):
    command = ["cargo", "run", "--quiet", "--release", "--manifest-path", str(HERE / "process_mining" / "Cargo.toml")]
    done = subprocess.run([*command, "--", str(directory)], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


PEERS = {
    "pm4py": pm4py,
    "ClickHouse": clickhouse,
    "ChannelAttribution": channel_attribution,
    "process_mining": process_mining,
}


def peer(name, directory, paths):
    """One peer in a process of its own, held to one thread."""
    single = {variable: "1" for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, __file__, str(directory), "--paths", str(paths), "--peer", name]
    done = subprocess.run(command, env={**os.environ, **single}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def ours(*arguments):
    command = ["cargo", "bench", "--quiet", "--bench", "peers-journey", "--", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    found = {line["work"]: line["seconds"] for line in lines if "work" in line}
    found |= {line["check"]: line["value"] for line in lines if "check" in line}
    return found | {"channels": {line["channel"]: line["removal"] for line in lines if "channel" in line}}


# Report


TITLES = {
    "csv": "CSV of {n} events to log, map, variants and funnel (pm4py and process_mining without the funnel)",
    "graph": "directly-follows graph of the log in memory",
    "variants": "variants",
    "funnel": "funnel of 5 steps within 30 minutes (cxo with intervals, times between steps and where the others go)",
    "removal": "removal effects of a Markov chain, {paths} paths (ChannelAttribution by simulation)",
}
OWN = {
    "csv": "CSV to log, map, variants and funnel",
    "read": "CSV to log",
    "order": "log to journeys",
    "map": "map, with times and journeys of each edge",
    "graph": "directly-follows graph",
    "variants": "variants",
    "funnel": "funnel of 5 steps",
}


def check(mine, theirs):
    for name, found in theirs.items():
        for what in ("edges", "steps", "ways", "most", "reached"):
            if what in found and found[what] != mine[what]:
                sys.exit(f"{what}: {mine[what]} of cxo, {found[what]} of {name}")


def compared(mine, theirs, words):
    print("| work | cxo | peers | fastest peer / cxo |\n|---|---|---|---|")
    for work, title in TITLES.items():
        times = sorted((found[work], name) for name, found in theirs.items() if work in found)
        peers = ", ".join(f"{name} {seconds(time)}" for time, name in times)
        print(f"| {title.format(**words)} | {seconds(mine[work])} | {peers} | {ratio(times[0][0] / mine[work])} |")
        if work == "csv":
            peaks = sorted((found["peak"], name) for name, found in theirs.items() if "peak" in found)
            peers = ", ".join(f"{name} {peak:,} MiB" for peak, name in peaks)
            print(f"| peak memory of that | {mine['peak']} MiB | {peers} | {ratio(peaks[0][0] / mine['peak'])} |")
    found = theirs["ChannelAttribution"]["channels"]
    errors = {name: abs(found[name] / exact - 1) for name, exact in mine["channels"].items() if exact}
    worst = max(errors, key=errors.get)
    print(f"\nLargest relative error of a removal effect of ChannelAttribution: {errors[worst]:.1%}, of {worst}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--paths", type=pathlib.Path)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    directory = options.directory.resolve()
    paths = (options.paths or directory / "paths.csv").resolve()
    if options.peer:
        print(json.dumps(PEERS[options.peer](directory, paths)))
        return
    generate(directory, options.events)
    mine = ours("--data", directory, "--paths", paths)
    theirs = {name: peer(name, directory, paths) for name in PEERS}
    check(mine, theirs)
    rows = sum(1 for line in open(paths)) - 1
    compared(mine, theirs, {"n": f"{options.events:,}", "paths": f"{rows:,}"})
    if options.events == 1_000_000:
        many = directory / "many"
        generate(many, TEN_MILLION)
        mine = ours("--data", many)
        print(f"\n| cxo, {TEN_MILLION:,} events | |\n|---|---|")
        for work, title in OWN.items():
            print(f"| {title} | {seconds(mine[work])} |")
        print(f"| peak memory of the first | {mine['peak']} MiB |")


if __name__ == "__main__":
    main()
