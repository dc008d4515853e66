"""Scoped reads whose statements are kept: the viewer's own scope is part of every text, and bound anew at every reading."""

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from django.db import connection, models

from access.models import User
from access.scoping import anyone, standing
from core.kept import Kept, shape_of, slot_for

MOST = 500  # shapes; whoever asks for odder ones still is answered, from a text of their own

Build = Callable[[User, Mapping[str, Any]], "models.QuerySet[Any, Any]"]
_kept: dict[Hashable, Kept] = {}


def read(purpose: Hashable, build: Build, viewer: User, told: Mapping[str, Any]) -> list[Any]:
    """The rows of `build(viewer, told)`, without building and compiling it where one of its shape was read before.

    `build` may use viewer and values in `visible_to`, filters and comparisons alone; what it asks has to follow from
    `purpose` and the kinds of `told`.
    """
    if not (viewer.is_authenticated and viewer.is_active):
        return list(build(viewer, told))
    only = getattr(viewer, "only_membership_id", None)
    shape = (purpose, only is None, connection.vendor, shape_of(told))
    kept = _kept.get(shape)
    if kept is None:
        if len(_kept) >= MOST:
            return list(build(viewer, told))
        slots = {name: slot_for(name, value) for name, value in told.items()}
        kept = _kept[shape] = Kept(build(anyone(only_one_membership=only is not None), slots))
    return kept.rows({**told, **standing(viewer)})
