"""What docs/compare.md says about statsmodels, shown by running it."""

import statsmodels
from statsmodels.stats import proportion as p

print("statsmodels", statsmodels.__version__)
try:
    print("score interval of 0/20 against 0/20:", p.confint_proportions_2indep(0, 20, 0, 20, method="score"))
except Exception as error:
    print("score interval of 0/20 against 0/20 raises:", error)
print("Wilson interval of 0/0:", p.proportion_confint(0, 0, method="wilson"))
