"""How often a field agrees so well for one person, and how often by chance for two: (m, u) of Fellegi and Sunter.

Fitted by `benchmarks/fitting.py` on invented persons; nothing here is set by hand but what stands under "Set". For `same` and
`script` of a name, u is the share of those with that very name, and the comparison multiplies it with the name's rarity.
"""

from collections.abc import Mapping

Levels = Mapping[str, tuple[float, float]]

WEIGHTS: Mapping[str, Levels] = {
    "family": {
        "same": (0.70, 0.9),
        "script": (0.10, 1.0),
        "part": (0.02, 0.0005),
        "near": (0.10, 0.001),
        "alike": (0.05, 0.01),
        "initial": (0.02, 0.06),
        "differs": (0.01, 0.98),
    },
    "given": {
        "same": (0.70, 0.9),
        "script": (0.15, 1.0),
        "near": (0.05, 0.003),
        "alike": (0.03, 0.02),
        "initial": (0.04, 0.08),
        "differs": (0.01, 0.90),
    },
    "father": {
        "same": (0.90, 1.0),
        "near": (0.03, 0.004),
        "initial": (0.05, 0.08),
        "differs": (0.02, 0.93),
    },
    "birth_date": {
        "same": (0.75, 0.00007),
        "swapped": (0.03, 0.00003),
        "month": (0.05, 0.002),
        "year": (0.08, 0.025),
        "digit": (0.05, 0.001),
        "same_year": (0.015, 0.025),
        "day_month": (0.01, 0.0025),
        "near_year": (0.005, 0.05),
        "differs": (0.01, 0.93),
    },
    "service_number": {"same": (0.92, 0.0000005), "near": (0.06, 0.00001), "differs": (0.02, 0.99999)},
    "unit": {"same": (0.85, 0.005), "alike": (0.10, 0.05), "differs": (0.05, 0.94)},
    "rank": {"same": (0.85, 0.20), "differs": (0.15, 0.80)},
    "order": {"straight": (0.95, 1.0), "swapped": (0.05, 1.0)},
}

# How common a name is whose rarity nobody has counted.
RARITY: Mapping[str, float] = {"family": 0.0005, "given": 0.01, "father": 0.015}
GIVEN_OF_ALL: Mapping[str, float] = {}
FATHERS_OF_ALL: Mapping[str, float] = {}
