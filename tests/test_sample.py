from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest

from backfolio import ashare, calendar
from backfolio.bars import build_bars, read_tables
from backfolio.catalysts import read_catalysts
from backfolio.errors import CalendarError, UsageError
from backfolio.source import sample
from backfolio.source.files import MARKER
from backfolio.source.sample import cast, draws, events, spending
from backfolio.universe import read_universes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from backfolio.bars import Bars, Tables

SMALL = {"start": "2023-01-03", "end": "2024-12-31"}


@pytest.fixture(scope="module")
def bars() -> Bars:
    return build_bars(sample.tables())


def column(bars: Bars, role: str) -> int:
    (symbol,) = [one.symbol for one in cast.cast(sample.NAMES) if one.name == role]
    return bars.symbols.index(symbol)


def digest(tables: Tables) -> str:
    """Hash every number as whole mills or units, every date and every text."""
    state = hashlib.blake2b(digest_size=8)
    for name in ("bars", "index", "ex_rights", "listings"):
        frame = tables.frame(name)
        assert frame is not None
        for label in frame:
            values = frame[label]
            if values.dtype.kind == "M":
                data = values.to_numpy().astype("datetime64[D]").astype("<i8").tobytes()
            elif values.dtype.kind in "fi":
                data = np.rint(values.to_numpy(dtype=np.float64) * 1_000_000).astype("<i8").tobytes()
            else:
                data = "\n".join(map(str, values)).encode()
            state.update(f"{name}.{label}".encode() + data)
    return state.hexdigest()


def limited(bars: Bars) -> NDArray[np.bool_]:
    return bars.traded & (bars.limit_state == ashare.LIMITED)


def ages(flags: NDArray[np.bool_]) -> list[int]:
    """Return the lengths of runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return (edges[1::2] - edges[::2]).tolist()


@pytest.mark.parametrize(("seed", "expected"), [(sample.SEED, "2d7ed0a619af0011"), (7, "bef080a1eb7e85c6")])
def test_one_seed_is_one_market_for_good(seed: int, expected: str) -> None:
    assert digest(sample.tables(seed)) == expected


def test_the_same_seed_twice_gives_the_same_bars_and_catalysts(bars: Bars) -> None:
    events.plan.cache_clear()
    again = build_bars(sample.tables())
    assert again.fingerprint == bars.fingerprint
    events.plan.cache_clear()
    assert sample.catalysts() == sample.catalysts(sample.SEED)


def test_another_seed_gives_other_bars_and_catalysts() -> None:
    assert digest(sample.tables(1, **SMALL)) != digest(sample.tables(2, **SMALL))
    assert sample.catalysts(1, **SMALL) != sample.catalysts(2, **SMALL)


def test_draws_are_numbers_that_numpy_promises_for_ever() -> None:
    words = np.random.PCG64([5, 1]).random_raw(3)
    assert draws.Draws(5, 1).uniform(3).tolist() == [int(word) // 2**11 / 2**53 for word in words]
    pieces = np.random.PCG64([5, 2]).random_raw(2).astype("<u8").view("<u2").astype(int)
    expected = (pieces.sum() - 8 * 65535 / 2) / np.sqrt(8 * (2**32 - 1) / 12)
    assert draws.Draws(5, 2).bell(1)[0] == pytest.approx(expected, abs=1e-15)


def test_draws_have_the_mean_and_deviation_that_they_claim() -> None:
    bell, uniform = draws.Draws(1, 1).bell(200_000), draws.Draws(1, 2).uniform(200_000)
    assert abs(bell.mean()) < 0.01
    assert bell.std() == pytest.approx(1.0, abs=0.01)
    assert uniform.mean() == pytest.approx(0.5, abs=0.005)
    assert (uniform.min() >= 0.0, uniform.max() < 1.0) == (True, True)


def test_the_size_is_24_names_on_all_boards_and_2_indexes_over_5_years(bars: Bars) -> None:
    expected = calendar.sessions(sample.START, sample.END)
    assert np.array_equal(bars.sessions, expected)
    assert bars.shape == (1212, 24)
    boards = Counter(ashare.BOARDS[ashare.board_of(symbol)] for symbol in bars.symbols)
    assert boards == {"main": 12, "star": 7, "chinext": 3, "bse": 2}
    assert {symbol[-2:] for symbol in bars.symbols} == {"SH", "SZ", "BJ"}
    assert sorted(bars.index_close) == ["999001.SH", "999002.SH"]
    assert all(np.isfinite(closes).all() and closes.min() > 100 for closes in bars.index_close.values())


def test_everything_says_that_it_is_simulated(bars: Bars) -> None:
    assert sample.tables().label.startswith("SIMULATED")
    assert all(name.startswith("SIMULATED") for name in bars.index_names.values())
    assert len(bars.index_names) == 2
    assert all(name.startswith("模拟") for name in bars.names.values())
    assert all(role.name.startswith("Sample ") for role in cast.ROLES)
    assert all(catalyst.source.startswith("simulated") for catalyst in sample.catalysts())


def test_every_price_lies_inside_the_limits_of_ashare(bars: Bars) -> None:
    inside = limited(bars)
    up, down, state = ashare.limit_table(bars.symbols, bars.sessions, bars.reference, bars.st, bars.listed)
    assert inside.sum() > 27_000
    assert (state[bars.traded] != ashare.UNKNOWN).all()
    for price in (bars.open, bars.high, bars.low, bars.close):
        assert (price[inside] <= up[inside]).all()
        assert (price[inside] >= down[inside]).all()


def test_volume_and_amount_agree_with_the_price_range(bars: Bars) -> None:
    traded = bars.traded
    assert (bars.volume[traded] >= 100).all()
    assert (bars.amount[traded] >= bars.volume[traded] * bars.low[traded]).all()
    assert (bars.amount[traded] <= bars.volume[traded] * bars.high[traded]).all()
    assert np.array_equal(bars.amount[traded] % 10, np.zeros(traded.sum()))


def test_suspensions_come_in_several_lengths(bars: Bars) -> None:
    lengths = []
    for symbol in range(len(bars.symbols)):
        rows = np.flatnonzero(bars.traded[:, symbol])
        lengths += ages(~bars.traded[rows[0] : rows[-1] + 1, symbol])
    assert sorted(lengths) == [1, 3, 5, 10, 12, 40]


def test_limit_ups_at_the_open_that_open_again(bars: Bars) -> None:
    at_open = limited(bars) & (bars.open == bars.up)
    assert (at_open & (bars.low < bars.up)).sum() >= 10
    scripted = [(role, beat) for role in cast.ROLES for beat in role.beats if beat.kind == "reopen"]
    assert len(scripted) == 3
    for role, beat in scripted:
        cell = int(beat.at * len(bars.sessions)), column(bars, role.name)
        assert at_open[cell]
        assert bars.low[cell] <= bars.close[cell] < bars.up[cell]


@pytest.mark.parametrize(("limit", "least"), [("up", 6), ("down", 6)])
def test_one_price_days_at_a_limit_come_singly_and_in_a_row_on_little_volume(
    bars: Bars, limit: str, least: int
) -> None:
    at = getattr(bars, limit)
    pinned = limited(bars) & (bars.high == bars.low) & (bars.close == at)
    assert pinned.sum() >= least
    assert max(max(ages(flags), default=0) for flags in pinned.T) >= 2
    typical = np.array([np.median(bars.volume[bars.traded[:, at], at]) for at in range(24)])
    assert (bars.volume / typical)[pinned].mean() < 0.5


def test_ex_dates_of_every_kind(bars: Bars) -> None:
    cash, shares = bars.cash_per_share > 0, bars.share_ratio > 0
    assert (cash & ~shares).sum() >= 50
    assert (shares & ~cash).sum() >= 3
    assert (cash & shares).sum() == 2
    assert bars.ratio_only.sum() == 2
    assert not (bars.ratio_only & (cash | shares)).any()


def test_one_ex_date_falls_inside_a_suspension(bars: Bars) -> None:
    rows, columns = np.nonzero((bars.share_ratio > 0) & ~bars.traded)
    assert columns.tolist() == [column(bars, "Sample Link Silicon")]
    row, at = int(rows[0]), int(columns[0])
    assert not bars.traded[row - 1 : row + 2, at].any()
    back = row + int(np.argmax(bars.traded[row:, at]))
    assert bars.reference[back, at] == bars.mark[row, at] < bars.mark[row - 1, at]


def test_the_one_name_under_warning_has_limits_of_5_percent_for_a_while(bars: Bars) -> None:
    at = column(bars, "Sample Troubled Textiles")
    warned = bars.st[:, at] & bars.traded[:, at]
    assert ages(bars.st[:, at]) == [300]
    width = (bars.up - bars.down)[:, at] / np.maximum(bars.reference[:, at], 1)
    assert width[warned] == pytest.approx(np.full(300, 0.1), abs=0.004)
    assert width[bars.traded[:, at] & ~warned] == pytest.approx(np.full(912, 0.2), abs=0.004)


def test_the_new_listing_trades_five_sessions_without_a_limit(bars: Bars) -> None:
    at = column(bars, "Sample Chip Three")
    first = int(np.argmax(bars.traded[:, at]))
    assert bars.listed[at] == bars.sessions[first]
    assert not bars.listing_assumed[at]
    assert 300 < first < 900
    states = bars.limit_state[first : first + 7, at].tolist()
    assert states == [ashare.UNLIMITED] * 5 + [ashare.LIMITED] * 2
    assert bars.close[first, at] > 1.2 * bars.reference[first, at]


def test_beijing_names_are_listed_after_its_exchange_opened(bars: Bars) -> None:
    beijing = [at for at, symbol in enumerate(bars.symbols) if symbol.endswith(".BJ")]
    assert min(bars.listed[beijing]) == np.datetime64("2021-11-15")
    for at in beijing:
        assert (bars.limit_state[bars.traded[:, at], at] == ashare.UNLIMITED).sum() == 1


def test_the_delisted_name_falls_below_1_yuan_and_ends_at_nothing(bars: Bars) -> None:
    at = column(bars, "Sample Fading Screens")
    rows = np.flatnonzero(bars.traded[:, at])
    close = bars.close[rows, at]
    assert (close[-20:] < 1_000).all()
    assert close[-1] < close[0] / 2
    assert bars.delisted[at] > bars.sessions[rows[-1]]
    assert (bars.mark[bars.sessions >= bars.delisted[at], at] == 0).all()
    assert np.isnat(np.delete(bars.delisted, at)).all()


def test_returns_are_fat_tailed_and_their_size_clusters(bars: Bars) -> None:
    moves = np.where(limited(bars), bars.close / np.maximum(bars.reference, 1) - 1.0, 0.0)
    kurtosis = [(move**4).mean() / (move**2).mean() ** 2 for move in moves.T]
    assert np.median(kurtosis) > 3.6
    size = np.minimum(np.abs(moves.mean(axis=1)), 0.03)
    lagged = np.corrcoef(size[:-1], size[1:])[0, 1]
    assert lagged > 0.05


def test_names_of_the_theme_move_together(bars: Bars) -> None:
    theme = [bars.symbols.index(symbol) for symbol in sample.universes()["domestic-compute"].symbols]
    whole = [at for at in theme if bars.traded[0, at]]
    moves = bars.close[:, whole] / np.maximum(bars.reference[:, whole], 1) - 1.0
    correlation = np.corrcoef(moves[200:], rowvar=False)
    assert 0.15 < np.nanmedian(correlation[np.triu_indices(len(whole), 1)]) < 0.6


def test_catalysts_are_sorted_named_once_and_sourced() -> None:
    catalysts = sample.catalysts()
    assert list(catalysts) == sorted(catalysts, key=lambda one: (one.known_at, one.id))
    assert len({one.id for one in catalysts}) == len(catalysts)
    assert all(one.source and one.certainty == "simulated" for one in catalysts)
    kinds = Counter(one.kind for one in catalysts)
    assert set(kinds) == {*events.KINDS, "capital_spending"}
    assert min(kinds.values()) >= 10
    assert all((one.strength > 0) for one in catalysts if one.kind in {"analyst_upgrade", "target_raise"})
    assert all((one.strength < 0) for one in catalysts if one.kind == "target_cut")


def test_catalysts_become_known_at_all_times_of_day_and_on_closed_days() -> None:
    times: Counter[str] = Counter()
    for one in sample.catalysts():
        assert one.known_at.utcoffset() is not None
        minute = one.known_at.hour * 60 + one.known_at.minute
        if not calendar.is_session(one.known_at.date()):
            times["closed day"] += 1
        else:
            times["before" if minute < 555 else "during" if minute < 900 else "after"] += 1
            assert not 555 <= minute < 570
    assert min(times[name] for name in ("before", "during", "after", "closed day")) >= 50


def test_catalysts_act_on_the_session_that_the_calendar_says() -> None:
    plan = events.plan(sample.SEED, sample.NAMES, sample.START, sample.END)
    moving = [one for one in sample.catalysts() if one.kind != "capital_spending"]
    for one, row in zip(moving, plan.acting, strict=True):
        assert calendar.acting_session(one.known_at) == plan.stage.sessions[row]


def forward(bars: Bars, kinds: set[str], sign: int, *, from_open: bool) -> tuple[NDArray[np.float64], float]:
    """Return adjusted 5-session returns of theme names after catalysts, and of the theme at any time."""
    universe = sample.universes()["domestic-compute"]
    adjusted = np.where(bars.mark > 0, bars.mark * bars.factor, np.nan)
    opened = np.where(bars.traded, bars.open * bars.factor, adjusted)
    members = [at for at, symbol in enumerate(bars.symbols) if symbol in universe.symbols]
    found: list[float] = []
    for one in sample.catalysts():
        row = int(np.searchsorted(bars.sessions, calendar.acting_session(one.known_at)))
        if one.kind not in kinds or one.strength * sign <= 0 or not 0 < row < len(bars.sessions) - 5:
            continue
        touched = universe.segment_mask(one.segment, bars.sessions[row : row + 1], bars.symbols)[0]
        at = [at for at in members if bars.symbols[at] in one.symbols or touched[at]]
        found += (adjusted[row + 4, at] / (opened[row, at] if from_open else adjusted[row - 1, at]) - 1.0).tolist()
    base = adjusted[5:, members] / adjusted[:-5, members] - 1.0
    returns = np.array(found)
    return returns[np.isfinite(returns)], float(np.nanmean(base))


@pytest.mark.parametrize("kinds", [{"model_release"}, {"analyst_upgrade"}, {"target_raise"}, {"results"}])
def test_good_catalysts_lift_their_names_clearly_above_the_theme(bars: Bars, kinds: set[str]) -> None:
    returns, base = forward(bars, kinds, 1, from_open=False)
    assert len(returns) >= 40
    assert returns.mean() > base + 0.006


def test_part_of_the_move_is_left_for_who_buys_at_the_open(bars: Bars) -> None:
    kinds = {"model_release", "analyst_upgrade", "target_raise"}
    whole, base = forward(bars, kinds, 1, from_open=False)
    left, _ = forward(bars, kinds, 1, from_open=True)
    assert base + 0.003 < left.mean() < whole.mean()


def test_bad_catalysts_press_their_names_below_the_theme(bars: Bars) -> None:
    returns, base = forward(bars, {"target_cut"}, -1, from_open=False)
    assert returns.mean() < base - 0.006


def test_spending_moves_nothing_and_draws_from_a_stream_of_its_own(bars: Bars) -> None:
    returns, base = forward(bars, {"capital_spending"}, 1, from_open=False)
    assert len(returns) >= 150
    # names of one event move together: 27 events of which each mean deviates by 4% make 0.75% of all of them
    assert abs(returns.mean() - base) < 3 * 0.0075
    drawn = events.plan(sample.SEED, sample.NAMES, sample.START, sample.END)
    said = spending.announcements(drawn.stage)
    assert len(said) == 33
    assert {one.strength for one in said} == {1.0, -1.0}
    assert [one for one in sample.catalysts() if one.kind != spending.KIND] == list(drawn.catalysts())
    for one in said:
        evening = one.known_at.replace(tzinfo=None)
        assert calendar.acting_session(one.known_at) > np.datetime64(evening, "D"), "all come after the close"


def test_some_catalysts_are_duds(bars: Bars) -> None:
    returns, base = forward(bars, {"model_release", "analyst_upgrade"}, 1, from_open=False)
    assert 0.2 < (returns < base).mean() < 0.45


def test_holding_the_theme_gives_no_absurd_return(bars: Bars) -> None:
    index = bars.index_close["999002.SH"]
    assert 0.9 < index[-1] / index[0] < 3.0


def test_the_universes_are_dated_and_lie_in_the_data(bars: Bars) -> None:
    universes = sample.universes()
    assert sorted(universes) == ["daily-life", "domestic-compute"]
    theme = universes["domestic-compute"]
    assert len(theme.symbols) == 14
    assert theme.segments == ("accelerator", "cpu", "equipment", "foundry", "interface", "optics", "server")
    assert set(theme.symbols) <= set(bars.symbols)
    assert len(universes["daily-life"].symbols) == 6
    counts = theme.mask(bars.sessions, bars.symbols).sum(axis=1)
    assert (counts[0], counts.max(), counts[-1]) == (12, 14, 13)
    assert {member.route for member in theme.members} == {"", "gpgpu", "own-ecosystem"}


def test_every_segment_of_a_catalyst_has_members() -> None:
    theme = sample.universes()["domestic-compute"]
    for one in sample.catalysts():
        if one.segment not in {"", "*"}:
            assert set(one.segment.split(";")) <= set(theme.segments)


@pytest.mark.parametrize("seed", range(4))
def test_any_seed_passes_every_check_of_real_data(seed: int) -> None:
    bars = build_bars(sample.tables(seed, **SMALL))
    inside = limited(bars)
    assert bars.shape == (484, 24)
    assert (bars.low[inside] >= bars.down[inside]).all()


@pytest.mark.parametrize(("names", "expected"), [(1, 1), (5, 5), (60, 60)])
def test_other_sizes(names: int, expected: int) -> None:
    bars = build_bars(sample.tables(names=names, **SMALL))
    assert len(bars.symbols) == expected
    assert len(set(bars.names.values())) == expected
    known = {symbol for one in sample.catalysts(names=names, **SMALL) for symbol in one.symbols}
    assert known <= set(bars.symbols)


def test_a_company_that_is_listed_after_the_window_is_left_out() -> None:
    bars = build_bars(sample.tables(start="2021-01-04", end="2021-06-30"))
    assert not [symbol for symbol in bars.symbols if symbol.endswith(".BJ")]
    assert len(bars.symbols) == 22


def test_a_large_market_repeats_the_mix() -> None:
    roles = cast.cast(300)
    assert len({role.symbol for role in roles}) == 300
    assert len({role.name for role in roles}) == 300
    assert [role.symbol for role in roles] == sorted(role.symbol for role in roles)
    boards = Counter(ashare.board_of(role.symbol) for role in roles)
    assert boards[ashare.STAR] == 7 * 12 + 7


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"seed": -1}, UsageError, "seed is -1"),
        ({"names": 0}, UsageError, "names is 0"),
        ({"names": 100_000}, UsageError, "names is 100000"),
        ({"start": "2025-12-01"}, UsageError, "at least 60"),
        ({"start": "2019-01-02"}, UsageError, "2020-08-24"),
        ({"start": "soon"}, CalendarError, "'soon' is not a date"),
    ],
)
def test_arguments_outside_what_is_allowed(arguments: dict[str, int | str], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=re.escape(words)):
        sample.tables(**arguments)  # type: ignore[arg-type]


def test_written_files_read_back_as_the_same_market(bars: Bars, tmp_path: Path) -> None:
    folder = tmp_path / "market"
    sample.write(folder)
    assert build_bars(read_tables(folder)).fingerprint == bars.fingerprint
    assert read_catalysts(folder / "catalysts") == sample.catalysts()
    assert read_universes(folder / "universes") == sample.universes()
    assert (folder / MARKER).read_text(encoding="utf-8").startswith("SIMULATED")
    first = (folder / "bars.csv").read_text(encoding="utf-8").splitlines()[:2]
    assert first[0] == "date,symbol,open,high,low,close,pre_close,volume,amount,is_st"
    assert first[1].startswith("2021-01-04,003901.SZ,")
