"""Lifetime value by cxo and by lifetimes, on the same data, in one run on one machine: a markdown table with ratios.

    python clv.py DIRECTORY [--customers 1000000] [--transactions 10000000]

DIRECTORY receives the generated data (seeded; what is there already is used again). Columns are in memory before the clock
starts, standard errors belong to every fit that has them (lifetimes has none for Pareto/NBD), everything runs on one
thread. Our figures are the shortest of several runs; lifetimes runs once where it needs more than a second. After every
fit the log-likelihoods are compared at the parameters found: a row whose answers differ stops the run.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time
import warnings

from table import ratio, seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 20261123
SOME = 100_000


# Data


def generate(directory, customers, transactions):
    """x, t_x, T, mean spend of Pareto/NBD customers with days as resolution; ids, days and cents of a log."""
    import numpy as np

    done, wanted = directory / "clv-rows", f"{customers} {transactions}"
    if done.exists() and done.read_text() == wanted:
        return
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    age = random.integers(26 * 7, 104 * 7, customers) / 7
    rate = random.gamma(0.55, 1 / 10.6, customers)
    life = random.exponential(1.0, customers) / np.maximum(random.gamma(0.61, 1 / 11.7, customers), 1e-300)
    active = np.minimum(life, age)
    x = random.poisson(rate * active).astype("f8")
    last = np.where(x > 0, active * random.uniform(size=customers) ** (1 / np.maximum(x, 1)), 0.0)
    t_x = np.minimum(np.ceil(last * 7) / 7, age)
    spend = random.gamma(6.25 * np.maximum(x, 1)) / (np.maximum(x, 1) * random.gamma(3.74, 1 / 15.4, customers))
    mean = np.where(x > 0, np.maximum(np.round(spend, 2), 0.01), 0.0)
    for name, column in (("x", x), ("t_x", t_x), ("T", age), ("mean", mean)):
        column.astype("f8").tofile(directory / f"clv-{name}.f64")
    random.integers(0, max(transactions // 10, 1), transactions, dtype="u4").tofile(directory / "clv-id.u32")
    random.integers(19_000, 19_730, transactions, dtype="i4").tofile(directory / "clv-day.i32")
    random.integers(100, 20_000, transactions, dtype="i8").tofile(directory / "clv-cents.i64")
    done.write_text(wanted)


def columns_of(directory):
    import numpy as np

    return [np.fromfile(directory / f"clv-{name}.f64", dtype="f8") for name in ("x", "t_x", "T", "mean")]


# lifetimes


def once(run):
    """CPU seconds of one run, or the shortest of several where one is short; and what it returns."""
    found, runs, result, start = float("inf"), 0, None, time.perf_counter()
    while runs == 0 or (runs < 5 and time.perf_counter() - start < 1.0):
        before = time.process_time()
        result = run()
        found = min(found, time.process_time() - before)
        runs += 1
    return found, result


def lifetimes_fits(directory, cdnow, count):
    import lifetimes
    import pandas

    warnings.filterwarnings("ignore")
    x, t_x, age, _ = (column[:count] for column in columns_of(directory))
    small = pandas.read_csv(cdnow)
    found = {}
    models = {"bg-nbd": lifetimes.BetaGeoFitter, "mbg-nbd": lifetimes.ModifiedBetaGeoFitter, "pareto-nbd": lifetimes.ParetoNBDFitter}
    for name, fitter in models.items():
        seconds, fit = once(lambda: fitter().fit(small["x"], small["t_x"], small["T"]))
        found[f"{name} cdnow"] = seconds
        found[f"{name} cdnow parameters"] = fit.params_.tolist()
        rows = slice(0, SOME if name == "pareto-nbd" else count)
        label = f"{name} some" if name == "pareto-nbd" else f"{name} many"
        seconds, fit = once(lambda: fitter().fit(x[rows], t_x[rows], age[rows]))
        found[label], found[f"{label} parameters"] = seconds, fit.params_.tolist()
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


def lifetimes_rest(directory, cdnow, count):
    import lifetimes

    warnings.filterwarnings("ignore")
    x, t_x, age, mean = (column[:count] for column in columns_of(directory))
    found = {}
    buyers = x > 0
    spend = lifetimes.GammaGammaFitter()
    found["gamma-gamma many"], _ = once(lambda: spend.fit(x[buyers], mean[buyers]))
    found["gamma-gamma many parameters"] = spend.params_.tolist()
    small = lifetimes.BetaGeoFitter()
    small.fit(x[:2000], t_x[:2000], age[:2000])
    pareto = lifetimes.ParetoNBDFitter()
    pareto.fit(x[:2000], t_x[:2000], age[:2000])
    expected = "conditional_expected_number_of_purchases_up_to_time"
    for name, fit in (("bg-nbd", small), ("pareto-nbd", pareto)):
        run = lambda: (fit.conditional_probability_alive(x, t_x, age), getattr(fit, expected)(39, x, t_x, age))
        found[f"score {name}"], _ = once(run)
    import pandas

    series = [pandas.Series(column) for column in (x, t_x, age, mean)]
    found["value"], _ = once(lambda: spend.customer_lifetime_value(small, *series, time=12, discount_rate=0.01, freq="W"))
    return found


def lifetimes_log(directory, cdnow, count):
    import lifetimes.utils
    import numpy as np
    import pandas

    identity = np.fromfile(directory / "clv-id.u32", dtype="u4")
    day = np.fromfile(directory / "clv-day.i32", dtype="i4")
    cents = np.fromfile(directory / "clv-cents.i64", dtype="i8")
    frame = pandas.DataFrame({"id": identity, "date": day.astype("datetime64[D]").astype("datetime64[ns]"), "amount": cents / 100})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    run = lambda: lifetimes.utils.summary_data_from_transaction_data(frame, "id", "date", "amount", freq="D")
    seconds, summary = once(run)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "log": seconds,
        "log memory": after,
        "log input": before,
        "log check": [len(summary), int(summary.frequency.sum()), float(summary.recency.sum()), float(summary["T"].sum())],
    }


PARTS = {"fits": lifetimes_fits, "rest": lifetimes_rest, "log": lifetimes_log}


def lifetimes_part(name, directory, cdnow, count):
    """One part in a process of its own, held to one thread."""
    single = {variable: "1" for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, __file__, str(directory), "--part", name, "--cdnow", str(cdnow), "--customers", str(count)]
    done = subprocess.run(command, env={**os.environ, **single}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"lifetimes, {name}, failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


# Ours


def ours(directory, cdnow, theirs):
    """Seconds by work; the parameters of lifetimes are handed over, so that the log-likelihoods can be compared."""
    (directory / "clv-theirs.json").write_text(json.dumps(theirs))
    command = ["cargo", "bench", "--quiet", "--bench", "peers-clv", "--", "--data", str(directory.resolve()), "--cdnow", str(cdnow)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


# Report


TITLES = {
    "bg-nbd cdnow": "fit BG/NBD, CDNOW (2,357 customers)",
    "mbg-nbd cdnow": "fit MBG/NBD, CDNOW",
    "pareto-nbd cdnow": "fit Pareto/NBD, CDNOW",
    "bg-nbd many": "fit BG/NBD, {n}",
    "mbg-nbd many": "fit MBG/NBD, {n}",
    "pareto-nbd some": "fit Pareto/NBD, {some:,} customers",
    "pareto-nbd many": "fit Pareto/NBD, {n}",
    "gamma-gamma many": "fit Gamma-Gamma, the buyers of {n}",
    "score bg-nbd": "P(alive) and expected purchases, {n}, BG/NBD",
    "score pareto-nbd": "P(alive) and expected purchases, {n}, Pareto/NBD",
    "value": "CLV of 12 discounted months, {n}",
    "log": "{t} transactions to summaries",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--transactions", type=int, default=10_000_000)
    parser.add_argument("--cdnow", type=pathlib.Path, help="summaries id,x,t_x,T,… of CDNOW; made from the log of the examples unless given")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    options = parser.parse_args()
    directory, count = options.directory, options.customers
    if options.part:
        print(json.dumps(PARTS[options.part](directory, options.cdnow, count)))
        return
    generate(directory, count, options.transactions)
    cdnow = (options.cdnow or summaries_of_cdnow(directory)).resolve()
    theirs = {}
    for part in PARTS:
        theirs |= lifetimes_part(part, directory, cdnow, count)
    mine = ours(directory, cdnow, theirs)
    checks, mine = [line for line in mine if "check" in line], [line for line in mine if "work" in line]
    for line in checks:
        if line.get("worse"):
            sys.exit(f"{line['check']}: our log-likelihood {line['ours']} is below that of lifetimes {line['theirs']}")
        if line["check"] == "log" and line["found"] != theirs["log check"]:
            sys.exit(f"not the same summaries: {line['found']} and {theirs['log check']}")
    words = {"n": f"{count:,} customers", "some": SOME, "t": f"{options.transactions:,}"}
    print("| work | cxo | lifetimes 0.11.3, CPU | lifetimes / cxo |\n|---|---|---|---|")
    for line in mine:
        work, spent = line["work"], line["seconds"]
        peer = theirs.get(work)
        faster = ratio(peer / spent) if peer else ""
        print(f"| {TITLES[work].format(**words)} | {seconds(spent)} | {seconds(peer) if peer else 'not run'} | {faster} |")
    print(f"\nlifetimes took {theirs['memory']:.0f} MiB for the fits and {theirs['log memory']:.0f} MiB for the summaries ({theirs['log input']:.0f} MiB before).")


def summaries_of_cdnow(directory):
    """x, t_x, T in weeks of the log in examples/data-public."""
    import lifetimes.utils
    import pandas

    log = pandas.read_csv(ROOT / "examples" / "data-public" / "cdnow.csv")
    table = lifetimes.utils.summary_data_from_transaction_data(
        log, "customer", "date", freq="D", observation_period_end="1997-09-30"
    ).reset_index()
    table = pandas.DataFrame({"id": table.customer, "x": table.frequency, "t_x": table.recency / 7, "T": table["T"] / 7})
    table.to_csv(directory / "clv-cdnow.csv", index=False)
    return directory / "clv-cdnow.csv"


if __name__ == "__main__":
    main()
