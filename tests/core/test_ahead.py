from contextlib import closing
from threading import Event, get_ident

import pytest

from core.ahead import one_ahead


def test_one_is_made_while_the_one_before_is_used():
    made = Event()

    def numbers():
        yield 1
        made.set()
        yield 2

    with closing(one_ahead(numbers())) as found:
        assert next(found) == 1
        assert made.wait(5)
        assert list(found) == [2]


def test_they_are_made_in_one_other_thread():
    threads = [thread for _number, thread in one_ahead((number, get_ident()) for number in range(5))]

    assert len(set(threads)) == 1
    assert threads[0] != get_ident()


def test_what_goes_wrong_is_told_where_the_item_is_wanted():
    def numbers():
        yield 1
        raise ValueError("torn")

    found = one_ahead(numbers())

    assert next(found) == 1
    with pytest.raises(ValueError, match="torn"):
        next(found)
