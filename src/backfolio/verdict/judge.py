"""From the equity of many trials to a `Verdict` on their best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from backfolio.calendar import SESSIONS_A_YEAR
from backfolio.errors import UsageError
from backfolio.metrics import ratios
from backfolio.said import counted, said
from backfolio.verdict import overfit, reality, sharpe
from backfolio.verdict.curves import Curves, daily_sharpe
from backfolio.verdict.model import Verdict, rival
from backfolio.verdict.plateau import plateau
from backfolio.verdict.spread import ALIKE, Earlier, Spread, deviation_ever, null_deviation, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backfolio.verdict.curves import Floats, Integers


def judge(
    equity: Integers,
    start_cash: Integers,
    score: Floats,
    points: Integers,
    ordered: Sequence[bool],
    best: int,
    *,
    benchmark: Floats | None = None,
    trials_ever: int | None = None,
    earlier: Sequence[Earlier] | None = None,
    seed: int = 0,
    blocks: int = overfit.BLOCKS,
    replications: int = reality.REPLICATIONS,
    shape: Sequence[int] | None = None,
    names: Sequence[str] = (),
    apart: Sequence[bool] | None = None,
    sharpe_like: bool = False,
) -> Verdict:
    """Judge the best of many trials.

    Whatever the score, luck is judged by Sharpe ratios and returns, with a
    risk-free rate of 0. Nothing depends on the order of the trials.

    Parameters
    ----------
    equity
        int64 mills, (trials, sessions), of the trials that finished; may be a
        ``np.memmap``: it is read a few trials at a time.
    start_cash
        int64 mills, (trials,): what the first return starts from.
    score
        float64 (trials,), what the search maximised; NaN where there is none.
    points
        int64 (trials, parameters): places on the grid.
    ordered
        Whether the values of each parameter are in an order.
    best
        Row of the best.
    benchmark
        Its daily returns, float64 (sessions,); None is cash, which earns 0.
    trials_ever
        Trials ever run on this thesis and data, where `earlier` is None; at
        least those of this run are counted, and they are all where it is None.
    earlier
        The other runs on this thesis and data: their trials count, and the
        spread of their Sharpe ratios is pooled with this run's. Where it is
        None, nothing is known but the number.
    seed, replications
        Of the bootstrap.
    blocks
        Most blocks of the cross-validation, even.
    shape
        Values of each parameter; None: as far as the points reach.
    names
        Of the parameters.
    apart
        Whether the first value of each parameter is "off" (None), which has no
        neighbour; None: no parameter has it.
    sharpe_like
        Whether the score is a mean return over a risk, as the Sharpe ratio is:
        its standard error is then the same part of it.

    Raises
    ------
    UsageError
        If the arrays do not belong together, or an option is out of bounds.
    """
    curves = Curves(equity, start_cash)
    if not 0 <= best < len(curves):
        message = f"best is row {best}: give one of the {len(curves)} trials, counted from 0"
        raise UsageError(message)
    if score.shape != (len(curves),):
        message = f"score has the shape {score.shape}: give one for each of {len(curves)} trials"
        raise UsageError(message)
    rival = None if benchmark is None else ratios.as_returns(benchmark)
    if earlier is None:
        missing = max(trials_ever or 0, len(curves)) - len(curves)
        earlier = [Earlier(missing)] if missing else []
    ever = len(curves) + sum(run.trials for run in earlier)
    reasons: dict[str, str] = {}
    own = _of_best(curves, best, earlier, ever, reasons)
    split = overfit.cross_validate(curves, blocks)
    _explain(reasons, split.reason, "pbo", "probability_of_loss", "degradation_slope", "degradation_intercept")
    test = reality.superiority(curves, best, rival, replications=replications, seed=seed)
    _explain(reasons, test.reason, "spa_lower", "spa_consistent", "spa_upper", "reality_check")
    ground = plateau(
        score,
        points,
        ordered,
        best,
        shape=shape,
        names=names,
        apart=apart,
        error=_score_error(own, score[best], curves.sessions) if sharpe_like else None,
    )
    _explain(reasons, ground.reason, "plateau")
    against: Literal["benchmark", "cash"] = "cash" if benchmark is None else "benchmark"
    return Verdict(
        trials=len(curves),
        trials_ever=ever,
        sessions=curves.sessions,
        years=curves.sessions / SESSIONS_A_YEAR,
        sharpe=own.sharpe,
        daily_sharpe=own.daily,
        skew=own.skew,
        kurtosis=own.kurtosis,
        probabilistic_sharpe=own.probabilistic,
        expected_max_sharpe=own.expected,
        deflated_sharpe=own.deflated,
        sharpe_deviation=own.deviation,
        alike=own.alike,
        min_track_sessions=own.track,
        min_track_years=None if own.track is None else own.track / SESSIONS_A_YEAR,
        min_backtest_years=own.backtest,
        haircut_sharpe=own.left,
        haircut=own.haircut,
        pbo=split.probability,
        blocks=split.blocks,
        splits=split.splits,
        logit_edges=split.edges,
        logit_counts=split.counts,
        degradation=split.points,
        degradation_slope=split.slope,
        degradation_intercept=split.intercept,
        probability_of_loss=split.loss,
        compared_with=against,
        spa_lower=test.lower,
        spa_consistent=test.consistent,
        spa_upper=test.upper,
        reality_check=test.white,
        replications=test.replications,
        block_length=test.block_length,
        seed=seed,
        plateau=ground.score,
        neighbours=ground.tried,
        neighbours_possible=ground.possible,
        neighbour_score=ground.median,
        cliffs=ground.cliffs,
        reasons=reasons,
        notes=(*split.notes, *test.notes, *_of_earlier(earlier, len(curves), ever, against)),
    )


@dataclass(frozen=True, slots=True)
class _Best:
    """Figures of the best's Sharpe ratio, as `Verdict` names them."""

    sharpe: float | None = None
    daily: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    probabilistic: float | None = None
    expected: float | None = None
    deflated: float | None = None
    deviation: float | None = None
    alike: bool = False
    track: int | None = None
    backtest: float | None = None
    left: float | None = None
    haircut: float | None = None


def _of_best(curves: Curves, best: int, earlier: Sequence[Earlier], ever: int, reasons: dict[str, str]) -> _Best:
    returns = curves.returns(best, best + 1)[0]
    daily, shape = ratios.sharpe(returns, periods=1), ratios.moments(returns)
    all_of_it = (
        "sharpe", "daily_sharpe", "skew", "kurtosis", "probabilistic_sharpe", "deflated_sharpe",
        "min_track_sessions", "min_track_years", "min_backtest_years", "haircut_sharpe", "haircut",
    )  # fmt: skip
    across = Spread.of(daily_sharpe(curves), curves.sessions) if curves.sessions > 1 else None
    deviation, null = deviation_ever(across, earlier, ever, curves.sessions), null_deviation(curves.sessions)
    alike = deviation is not None and null is not None and deviation < ALIKE * null
    # Tries that are all but one try picked nothing, and are no measure of luck.
    expected = None if deviation is None or alike else sharpe.expected_maximum(ever, deviation)
    why_not = _why_not(0 if across is None else across.count, ever)
    _explain(reasons, why_not if deviation is None else "", "sharpe_deviation")
    if alike:
        why_not = said("The Sharpe ratios of all trials are so nearly equal that they are one try.")
    _explain(reasons, why_not if expected is None else "", "expected_max_sharpe", "deflated_sharpe")
    annual = math.sqrt(SESSIONS_A_YEAR)
    shown = None if expected is None else expected * annual
    spread = None if deviation is None else deviation * annual
    if daily is None or shape is None:
        if returns.size > 2:  # noqa: PLR2004
            why_not = said("The equity of the best never moved: it has no Sharpe ratio.")
        else:
            why_not = said("The equity of the best has fewer than three sessions: it has no Sharpe ratio.")
        _explain(reasons, why_not, *all_of_it)
        return _Best(expected=shown, deviation=spread, alike=alike)
    _explain(reasons, "" if daily > 0.0 else said("The Sharpe ratio of the best is not above 0."), *all_of_it[6:])
    _explain(reasons, "" if ever > 1 else said("There was one trial: nothing was picked."), "min_backtest_years")
    track = sharpe.minimum_track_record(daily, *shape)
    cut = sharpe.haircut(daily * annual, returns.size, ever)
    return _Best(
        sharpe=ratios.sharpe(returns),
        daily=daily,
        skew=shape[0],
        kurtosis=shape[1],
        probabilistic=ratios.probabilistic_sharpe(returns),
        expected=shown,
        deflated=None if expected is None else ratios.sharpe_probability(daily, returns.size, *shape, expected),
        deviation=spread,
        alike=alike,
        track=None if track is None else math.ceil(track),
        backtest=sharpe.minimum_backtest(ever, daily * annual),
        left=None if cut is None else cut.ratio,
        haircut=None if cut is None else cut.share,
    )


def _score_error(best: _Best, score: float, sessions: int) -> float | None:
    """Return the standard error of a score that is a mean over a risk: the same part of it as of the Sharpe ratio.

    The error of a Sharpe ratio is that of `ratios.sharpe_spread` (Bailey and
    Lopez de Prado 2012, equation 4, after Mertens 2002).
    """
    if best.daily is None or best.skew is None or best.kurtosis is None or not best.daily:
        return None
    spread = ratios.sharpe_spread(best.daily, best.skew, best.kurtosis)
    if spread is None or not math.isfinite(score):
        return None
    return abs(score / best.daily) * math.sqrt(spread / (sessions - 1))


def _of_earlier(earlier: Sequence[Earlier], here: int, ever: int, against: str) -> list[str]:
    """Return what a reader must know of trials that were not in this run."""
    if ever == here:
        return []
    notes: list[str] = [
        said(
            "Cross-validation and the test against %(rival)s know the %(here)s of this run only, not the %(others)s on "
            "this data.",
            rival=rival(against),
            here=counted(here, "trial"),
            others=counted(ever - here, "other trial"),
        )
    ]
    if 2 * (ever - here) > ever:
        notes.append(said("Most trials on this data were not in this run, so that nothing here is more than doubtful."))
    missing = unknown(earlier)
    if missing:
        notes.append(
            said(
                "How far apart the Sharpe ratios of %(trials)s lay is not known: at least what luck alone makes of "
                "them is assumed.",
                trials=counted(missing, "earlier trial"),
            )
        )
    return notes


def _why_not(moving: int, ever: int) -> str:
    if ever < 2:  # noqa: PLR2004
        return said("There was one trial: nothing was picked.")
    return said(
        "%(moving)s of the trials of this run moved: how far Sharpe ratios lie apart by luck takes two.", moving=moving
    )


def _explain(reasons: dict[str, str], reason: str, *names: str) -> None:
    """Note why figures are missing, unless it is known already."""
    if reason:
        for name in names:
            reasons.setdefault(name, reason)
