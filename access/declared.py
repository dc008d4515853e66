"""Every page says who may open it. What they find there is decided by `visible_to`, never here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from access.roles import May

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Access:
    """What `manage.py access_policy` and the architecture tests read from a view's `access`."""

    kind: str  # public, signed_in or capability
    capability: str = ""


def public(view: View) -> View:
    """Open to everybody, also without an account."""
    return _declared(view, Access("public"))


def signed_in(view: View) -> View:
    """Open to every account; anonymous visitors are sent to sign in."""
    return _declared(_behind_sign_in(view), Access("signed_in"))


def needs(capability: str) -> Callable[[View], View]:
    """Of use only to holders of `capability` somewhere; rows are still found through `visible_to`."""
    known = str(May(capability))

    def declare(view: View) -> View:
        return _declared(_behind_sign_in(view), Access("capability", known))

    return declare


def _declared(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def _behind_sign_in(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return guarded
