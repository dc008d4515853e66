"""Celery only executes: the import's row says what is to be done, a message only wakes a worker."""

import logging
from typing import Any

from celery import shared_task

from people.operations import intake, strays

log = logging.getLogger(__name__)


@shared_task(name="people.work_on_import")
def work_on_import(import_id: str) -> None:
    """One turn; a longer work asks for another, so that nothing waits long behind it."""
    if intake.work_on(import_id):
        wake(import_id)


@shared_task(name="people.sweep_imports")
def sweep_imports() -> None:
    """Every 20 s: imports whose message was lost, or whose worker was."""
    for pk in intake.unfinished():
        wake(str(pk))


@shared_task(name="people.sweep_files")
def sweep_files() -> None:
    """Every hour."""
    if removed := strays.remove_strays():
        log.warning("files without a row removed: %s", removed)


def wake(import_id: str, **kwargs: Any) -> None:
    """A dead broker is logged and never raised: the sweep finds the row."""
    try:
        work_on_import.apply_async((import_id,), retry=False)
    except Exception as error:
        log.warning("no broker for the import %s: %s", import_id, type(error).__name__)
