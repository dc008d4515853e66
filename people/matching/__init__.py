"""Whether two records are of one person, and why: the same engine for the registry's pages, imports and `manage.py reconcile`.

Nothing here but `registry` knows a model or a database. docs/matching.md tells the sources and the figures.
"""

from people.matching.comparison import Comparison, FieldWeight, Frequencies, compare
from people.matching.explanation import explained
from people.matching.record import Record

__all__ = ["Comparison", "FieldWeight", "Frequencies", "Record", "compare", "explained"]
