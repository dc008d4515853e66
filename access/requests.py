"""Who asks."""

from django.http import HttpRequest

from access.models import User


def viewer_of(request: HttpRequest) -> User:
    """The signed-in user; views that call this are behind sign-in."""
    return request.user  # type: ignore[return-value]
