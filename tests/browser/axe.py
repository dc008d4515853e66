"""Accessibility faults of an open page, as axe-core finds them: page, rule, element."""

from collections.abc import Collection
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT

CONTRAST = ["color-contrast"]


def axe_faults(
    page: Any, what: str, *, only: Collection[str] = (), but: Collection[str] = (), without: Collection[str] = ()
) -> list[str]:
    """One line for each fault. `only` runs these rules alone: contrast again, say, after the colours changed; `but` runs
    the others. `without` leaves out what these selectors match."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    # What it would fetch once more is for rules that are switched off.
    options: dict[str, Any] = {"resultTypes": ["violations"], "preload": False}
    if only:
        options["runOnly"] = {"type": "rule", "values": only}
    options["rules"] = {rule: {"enabled": False} for rule in but}
    context = {"exclude": [[selector] for selector in without]}
    found = page.evaluate(
        "([context, options]) => axe.run(context, options).then(results => results.violations)", [context, options]
    )
    return [
        f"{what}: {rule['id']}: {' '.join(map(str, node['target']))}: {node['html'][:160]} ({_why(node)})"
        for rule in found
        for node in rule["nodes"]
    ]


def _why(node: Any) -> str:
    checks = node["any"] + node["all"] + node["none"]
    return "; ".join(check["message"] for check in checks)[:200]
