"""Every door of the application. CONVENTIONS fixes the addresses."""

from django.contrib import admin
from django.urls import include, path

from config import operations_pages
from config.home import home
from exchanges.views.public_record import public_exchanges
from negotiations.views import public_talks

handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.failed"

PUBLIC_RECORD = [
    path("exchanges/", public_exchanges, name="exchanges"),
    path("talks/", public_talks, name="talks"),
]

urlpatterns = [
    path("", home, name="home"),
    path("", include("accounts.urls")),
    path("", include("exchanges.urls")),
    path("negotiations/", include("negotiations.urls")),
    path("record/", include((PUBLIC_RECORD, "record"))),
    path("people/", include("people.urls")),
    path("", include("alerts.urls")),
    path("api/v1/", include("config.api_urls")),
    path("admin/", admin.site.urls),
    path("language/", include("django.conf.urls.i18n")),
    path("healthz", operations_pages.healthz, name="healthz"),
    path("readyz", operations_pages.readyz, name="readyz"),
    path("metrics", operations_pages.metrics, name="metrics"),
]
