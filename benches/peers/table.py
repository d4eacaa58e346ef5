"""How the comparisons print a time and a ratio."""


def seconds(value):
    for unit, factor in (("s", 1), ("ms", 1e3), ("µs", 1e6), ("ns", 1e9)):
        if value * factor >= 1 or unit == "ns":
            return f"{value * factor:.3g} {unit}"


def ratio(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
