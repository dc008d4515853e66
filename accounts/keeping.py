"""Whose members and keys a viewer keeps."""

from typing import Any

from django.db.models import QuerySet

from access.models import Organisation, User, is_operator
from access.roles import May, roles_with
from access.scoping import memberships_of


def organisations_kept_by(viewer: User) -> "QuerySet[Organisation]":
    """Those whose members the viewer keeps: a head's own, every one for an operator."""
    organisations = Organisation.objects.visible_to(viewer)
    if is_operator(viewer):
        return organisations
    return organisations.filter(pk__in=kept_as_head(viewer))


def kept_as_head(viewer: User) -> "QuerySet[Any]":
    """The ids of the viewer's own organisations that they keep."""
    own = memberships_of(viewer).filter(role__in=roles_with(May.MANAGE_MEMBERS))
    return own.order_by().values("organisation_id")
