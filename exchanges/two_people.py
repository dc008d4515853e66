"""The two people of a short exchange: each gives their own password, through whichever door the exchange comes in."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from access.models import User
from accounts.forms import account_of
from core.errors import InputRefused
from exchanges.operations.short import deciding_seat, may_be_second, not_a_second


def second_person(
    request: HttpRequest,
    viewer: User,
    *,
    other: UUID | None,
    own_password: str | None,
    username: str,
    password: str,
) -> User:
    """Whom name and password open, where they may confirm what `viewer` enters. `own_password` is asked of a viewer who
    signs; None of one who does not.

    Asked last, when nothing else is wrong. Raises NotAllowed, or InputRefused at `own_password` or `second_username`.
    """
    deciding_seat(viewer, other)
    if own_password is not None:
        own = _opened(request, "own_password", viewer.username, own_password, lambda user: user == viewer)
        if own is None:
            raise _wrong("own_password", _("This is not your password."))
    if username == viewer.username:
        raise _wrong("second_username", _("You fill this in: a second person of your organisation confirms it."))
    fits = partial(may_be_second, beside=viewer, other=other)
    second = _opened(request, "second_username", username, password, fits)
    if second is None:
        raise _wrong("second_username", not_a_second())
    return second


def _opened(request: HttpRequest, name: str, username: str, password: str, fits: Callable[[User], bool]) -> User | None:
    try:
        return account_of(request, username, password, fits=fits)
    except ValidationError as fault:
        raise _wrong(name, fault.messages[0]) from fault


def _wrong(name: str, sentence: str) -> InputRefused:
    return InputRefused(sentence, errors={name: [sentence]})
