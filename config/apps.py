from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HomewardConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config import checks  # noqa: F401  registers them


class HomewardAdminConfig(AdminConfig):
    default_site = "config.admin_site.HomewardAdmin"
