from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.report.plot import Frame, plain_numbers
from backfolio.report.tune import cloud as clouds
from backfolio.report.tune.cloud import LINES, NARROW, WIDE, cloud, cloud_chart
from backfolio.report.tune.heatmaps import (
    MOST_CELLS,
    MOST_LEVELS,
    OUTSIDE,
    SHADES,
    key_html,
    map_html,
    mean_maps,
    shade,
    slice_maps,
)
from backfolio.report.tune.overfit import degradation_chart, logit_chart
from backfolio.report.tune.score import figure_text, levels_of, score_of
from backfolio.report.tune.spread import spread_chart
from backfolio.tune.space import Axis, Space
from htmlpage import Page
from tuned import CASH, made_equity

if TYPE_CHECKING:
    from pathlib import Path

SHARPE = score_of("sharpe")
MINUS = "\N{MINUS SIGN}"


def drawn(svg: str) -> ET.Element:
    """Return a drawing whose every place lies inside its box."""
    root = ET.fromstring(svg)  # noqa: S314  our own
    assert "nan" not in svg
    assert "inf" not in svg
    width, height = (float(side) for side in (root.get("viewBox") or "").split()[2:])
    for path in root.iter("path"):
        text = path.get("d") or ""
        if not text.startswith("m"):
            numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", text)]
            assert all(-1 <= x <= width + 1 for x in numbers[::2])
            assert all(-1 <= y <= height + 1 for y in numbers[1::2])
    return root


def dots(svg: str, name: str) -> list[tuple[float, float]]:
    found = re.findall(rf'<path class="{name}" d="([^"]*)"', svg)
    return [(float(x), float(y)) for path in found for x, y in re.findall(r"M(\S+) (\S+?)h0", path)]


# ---------------------------------------------------------------- score and levels
@pytest.mark.parametrize(
    ("name", "value", "text", "short"),
    [
        ("sharpe", 1.234, "1.23", "1.23"),
        ("sharpe", -0.5, f"{MINUS}0.50", f"{MINUS}0.50"),
        ("total", 1.234, "+123.40%", "+123%"),
        ("cagr", -0.0123, f"{MINUS}1.23%", f"{MINUS}1.23%"),
        ("calmar", float("nan"), "n/a", "n/a"),
    ],
)
def test_a_score_is_written_as_its_figure(name: str, value: float, text: str, short: str) -> None:
    score = score_of(name)
    assert (score.text(value), score.short(value)) == (text, short)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("fills", 1_234.0, "1,234"),
        ("max_drawdown", -0.1, f"{MINUS}10.00%"),
        ("final_equity", 1_234_567.0, "1,235"),
        ("sharpe", float("nan"), "n/a"),
    ],
)
def test_figures_are_written_in_their_way(name: str, value: float, text: str) -> None:
    assert figure_text(name, value) == text


@pytest.mark.parametrize(
    ("values", "most", "labels", "of"),
    [
        ((5, 10, 20), 5, ("5", "10", "20"), [0, 1, 2]),
        ((1, 2, 3, 4), 2, ("1\N{EN DASH}2", "3\N{EN DASH}4"), [0, 0, 1, 1]),
        ((None, 0.1, 0.2, 0.3, 0.4), 3, ("off", "0.1\N{EN DASH}0.2", "0.3\N{EN DASH}0.4"), [0, 1, 1, 2, 2]),
        ((None,), 3, ("off",), [0]),
        ((True, False), 3, ("yes", "no"), [0, 1]),
        (("芯片", "b"), 3, ("芯片", "b"), [0, 1]),
    ],
)
def test_neighbouring_values_share_a_level(
    values: tuple[object, ...], most: int, labels: tuple[str, ...], of: list[int]
) -> None:
    levels = levels_of(Axis("x", values), most)  # type: ignore[arg-type]
    assert (levels.labels, levels.of.tolist()) == (labels, of)


@given(st.integers(1, 200), st.integers(3, 40), st.booleans())
def test_levels_hold_every_value_once_in_order(count: int, most: int, off: bool) -> None:
    values = ((None,) if off else ()) + tuple(range(count))
    levels = levels_of(Axis("x", values), most)
    assert len(levels) == min(len(values), most)
    assert np.all(np.diff(levels.of) >= 0)
    assert set(levels.of.tolist()) == set(range(len(levels)))
    if off and count > 0:
        assert levels.of.tolist().count(0) == 1


@pytest.mark.parametrize(
    ("steps", "written"),
    [
        ([0.0, 0.25], ["0.00", "0.25"]),
        ([-0.2, 0.0, 0.2], [f"{MINUS}0.2", "0.0", "0.2"]),
        ([1_000.0, 2_000.0], ["1,000", "2,000"]),
        ([0.0025, 0.005], ["0.0025", "0.0050"]),
    ],
)
def test_levels_are_written_with_the_decimals_of_their_step(steps: list[float], written: list[str]) -> None:
    assert [plain_numbers(steps)(step) for step in steps] == written


# ---------------------------------------------------------------- maps
AXES = (Axis("a", (1, 2)), Axis("b", (10, 20, 30)), Axis("c", (None, 0.5)))
SPACE = Space(AXES)
POINTS = SPACE.points(np.arange(SPACE.size))


def test_mean_maps_are_the_means_over_the_others() -> None:
    score = np.arange(12, dtype=np.float64)
    allowed = np.ones(12, dtype=bool)
    maps = mean_maps(AXES, POINTS, score, allowed, 11)
    cube = score.reshape(2, 3, 2)
    found = {(grid.down.name, grid.across.name): grid for grid in maps.grids}
    # the longer axis runs across
    assert set(found) == {("a", "b"), ("a", "c"), ("c", "b")}
    np.testing.assert_allclose(found["a", "b"].values, cube.mean(axis=2))
    np.testing.assert_allclose(found["a", "c"].values, cube.mean(axis=1))
    np.testing.assert_allclose(found["c", "b"].values, cube.mean(axis=0).T)
    assert found["c", "b"].best == (1, 2)
    assert (maps.low, maps.high, maps.clipped) == (0.5, 10.5, False)


def test_slice_maps_hold_the_others_where_the_winner_has_them() -> None:
    score = np.arange(12, dtype=np.float64)
    score[[3, 7]] = np.nan
    maps = slice_maps(AXES, POINTS, score, np.ones(12, dtype=bool), 9)
    cube = score.reshape(2, 3, 2)
    found = {(grid.down.name, grid.across.name): grid.values for grid in maps.grids}
    assert SPACE.point(9) == (1, 1, 1)
    np.testing.assert_equal(found["a", "b"], cube[:, :, 1])
    np.testing.assert_equal(found["a", "c"], cube[:, 1, :])
    np.testing.assert_equal(found["c", "b"], cube[1].T)


@given(st.lists(st.integers(0, 11), min_size=1, max_size=40, unique=False), st.randoms(use_true_random=False))
def test_a_map_weighs_every_trial_once(places: list[int], random: object) -> None:
    del random
    taken = np.array(places)
    score = np.sin(taken * 7.0)
    maps = mean_maps(AXES, SPACE.points(taken), score, np.ones(len(taken), dtype=bool), None)
    for grid, (down, across) in zip(maps.grids, ((0, 1), (0, 2), (2, 1)), strict=True):
        points = SPACE.points(taken)
        counts = np.zeros(grid.values.shape)
        np.add.at(counts, (points[:, down], points[:, across]), 1)
        assert np.array_equal(np.isnan(grid.values), counts == 0)
        assert np.nansum(grid.values * counts) == pytest.approx(score.sum())
        assert grid.best is None


def test_a_map_says_what_it_holds() -> None:
    score = np.array([1.0, -2.0, np.nan, 0.0])
    allowed = np.array([True, False, False, True])
    axes = (Axis("<a>", (1, 2)), Axis("b", ("x&y", "z")))
    points = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    maps = mean_maps(axes, points, score, allowed, 0)
    html = map_html(maps.grids[0], maps, SHARPE)
    page = Page(html.encode())
    assert page.faults == []
    assert page.text == f"b <a> x&y z 1 1.00 {MINUS}2.00{OUTSIDE} 2 \N{MIDDLE DOT} 0.00"
    assert '<td class="h9 best">1.00</td>' in html
    assert '<td class="h0">' in html
    assert html.count("best") == 1


@pytest.mark.parametrize(
    ("values", "low", "high", "shades"),
    [
        ([0.0, 0.5, 1.0], 0.0, 1.0, [0, 5, 9]),
        ([-1.0, 2.0, np.nan], 0.0, 1.0, [0, 9, -1]),
        ([3.0, np.nan], 3.0, 3.0, [5, -1]),
    ],
)
def test_shades(values: list[float], low: float, high: float, shades: list[int]) -> None:
    assert shade(np.array(values), low, high).tolist() == shades
    assert max(shades) < SHADES


def test_many_cells_clip_the_palette_at_both_ends() -> None:
    axes = (Axis("a", tuple(range(10))), Axis("b", tuple(range(10))))
    score = np.arange(100, dtype=np.float64)
    score[99] = 1e6
    points = np.stack(np.unravel_index(np.arange(100), (10, 10)), axis=1)
    maps = mean_maps(axes, points, score, np.ones(100, dtype=bool), 99)
    assert maps.clipped
    assert maps.high < 200


@pytest.mark.parametrize(("axes", "values"), [(2, 5_000), (6, 100), (12, 30), (30, 5)])
def test_maps_have_a_bounded_number_of_cells(axes: int, values: int) -> None:
    given_axes = [Axis(f"p{number}", tuple(range(values))) for number in range(axes)]
    points = np.random.default_rng(1).integers(0, values, (500, axes))
    maps = mean_maps(given_axes, points, np.ones(500), np.ones(500, dtype=bool), None)
    assert len(maps.grids) == axes * (axes - 1) // 2
    assert 2 * sum(grid.values.size for grid in maps.grids) <= MOST_CELLS
    assert all(max(grid.values.shape) <= MOST_LEVELS for grid in maps.grids)


def test_the_key_shows_every_shade() -> None:
    root = ET.fromstring(key_html())  # noqa: S314  our own
    assert [rect.get("class") for rect in root] == [f"h{step}" for step in range(SHADES)]


# ---------------------------------------------------------------- score by parameter
def test_a_spread_shows_trials_means_and_the_best() -> None:
    axis = Axis("hold", (5, 10))
    points = np.array([0, 0, 1, 1, 1])
    score = np.array([1.0, 3.0, 0.0, 4.0, np.nan])
    allowed = np.array([True, True, True, False, False])
    svg = spread_chart(axis, points, score, allowed, 1, SHARPE)
    root = drawn(svg)
    assert root.get("aria-label") == "Sharpe ratio by hold"
    assert len(dots(svg, "dots")) == 3
    assert len(dots(svg, "dots out")) == 1
    left, right = (y for _, y in dots(svg, "marks top"))
    # both means are 2; the best that is allowed is 3 on the left and 0 on the right
    (mean,) = {y for _, y in dots(svg, "marks mean")}
    assert left < mean < right
    (ring,) = root.iter("circle")
    assert float(ring.get("cy") or 0) == left


def test_a_line_joins_numbers_but_not_words_nor_gaps() -> None:
    score = np.array([1.0, 2.0, 3.0, 4.0])
    allowed = np.ones(4, dtype=bool)
    joined = spread_chart(Axis("a", (1, 2, 3, 4)), np.arange(4), score, allowed, None, SHARPE)
    words = spread_chart(Axis("a", ("w", "x", "y", "z")), np.arange(4), score, allowed, None, SHARPE)
    gap = spread_chart(Axis("a", (1, 2, 3, 4, 5)), np.array([0, 1, 3, 4]), score, allowed, None, SHARPE)
    counts = [re.findall(r'class="line mean" d="([^"]*)"', svg)[0].count("L") for svg in (joined, words, gap)]
    assert counts == [3, 0, 2]


def test_a_few_long_names_are_cut_to_their_room() -> None:
    axis = Axis("weighting", ("equal", "inverse volatility", "国产算力名单与其他很长的名字"))
    svg = spread_chart(axis, np.arange(3), np.ones(3), np.ones(3, dtype=bool), None, SHARPE)
    shown = [text.text for text in drawn(svg).iter("text") if text.get("class") == "tick"]
    assert shown == ["equal", "inverse volat\N{HORIZONTAL ELLIPSIS}", "国产算力名单\N{HORIZONTAL ELLIPSIS}"]


def test_a_spread_of_many_trials_keeps_the_ends_of_every_value() -> None:
    rng = np.random.default_rng(0)
    points, score = rng.integers(0, 3, 50_000), rng.normal(size=50_000)
    svg = spread_chart(Axis("a", (1, 2, 3)), points, score, np.ones(50_000, dtype=bool), int(score.argmax()), SHARPE)
    drawn(svg)
    kept = dots(svg, "dots")
    assert len(kept) == 600
    assert len(svg) < 15_000
    tops = sorted(y for _, y in dots(svg, "marks top"))
    for top in tops:
        assert any(y == top for _, y in kept)


@pytest.mark.parametrize("count", [1, 2, 39, 500])
@pytest.mark.parametrize("label", ["{}", "a long name of a choice {}", "国产算力名单 {}"])
def test_labels_stay_inside_and_apart(count: int, label: str) -> None:
    axis = Axis("a", tuple(label.format(number) for number in range(count)))
    svg = spread_chart(axis, np.arange(count), np.linspace(0, 1, count), np.ones(count, dtype=bool), 0, SHARPE)
    root = drawn(svg)
    places = [
        (float(text.get("x") or 0), len(text.text or "") * 5.5)
        for text in root.iter("text")
        if text.get("class") == "tick"
    ]
    assert places
    assert all(x - width / 2 >= -1 and x + width / 2 <= 361 for x, width in places)
    for (x, width), (after, wide) in pairwise(places):
        assert x + width / 2 < after - wide / 2


# ---------------------------------------------------------------- the cloud
SESSIONS = np.datetime64("2024-01-02") + np.arange(300)


def test_the_cloud_is_measured_at_bounded_places() -> None:
    equity = made_equity(500, 300)
    cash = np.full(500, CASH)
    ranked = np.argsort(-equity[:, -1])
    measured = cloud(equity, cash, ranked)
    assert (measured.columns[0], measured.columns[-1], len(measured.columns)) == (0, 299, 150)
    assert measured.lines.shape == (200, 150)
    assert (measured.trials, measured.measured) == (500, 500)
    gains = equity[:, measured.columns] / CASH - 1.0
    assert measured.bands is not None
    np.testing.assert_allclose(measured.bands, np.quantile(gains, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0), atol=1e-6)
    # the first and the last by rank are among those drawn
    np.testing.assert_allclose(measured.lines[[0, -1]], gains[ranked[[0, -1]]], atol=1e-6)


def test_a_cloud_on_disk_is_the_same(tmp_path: Path) -> None:
    equity = made_equity(700, 120)
    np.save(tmp_path / "equity.npy", equity)
    kept = np.load(tmp_path / "equity.npy", mmap_mode="r")
    ranked, cash = np.arange(700), np.full(700, CASH)
    one, other = cloud(equity, cash, ranked), cloud(kept, cash, ranked)
    np.testing.assert_array_equal(one.lines, other.lines)
    np.testing.assert_array_equal(one.bands, other.bands)


def test_a_cloud_beyond_its_bound_is_taken_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds, "MOST_MEASURED", 50)
    measured = cloud(made_equity(500, 20), np.full(500, CASH), np.arange(500))
    assert (measured.trials, measured.measured) == (500, 50)


def test_each_trial_gains_on_its_own_cash() -> None:
    equity = np.array([[100, 110], [1_000, 1_100]], dtype=np.int64)
    measured = cloud(equity, np.array([100, 1_000]), np.array([1, 0]))
    np.testing.assert_allclose(measured.lines, [[0.0, 0.1], [0.0, 0.1]], atol=1e-7)
    assert measured.bands is None


@pytest.mark.parametrize("frame", [WIDE, NARROW])
@pytest.mark.parametrize(("trials", "sessions"), [(0, 300), (1, 300), (19, 300), (400, 300), (400, 1), (30, 2)])
def test_the_cloud_is_drawn_inside_its_frame(frame: Frame, trials: int, sessions: int) -> None:
    equity = made_equity(trials + 1, sessions)
    measured = cloud(equity, np.full(trials + 1, CASH), np.arange(trials))
    own = equity[-1] / CASH - 1.0
    svg = cloud_chart(SESSIONS[:sessions], measured, own, own / 2, frame, 'say "it"')
    root = drawn(svg)
    assert root.get("aria-label") == 'say "it"'
    faint = [path for group in root.iter("g") if group.get("class") == "faint" for path in group]
    assert len(faint) == (0 if sessions == 1 else min(trials, LINES[frame.name]))
    assert svg.count('class="band"') == (2 if trials >= 20 else 0)
    assert len(svg) < 300_000
    for path in faint:
        numbers = [int(number) for number in re.findall(r"-?\d+", path.get("d") or "")]
        across, down = np.cumsum(numbers[::2]) / 10, np.cumsum(numbers[1::2]) / 10
        assert across.min() >= 0
        assert across.max() <= frame.width
        assert down.min() >= 0
        assert down.max() <= frame.height


def test_a_cloud_without_winner_or_benchmark_is_drawn() -> None:
    measured = cloud(made_equity(30, 300), np.full(30, CASH), np.arange(30))
    svg = cloud_chart(SESSIONS, measured, None, None, WIDE, "x")
    drawn(svg)
    assert "line strategy" not in svg
    assert "line against" not in svg


# ---------------------------------------------------------------- the cross-validation
def test_logits_left_of_zero_are_told_apart() -> None:
    svg = logit_chart(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]), np.array([1, 0, 2, 1]), "logits")
    root = drawn(svg)
    bars = [(bar.get("class"), float(bar.get("height") or 0)) for bar in root.iter("rect")]
    assert [kind for kind, _ in bars] == ["bar bad", "bar", "bar"]
    assert bars[1][1] == pytest.approx(2 * bars[0][1], abs=0.2)


def test_degradation_shows_the_line_and_what_lost() -> None:
    inside, outside = np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.5, -1.0])
    svg = degradation_chart(inside, outside, 2.0, -1.0, "falls")
    drawn(svg)
    assert (len(dots(svg, "dots")), len(dots(svg, "dots out"))) == (2, 1)
    assert "line regression" in svg
    assert "line regression" not in degradation_chart(inside, outside, None, None, "falls")


@pytest.mark.parametrize("values", [[0.5], [1.0, 1.0]])
def test_a_single_point_is_drawn(values: list[float]) -> None:
    svg = degradation_chart(np.array(values), np.array(values), 0.0, 50.0, "x")
    drawn(svg)
    assert len(dots(svg, "dots")) == len(values)
