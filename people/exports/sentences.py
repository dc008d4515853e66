from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from core.lifecycle import Text


def _made(content: Mapping[str, Any]) -> str:
    told = {name: content.get(name, "…") for name in ("count", "format", "purpose")}
    return _("%(count)s dossiers were exported as %(format)s, for: %(purpose)s.") % told


SENTENCES: dict[str, Text | Callable[[Mapping[str, Any]], Text]] = {"export.made": _made}
