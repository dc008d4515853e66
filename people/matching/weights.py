"""How often a field agrees so well for one person, and how often by chance for two: (m, u) of Fellegi and Sunter.

Counted by `python -m benchmarks.fitting` on invented persons; what is set by hand says so. For a name that agrees, u is 1: the
comparison multiplies it with that name's rarity.
"""

from collections.abc import Mapping

Levels = Mapping[str, tuple[float, float]]

WEIGHTS: Mapping[str, Levels] = {
    "family": {
        "same": (0.7678, 1.0),
        "script": (0.1598, 1.0),
        "part": (0.005, 0.0001),  # set: invented persons have few double names
        "near": (0.0458, 0.00032),
        "alike": (0.0105, 0.011),
        "initial": (0.004, 0.0033),  # set: none was shortened
        "differs": (0.0138, 0.98),
    },
    "given": {
        "same": (0.7667, 1.0),
        "script": (0.1455, 1.0),
        "near": (0.0078, 0.0002),
        "alike": (0.0055, 0.016),
        "initial": (0.0568, 0.0051),
        "differs": (0.0178, 0.96),
    },
    "father": {
        "same": (0.9167, 1.0),
        "near": (0.0128, 0.00032),
        "initial": (0.0583, 0.0065),
        "differs": (0.0122, 0.97),
    },
    "birth_date": {
        "same": (0.7956, 0.00008),
        "swapped": (0.0177, 0.000016),
        "month": (0.0348, 0.000053),
        "year": (0.1029, 0.0026),
        "digit": (0.0488, 0.0017),
        # Set: a date that is wrong in another way is rare, not impossible.
        "same_year": (0.008, 0.021),
        "day_month": (0.004, 0.0027),
        "near_year": (0.004, 0.0069),
        "differs": (0.006, 0.96),
    },
    "service_number": {
        "same": (0.9088, 0.000001),  # set: of a million one has it
        "near": (0.08, 0.000021),
        "differs": (0.01, 1.0),  # set: a number is given anew
    },
    # Set: units are written as everybody likes, and people are moved.
    "unit": {"same": (0.80, 0.001), "alike": (0.12, 0.006), "differs": (0.08, 0.99)},
    "rank": {"same": (0.8229, 0.10), "differs": (0.1771, 0.9)},
    "order": {"straight": (0.9589, 0.99), "swapped": (0.0411, 0.5)},  # of strangers half the orders would do
}

# Set: numbers by which somebody is known besides the service number, by their kind. Where one person has one alone, another one
# speaks against; passports and cards are renewed, tags and internment numbers given anew.
_ONE_A_PERSON = {"same": (0.90, 0.000001), "near": (0.06, 0.000021), "differs": (0.04, 1.0)}
NUMBERS: Mapping[str, Levels] = {
    "personal_number": _ONE_A_PERSON,
    "agency_number": _ONE_A_PERSON,
    "passport": {"same": (0.5, 0.000001)},
    "military_card": {"same": (0.5, 0.000001)},
    "identity_tag": {"same": (0.5, 0.00001)},
    "internment_number": {"same": (0.5, 0.00001)},  # each camp counts for itself
    "dna_sample": {"same": (0.5, 0.000001)},
    "other": {"same": (0.5, 0.0001)},  # nobody wrote what it counts
}

# How common a name is whose rarity nobody has counted.
RARITY: Mapping[str, float] = {"family": 0.0005, "given": 0.01, "father": 0.015}
GIVEN_OF_ALL: Mapping[str, float] = {}
FATHERS_OF_ALL: Mapping[str, float] = {}
