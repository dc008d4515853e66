"""On paper: the sheet for signing is one page, whatever the names; nothing trails behind it."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from accounts.middleware import begin
from exchanges.models import Entry, TrancheStatus
from exchanges.operations.tranche import change_plan
from tests import factories

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: install the package chromium to run it"),
]


def printed(html: str, folder: Path) -> int:
    """How many pages Chromium prints of this page with our style sheet."""
    style = (settings.BASE_DIR / "static" / "app.css").read_text()
    page, paper = folder / "page.html", folder / "page.pdf"
    page.write_text(html.replace("</head>", f"<style>{style}</style></head>"))
    switches = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-pdf-header-footer",
    )
    told = [str(CHROMIUM), *switches, f"--user-data-dir={folder}", f"--print-to-pdf={paper}", page.as_uri()]
    subprocess.run(told, check=True, capture_output=True, timeout=60)
    return len(re.findall(rb"/Type\s*/Page[^s]", paper.read_bytes()))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_sheet_for_signing_is_one_page(scene, tmp_path: Path, language: str) -> None:
    tranche: Any = factories.tranche_at(scene, TrancheStatus.PLANNED, count=12)
    everybody = Entry.objects.unscoped("test").filter(tranche=tranche)
    everybody.update(
        family="Al-Muhannad-Kostiantynenko", given="Abdurrahman Oleksandr", latin_name="Абдуррахман Мухаммад"
    )
    marked = dict.fromkeys(everybody.values_list("pk", flat=True), True)
    change_plan(tranche, actor=scene.cast.north.negotiator, place="the crossing " * 9, conspicuous=marked)
    tranche = factories.lock(scene, tranche)
    client = Client()
    client.force_login(scene.cast.north.president)
    session = client.session
    begin(session)
    session.save()

    with translation.override(language):
        client.cookies.load({settings.LANGUAGE_COOKIE_NAME: language})
        html = client.get(reverse("exchanges:sign", args=[tranche.pk])).content.decode()

    assert html.count("Abdurrahman Oleksandr") == 24
    assert printed(html, tmp_path) == 1
