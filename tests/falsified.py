"""Findings of `falsify` for the tests of pages, made up: what a thesis may look like after an attempt to break it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backfolio import calendar
from backfolio.falsify import claims, words
from backfolio.falsify.model import Answer, Asked, Attempt, Falsified, Family, Held, Outcome, Placebos, Variant
from backfolio.said import said
from backfolio.strategy.claims import FIGURES, Claim
from backfolio.tune import stated

START, END = "2022-01-04", "2024-12-31"
CASH = 1_000_000_000
EVIL = "<b>Model</b> & more, a title so long that it takes several lines of the table in a narrow window"


def outcome(total: float, fills: int = 212) -> Outcome:
    return Outcome(total, 0.4 + total, -0.18, fills, int(CASH * (1.0 + total)), 0.03 if total > 0.0 else 0.6)


BASE = outcome(0.342)


def variant(name: str, label: str, value: float, total: float, source: str = "", *, kept: bool = True) -> Variant:
    share = total / BASE.total_return if kept else None
    return Variant(name, label, value, outcome(total), share, source)


def placebos(name: str, label: str, middle: float, count: int = 1_000, same: int = 0) -> Placebos:
    generator = np.random.default_rng(len(label))
    totals = np.sort(generator.normal(middle, 0.14, count))
    beats = int((totals < BASE.total_return).sum())
    told = said(words.OF_CATALYSTS if name == "random_dates" else words.OF_NAMES)
    return Placebos(name, label, told, totals, beats, same)  # type: ignore[arg-type]


def families() -> tuple[Family, ...]:
    lags = [(-1, 0.51), (1, 0.25), (2, 0.19), (3, 0.08), (5, -0.02)]
    points = [(0, 0.40), (5, 0.36), (10, 0.33), (20, 0.26), (30, 0.18), (50, 0.02)]
    shares = [(0.1, 0.34), (0.05, 0.33), (0.02, 0.29), (0.01, 0.21)]
    catalysts = [
        variant(
            f"release-{at}", EVIL if at == 0 else f"Release of model {at}", at, 0.10 + 0.01 * at,
            "https://example.org/a; https://example.org/b" if at < 2 else "a newspaper, javascript:alert(1)",
        )
        for at in range(20)
    ]  # fmt: skip
    names = [variant(f"68825{at}.SH", "寒武纪", at, 0.15 + 0.03 * at) for at in range(6)]
    return (
        Family("lag", words.LAG, said(words.OF_LAG), tuple(
            variant(f"lag_{at}", said(words.LATER, n=f"{at:+d}"), at, total) for at, total in lags), 5),
        Family("costs", words.COSTS, said(words.OF_COSTS), (variant("costs_doubled", said(words.TWICE), 0, 0.28),), 1),
        Family("slippage", words.SLIPPAGE, said(words.OF_SLIPPAGE), tuple(
            variant(f"slippage_{at}", said(words.POINTS, n=at), at, total) for at, total in points), 6),
        Family("participation", words.PARTICIPATION, said(words.OF_PARTICIPATION), tuple(
            variant(f"participation_{100 * at:.0f}", f"{at:.0%}", at, total) for at, total in shares), 4),
        Family("capital", words.CAPITAL, said(words.OF_CAPITAL), tuple(
            variant(f"capital_x{at}", said(words.TIMES, n=at), at, total) for at, total in ((10, 0.12), (100, -0.03))
        ), 2),
        Family("without_catalyst", words.WITHOUT_CATALYST, said(words.OF_WITHOUT_CATALYST), tuple(catalysts), 34),
        Family("without_name", words.WITHOUT_NAME, said(words.OF_WITHOUT_NAME), tuple(names), 6),
        Family("without_session", words.WITHOUT_SESSION, said(words.OF_WITHOUT_SESSION), tuple(
            variant(f"best_{at}", said(words.WITHOUT_BEST, n=at), at, 0.30 - 0.04 * at) for at in (1, 3, 5, 10)), 4),
    )  # fmt: skip


def held(days: int) -> Held:
    generator = np.random.default_rng(5)
    own = (CASH * np.exp(np.cumsum(generator.normal(0.0005, 0.011, days)))).astype(np.int64)
    other = (CASH * np.exp(np.cumsum(generator.normal(0.0002, 0.010, days)))).astype(np.int64)
    own[0] = other[0] = CASH
    leads = np.sort(generator.normal(0.05, 0.06, 2_000))
    return Held(outcome(0.213), 0.62, 14, 0.129, other, own, leads, 0.114)


def attempts() -> tuple[Attempt, ...]:
    def tried(name: str, figure: float | None, text: str, held: bool | None, told: str, **values: str) -> Attempt:
        return Attempt(name, words.ATTEMPTS[name], figure, text, held, said(told, **values))

    left, best = words.LEFT, "without_best_catalyst.total_return"
    costs, capital = "costs_doubled.total_return", "capital_x10.total_return"
    dates, names = words.BEATEN["random_dates.p"], words.BEATEN["random_names.p"]
    return (
        tried("random_dates.p", 0.021, "0.021", True, dates, beats="979", drawn="1,000", p="0.021"),
        tried("random_names.p", 0.181, "0.181", False, names, beats="819", drawn="1,000", p="0.181"),
        tried("hold.excess", 0.129, "+12.9%", True, words.HELD, own="+34.2%", theirs="+21.3%"),
        tried("lag_1.kept", 0.73, "73%", True, words.KEPT, kept="73%"),
        tried(costs, 0.28, "+28.0%", True, left[costs], total="+28.0%"),
        tried(capital, None, "n/a", None, words.UNTOLD),
        tried(best, 0.10, "+10.0%", True, left[best], total="+10.0%"),
    )


def answers() -> tuple[Answer, ...]:
    claim = Claim(
        "Names that a <i>model release</i> touches rise in the four weeks after it.", horizon=20, least=0.02,
        kinds=("model_release", "policy"),
        kills=("random_names.p > 0.1", "lag_1.kept < 0.5", "capital_x10.total_return < 0", "study.mean < 0.01"),
    )  # fmt: skip
    met = said(claims.MET, kill="random_names.p > 0.1", value="0.181", figure=said(FIGURES["random_names.p"]))
    first = Answer(claim, "falsified", met, "random_names.p", 0.181, 0.031, -0.004, 0.066, 0.081, 48, 9.4)
    second = Answer(
        Claim("They do not fall after bad news.", sign=-1, horizon=0), "not_enough",
        said(claims.ONE), "study.mean", None, None, None, None, None, 1, 1.0,
    )  # fmt: skip
    return first, second


def falsified(**changes: object) -> Falsified:
    """Return a made-up finding; `changes` replace fields."""
    days = calendar.sessions(START, END)
    figures: dict[str, float | None] = dict.fromkeys(FIGURES, 0.1)
    del figures["study.mean"]
    figures |= {
        "total_return": BASE.total_return, "random_dates.p": 0.021, "random_names.p": 0.181, "hold.excess": 0.129,
        "lag_1.kept": 0.73, "without_best_catalyst.total_return": 0.10, "capital_x10.total_return": None,
    }  # fmt: skip
    made = Falsified(
        falsify_id="0123456789ab",
        record={"strategy": "chips", "thesis": {"source": "abcd"}},
        strategy="chips",
        title="Buy <i>chips</i> after the news",
        params={"hold": 20, "loud": True},
        kinds=("model_release", "policy"),
        start=START,
        end=END,
        sessions=len(days),
        symbols=16,
        source_label="hand <made> bars",
        simulated=True,
        benchmark="沪深300 (000300.SH)",
        command="python run_backtest.py falsify chips --data 'a folder' --placebos 1000",
        asked=Asked(),
        base=BASE,
        dates=placebos("random_dates", "Random dates", 0.06),
        names=placebos("random_names", "Random names", 0.20, same=3),
        families=families(),
        held=held(len(days)),
        attempts=attempts(),
        answers=answers(),
        stamp=stated.Stamp(
            "1111", "2222", "2026-01-02T03:04:05+00:00", 3, 1, said(stated.FIRST, since="2026-01-02 11:04")
        ),
        grade="falsified",
        sentence=answers()[0].words,
        figures=figures,
        warnings=(said(words.NOT_ALL, tried="20 <x>", all="34"),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def bare() -> Falsified:
    """Return the finding of a thesis that bought nothing: no placebo, no variant, no claim."""
    why = said(words.NONE_ASKED)
    nothing = Outcome(0.0, None, 0.0, 0, CASH, None)
    none = {name: None for name in FIGURES if name != "study.mean"}
    return falsified(
        falsify_id="bbbbbbbbbbbb", base=nothing, kinds=(), params={}, benchmark="", stamp=None, answers=(), held=None,
        dates=Placebos("random_dates", "Random dates", said(words.OF_DECISIONS), why=why),
        names=Placebos("random_names", "Random names", said(words.OF_NAMES), why=why),
        families=tuple(Family(one.name, one.label, one.words, why=why) for one in families()),
        attempts=tuple(one._replace(held=None, figure=None, text="n/a") for one in attempts()),
        figures=none, grade="unclaimed", sentence=said(words.UNTOLD), warnings=(), simulated=False,
    )  # fmt: skip
