from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        from audit.append_only import install, put_aside

        pre_migrate.connect(put_aside, sender=self, dispatch_uid="audit.append_only.put_aside")
        post_migrate.connect(install, sender=self, dispatch_uid="audit.append_only")
