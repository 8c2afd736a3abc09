"""Sentences with values in them: plain English text that knows how it came about."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from backfolio.said import Said, counted, filled, listed, paired, said


def test_a_sentence_is_its_english_text() -> None:
    made = said("%(n)s of %(all)s", n=3, all="4,000")
    assert (made, made.key, made.values) == ("3 of 4,000", "%(n)s of %(all)s", {"n": 3, "all": "4,000"})
    assert json.dumps([made]) == '["3 of 4,000"]'


def test_a_place_without_a_value_is_refused() -> None:
    with pytest.raises(KeyError, match="all"):
        said("%(n)s of %(all)s", n=3)


def test_a_percent_sign_is_itself() -> None:
    assert said("5% of %(all)s, 100%", all="50%") == "5% of 50%, 100%"


@pytest.mark.parametrize(("number", "text"), [(0, "0 trials"), (1, "1 trial"), (1_240, "1,240 trials")])
def test_a_count_has_one_template_whatever_the_number(number: int, text: str) -> None:
    made = counted(number, "trial")
    assert (made, made.key) == (text, "%(n)s trials")


def test_a_name_and_its_value_are_a_template() -> None:
    made = paired("cash", "5")
    assert (made, made.key) == ("cash 5", "%(name)s %(value)s")


def test_a_list_keeps_its_parts() -> None:
    made = listed([counted(1, "trial"), "mine"], "; ")
    assert (made, made.key, made.parts) == ("1 trial; mine", "; ", ("1 trial", "mine"))
    assert listed([]) == ""


def test_values_are_written_as_asked() -> None:
    assert filled("%(a)s-%(b)s", {"a": 1, "b": "x"}, lambda value: f"<{value}>") == "<1>-<x>"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda made: pickle.loads(pickle.dumps(made))])  # noqa: S301  ours
def test_a_sentence_outlives_a_copy_and_a_pickle(again: object) -> None:
    made = listed([counted(1, "trial"), said("%(n)s more", n=2)])
    back = again(made)  # type: ignore[operator]
    assert isinstance(back, Said)
    assert (back, back.key, back.values, back.parts) == (made, made.key, made.values, made.parts)
    assert back.parts is not None
    assert [part.key for part in back.parts if isinstance(part, Said)] == ["%(n)s trials", "%(n)s more"]
