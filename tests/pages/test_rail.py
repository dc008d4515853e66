import pytest


@pytest.mark.parametrize(
    ("who", "is_led_there"),
    [
        (lambda cast: cast.north.clerk, True),
        (lambda cast: cast.north.handover, True),  # who reads places of detention on a dossier
        (lambda cast: cast.north.president, True),
        (lambda cast: cast.mediator, False),  # reads names at tables, and has no registry
        (lambda cast: cast.neutral, False),
        (lambda cast: cast.auditor, False),
        (lambda cast: cast.operator, False),
    ],
    ids=["clerk", "handover officer", "signatory", "mediator", "neutral", "auditor", "operator"],
)
def test_people_stands_in_the_rail_of_whoever_reads_dossiers(cast, browser, who, is_led_there):
    page = browser(who(cast)).get("/inbox/").content.decode()

    assert ('href="/people/"' in page) is is_led_there
