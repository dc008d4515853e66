"""Every status is reached by the real operations."""

import pytest

from exchanges.models import ExchangeStatus, TrancheStatus
from tests import factories


@pytest.mark.slow
@pytest.mark.parametrize("status", ExchangeStatus.values)
def test_exchange_reaches_every_status(scene, status):
    assert factories.exchange_at(scene, status).status == status


@pytest.mark.slow
@pytest.mark.parametrize("status", TrancheStatus.values)
def test_tranche_reaches_every_status(scene, status):
    assert factories.tranche_at(scene, status).status == status
