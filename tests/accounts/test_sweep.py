"""What the sweep forgets: answers kept for idempotency keys, after a day."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import IdempotencyKey
from accounts.operations import drop_old_answers


def test_answers_are_kept_for_a_day(db):
    for key, hours in (("old", 25), ("young", 23)):
        IdempotencyKey.objects.create(
            caller="user",
            key=key,
            request_hash="0",
            status=200,
            body="{}",
            created_at=timezone.now() - timedelta(hours=hours),
        )

    assert drop_old_answers() == 1
    assert [row.key for row in IdempotencyKey.objects.all()] == ["young"]
