"""Churn by cxo and by scikit-learn, statsmodels, lifelines and scikit-survival, on the same data, in one run on one machine.

    python churn.py DIRECTORY [--telco FOLDER] [--rows 1000000]

DIRECTORY receives the generated data (seeded). FOLDER holds `telco_design.csv` (`churn` and 23 columns) and
`telco_surv.csv` (`time`, `event` and 20 columns) of the public Telco data; without it data of the same size are drawn.
Columns are in memory before the clock starts; everything runs on one thread, each peer in a process of its own, with its
default tolerances. All figures are the shortest of several runs; peers run twice where they need more than a second. What is fitted is compared by
log-likelihood, what is scored by its sum: a row whose answers differ stops the run.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time
import warnings

from table import ratio, seconds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SEED = 20261125
SOME = 100_000
COLUMNS = 20


# Data


def write(directory, name, outcome, times, design):
    """Columns one after the other, as f64."""
    import numpy as np

    np.asarray(outcome, dtype="f8").tofile(directory / f"{name}-event.f64")
    if times is not None:
        np.asarray(times, dtype="f8").tofile(directory / f"{name}-time.f64")
    np.asfortranarray(design, dtype="f8").T.tofile(directory / f"{name}-columns.f64")


def read(directory, name):
    import numpy as np

    load = lambda part: np.fromfile(directory / f"{name}-{part}.f64", dtype="f8")
    event = load("event")
    path = directory / f"{name}-time.f64"
    return event, load("time") if path.exists() else None, load("columns").reshape(-1, len(event)).T


def drawn(random, rows, columns):
    import numpy as np

    design = random.normal(size=(rows, columns))
    design[:, 1::3] = (design[:, 1::3] > 0.4).astype("f8")
    design[:, 2] = np.exp(0.5 * design[:, 2])
    effect = random.normal(size=columns) * 0.3
    return design, effect


def generate(directory, rows, telco):
    import numpy as np

    done, wanted = directory / "churn-rows", f"{rows} {telco}"
    if done.exists() and done.read_text() == wanted:
        return
    directory.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(SEED)
    design, effect = drawn(random, rows, COLUMNS)
    logit = design @ effect - 1.2
    write(directory, "logistic-many", random.uniform(size=rows) < 1 / (1 + np.exp(-logit)), None, design)
    np.round(logit, 4).tofile(directory / "scores.f64")
    design, effect = drawn(random, rows, COLUMNS)
    life = random.exponential(1.0, rows) * 400 * np.exp(-(design @ effect))
    seen = random.uniform(50, 700, rows)
    days = np.maximum(np.ceil(np.minimum(life, seen) * 10) / 10, 0.1)
    write(directory, "cox-many", life <= seen, days, design)
    some = min(SOME, rows)
    write(directory, "cox-some", (life <= seen)[:some], days[:some], design[:some])
    if telco:
        import pandas

        table = pandas.read_csv(telco / "telco_design.csv")
        write(directory, "logistic-telco", table.pop("churn"), None, table)
        table = pandas.read_csv(telco / "telco_surv.csv")
        write(directory, "cox-telco", table.pop("event"), table.pop("time"), table)
    else:
        design, effect = drawn(random, 7043, 23)
        write(directory, "logistic-telco", random.uniform(size=7043) < 1 / (1 + np.exp(1 - design @ effect)), None, design)
        design, effect = drawn(random, 7032, 20)
        life = np.ceil(random.exponential(60, 7032) * np.exp(-(design @ effect)))
        seen = random.integers(1, 73, 7032)
        write(directory, "cox-telco", life <= seen, np.minimum(life, seen), design)
    done.write_text(wanted)


# Peers: each part returns CPU seconds by work, and what must agree.


def once(run):
    """CPU seconds of the shorter of two runs, or of several where one is short; and what it returns."""
    found, runs, result, start = float("inf"), 0, None, time.perf_counter()
    while runs < 2 or (runs < 5 and time.perf_counter() - start < 1.0):
        before = time.process_time()
        result = run()
        found = min(found, time.process_time() - before)
        runs += 1
    return found, result


def many_times(run, count=2000):
    before = time.process_time()
    for _ in range(count):
        run()
    return (time.process_time() - before) / count


def log_likelihood(event, logit):
    import numpy as np

    return float(np.sum(event * logit - np.logaddexp(0, logit)))


def sklearn(directory):
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    found = {}
    for name in ("telco", "many"):
        event, _, design = read(directory, f"logistic-{name}")
        fit = LogisticRegression(C=np.inf, solver="newton-cholesky")
        found[f"logistic {name}"], _ = once(lambda: fit.fit(design, event))
        found[f"logistic {name} likelihood"] = log_likelihood(event, fit.decision_function(design))
        if name == "many":
            found["score many"], scores = once(lambda: fit.predict_proba(design)[:, 1])
            found["score many sum"] = float(scores.sum())
            row = design[:1]
            found["score one"] = many_times(lambda: fit.predict_proba(row))
    event, _, _ = read(directory, "logistic-many")
    scores = np.fromfile(directory / "scores.f64", dtype="f8")
    found["auc"], value = once(lambda: roc_auc_score(event, scores))
    found["auc value"] = float(value)
    return found


def numpy(directory):
    import numpy as np

    _, _, design = read(directory, "logistic-many")
    weights, row = np.linspace(-0.5, 0.5, design.shape[1]), design[0].copy()
    return {"score one": many_times(lambda: 1 / (1 + np.exp(-(row @ weights + 0.1))), 20_000)}


def statsmodels(directory):
    import numpy as np
    import statsmodels.api as api

    found = {}
    for name in ("telco", "many"):
        event, _, design = read(directory, f"logistic-{name}")
        design = np.column_stack([np.ones(len(event)), design])
        found[f"logistic {name}"], fit = once(lambda: api.Logit(event, design).fit(method="newton", disp=0))
        found[f"logistic {name} likelihood"] = float(fit.llf)
    return found


def frame(directory, name):
    import pandas

    event, times, design = read(directory, name)
    table = pandas.DataFrame(design, columns=[f"x{place}" for place in range(design.shape[1])])
    return table.assign(duration=times, event=event.astype(bool))


def lifelines(directory):
    import lifelines as package
    from lifelines.utils import concordance_index

    found = {}
    for name in ("telco", "some", "many"):
        table = frame(directory, f"cox-{name}")
        found[f"cox {name}"], fit = once(lambda: package.CoxPHFitter().fit(table, "duration", "event"))
        found[f"cox {name} likelihood"] = float(fit.log_likelihood_)
        if name == "some":
            risk = table["x0"] + table["x3"]
            run = lambda: concordance_index(table["duration"], -risk, table["event"])
            found["concordance"], value = once(run)
            found["concordance value"] = float(value)
    found["kaplan-meier"], fit = once(lambda: package.KaplanMeierFitter().fit(table["duration"], table["event"]))
    found["kaplan-meier sum"] = float(fit.survival_function_.iloc[1:, 0].sum())
    return found


def scikit_survival(directory):
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.nonparametric import kaplan_meier_estimator
    from sksurv.util import Surv

    found = {}
    for name in ("telco", "some"):
        event, times, design = read(directory, f"cox-{name}")
        outcome = Surv.from_arrays(event.astype(bool), times)
        found[f"cox {name}"], _ = once(lambda: CoxPHSurvivalAnalysis(ties="efron").fit(design, outcome))
    event, times, _ = read(directory, "cox-many")
    found["kaplan-meier"], curve = once(lambda: kaplan_meier_estimator(event.astype(bool), times, conf_type="log-log"))
    found["kaplan-meier sum"] = float(curve[1].sum())
    return found


PEERS = {
    "scikit-learn": sklearn,
    "numpy": numpy,
    "statsmodels": statsmodels,
    "lifelines": lifelines,
    "scikit-survival": scikit_survival,
}


def peer(name, directory):
    """One peer in a process of its own, held to one thread."""
    single = {variable: "1" for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    command = [sys.executable, __file__, str(directory), "--peer", name]
    done = subprocess.run(command, env={**os.environ, **single}, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


# Report


TITLES = {
    "logistic telco": "logistic regression with standard errors, Telco (7,043 x 23)",
    "logistic many": "the same, {n} x 20 (scikit-learn without standard errors)",
    "cox telco": "Cox, Efron, Telco (7,032 x 20)",
    "cox some": "Cox, Efron, {some} x 20",
    "cox many": "Cox, Efron, {n} x 20",
    "kaplan-meier": "Kaplan-Meier with intervals, {n}",
    "concordance": "concordance with its error, {some} (lifelines without)",
    "auc": "ROC AUC with its error, {n} scores (scikit-learn without)",
    "score one": "one row scored with reasons (peers without)",
    "score many": "{n} rows scored",
}


def check(mine, theirs):
    """Likelihoods not below a peer's; sums and values equal."""
    for line in mine:
        for name, found in theirs.items():
            given = found.get(line["check"])
            if given is None:
                continue
            below = line["value"] < given - 1e-9 * abs(given)
            differs = abs(line["value"] - given) > 1e-7 * abs(given)
            if below if "likelihood" in line["check"] else differs:
                sys.exit(f"{line['check']}: {line['value']} of cxo, {given} of {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--telco", type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.peer:
        print(json.dumps(PEERS[options.peer](options.directory)))
        return
    generate(options.directory, options.rows, options.telco)
    command = ["cargo", "bench", "--quiet", "--bench", "peers-churn", "--", "--data", str(options.directory.resolve())]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    mine = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    theirs = {name: peer(name, options.directory) for name in PEERS}
    check([line for line in mine if "check" in line], theirs)
    words = {"n": f"{options.rows:,}", "some": f"{min(SOME, options.rows):,}"}
    print("| work | cxo | peers, CPU | fastest peer / cxo |\n|---|---|---|---|")
    for line in (line for line in mine if "work" in line):
        times = sorted((found[line["work"]], name) for name, found in theirs.items() if line["work"] in found)
        peers = ", ".join(f"{name} {seconds(time)}" for time, name in times)
        faster = ratio(times[0][0] / line['seconds']) if times else ""
        print(f"| {TITLES[line['work']].format(**words)} | {seconds(line['seconds'])} | {peers} | {faster} |")


if __name__ == "__main__":
    main()
