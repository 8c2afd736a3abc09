"""The look-ahead audit: planted cheats are caught with their lines, honest theses pass."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio.audit import Audit, Subject, audit, quick
from backfolio.audit.cuts import cuts_of, spread
from backfolio.audit.model import Line, weight_words
from backfolio.audit.worlds import CUT_OFF, OTHER_FUTURES, RENAMED, without_later_names
from backfolio.bars import Bars
from backfolio.calendar import SHANGHAI
from backfolio.discover import Broken, load_file
from backfolio.errors import ThesisError
from backfolio.history import History
from backfolio.prepare import prepare
from backfolio.source import load

if TYPE_CHECKING:
    from backfolio.strategy import Strategy

TESTS = Path(__file__).parent
ROOT = TESTS.parent
HONEST = sorted((TESTS / "honest").glob("*.py"))
SHIPPED = sorted(path for path in (ROOT / "strategies").glob("*.py") if not path.name.startswith("_"))
FEW = 6
"""Cuts of an audit in these tests: what is planted shows on few."""

MORE = {"aligned_to_nearest": 20, "ranked_with_later_names": 20}
"""Cuts of those that peek on few sessions."""

CAUGHT = {
    "aligned_to_nearest": ("prices", "near = some.reindex"),
    "aligned_to_next": ("prices", 'resample("MS").last()'),
    "best_of_all": ("prices", "winner = "),
    "centred_window": ("prices", "center=True"),
    "components_of_all": ("prices", "svd"),
    "convolved_same": ("prices", "np.convolve"),
    "counts_sessions": ("history cut off", "weights.iloc[:half]"),
    "date_of_event": ("catalysts told earlier", "known_at.date()"),
    "day_of_run": ("clock", "datetime.now()"),
    "fails_early": ("prices", "2024-06-03"),
    "filled_back": ("catalysts added", "bfill"),
    "gradient_of_price": ("prices", "np.gradient"),
    "helper_peeks": ("prices", "later = gain.shift(-1)"),
    "interpolated": ("prices", "interpolate"),
    "knows_delisting": ("listings and delistings", "delisted"),
    "knows_halt": ("suspensions and limits", "traded[1:]"),
    "knows_lock": ("suspensions and limits", "shift(-1"),
    "knows_warning": ("risk warnings", "st.any(axis=0)"),
    "last_factor": ("corporate actions", "factor[-1]"),
    "last_row": ("prices", "iloc[-1]"),
    "mean_of_month": ("prices", "groupby(month)"),
    "members_of_today": ("today's members", None),
    "merged_forward": ("prices", None),
    "name_of_today": ("names", "bars.names"),
    "negative_span": ("prices", "pct_change(-3"),
    "news_tomorrow": ("catalysts added", "shift(-2"),
    "no_seed": ("repetition", "np.random.random"),
    "quantile_over_all": ("prices", "quantile"),
    "ranked_over_all": ("volume", "rank(pct=True)"),
    "ranked_with_later_names": ("later names", None),
    "read_when_loaded": ("files", "TEXT = "),
    "reads_prices": ("files", "read_csv"),
    "remembers_in_class": ("repetition", None),
    "remembers_in_module": ("prices", "SEEN"),
    "remembers_longest": ("history cut off", "SEEN"),
    "rolled_back": ("prices", "np.roll(gain, -1"),
    "scored_over_all": ("prices", "price.mean()"),
    "seeded_by_clock": ("clock", "time_ns"),
    "shift_back": ("prices", "shift(-1)"),
    "sliced_ahead": ("prices", "close[1:]"),
    "symbols_of_universe": ("membership", "universe.members"),
    "trend_of_all": ("prices", "polyfit"),
    "turned_round": ("prices", "[::-1].cummax()"),
    "volume_tomorrow": ("volume", "volume[1:]"),
    "waits_for_recovery": ("prices", "row + 5"),
}
"""Planted cheat to (a change that it answers to, what stands in the line that let the future in)."""


def subject_of(path: Path) -> tuple[type[Strategy], Subject]:
    """Load a thesis; each question loads it anew."""

    def load_one() -> type[Strategy]:
        found = load_file(path)
        assert not isinstance(found, Broken), found
        return found[0].strategy

    found = load_file(path)
    assert not isinstance(found, Broken), found
    files = {str(path.resolve()): found[0].source}
    files |= {str(module.path): module.source for module in found[0].modules}
    return load_one(), Subject(path.stem, lambda: load_one()(), files)  # noqa: PLW0108  the class itself is to be new, too


@cache
def known_of(universe: str | None) -> History:
    """Return the sample market as a thesis of this universe sees it."""
    asked = type("Asked", (), {"universe": universe})
    return prepare(asked, load("sample", ROOT), None, None, "000300.SH" if universe == "x" else None).known


def audited(path: Path, *, cuts: int = FEW) -> Audit:
    strategy, subject = subject_of(path)
    return audit(subject, known_of(strategy.universe), cuts=cuts)


def test_every_cheat_is_listed() -> None:
    assert {path.stem for path in (TESTS / "cheats").glob("*.py")} == set(CAUGHT)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CAUGHT))
def test_a_cheat_is_caught_and_its_line_named(name: str) -> None:
    found = audited(TESTS / "cheats" / f"{name}.py", cuts=MORE.get(name, FEW))
    change, text = CAUGHT[name]
    assert found.state == "found"
    told = {finding.change: finding for finding in found.findings}
    assert change in told
    assert told[change].remedy
    if text is not None:
        line = told[change].line
        assert line is not None
        assert text in line.text
        source = (TESTS / "cheats" / line.file).read_text(encoding="utf-8").splitlines()
        assert line.text[:20] in source[line.number - 1]


def test_there_are_twenty_honest_theses_beside_the_shipped_ones() -> None:
    assert len(HONEST) >= 20
    assert len(SHIPPED) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", [*HONEST, *SHIPPED], ids=lambda path: path.stem)
def test_an_honest_thesis_passes_whole_and_in_short(path: Path) -> None:
    strategy, subject = subject_of(path)
    found, short = audit(subject, known_of(strategy.universe), cuts=FEW), quick(subject, known_of(strategy.universe))
    assert found.findings == short.findings == ()
    assert (found.state, found.cuts, found.quick, short.quick) == ("clean", FEW, False, True)
    assert found.evaluations > 2 * FEW


@pytest.mark.parametrize(
    "name", sorted(set(CAUGHT) - {"knows_lock", "knows_halt", "knows_warning", "ranked_with_later_names"})
)
def test_the_short_form_catches_it_too(name: str) -> None:
    strategy, subject = subject_of(TESTS / "cheats" / f"{name}.py")
    assert quick(subject, known_of(strategy.universe)).state == "found"


def test_the_short_form_says_the_same_twice() -> None:
    strategy, subject = subject_of(TESTS / "cheats" / "shift_back.py")
    said = [quick(subject, known_of(strategy.universe)).as_dict() for _ in range(2)]
    assert said[0] == said[1]
    assert said[0]["findings"][0]["line"]["number"] == 11


def test_what_cannot_be_judged_is_said() -> None:
    notes = audited(TESTS / "cheats" / "fails_early.py").notes
    assert len(notes) == 1
    assert notes[0].startswith("fails_early.py line 10 has a date written into it")


def test_a_thesis_that_fails_on_all_that_is_known_is_no_finding() -> None:
    class Fails:
        name = "fails"

        def targets(self, _: History) -> None:
            raise ValueError("no")  # noqa: EM101

    with pytest.raises(ThesisError, match="fails: ValueError: no"):
        audit(Subject("fails", Fails, {}), known_of("domestic-compute"))  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0, 300, 700, 1210])
@pytest.mark.parametrize("change", [*OTHER_FUTURES, CUT_OFF], ids=lambda change: change.name)
def test_another_future_leaves_the_past_as_it_was(change: object, cut: int) -> None:
    known = known_of("domestic-compute")
    other = change.make(known, cut)  # type: ignore[attr-defined]
    if other is None:
        return
    columns = [known.symbols.index(symbol) for symbol in other.symbols]
    for field in fields(Bars):
        one, two = getattr(known.bars, field.name), getattr(other.bars, field.name)
        if isinstance(one, np.ndarray) and one.ndim == 2:
            np.testing.assert_array_equal(two[: cut + 1], one[: cut + 1][:, columns], err_msg=field.name)
            assert two.dtype == one.dtype
    rows = slice(0, cut + 1)
    pairs = [
        (known.members, other.members), (known.tradable, other.tradable), (known.returns(5), other.returns(5)),
        (known.catalysts(within=5), other.catalysts(within=5)), (known.strength(within=9), other.strength(within=9)),
        (known.adjusted.close, other.adjusted.close),
    ]  # fmt: skip
    for one, two in pairs:
        np.testing.assert_array_equal(two.to_numpy()[rows], one.to_numpy()[rows][:, columns])


@pytest.mark.parametrize("change", OTHER_FUTURES, ids=lambda change: change.name)
def test_another_future_is_another_one(change: object) -> None:
    known = known_of(None if change.name == "index" else "domestic-compute")  # type: ignore[attr-defined]
    if change.name == "index":  # type: ignore[attr-defined]
        asked = type("Asked", (), {"universe": None})
        source = load("sample", ROOT)
        known = prepare(asked, source, None, None, next(iter(source.bars.index_close))).known
    other = change.make(known, 300)  # type: ignore[attr-defined]
    assert other is not None
    same_events = {(one.id, one.known_at) for one in known.events} == {(one.id, one.known_at) for one in other.events}
    same_members = known.universe is None or known.universe.members == other.universe.members
    assert not (known.bars.fingerprint == other.bars.fingerprint and same_events and same_members)


@pytest.mark.parametrize("change", [*OTHER_FUTURES, RENAMED], ids=lambda change: change.name)
def test_what_catalysts_touch_in_another_future_is_what_it_would_find_itself(change: object) -> None:
    known = known_of("domestic-compute")
    assert known.touches()
    other = change.make(known, 700)  # type: ignore[attr-defined]
    if other is not None:
        anew = History(other.bars, other.events, other.universe, other.benchmark_symbol)
        assert other.touches(-10_000) == anew.touches(-10_000)


def test_made_up_catalysts_come_after_the_next_cut_off() -> None:
    known = known_of("domestic-compute")
    made = {change.name: change for change in OTHER_FUTURES}["catalysts added"].make(known, 500)
    assert made is not None
    new = [event for event in made.events if event.id.startswith("audit-")]
    first = known.bars.sessions[501].astype(dt.date)
    assert min(event.known_at for event in new) == dt.datetime.combine(first, dt.time(9, 16), tzinfo=SHANGHAI)
    assert min(touch.row for touch in made.touches() if touch.catalyst.id.startswith("audit-")) == 501


def test_names_get_other_names() -> None:
    known = known_of(None)
    other = RENAMED.make(known, 5)
    assert other is not None
    assert all(other.bars.names[symbol] != name for symbol, name in known.bars.names.items())


def test_later_names_are_those_that_join_later() -> None:
    known = known_of("domestic-compute")
    early, late = without_later_names(known, 50), without_later_names(known, 1200)
    assert early is not None
    assert set(known.symbols) - set(early.symbols) == {"302901.SZ", "689903.SH"}
    assert late is None


def test_cuts_are_where_targets_change_and_before_catalysts() -> None:
    known = known_of("domestic-compute")
    points = np.zeros(known.bars.shape, dtype=np.int16)
    points[400:] = 500
    chosen = cuts_of(known, points, 20, 100)
    assert {399, 400} <= set(chosen)
    assert len(chosen) == 20
    assert min(chosen) >= 100
    assert max(chosen) <= len(points) - 2
    before = {touch.row - 1 for touch in known.touches()}
    assert len(before & set(chosen)) >= 4
    assert cuts_of(known, points, 0, 1_000) == tuple(range(1_000, len(points) - 1))
    assert cuts_of(known, points, 5, len(points) - 1) == ()


def test_spread_takes_the_middle_ones() -> None:
    assert spread(range(10), 20) == tuple(range(10))
    assert spread((), 3) == ()
    assert len(spread(range(100), 7)) == 7


def test_words() -> None:
    assert weight_words(2_500) == "25.00%"
    assert weight_words(-1) == "left alone"
    assert str(Line("a.py", 3, "x = 1", sure=False)) == "probably a.py line 3: x = 1"
    assert Audit(3, 9).sentence == "Checked for look-ahead: 3 cuts, nothing moved."
    assert Audit(0, 0, checked=False).state == "unchecked"
