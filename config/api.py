"""The API about itself: its description, the page that shows it, and addresses that lead nowhere."""

from functools import cache
from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from access.doors import Door, PerCaller


@cache
def description() -> Any:
    """Made once a process: it costs a second, depends on nobody and is open to all."""
    return SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


class KeptGenerator(SchemaGenerator):
    def get_schema(self, request: Any = None, public: bool = False) -> Any:
        return description()


class Schema(SpectacularAPIView):
    """OpenAPI 3.1, open to all: it tells what can be asked, never what is stored."""

    access: ClassVar[str] = "public"
    generator_class = KeptGenerator
    throttle_classes = (PerCaller,)


class Docs(SpectacularSwaggerSplitView):
    """Swagger from our own files, its script apart from the page: nothing inline under the policy."""

    access: ClassVar[str] = "public"
    url_name = "api:schema"
    throttle_classes = (PerCaller,)


@extend_schema(exclude=True)
class Missing(Door):
    """Every other address answers like a row that does not exist."""

    access = "signed_in"

    def missing(self, request: Request, **where: Any) -> Response:
        raise Http404

    get = post = put = patch = delete = missing
