"""Reference numbers of the GGom/NBD model (Bemmaor and Glady 2012), from its definition alone.

    python3 ggom_nbd.py > ggom_nbd.json        (mpmath 1.4; about ten minutes)

A customer buys at a rate drawn from Gamma(r, alpha) until he leaves at a time u with survival
S(u) = (beta / (beta - 1 + e^(b u)))^s. Every number is an integral over u, by tanh-sinh on many short panels with 40
digits, twice with different panels. For some histories the likelihood is also integrated over the purchase rate and the rate
of leaving of the individual, of which nothing is known in closed form then.
"""

import json
import sys

from mpmath import mp, mpf, quad, exp, expm1, log, log1p, gamma, loggamma, inf

mp.dps = 40
DELTA = mpf("0.0026877")
HORIZONS = [4, 52, 1000]

PARAMETERS = [  # r, alpha, b, s, beta
    ("0.553", "10.578", "0.0002", "0.603", "0.0026"),
    ("0.6", "8", "0.05", "0.4", "1.7"),
    ("1.2", "5", "0.1", "0.3", "1"),
    ("0.5", "2", "0.2", "0.8", "0.3"),
    ("1.5", "6", "0.15", "0.5", "5000"),
    ("0.8", "3", "5", "0.02", "40"),
    ("0.553", "10.578", "1e-9", "0.606", "1.1668e-8"),
    ("0.5", "4", "0.03", "0.0001", "0.5"),
    ("2", "10", "0.02", "60", "900"),
    ("0.3", "0.5", "0.01", "2.5", "0.999"),
]
HISTORIES = [  # x, t_x, T
    (0, "0", "0"),
    (0, "0", "39"),
    (1, "2.5", "39"),
    (2, "30.43", "38.86"),
    (26, "30.86", "31"),
    (3, "38", "38"),
    (300, "150", "160"),
    (300, "20", "500"),
    (1, "0.001", "1000"),
]


def panels(scales, start, end, ratio):
    """Points from start to end that are dense near each (centre, width)."""
    points = {start, end}
    for centre, width in scales:
        step, k = width / 8, 0
        while step < 1e30 * width and k < 140:
            for point in (centre - step, centre + step):
                if start < point < end:
                    points.add(point)
            step *= ratio
            k += 1
    return sorted(points)


def integral(function, scales, start, end):
    if end <= start:
        return mpf(0)
    results = []
    for ratio, degree in ((mpf(2), 5), (mpf("2.7"), 6)):
        points = panels(scales, start, end, ratio)
        results.append(quad(function, points, maxdegree=degree))
    a, b = results
    if abs(a - b) > mpf(10) ** -22 * abs(a):
        raise ArithmeticError(f"panels disagree: {a} {b}")
    return b


class Model:
    def __init__(self, r, alpha, b, s, beta):
        self.r, self.alpha, self.b, self.s, self.beta = map(mpf, (r, alpha, b, s, beta))

    def log_denominator(self, u):
        """ln (beta - 1 + e^(b u)) / beta."""
        return log1p(expm1(self.b * u) / self.beta)

    def survival(self, u):
        return exp(-self.s * self.log_denominator(u))

    def density(self, u):
        return self.b * self.s / self.beta * exp(self.b * u - (self.s + 1) * self.log_denominator(u))

    def scales(self, rate, now):
        """Where the integrands bend, in time from `now`."""
        middle = log(abs(self.beta - 1)) / self.b if self.beta != 1 else mpf(0)
        near = min(1 / self.b, self.beta / self.b)
        return [(mpf(0), rate), (mpf(0), near), (max(middle - now, mpf(0)), 1 / self.b)]

    def far(self, now):
        middle = log(max(abs(self.beta - 1), mpf(1))) / self.b
        return max(middle - now, mpf(0)) + 100 * (1 + 1 / self.s) / self.b

    def answers(self, x, t_x, T):
        x, t_x, T = mpf(x), mpf(t_x), mpf(T)
        n = self.r + x
        log_head = loggamma(n) - loggamma(self.r) + self.r * log(self.alpha) - n * log(self.alpha + t_x)
        relative = lambda u: exp(-n * log1p((u - t_x) / (self.alpha + t_x)))
        alive = relative(T) * self.survival(T)
        scales = [(centre + t_x, width) for centre, width in self.scales((self.alpha + t_x) / n, t_x)]
        left = integral(lambda u: relative(u) * self.density(u), scales, t_x, T)
        p_alive = alive / (alive + left)
        rate = self.alpha + T
        now = self.survival(T)
        later = lambda u: self.survival(T + u) / now
        leaving = lambda u: self.density(T + u) / now
        scales = self.scales(rate, T) + [(mpf(0), rate / n), (mpf(0), 1 / DELTA)]
        far = self.far(T)
        mean_up_to = lambda t: integral(later, scales, mpf(0), min(mpf(t), far))
        dert = integral(lambda u: exp(-DELTA * u) * later(u), scales, mpf(0), min(far, 200 / DELTA))
        negative_binomial = lambda k, u: exp(
            loggamma(n + k) - loggamma(n) - loggamma(k + 1) + n * log(rate / (rate + u)) + (k * log(u / (rate + u)) if k else 0)
        )

        def pmf(k, t):
            inner = integral(lambda u: negative_binomial(k, u) * leaving(u), scales, mpf(0), min(mpf(t), far))
            return p_alive * (negative_binomial(k, mpf(t)) * later(mpf(t)) + inner) + (1 - p_alive if k == 0 else 0)

        mean = p_alive * n / rate * mean_up_to(52)
        counts = sorted({0, 1, 2, int(mean) + 3})
        return {
            "log_likelihood": log_head + log(alive + left),
            "p_alive": p_alive,
            "p_alive_52": p_alive * later(mpf(52)),
            "expected_purchases": [p_alive * n / rate * mean_up_to(t) for t in HORIZONS],
            "dert": p_alive * n / rate * dert,
            "residual_transactions": p_alive * n / rate * mean_up_to(far),
            "pmf_52": {str(k): pmf(k, 52) for k in counts},
        }

    def over_rates(self, x, t_x, T):
        """ln of the likelihood and P(alive), integrated over lambda and eta of the individual."""
        x, t_x, T = mpf(x), mpf(t_x), mpf(T)
        bends = lambda top: [mpf(0)] + [top * mpf(4) ** k for k in range(-40, 8)]

        def over_lambda(u):
            weight = lambda l: l ** (self.r + x - 1) * exp(-l * (self.alpha + u)) * self.alpha ** self.r / gamma(self.r)
            return quad(weight, bends((self.r + x) / (self.alpha + u)))

        def over_eta(function, u):
            grown = expm1(self.b * u)
            weight = lambda e: e ** (self.s - 1) * exp(-e * (self.beta + grown)) * self.beta**self.s / gamma(self.s)
            return quad(lambda e: weight(e) * function(e, u), bends(self.s / (self.beta + grown)))

        leaving = lambda e, u: e * self.b * exp(self.b * u)
        alive = over_lambda(T) * over_eta(lambda e, u: mpf(1), T)
        left = mpf(0)
        if T > t_x:
            points = [t_x + (T - t_x) * mpf(k) / 8 for k in range(9)]
            left = quad(lambda u: over_lambda(u) * over_eta(leaving, u), points, maxdegree=3, method="gauss-legendre")
        return log(alive + left), alive / (alive + left)


def numbers(value):
    if isinstance(value, dict):
        return {key: numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [numbers(inner) for inner in value]
    return float(value)


def main():
    cases = []
    for parameters in PARAMETERS:
        model = Model(*parameters)
        for x, t_x, T in HISTORIES:
            print(parameters, x, t_x, T, file=sys.stderr, flush=True)
            answers = model.answers(x, t_x, T)
            cases.append(
                {"parameters": [float(p) for p in parameters], "x": x, "t_x": float(t_x), "T": float(T), **numbers(answers)}
            )
            if parameters in PARAMETERS[1:5] and (x, T) in ((1, "39"), (2, "38.86")):
                mp.dps = 15
                value, alive = model.over_rates(x, t_x, T)
                mp.dps = 40
                assert abs(value - answers["log_likelihood"]) < 1e-11, (value, answers["log_likelihood"])
                assert abs(alive - answers["p_alive"]) < 1e-11, (alive, answers["p_alive"])
                print("  the same over the rates of the individual", file=sys.stderr, flush=True)
    origin = "mpmath 1.4, 40 digits: ggom_nbd.py beside this file"
    json.dump({"origin": origin, "delta": float(DELTA), "horizons": HORIZONS, "cases": cases}, sys.stdout, indent=1)
    print()


main()
