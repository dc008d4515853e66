"""What the OpenAPI description needs to be told: how callers sign in, and that a list of slugs is one component."""

from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent

from core.shapes import Slug


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "hwd_<prefix>_<secret>"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}


class SlugComponent(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """`ExchangeStatus` once, instead of its slugs at every field."""

    target_class = "core.shapes.Slug"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        slug: Slug = self.target
        name = slug.listed.__qualname__.replace(".", "")
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name=name, type=ResolvedComponent.SCHEMA, object=name,
            schema={"type": "string", "enum": [value for value in slug.listed.values if value]},
        )  # fmt: skip
        auto_schema.registry.register_on_missing(component)
        if slug.allow_blank:
            return {"oneOf": [component.ref, {"type": "string", "maxLength": 0}]}
        return dict(component.ref)
