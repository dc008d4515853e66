"""Every error of the API in one shape: RFC 9457 problem details, with the field faults in `errors`."""

from typing import Any

import orjson
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response

from core.errors import DomainError

CONTENT_TYPE = "application/problem+json"


def title_of(status: int) -> str:
    titles = {
        400: _("The input cannot be taken"),
        401: _("Not signed in"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("This address does not take that method"),
        406: _("No such format"),
        409: _("Refused"),
        412: _("Stale version"),
        413: _("Too large"),
        415: _("Unknown media type"),
        422: _("Idempotency key used with another request"),
        429: _("Too many requests"),
    }
    return titles.get(status, _("Something failed here"))


def problem_body(
    status: int, *, detail: str = "", code: str = "", errors: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title_of(status),
        "status": status,
        "detail": detail or title_of(status),
        "code": code
        or {400: "invalid_input", 401: "not_signed_in", 404: "not_found", 409: "refused"}.get(status, "error"),
    }
    if errors:
        body["errors"] = errors
    return body


def problem_response(status: int, detail: str = "", code: str = "") -> HttpResponse:
    body = orjson.dumps(problem_body(status, detail=detail, code=code))
    return HttpResponse(body, status=status, content_type=CONTENT_TYPE)


def problem(raised: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. None lets Django answer 500."""
    match raised:
        case DomainError():
            body = problem_body(raised.status, detail=raised.sentence, code=raised.code, errors=raised.errors)
            return _answer(body)
        case Http404() | ObjectDoesNotExist():
            return _answer(problem_body(404))
        case PermissionDenied():
            return _answer(problem_body(403))
        case ValidationError():
            return _answer(_input_problem(_django_errors(raised)))
        case exceptions.ValidationError():
            return _answer(_input_problem(_flat(raised.detail)))
        case exceptions.APIException():
            body = problem_body(raised.status_code, detail=str(raised.detail), code=str(raised.default_code))
            if raised.status_code == 401:
                body["code"] = "not_signed_in"
            if raised.status_code == 404:
                body = problem_body(404)
            return _answer(body, _headers(raised))
    return None


def _input_problem(errors: dict[str, list[str]]) -> dict[str, Any]:
    """The first fault is the sentence, all of them stand by field."""
    first = next((message for messages in errors.values() for message in messages), "")
    return problem_body(400, detail=first, errors=errors)


def _answer(body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)


def _headers(raised: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if header := getattr(raised, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(raised, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return headers


def _django_errors(raised: ValidationError) -> dict[str, list[str]]:
    if hasattr(raised, "error_dict"):
        return {field: [str(message) for message in messages] for field, messages in raised.message_dict.items()}
    return {"": [str(message) for message in raised.messages]}


def _flat(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested details as `{"lines.3.birth_date": ["…"]}`."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for key, value in detail.items():
            name = "" if key == "non_field_errors" else str(key)
            found |= _flat(value, f"{prefix}.{name}".strip("."))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        found = {}
        for index, value in enumerate(detail):
            found |= _flat(value, f"{prefix}.{index}".strip("."))
        return found
    return {prefix: [str(item) for item in detail] if isinstance(detail, list) else [str(detail)]}
