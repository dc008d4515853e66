"""One file per figure of DESIGN section 10, each measured beside its limit or its peer in the same run.

A file says `NAME`, `ABOUT`, `NEEDS` and `measure(bench)`, which returns its figures. `manage.py bench` runs them.
"""

from types import ModuleType


def all_benchmarks() -> dict[str, ModuleType]:
    from benchmarks import (
        alert_latency,
        api_lists,
        deep_page,
        dossier_page,
        exchange_page,
        fan_out,
        list_digest,
        people_import,
        reconcile,
        transitions,
        typing,
    )

    modules = (
        api_lists,
        deep_page,
        exchange_page,
        dossier_page,
        list_digest,
        transitions,
        people_import,
        alert_latency,
        fan_out,
        typing,
        reconcile,
    )
    return {module.NAME: module for module in modules}
