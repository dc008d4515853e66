"""Every address with the access that its view declares: what `list_urls` and `access_policy` print and tests hold."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from access.declared import Access

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Door:
    url_name: str
    pattern: str
    methods: tuple[str, ...]
    door: str
    access: str
    capability: str

    @property
    def is_declared(self) -> bool:
        return bool(self.access)


def doors() -> list[Door]:
    return sorted(_walk(get_resolver().url_patterns), key=lambda door: (door.pattern, door.url_name))


def _walk(patterns: list[Any], prefix: str = "/", namespaces: tuple[str, ...] = ()) -> Iterator[Door]:
    for entry in patterns:
        pattern = prefix + _plain(entry)
        if isinstance(entry, URLResolver):
            inner = (*namespaces, entry.namespace) if entry.namespace else namespaces
            yield from _walk(entry.url_patterns, pattern, inner)
        elif isinstance(entry, URLPattern):
            yield _door(entry, pattern, namespaces)


def _plain(entry: Any) -> str:
    return str(entry.pattern).removeprefix("^").removesuffix("\\Z").removesuffix("$")


def _door(entry: URLPattern, pattern: str, namespaces: tuple[str, ...]) -> Door:
    view = getattr(entry.callback, "cls", None) or getattr(entry.callback, "view_class", None) or entry.callback
    name = ":".join((*namespaces, entry.name or ""))
    kind = "admin" if "admin" in namespaces else "api" if pattern.startswith("/api/") else "page"
    declared = _declared(entry, view, kind)
    return Door(name, pattern, _methods(entry, view), kind, declared.kind, declared.capability)


def _declared(entry: URLPattern, view: Any, kind: str) -> Access:
    """What the view says of itself. The admin site asks `is_staff` at its doors, OperationAdmin capabilities behind."""
    if kind == "admin":
        return Access("public" if entry.name in ADMIN_PUBLIC else "signed_in")
    if entry.name in FOREIGN:
        return Access("public")
    declared = getattr(entry.callback, "access", None) or getattr(view, "access", None)
    if isinstance(declared, Access):
        return declared
    if declared in ("public", "signed_in"):
        return Access(declared)
    return Access("capability", str(declared)) if declared else Access("")


ADMIN_PUBLIC = ("login", "logout")
FOREIGN = ("set_language",)  # Django's own view: a cookie and nothing else


def _methods(entry: URLPattern, view: Any) -> tuple[str, ...]:
    if actions := getattr(entry.callback, "actions", None):
        return tuple(sorted(method.upper() for method in actions if method.upper() in METHODS))
    if declared := getattr(entry.callback, "methods", None):
        return tuple(sorted(declared))
    if isinstance(view, type):
        return tuple(method for method in METHODS if hasattr(view, method.lower()))
    return _let_through(view) or ("GET", "POST")


def _let_through(view: Any) -> tuple[str, ...]:
    """The methods that a view's `require_http_methods` lets through: Django keeps them in the closure of its decorator."""
    while view is not None:
        held = inspect.getclosurevars(view).nonlocals if inspect.isfunction(view) else {}
        if "request_method_list" in held:
            return tuple(method for method in METHODS if method in held["request_method_list"])
        view = getattr(view, "__wrapped__", None)
    return ()
