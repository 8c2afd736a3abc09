"""The windows of a walk-forward: which sessions are tuned on, and which are traded after them."""

from __future__ import annotations

from dataclasses import dataclass

from backfolio.errors import UsageError

LEAST_TRAIN = 2
"""Sessions of the shortest training stretch: a score of one session does not exist."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of sessions to tune on and one to trade after it; rows counted from the walk's first session.

    Parameters
    ----------
    number
        From 1.
    train
        First row, and the row after the last, of what is tuned on.
    test
        The same of what is traded with the parameters found.
    """

    number: int
    train: tuple[int, int]
    test: tuple[int, int]

    @property
    def train_sessions(self) -> int:
        """Length of the training stretch."""
        return self.train[1] - self.train[0]

    @property
    def test_sessions(self) -> int:
        """Length of the test stretch."""
        return self.test[1] - self.test[0]


def make_windows(sessions: int, train: int, test: int, *, anchored: bool = False, purge: int = 0) -> tuple[Window, ...]:
    """Cut sessions into windows.

    The first `train` sessions are tuned on, `purge` are dropped, `test` are
    traded; then everything moves on by `test` sessions. Test stretches follow
    one another without a gap, so that every session from the first test on is
    traded once, in order. What is left at the end makes a last window with a
    shorter test, of one session at least.

    Parameters
    ----------
    sessions
        How many there are.
    train, test
        Sessions of each stretch.
    anchored
        Train from the first session on, so that each stretch is longer than
        the one before; else each is `train` sessions long.
    purge
        Sessions dropped between a training stretch and its test: what was
        bought at the end of the one is still held at the start of the other
        (Lopez de Prado 2018, "Advances in Financial Machine Learning", 7.4).

    Raises
    ------
    UsageError
        If a length is not allowed, or the sessions do not suffice for one
        window with one session to trade.
    """
    _demand("train", train, LEAST_TRAIN)
    _demand("test", test, 1)
    _demand("purge", purge, 0)
    needed = train + purge + 1
    if sessions < needed:
        dropped = f", {purge} to drop" if purge else ""
        message = (
            f"there are {sessions:,} sessions, and one window needs {needed:,} ({train:,} to train{dropped} and 1 to "
            "test): give a shorter --train or a longer window"
        )
        raise UsageError(message)
    return tuple(
        Window(
            number=number,
            train=(0 if anchored else first - purge - train, first - purge),
            test=(first, min(first + test, sessions)),
        )
        for number, first in enumerate(range(train + purge, sessions, test), start=1)
    )


def _demand(name: str, value: int, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        message = f"--{name} is {value!r}: give whole sessions from {least}"
        raise UsageError(message)
