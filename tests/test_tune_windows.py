"""Windows of a walk-forward: what each trains on and trades, and that none sees its own future."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import UsageError
from backfolio.tune.windows import Window, make_windows


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({}, [((0, 4), (4, 6)), ((2, 6), (6, 8)), ((4, 8), (8, 10)), ((6, 10), (10, 11))]),
        ({"anchored": True}, [((0, 4), (4, 6)), ((0, 6), (6, 8)), ((0, 8), (8, 10)), ((0, 10), (10, 11))]),
        ({"purge": 3}, [((0, 4), (7, 9)), ((2, 6), (9, 11))]),
        ({"purge": 3, "anchored": True}, [((0, 4), (7, 9)), ((0, 6), (9, 11))]),
    ],
    ids=["rolling", "anchored", "purged", "anchored and purged"],
)
def test_eleven_sessions_four_to_train_two_to_test(words: dict[str, int], expected: list[object]) -> None:
    made = make_windows(11, 4, 2, **words)  # type: ignore[arg-type]
    assert [(window.train, window.test) for window in made] == expected
    assert [window.number for window in made] == list(range(1, len(made) + 1))


def test_a_last_window_keeps_a_test_of_one_session() -> None:
    assert make_windows(5, 4, 2) == (Window(1, (0, 4), (4, 5)),)
    assert make_windows(7, 4, 2)[-1].test_sessions == 1


@given(
    sessions=st.integers(1, 400),
    train=st.integers(2, 150),
    test=st.integers(1, 80),
    anchored=st.booleans(),
    purge=st.integers(0, 30),
)
def test_windows_are_in_order_and_none_trains_on_what_it_trades(
    sessions: int, train: int, test: int, anchored: bool, purge: int
) -> None:
    if sessions < train + purge + 1:
        with pytest.raises(
            UsageError, match=f"there are {sessions} sessions, and one window needs {train + purge + 1}"
        ):
            make_windows(sessions, train, test, anchored=anchored, purge=purge)
        return
    windows = make_windows(sessions, train, test, anchored=anchored, purge=purge)
    traded = [row for window in windows for row in range(*window.test)]
    assert traded == list(range(train + purge, sessions)), "every session from the first test on once, in order"
    for window in windows:
        assert window.train[1] == window.test[0] - purge, "exactly the purged sessions lie between"
        assert 0 <= window.train[0] < window.train[1] <= window.test[0] < window.test[1] <= sessions
        assert window.train[0] == 0 if anchored else window.train_sessions == train
        assert window.train_sessions >= train
    for one, two in pairwise(windows):
        assert one.test[1] == two.test[0]
        assert one.test_sessions == test
        assert two.train[1] - one.train[1] == test
    assert 1 <= windows[-1].test_sessions <= test


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"train": 1}, "--train is 1: give whole sessions from 2"),
        ({"train": 2.5}, "--train is 2.5: give whole sessions from 2"),
        ({"train": True}, "--train is True: give whole sessions from 2"),
        ({"test": 0}, "--test is 0: give whole sessions from 1"),
        ({"purge": -1}, "--purge is -1: give whole sessions from 0"),
        (
            {"train": 99, "purge": 1},
            (
                "there are 100 sessions, and one window needs 101 (99 to train, 1 to drop and 1 to test): "
                "give a shorter --train or a longer window"
            ),
        ),
        (
            {"train": 100},
            (
                "there are 100 sessions, and one window needs 101 (100 to train and 1 to test): "
                "give a shorter --train or a longer window"
            ),
        ),
    ],
)
def test_what_is_not_allowed_is_said_in_one_sentence(words: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_windows(100, **{"train": 50, "test": 10, **words})  # type: ignore[arg-type]
    assert str(caught.value) == said
