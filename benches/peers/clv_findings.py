"""What lifetimes 0.11.3 answers at the edges that docs/compare.md names.

    python clv_findings.py
"""

import warnings

import lifetimes
import numpy as np

warnings.filterwarnings("ignore")


def fitter(kind, **parameters):
    import pandas

    made = kind()
    made.params_ = pandas.Series(parameters)
    return made


expected = "conditional_expected_number_of_purchases_up_to_time"
at_one = fitter(lifetimes.BetaGeoFitter, r=0.24, alpha=4.4, a=1.0, b=2.4)
print("BG/NBD, a = 1, expected purchases:", getattr(at_one, expected)(39, np.array([2]), np.array([30.43]), np.array([38.86])))
often = fitter(lifetimes.ParetoNBDFitter, r=0.5329, alpha=38.06, s=64.28, beta=7721.5)
history = np.array([254]), np.array([97.14286]), np.array([97.28571])
print("Pareto/NBD, 254 purchases, P(alive):", often.conditional_probability_alive(*history))
spend = fitter(lifetimes.GammaGammaFitter, p=6.25, q=0.9, v=15.44)
print("Gamma-Gamma, q = 0.9, mean spend of a new customer:", spend.conditional_expected_average_profit(np.array([0]), np.array([0.0])))
