"""Universes: dated membership, and what is said of a broken file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import DataError, UsageError
from backfolio.universe import COLUMNS, Member, Universe, read_universes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAYS = np.arange("2025-01-01", "2025-01-11", dtype="datetime64[D]")
GOOD = ("688256.SH", "Cambricon", "寒武纪", "accelerator", "own-ecosystem", "2020-07-20", "")


def write(folder: Path, rows: Sequence[Sequence[str]], name: str = "theme.csv") -> None:
    text = "\n".join(",".join(row) for row in (COLUMNS, *rows))
    (folder / name).write_text(text + "\n", encoding="utf-8")


def period(begin: str, end: str, symbol: str = "688256.SH", segment: str = "accelerator") -> Member:
    return Member(
        symbol, "Name", "名", segment, "", np.datetime64(begin or "NaT", "D"), np.datetime64(end or "NaT", "D")
    )


def test_a_file_becomes_a_universe_named_by_its_stem(tmp_path: Path) -> None:
    write(tmp_path, [GOOD, ("688041.SH", "Hygon", "海光信息", "cpu", "", "", "2025-12-31")])
    write(tmp_path, [GOOD], "other.csv")
    found = read_universes(tmp_path)
    assert sorted(found) == ["other", "theme"]
    theme = found["theme"]
    assert theme.members == (
        Member("688256.SH", "Cambricon", "寒武纪", "accelerator", "own-ecosystem", np.datetime64("2020-07-20")),
        Member("688041.SH", "Hygon", "海光信息", "cpu", "", to=np.datetime64("2025-12-31")),
    )
    assert (theme.symbols, theme.segments) == (("688041.SH", "688256.SH"), ("accelerator", "cpu"))
    assert theme == Universe("theme", theme.members)
    assert hash(theme) == hash(Universe("theme", theme.members))
    assert theme.members[0] != theme.members[1]


def test_first_and_last_day_both_belong() -> None:
    theme = Universe("theme", (period("2025-01-03", "2025-01-05"), period("2025-01-08", "")))
    mask = theme.mask(DAYS, ("300308.SZ", "688256.SH"))
    assert mask.dtype == np.bool_
    assert mask[:, 1].tolist() == [False, False, True, True, True, False, False, True, True, True]
    assert not mask[:, 0].any()


def test_a_segment_is_one_or_several_or_all() -> None:
    theme = Universe(
        "theme",
        (
            period("", "2025-01-05", segment="cpu"),
            period("2025-01-06", "", segment="server"),
            period("", "", "300308.SZ", "optics"),
        ),
    )
    symbols = ("300308.SZ", "688256.SH")
    count = {
        segment: theme.segment_mask(segment, DAYS, symbols).sum(axis=0).tolist()
        for segment in ("*", "cpu", "server", "cpu;optics", "cpu;server", "foundry")
    }
    expected = {"*": [10, 10], "cpu": [0, 5], "server": [0, 5], "cpu;optics": [10, 5], "cpu;server": [0, 10]}
    assert count == {**expected, "foundry": [0, 0]}


@given(
    st.lists(st.integers(0, 9), min_size=2, max_size=6, unique=True).map(sorted),
    st.integers(0, 9),
)
def test_what_was_known_then_equals_the_mask_up_to_then(edges: list[int], last: int) -> None:
    pairs = zip(edges[::2], edges[1::2], strict=False)
    theme = Universe("theme", tuple(period(str(DAYS[begin]), str(DAYS[end])) for begin, end in pairs))
    known = theme.until(DAYS[last])
    past = DAYS[: last + 1]
    assert np.array_equal(known.mask(past, ("688256.SH",)), theme.mask(past, ("688256.SH",)))
    for member in known.members:
        assert member.from_ <= DAYS[last]
        assert np.isnat(member.to) or member.to <= DAYS[last]


BAD_ROWS = [
    ({"symbol": "688256"}, "symbol '688256'", "six digits"),
    ({"symbol": "688256.SZ"}, "symbol '688256.SZ'", "write 688256.SH"),
    ({"name": ""}, "no name", "every member has one"),
    ({"name_zh": ""}, "no name_zh", "every member has one"),
    ({"segment": ""}, "segment ''", "one word"),
    ({"segment": "*"}, "segment '*'", "one word"),
    ({"segment": "cpu;server"}, "segment 'cpu;server'", "one word"),
    ({"route": "Own Ecosystem"}, "route 'Own Ecosystem'", "one word"),
    ({"from": "2020/07/20"}, "from '2020/07/20'", "it is not a date"),
    ({"from": "2020-07"}, "from '2020-07'", "it is not a date"),
    ({"to": "2025-02-30"}, "to '2025-02-30'", "YYYY-MM-DD"),
    ({"to": "2020-07-19"}, "from 2020-07-20 to 2020-07-19", "a period begins before it ends"),
]


@pytest.mark.parametrize(("change", "value", "words"), BAD_ROWS, ids=[value for _, value, _ in BAD_ROWS])
def test_a_bad_row_is_said_with_file_line_value_rule_and_remedy(
    tmp_path: Path, change: dict[str, str], value: str, words: str
) -> None:
    bad = {**dict(zip(COLUMNS, GOOD, strict=True)), **change}
    write(tmp_path, [("300308.SZ", *GOOD[1:]), tuple(bad.values())])
    with pytest.raises(DataError) as caught:
        read_universes(tmp_path)
    (problem,) = caught.value.problems
    assert (problem.where, problem.row, problem.value) == (f"{tmp_path.name}/theme.csv", 3, value)
    assert words in str(problem)


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        (("2020-01-01", "2020-12-31"), ("2021-01-01", ""), False),
        (("2021-01-01", ""), ("2020-01-01", "2020-12-31"), False),
        (("2020-01-01", "2020-12-31"), ("2020-12-31", ""), True),
        (("2020-01-01", ""), ("2021-01-01", "2021-12-31"), True),
        (("", ""), ("2021-01-01", ""), True),
        (("", "2020-12-31"), ("", "2021-12-31"), True),
        (("", ""), ("", ""), True),
    ],
)
def test_periods_of_one_symbol_must_not_overlap(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str], clash: bool
) -> None:
    write(tmp_path, [(*GOOD[:5], *first), ("300308.SZ", *GOOD[1:5], "", ""), (*GOOD[:5], *second)])
    members = (period(*first), period("", "", "300308.SZ"), period(*second))
    if not clash:
        assert len(read_universes(tmp_path)["theme"].members) == 3
        assert Universe("theme", members).members == members
        return
    with pytest.raises(DataError, match=r"theme\.csv:4: 688256\.SH .*: it overlaps line 2"):
        read_universes(tmp_path)
    with pytest.raises(UsageError, match=r"universe 'theme': two periods of 688256\.SH overlap"):
        Universe("theme", members)


def test_a_short_period_inside_a_long_one_does_not_hide_the_next_clash(tmp_path: Path) -> None:
    spans = [("2020-01-01", "2022-12-31"), ("2020-02-01", "2020-03-01"), ("2021-01-01", "2021-02-01")]
    write(tmp_path, [(*GOOD[:5], *span) for span in spans])
    with pytest.raises(DataError) as caught:
        read_universes(tmp_path)
    assert [problem.row for problem in caught.value.problems] == [3, 4]


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(UsageError, match="ends 2025-01-01, before it begins 2025-01-02"):
        Universe("theme", (period("2025-01-02", "2025-01-01"),))


def test_faults_of_all_files_are_said_at_once(tmp_path: Path) -> None:
    write(tmp_path, [], "a.csv")
    write(tmp_path, [("688256", *GOOD[1:4], "?", *GOOD[5:])], "b.csv")
    (tmp_path / "c.csv").write_text("symbol,name\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_universes(tmp_path)
    assert [(problem.where[-5:], problem.row) for problem in caught.value.problems] == [
        ("a.csv", 0),
        ("b.csv", 2),
        ("b.csv", 2),
        ("c.csv", 1),
    ]
