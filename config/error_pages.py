"""Error pages in the user's words. Hidden and missing answer the same bytes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    if request.path.startswith("/api/"):
        from config.api_errors import problem_response

        return problem_response(404)
    return render(request, "404.html", status=404)


def failed(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        from config.api_errors import problem_response

        return problem_response(500)
    return render(request, "500.html", status=500)
