from __future__ import annotations

import copy
import math
import pickle
import traceback
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backfolio.errors import ThesisError, UsageError
from backfolio.history import History
from backfolio.strategy import Exits, Param, Strategy
from backfolio.strategy.base import snake_case
from backfolio.strategy.emission import TOLERANCE, checked_weights, to_points
from backfolio.targets import LEAVE_ALONE
from backfolio.testing import build

if TYPE_CHECKING:
    from collections.abc import Callable

NAN = float("nan")
SYMBOLS = ("000001.SZ", "300750.SZ", "688256.SH")
SESSIONS = pd.DatetimeIndex(["2025-01-02", "2025-01-03", "2025-01-06"])


def history(rows: int = 3, start: str = "2025-01-02") -> History:
    return History(build(start, {symbol: " ".join(["10"] * rows) for symbol in SYMBOLS}))


def returning(result: object, rebalance: str = "on_change") -> Strategy:
    body = {"targets": lambda _self, _history: result, "rebalance": rebalance}
    made: Strategy = type("Returning", (Strategy,), body)()
    return made


class Momentum(Strategy):
    """Buy what
    has risen.

    And hold it.
    """  # fmt: skip  # noqa: D205  the first paragraph is the title, on however many lines

    universe = "domestic-compute"
    exits = Exits(stop_loss=0.15)
    hold = Param(20, low=5, high=60, step=5, doc="sessions held")
    share = Param(0.2, low=0, high=1)
    route = Param("gpgpu", choices=["gpgpu", "own-ecosystem"])
    patient = Param(False)

    def targets(self, history: History) -> pd.DataFrame:
        return history.tradable * 0.0


class TestParam:
    @pytest.mark.parametrize(
        ("param", "text", "value"),
        [
            (Param(20), "30", 30),
            (Param(20), " -3 ", -3),
            (Param(0.2), "0.25", 0.25),
            (Param(0.2), "1", 1.0),
            (Param(0.2), "1e-3", 0.001),
            (Param(True), "off", False),
            (Param(False), "TRUE", True),
            (Param("a"), " b ", "b"),
            (Param(3, choices=(3, 5, 8)), "8", 8),
            (Param(5, low=5, high=60), "5", 5),
            (Param(5, low=5, high=60), "60", 60),
        ],
    )
    def test_text_is_read_as_the_type_of_the_default(self, param: Param[Any], text: str, value: object) -> None:
        read = param.parse(text)
        assert read == value
        assert type(read) is type(param.default)

    @pytest.mark.parametrize(
        ("param", "text", "allowed"),
        [
            (Param(20, low=5, high=60), "4", "a whole number from 5 to 60"),
            (Param(20, low=5, high=60), "61", "a whole number from 5 to 60"),
            (Param(20, low=5), "4", "a whole number from 5 upward"),
            (Param(20, high=60), "61", "a whole number up to 60"),
            (Param(20), "2.5", "a whole number"),
            (Param(20), "20.0", "a whole number"),
            (Param(20), "", "a whole number"),
            (Param(0.2), "20%", "a number"),
            (Param(0.2), "nan", "a number"),
            (Param(0.2), "inf", "a number"),
            (Param(True), "2", "true or false"),
            (Param(3, choices=(3, 5)), "4", "one of 3, 5"),
            (
                Param("gpgpu", choices=("gpgpu", "other")),
                "gpgp",
                r"\(did you mean 'gpgpu'\?\): give one of gpgpu, other",
            ),
        ],
    )
    def test_other_text_is_refused_with_what_is_allowed(self, param: Param[Any], text: str, allowed: str) -> None:
        with pytest.raises(UsageError, match=allowed):
            param.parse(text)

    @pytest.mark.parametrize(
        ("param", "value", "checked"),
        [
            (Param(20), np.int64(30), 30),
            (Param(0.2), 1, 1.0),
            (Param(0.2), np.float32(0.5), 0.5),
            (Param(False), np.True_, True),
        ],
    )
    def test_numpy_scalars_become_plain_values(self, param: Param[Any], value: object, checked: object) -> None:
        assert param.check(value) == checked
        assert type(param.check(value)) is type(checked)

    @pytest.mark.parametrize(
        ("param", "value"),
        [
            (Param(20), "30"),
            (Param(20), 30.0),
            (Param(20), True),
            (Param(20), None),
            (Param(0.2), True),
            (Param(0.2), NAN),
            (Param(0.2), "0.3"),
            (Param(True), 1),
            (Param("a"), 1),
            (Param(20), np.array([30])),
        ],
    )
    def test_values_of_another_type_are_refused(self, param: Param[Any], value: object) -> None:
        with pytest.raises(UsageError, match="give"):
            param.check(value)

    @pytest.mark.parametrize(
        ("declare", "fault"),
        [
            (lambda: Param(4, low=5), "default is 4, outside what it allows itself, a whole number from 5 upward"),
            (lambda: Param(9, choices=(3, 5)), "default is 9"),
            (lambda: Param(5, low=5, high=5), "low must be below high"),
            (lambda: Param(5, low=6, high=4), "low must be below high"),
            (lambda: Param(5, step=0), "step is 0"),
            (lambda: Param(5, low=0.5), "low is 0.5 where the default asks for a whole number"),
            (lambda: Param(0.5, high=NAN), "high is nan"),
            (lambda: Param(5, choices=(5, 6.5)), "choices is 6.5"),
            (lambda: Param(5, choices=()), "at least one"),
            (lambda: Param(5, choices=(5, 5)), "each once"),
            (lambda: Param(5, low=1, choices=(5,)), "keep one of the two"),
            (lambda: Param(True, low=False), "only numbers have it"),
            (lambda: Param("a", step="b"), "only numbers have it"),
            (lambda: Param(None), "default is None"),
            (lambda: Param([5]), "default is \\[5\\]"),
            (lambda: Param(NAN), "default is nan"),
        ],
    )
    def test_a_declaration_that_contradicts_itself_is_refused(self, declare: Callable[[], object], fault: str) -> None:
        with pytest.raises(ThesisError, match=fault):
            declare()

    def test_bounds_take_the_type_of_the_default(self) -> None:
        param = Param(0.5, low=0, high=1, step=1)
        assert [type(bound) for bound in (param.low, param.high, param.step)] == [float] * 3

    def test_repr_shows_what_was_declared(self) -> None:
        assert repr(Param(0.0, low=0.0, high=1.0, doc="share")) == "Param(0.0, low=0.0, high=1.0, doc='share')"
        assert repr(Param(3, choices=(3, 5))) == "Param(3, choices=(3, 5))"


class TestDeclaration:
    def test_the_class_gives_the_declaration_and_the_instance_the_value(self) -> None:
        assert isinstance(Momentum.hold, Param)
        assert Momentum.hold.doc == "sessions held"
        assert (Momentum().hold, Momentum(hold=30).hold) == (20, 30)

    def test_params_are_all_values_in_the_order_of_declaration(self) -> None:
        chosen = Momentum(share=1, patient=True)
        assert chosen.params == {"hold": 20, "share": 1.0, "route": "gpgpu", "patient": True}
        assert list(chosen.params) == ["hold", "share", "route", "patient"]
        assert repr(chosen) == "Momentum(hold=20, share=1.0, route='gpgpu', patient=True)"

    def test_name_title_and_doc_come_from_class_name_and_docstring(self) -> None:
        assert (Momentum.name, Momentum.title) == ("momentum", "Buy what has risen")
        assert Momentum.doc.endswith("And hold it.")

    def test_a_thesis_without_docstring_does_not_borrow_one(self) -> None:
        bare = type("GPUTop5", (Momentum,), {})
        assert (bare.name, bare.title, bare.doc) == ("gpu_top5", "gpu top5", "")

    @pytest.mark.parametrize(
        ("name", "snake"),
        [("A", "a"), ("DomesticCompute", "domestic_compute"), ("GPUTheme", "gpu_theme"), ("Top5Names", "top5_names")],
    )
    def test_snake_case(self, name: str, snake: str) -> None:
        assert snake_case(name) == snake

    def test_parameters_are_inherited_from_bases_and_mixins_and_can_be_fixed(self) -> None:
        class Sized:
            names = Param(5, low=1)

        class Child(Sized, Momentum):
            hold = Param(40, low=1)
            route = "own-ecosystem"

        assert Child().params == {"hold": 40, "share": 0.2, "patient": False, "names": 5}
        assert Child().route == "own-ecosystem"
        assert Momentum().hold == 20
        with pytest.raises(UsageError, match="child has no parameter 'route': it is a plain attribute; declare it"):
            Child(route="gpgpu")

    @pytest.mark.parametrize(
        ("body", "fault"),
        [
            ({"rebalance": "week"}, r"Bad.rebalance is 'week': choose from .* \(did you mean 'weekly'\?\)"),
            ({"rebalance": None}, "Bad.rebalance is None"),
            ({"exits": 0.15}, r"Bad.exits is 0.15: give Exits"),
            ({"universe": ["domestic-compute"]}, "Bad.universe is"),
            ({"universe": ""}, "Bad.universe is ''"),
            ({"universe": Param("a")}, "Bad.universe is"),
            ({"targets": None}, "Bad.targets is None"),
            ({"name": "other"}, "Bad defines name"),
            ({"params": {"hold": 3}}, "Bad defines params"),
            ({"emit": Param(3)}, "Bad defines emit"),
            ({"__init__": lambda _self: None}, "Bad defines __init__.*Param"),
            ({"other": Momentum.hold}, "Bad.other is the Param of 'hold' once more"),
        ],
    )
    def test_a_class_that_contradicts_itself_is_refused(self, body: dict[str, object], fault: str) -> None:
        with pytest.raises(ThesisError, match=fault):
            type("Bad", (Strategy,), body)

    def test_a_thesis_without_targets_cannot_be_built(self) -> None:
        class Idea(Strategy):
            """Nothing yet."""

        with pytest.raises(ThesisError, match=r"idea has no targets\(history\): define it"):
            Idea()


class TestConstruction:
    @pytest.mark.parametrize(
        ("params", "fault"),
        [
            ({"hold": 4}, "momentum: hold is 4: give a whole number from 5 to 60"),
            ({"hold": "20"}, "momentum: hold is '20': give a whole number from 5 to 60"),
            (
                {"route": "gpgp"},
                r"momentum: route is 'gpgp' \(did you mean 'gpgpu'\?\): give one of gpgpu, own-ecosystem",
            ),
            ({"holds": 20}, r"momentum has no parameter 'holds' \(did you mean 'hold'\?\): choose from hold, share"),
            ({"exits": 0.1}, "momentum: exits is 0.1: give Exits"),
        ],
    )
    def test_wrong_values_are_refused_in_one_sentence(self, params: dict[str, Any], fault: str) -> None:
        with pytest.raises(UsageError, match=fault):
            Momentum(**params)

    def test_a_thesis_without_parameters_says_so(self) -> None:
        with pytest.raises(UsageError, match=r"returning has no parameter 'hold': it has none; declare it"):
            type(returning(None))(hold=3)

    def test_exits_can_be_given_and_leave_the_class_alone(self) -> None:
        assert Momentum(exits=Exits(trailing=0.1)).exits == Exits(trailing=0.1)
        assert Momentum(exits=Exits()).exits == Exits()
        assert Momentum().exits == Momentum.exits == Exits(stop_loss=0.15)
        assert "exits=Exits(stop_loss=None" in repr(Momentum(exits=Exits()))

    @pytest.mark.parametrize("name", ["hold", "exits", "universe", "memory"])
    def test_nothing_can_be_set_after_construction(self, name: str) -> None:
        thesis = Momentum()
        with pytest.raises(ThesisError, match=f"momentum: {name} cannot be set to 30"):
            setattr(thesis, name, 30)
        thesis.params["hold"] = 30
        assert thesis.hold == 20

    def test_a_thesis_can_be_copied_and_sent_to_another_process(self) -> None:
        for twin in (copy.deepcopy(Momentum(hold=30)), pickle.loads(pickle.dumps(Momentum(hold=30)))):  # noqa: S301
            assert (twin.hold, twin.exits) == (30, Exits(stop_loss=0.15))


class TestWithParams:
    def test_text_and_values_are_taken_alike(self) -> None:
        text = {"hold": "30", "share": "0.5", "patient": "yes", "exits.stop_loss": "0.1", "exits.max_sessions": "40"}
        values = {"hold": 30, "share": 0.5, "patient": True, "exits.stop_loss": 0.1, "exits.max_sessions": 40}
        for given_values in (text, values):
            thesis = Momentum.with_params(given_values)
            assert thesis.params == {"hold": 30, "share": 0.5, "route": "gpgpu", "patient": True}
            assert thesis.exits == Exits(stop_loss=0.1, max_sessions=40)

    def test_an_exit_given_keeps_the_others_and_none_switches_it_off(self) -> None:
        assert Momentum.with_params({"exits.trailing": "0.2"}).exits == Exits(stop_loss=0.15, trailing=0.2)
        assert Momentum.with_params({"exits.stop_loss": "none"}).exits == Exits()
        assert Momentum.with_params({"exits.stop_loss": None}).exits == Exits()
        assert Momentum.with_params({}).exits == Exits(stop_loss=0.15)

    @pytest.mark.parametrize(
        ("values", "fault"),
        [
            ({"hold": "4"}, "momentum: hold is 4: give"),
            ({"stop_loss": "0.1"}, r"no parameter 'stop_loss' \(did you mean 'exits.stop_loss'\?\)"),
            (
                {"exits.stop": "0.1"},
                r"no parameter 'exits.stop' \(did you mean 'exits.stop_loss'\?\): choose from hold",
            ),
            ({"exits": Exits()}, "no parameter 'exits'"),
            ({"exits.stop_loss": "2"}, "momentum: exits.stop_loss is 2.0: give a fraction"),
            ({"exits.stop_loss": "nan"}, "momentum: exits.stop_loss is nan"),
            ({"exits.stop_loss": "15%"}, "momentum: exits.stop_loss is '15%': give a fraction, as in 0.15, or none"),
            ({"exits.max_sessions": "2.5"}, "give a whole number of sessions, or none"),
        ],
    )
    def test_wrong_values_are_refused(self, values: dict[str, object], fault: str) -> None:
        with pytest.raises(UsageError, match=fault):
            Momentum.with_params(values)


class TestPoints:
    @given(st.integers(0, 10_000))
    def test_every_whole_basis_point_survives_the_float(self, points: int) -> None:
        assert to_points(np.array([[points / 10_000]])).tolist() == [[points]]
        assert to_points(np.array([[1 - (10_000 - points) / 10_000]])).tolist() == [[points]]

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
    def test_rounding_goes_down_and_a_full_row_stays_within_one(self, raw: list[float]) -> None:
        weights = np.array([raw]) / max(sum(raw), 1.0)
        points = to_points(weights)
        assert points.sum(dtype=np.int64) <= 10_000
        assert (points <= (weights + TOLERANCE) * 10_000).all()
        assert (points > weights * 10_000 - 1).all()

    def test_thirds_and_silence(self) -> None:
        points = to_points(np.array([[1 / 3, 0.2, 0.57, NAN, 0.0, -1e-12, 1.0]]))
        assert points.tolist() == [[3333, 2000, 5700, LEAVE_ALONE, 0, 0, 10_000]]


class TestEmission:
    @staticmethod
    def emit(rows: list[list[float]], rebalance: str = "on_change", **window: int) -> list[list[int]]:
        weights = np.array(rows)
        return returning(weights, rebalance).emit(history(len(rows)), **window).weights.tolist()

    def test_a_weight_is_emitted_where_it_differs_from_the_row_before(self) -> None:
        rows = [[0.5, 0.5, 0.0], [0.5, 0.25, 0.0], [0.5, 0.25, 0.0], [0.0, 0.25, 0.75]]
        assert self.emit(rows) == [[5000, 5000, 0], [-1, 2500, -1], [-1, -1, -1], [0, -1, 7500]]

    def test_what_changes_by_less_than_a_basis_point_is_not_emitted(self) -> None:
        assert self.emit([[0.50001, 0, 0], [0.50009, 0, 0], [0.5001, 0, 0]])[1:] == [[-1, -1, -1], [5001, -1, -1]]

    def test_a_weight_after_silence_is_emitted_again(self) -> None:
        rows = [[0.5, NAN, 0.0], [NAN, NAN, 0.0], [0.5, 0.1, 0.0]]
        assert self.emit(rows) == [[5000, -1, 0], [-1, -1, -1], [5000, 1000, -1]]

    def test_the_first_row_of_the_window_emits_everything(self) -> None:
        rows = [[0.5, 0.1, 0.0]] * 4
        assert self.emit(rows, first=1, stop=3) == [[5000, 1000, 0], [-1, -1, -1]]
        assert self.emit(rows, first=3) == [[5000, 1000, 0]]
        assert self.emit(rows, first=2, stop=2) == []

    def test_daily_emits_everything_always(self) -> None:
        assert self.emit([[0.5, NAN, 0.0]] * 2, "daily") == [[5000, -1, 0]] * 2

    def test_weekly_emits_the_first_session_of_each_week_as_well(self) -> None:
        # Thu 2, Fri 3, Mon 6 ... Fri 10, Mon 13 January 2025
        rows = [[0.5, 0.0, 0.0]] * 8
        rows[4] = [0.4, 0.0, 0.0]
        full, silent = [5000, 0, 0], [-1, -1, -1]
        expected = [full, silent, full, silent, [4000, -1, -1], [5000, -1, -1], silent, full]
        assert self.emit(rows, "weekly") == expected

    def test_a_week_without_its_monday_starts_on_its_first_session(self) -> None:
        # Shanghai was shut from 28 January to 4 February 2025: Mon 27 January, then Wed 5 February
        thesis = returning(np.tile([0.5, 0.0, 0.0], (4, 1)), "weekly")
        emitted = thesis.emit(history(4, "2025-01-24")).weights
        assert (emitted[:, 0] == 5000).tolist() == [True, True, True, False]

    def test_monthly_emits_the_first_session_of_each_month_as_well(self) -> None:
        # 30 and 31 October, 3 and 4 November 2025
        thesis = returning(np.tile([0.5, 0.0, 0.0], (4, 1)), "monthly")
        emitted = thesis.emit(history(4, "2025-10-30")).weights
        assert (emitted[:, 0] == 5000).tolist() == [True, False, True, False]

    @given(st.data())
    def test_it_is_what_a_loop_says(self, data: st.DataObject) -> None:
        days = data.draw(st.integers(1, 12))
        cells = st.sampled_from((NAN, -1e-10, 0.0, 0.1, 0.25, 0.33333, 0.3333301))
        weights = np.array(data.draw(st.lists(cells, min_size=3 * days, max_size=3 * days))).reshape(days, 3)
        first = data.draw(st.integers(0, days - 1))
        stop = data.draw(st.integers(first, days))
        rebalance = data.draw(st.sampled_from(("on_change", "daily", "weekly", "monthly")))
        past = history(days, "2025-01-23")  # the end of a month, and of a week, and a holiday
        expected = []
        for row in range(first, stop):
            day, before = past.sessions[row], past.sessions[max(row - 1, 0)]
            whole = (
                row == first
                or rebalance == "daily"
                or (rebalance == "weekly" and (row == 0 or day.isocalendar()[:2] != before.isocalendar()[:2]))
                or (rebalance == "monthly" and (row == 0 or day.month != before.month))
            )
            points, last = (
                [-1 if np.isnan(one) else math.floor((one + 1e-9) * 10_000) for one in line]
                for line in (weights[row], weights[row - 1])
            )
            expected.append([now if whole or now != then else -1 for now, then in zip(points, last, strict=True)])
        for order in ("C", "F"):
            thesis = returning(np.asarray(weights, order=order), rebalance)
            assert thesis.emit(past, first, stop).weights.tolist() == expected

    def test_frames_are_aligned_by_label(self) -> None:
        past = history(2)
        frame = pd.DataFrame([[0.3, 0.2, 0.1]] * 2, index=past.sessions[::-1], columns=list(SYMBOLS[::-1]))
        assert returning(frame).emit(past).weights[0].tolist() == [1000, 2000, 3000]

    def test_other_number_types_are_read(self) -> None:
        past = history(1)
        for dtype in ("object", "Float64", "float32", "int64"):
            frame = pd.DataFrame([[1, 0, 0]], index=past.sessions, columns=list(SYMBOLS)).astype(dtype)
            assert returning(frame).emit(past).weights.tolist() == [[10_000, 0, 0]]
        frame = pd.DataFrame([[0.5, None, 0]], index=past.sessions, columns=list(SYMBOLS)).astype("Float64")
        assert returning(frame).emit(past).weights.tolist() == [[5000, -1, 0]]


def frame(values: object, **labels: Any) -> pd.DataFrame:
    return pd.DataFrame(values, **{"index": SESSIONS, "columns": list(SYMBOLS), **labels})


class TestRefusedWeights:
    @pytest.mark.parametrize(
        ("result", "fault"),
        [
            (None, "returned nothing: return a DataFrame"),
            ([[0.1] * 3] * 3, "returned a list"),
            (frame(0.1)["688256.SH"], "returned a Series"),
            (np.zeros((3, 2)), r"an array of shape \(3, 2\): \(3, 3\) \(sessions x symbols\) is needed"),
            (np.zeros(3), r"an array of shape \(3,\)"),
            (frame(True), "returned True and False: weights are needed; wrap the choice, as in equal_weight"),
            (np.ones((3, 3), dtype=bool), "returned True and False"),
            (frame("a"), "something that is not a number"),
            (frame(0.1).iloc[1:], "lack the session 2025-01-02: .* use .reindex"),
            (frame(0.1).reset_index(drop=True), "lack the session 2025-01-02 and 2 more"),
            (frame(0.1).iloc[:, 1:], "lack the symbol '000001.SZ'"),
            (frame(0.1).assign(extra=0.1), "have, beyond the history, the symbol 'extra'"),
            (pd.concat([frame(0.1), frame(0.1)]), "names more than once the session 2025-01-02 and 2 more"),
            (frame([[0, 0, 0], [0, -0.1, 0], [0, 0, -1]]), r"300750.SZ on 2025-01-03 is -0.1 \(2 such .* long only"),
            (frame([[0, 0, 0], [0, 0, 0], [0, 0, np.inf]]), "688256.SH on 2025-01-06 is inf .* finite number"),
            (frame([[0, 0, 0], [0.5, 0.4, 0.2], [1, 1, 1]]), r"of session 2025-01-03 sum to 1.1 \(2 such session"),
            (frame([[0, 0, 0], [0, 0, 0], [1.1, NAN, NAN]]), "of session 2025-01-06 sum to 1.1 .* equal_weight"),
        ],
    )
    def test_what_is_no_table_of_weights_is_refused(self, result: object, fault: str) -> None:
        with pytest.raises(ThesisError, match=f"returning: .*{fault}"):
            returning(result).emit(history())

    def test_a_turned_array_is_recognised(self) -> None:
        with pytest.raises(ThesisError, match="it is turned round, return its transpose"):
            returning(np.zeros((3, 2))).emit(history(2))

    @pytest.mark.parametrize(
        ("row", "fault"),
        [
            ([0.5, 0.5 + 9e-10, 0.0], None),
            ([0.5, 0.5 + 2e-9, 0.0], "sum to 1 "),
            ([0.5, 0.5 + 4e-9, -9e-10], "sum to 1 "),
            ([0.5, 0.5 + 1.5e-9, -9e-10], None),
            ([1.0, NAN, 0.0], None),
            ([1.0, NAN, 0.001], "sum to 1.001 "),
            ([NAN, NAN, NAN], None),
            ([NAN, -9e-10, 0.0], None),
            ([NAN, -2e-9, 0.0], "is -2e-09 .* long only"),
            ([NAN, np.inf, 0.0], "is inf .* finite number"),
            ([NAN, -np.inf, 0.0], "is -inf .* finite number"),
        ],
    )
    def test_the_bounds_are_as_wide_as_the_noise(self, row: list[float], fault: str | None) -> None:
        weights = np.array([[0.1, 0.2, 0.3], row, [NAN, 0.0, 0.0]])
        if fault is None:
            assert checked_weights(weights, history()) is weights
        else:
            with pytest.raises(ThesisError, match=fault):
                checked_weights(weights, history())

    def test_noise_of_floats_is_no_fault(self) -> None:
        noisy = np.array([[0.5 + 5e-10, 0.5, -1e-10]] * 3)
        assert returning(noisy).emit(history()).weights[0].tolist() == [5000, 5000, 0]


class TestFailure:
    def test_an_error_of_the_thesis_says_where_and_keeps_its_traceback(self) -> None:
        class Slip(Strategy):
            """Ask for a column that is not there."""

            columns: ClassVar = ["000002.SZ"]

            def targets(self, history: History) -> pd.DataFrame:
                return history.returns(1)[self.columns]

        with pytest.raises(
            ThesisError, match=r"slip: targets\(history\) failed in test_strategy.py line \d+ with Key"
        ) as told:
            Slip().emit(history())
        frames = traceback.extract_tb(told.value.__cause__.__traceback__)
        line = next(frame.lineno for frame in frames if frame.name == "targets")
        assert f"line {line} " in str(told.value)

    def test_a_wrong_question_to_the_history_names_the_thesis(self) -> None:
        class Typo(Strategy):
            """Ask for a kind that is not known."""

            def targets(self, history: History) -> pd.DataFrame:
                return history.catalysts("model_relase") * 0.1

        with pytest.raises(UsageError, match=r"typo: .*model_relase.*did you mean 'model_release'"):
            Typo().emit(history())
