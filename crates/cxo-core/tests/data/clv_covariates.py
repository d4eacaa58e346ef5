"""Reference fits of BG/NBD and Pareto/NBD with static covariates (Fader and Hardie 2007) on simulated apparel customers.

    python3 clv_covariates.py FOLDER > clv_covariates.json        (numpy, scipy, mpmath)

FOLDER holds apparel_rfm_20061231.csv and apparelStaticCov.csv, of which only the resulting numbers are kept. Likelihoods from
their definitions, exact gradients by complex steps, Newton's method on their differences. The integral of Pareto/NBD is held
against hypergeometric functions of 40 digits for some customers.
"""

import csv
import json
import sys

import mpmath
import numpy as np
from scipy.optimize import minimize
from scipy.special import loggamma

NAMES = ["Gender", "Channel"]


def customers(folder):
    with open(f"{folder}/apparel_rfm_20061231.csv") as file:
        histories = {row["id"]: [float(row[name]) for name in ("x", "t_x", "T")] for row in csv.DictReader(file)}
    with open(f"{folder}/apparelStaticCov.csv") as file:
        traits = {row["Id"]: [float(row[name]) for name in NAMES] for row in csv.DictReader(file)}
    return np.array(list(histories.values())).T, np.array([traits[customer] for customer in histories])


def bg(values, x, t_x, T, z):
    """By log r, log alpha, log a, log b, then gamma of purchase, of dropout by a and, if given, of dropout by b."""
    k = z.shape[1]
    r = np.exp(values[0])
    alpha = np.exp(values[1] - z @ values[4 : 4 + k])
    a = np.exp(values[2] + z @ values[4 + k : 4 + 2 * k])
    b = np.exp(values[3] + (z @ values[4 + 2 * k :] if len(values) > 4 + 2 * k else 0))
    n = r + x
    beta = lambda a, b: loggamma(a) + loggamma(b) - loggamma(a + b)
    stayed = beta(a, b + x) - beta(a, b) - n * np.log(alpha + T)
    odds = a / (b + np.maximum(x, 1) - 1) * np.exp(n * np.log((alpha + T) / (alpha + t_x)))
    either = np.where(x > 0, np.log(1 + odds), 0)
    return loggamma(n) - loggamma(r) + r * np.log(alpha) + stayed + either


NODES, WEIGHTS = np.polynomial.legendre.leggauss(120)


def pareto(values, x, t_x, T, z):
    """By log r, log alpha, log s, log beta, then gamma of purchase and of dropout."""
    k = z.shape[1]
    r, s = np.exp(values[0]), np.exp(values[2])
    alpha = np.exp(values[1] - z @ values[4 : 4 + k])
    beta = np.exp(values[3] - z @ values[4 + k :])
    n = r + x
    near = np.minimum(alpha.real, beta.real)
    width = np.log((near + T) / (near + t_x))
    w = width[:, None] * (NODES + 1) / 2
    u = (near + t_x)[:, None] * np.exp(w) - near[:, None]
    integrand = np.exp(
        -n[:, None] * np.log((alpha[:, None] + u) / (alpha + t_x)[:, None])
        - (s + 1) * np.log((beta[:, None] + u) / (beta + t_x)[:, None])
    ) * (near[:, None] + u)
    left = s / (beta + t_x) * (integrand @ WEIGHTS) * width / 2
    alive = np.exp(-n * np.log((alpha + T) / (alpha + t_x)) - s * np.log((beta + T) / (beta + t_x)))
    head = loggamma(n) - loggamma(r) + r * np.log(alpha) + s * np.log(beta)
    return head - n * np.log(alpha + t_x) - s * np.log(beta + t_x) + np.log(alive + left)


def hypergeometric(r, alpha, s, beta, x, t_x, T):
    """Fader and Hardie (2005), for alpha >= beta or not."""
    mpmath.mp.dps = 40
    r, alpha, s, beta, x, t_x, T = map(mpmath.mpf, (r, alpha, s, beta, x, t_x, T))
    big, small, power = (alpha, beta, s + 1) if alpha >= beta else (beta, alpha, r + x)
    total = r + s + x
    term = lambda u: mpmath.hyp2f1(total, power, total + 1, (big - small) / (big + u)) / (big + u) ** total
    integral = (term(t_x) - term(T)) / total
    alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
    head = mpmath.loggamma(r + x) - mpmath.loggamma(r) + r * mpmath.log(alpha) + s * mpmath.log(beta)
    return float(head + mpmath.log(alive + s * integral))


def gradient(function, values):
    steps = 1e-30j * np.eye(len(values))
    return np.array([function(values + step).imag / 1e-30 for step in steps])


def hessian(function, values):
    """Differences of fourth order."""
    step = 1e-3
    difference = lambda h: gradient(function, values + h) - gradient(function, values - h)
    columns = [8 * difference(h) - difference(2 * h) for h in step * np.eye(len(values))]
    matrix = np.array(columns) / (12 * step)
    return (matrix + matrix.T) / 2


def fit(likelihood, start, data, z):
    total = lambda values: likelihood(values, *data, z).sum()
    downhill = lambda values: -gradient(total, values)
    result = minimize(lambda values: -total(values), start, jac=downhill, method="BFGS", options={"gtol": 1e-3})
    values = result.x
    for _ in range(6):
        values = values - np.linalg.solve(hessian(total, values), gradient(total, values))
    slope, curve = gradient(total, values), hessian(total, values)
    assert np.abs(slope).max() < 1e-8, slope
    assert np.linalg.eigvalsh(-curve).min() > 0
    return values, float(total(values)), np.sqrt(np.diag(np.linalg.inv(-curve)))


def main():
    data, z = customers(sys.argv[1])
    fits = []
    bg_start, pareto_start = [0.3, 3.0, -0.5, 1.5], [0.3, 3.0, -0.5, 3.0]
    both = [[0, 1], [0], [1]]
    for model, effect, likelihood, parameters, moved, start, tables in (
        # By both shapes only Gender has a maximum: without Channel 1 all customers leave with the same chance.
        ("bg-nbd", "shapes", bg, ["r", "alpha", "a", "b"], ["alpha", "a", "b"], bg_start, [[0]]),
        ("bg-nbd", "odds", bg, ["r", "alpha", "a", "b"], ["alpha", "a"], bg_start, both),
        ("pareto-nbd", "shapes", pareto, ["r", "alpha", "s", "beta"], ["alpha", "beta"], pareto_start, both),
    ):
        _, without, _ = fit(likelihood, np.array(start), data, z[:, :0])
        for columns in tables:
            begin = np.array(start + [0.0] * (len(columns) * len(moved)))
            values, log_likelihood, errors = fit(likelihood, begin, data, z[:, columns])
            coefficients = [{"name": NAMES[c], "parameter": parameter} for parameter in moved for c in columns]
            for coefficient, value, error in zip(coefficients, values[4:], errors[4:]):
                coefficient.update({"value": value, "standard_error": error})
            fits.append(
                {
                    "model": model,
                    "effect": effect,
                    "columns": columns,
                    "parameters": dict(zip(parameters, np.exp(values[:4]))),
                    "standard_errors": dict(zip(parameters, np.exp(values[:4]) * errors[:4])),
                    "coefficients": coefficients,
                    "log_likelihood": log_likelihood,
                    "log_likelihood_without": without,
                }
            )
        if model == "pareto-nbd":
            for row in range(0, 600, 37):
                x, t_x, T = (float(column[row]) for column in data)
                found = pareto(np.array(start), *(column[row : row + 1] for column in data), z[:1, :0])[0]
                assert abs(found - hypergeometric(*np.exp(start), x, t_x, T)) < 1e-11
    origin = "scipy, from the definitions of Fader and Hardie (2007): clv_covariates.py beside this file"
    json.dump({"origin": origin, "customers": int(z.shape[0]), "fits": fits}, sys.stdout, indent=1)
    print()


main()
