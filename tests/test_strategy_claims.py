"""Claims: what may be stated, how it is refused, and where it is shown as stated."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

import backfolio
from backfolio.discover import discover
from backfolio.errors import ThesisError
from backfolio.report.look import USUAL, Look
from backfolio.report.run import run_page
from backfolio.strategy import Claim, Strategy
from backfolio.strategy.claims import FIGURES, Kill, claims_of, read_kill
from finished import small_result
from htmlpage import Page

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from backfolio.result import Result

NULLS = {"buy_and_hold", "random_names"}
"""They are what theses are held against, and state nothing."""


def test_a_claim_is_kept_as_stated() -> None:
    claim = Claim("Names   rise\n    after it.", horizon=0, least=1, kinds=("policy",), kills=(" hold.p>.10 ",))
    assert claim.says == "Names rise after it."
    assert claim.criteria == (Kill("hold.p", ">", 0.1),)
    assert json.loads(json.dumps(claim.as_dict())) == {
        "says": "Names rise after it.", "sign": 1, "horizon": 0, "least": 1.0, "kinds": ["policy"],
        "kills": ["hold.p > 0.1"],
    }  # fmt: skip
    assert backfolio.Claim is Claim


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"says": " "}, "a Claim's says is ' ': say the claim in one sentence"),
        ({"says": 3}, "says is 3"),
        ({"sign": 0}, "sign is 0: give 1 (names should rise) or -1"),
        ({"sign": True}, "sign is True"),
        ({"sign": 1.0}, "sign is 1.0"),
        ({"sign": [1]}, "sign is [1]"),
        ({"horizon": -1}, "horizon is -1: give whole sessions from 0 to 250"),
        ({"horizon": 251}, "horizon is 251"),
        ({"horizon": 20.0}, "horizon is 20.0"),
        ({"horizon": True}, "horizon is True"),
        ({"least": -0.01}, "least is -0.01: give a fraction from 0 to 1, as in 0.02 for 2%"),
        ({"least": 2}, "least is 2"),
        ({"least": float("nan")}, "least is nan"),
        ({"least": "0.02"}, "least is '0.02'"),
        ({"kinds": "policy"}, "kinds is 'policy': give a tuple of texts, as in kinds=('...',)"),
        ({"kinds": ("polcy",)}, "kinds is 'polcy': choose from model_release,"),
        ({"kinds": ("polcy",)}, "did you mean 'policy'"),
        ({"kills": ["total_return < 0"]}, "kills is ['total_return < 0']: give a tuple"),
        ({"kills": ("total_return",)}, "write it as FIGURE < VALUE or FIGURE > VALUE"),
        ({"kills": ("total_return <= 0",)}, "write it as FIGURE < VALUE"),
        ({"kills": ("total_return < nan",)}, "write it as FIGURE < VALUE"),
        ({"kills": ("Random_names.p > 0.1",)}, "no figure is called Random_names.p"),
        ({"kills": ("random_name.p > 0.1",)}, "did you mean 'random_names.p'"),
        ({"kills": ("random_names.p > 10",)}, "a chance lies between 0 and 1"),
        ({"kills": ("random_names.p < 0",)}, "a chance lies between 0 and 1"),
    ],
)
def test_what_is_no_claim_is_refused_with_a_remedy(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ThesisError) as refused:
        Claim(**{"says": "Up.", **given})
    assert words in str(refused.value)


@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_can_be_named_and_says_what_it_is(figure: str) -> None:
    kill = read_kill(f"{figure} < 0.5")
    assert kill.met(0.4)
    assert not kill.met(0.5)
    assert not read_kill(f"{figure} > 0.5").met(0.5)
    assert " " in FIGURES[figure]


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (Claim("U.", horizon=20, least=0.02), "a rise over sessions 0 to 20 of at least 2.0%"),
        (Claim("U.", horizon=0), "a rise over session 0"),
        (Claim("U.", sign=-1, horizon=5, least=0.005), "a fall over sessions 0 to 5 of at least 0.5%"),
        (Claim("U.", sign=-1, horizon=5), "a fall over sessions 0 to 5"),
    ],
)
def test_what_is_expected_in_words(claim: Claim, words: str) -> None:
    assert claim.expects == words


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ([Claim("Up.")], "Mine.claims is [Claim(says='Up.'"),
        (Claim("Up."), "give a tuple of Claim, as in (Claim('Names rise after it.', horizon=20),)"),
        (("Up.",), "Mine.claims is ('Up.',): give a tuple of Claim"),
        ((Claim("Up."), Claim("Up. ", sign=-1)), "Mine.claims says 'Up.' twice: drop one, or say what sets them apart"),
    ],
)
def test_a_class_with_other_claims_is_refused(claims: object, words: str) -> None:
    with pytest.raises(ThesisError) as refused:
        type("Mine", (Strategy,), {"claims": claims})
    assert words in str(refused.value)


def test_a_thesis_has_the_claims_of_its_class() -> None:
    claims = (Claim("Up."), Claim("Down.", sign=-1))
    mine = type("Mine", (Strategy,), {"claims": claims})
    assert claims_of(mine) == claims
    assert claims_of(type("Own", (mine,), {})) == claims, "inherited"
    assert claims_of(type("None", (Strategy,), {})) == ()


def test_shipped_theses_state_what_would_show_them_wrong_and_null_hypotheses_nothing(root: Path) -> None:
    found = discover([root / "strategies"], workspace=root).theses
    stated = {name: claims_of(thesis.strategy) for name, thesis in found.items()}
    assert {name for name, claims in stated.items() if not claims} == NULLS
    for name, claims in stated.items():
        declared = getattr(found[name].strategy, "declared", {})
        for claim in claims:
            assert claim.kills, name
            assert claim.least > 0.0, name
            if "hold" in declared:
                assert claim.horizon == declared["hold"].default, name


def text_of(result: Result, look: Look = USUAL) -> str:
    """Return what a page says, with one blank between words."""
    return " ".join(Page(run_page(result, tearsheet=False, look=look)).text.split())


def test_a_page_shows_claims_as_stated_and_escapes_them() -> None:
    claims = (
        Claim("Names <i>rise</i>.", horizon=5, least=0.02, kills=("random_names.p > 0.1", "total_return < 0")),
        Claim("Policy moves them.", sign=-1, kinds=("policy",)),
    )
    result = small_result()
    assert "Claims, as stated" not in text_of(result)
    shown = text_of(replace(result, claims=claims))
    assert "Claims, as stated Names <i>rise</i>. claimed a rise over sessions 0 to 5 of at least 2.0%" in shown
    assert f"wrong if random_names.p > 0.1 {FIGURES['random_names.p']} total_return < 0 what the thesis made" in shown
    assert "Policy moves them. claimed a fall over sessions 0 to 20 kinds policy" in shown
    chinese = text_of(replace(result, claims=claims), Look(lang="zh"))
    assert "主张 第 0 至 5 日内上涨至少 2.0% 否决条件 random_names.p > 0.1" in chinese


def test_list_prints_them_and_a_run_leaves_them_in_the_ledger_once(
    cli: Callable[..., subprocess.CompletedProcess[str]], workspace: Path
) -> None:
    text = cli("list").stdout
    (claim,) = claims_of(discover([workspace / "strategies"], workspace).find("model_release").strategy)
    assert f"    Claim: {claim.says}\n        {claim.expects}; wrong if random_names.p > 0.5\n" in text
    told = {thesis["name"]: thesis["claims"] for thesis in json.loads(cli("list", "--json").stdout)["theses"]}
    assert told["model_release"] == [claim.as_dict()]
    assert told["buy_and_hold"] == []
    short = ("--start", "2025-06-02", "--end", "2025-09-30")
    cli("run", "model_release", "--no-report", "--quiet", *short)
    assert not (workspace / "reports" / "ledger.jsonl").exists()
    for _ in range(2):
        cli("run", "model_release", "--quiet", *short)
    (line,) = map(json.loads, (workspace / "reports" / "ledger.jsonl").read_text(encoding="utf-8").splitlines())
    (folder,) = (workspace / "reports" / "model_release").iterdir()
    assert (line["kind"], line["stated"], line["command"], line["id"]) == (
        "claims", [claim.as_dict()], "run", folder.name,
    )  # fmt: skip
