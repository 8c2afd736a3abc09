"""`Verdict`: how likely it is that the best of many trials is luck, in figures and in one sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Final, Literal

from backfolio.said import Said, said

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFLATED_CLEARS: Final = 0.95
"""A deflated Sharpe ratio from here on speaks against luck (Bailey and Lopez de Prado 2014: 95%)."""

OVERFIT_CLEARS: Final = 0.2
"""A probability of backtest overfitting up to here does not speak against the search."""

OVERFIT_CONDEMNS: Final = 0.5
"""From here on, what is best in sample is no better out of sample than a trial taken blindly."""

SUPERIOR_CLEARS: Final = 0.05
"""A p-value of Hansen's test up to here speaks against luck."""

Grade = Literal["luck", "doubtful", "some evidence"]

Pair = tuple[float, float]

CONCLUSIONS: Final[dict[Grade, Said]] = {
    "luck": said("treat it as luck"),
    "doubtful": said("doubtful, so rely on it only once it has held up on sessions that no trial has seen"),
    "some evidence": said("there is some evidence that it is more than luck"),
}
"""What a grade comes to, the end of the sentence."""


@dataclass(frozen=True, slots=True)
class Cliff:
    """A step off the best along one parameter that costs more than half of its edge.

    Parameters
    ----------
    axis
        Place of the parameter among the varied ones.
    name
        Its name; "" where none was given.
    step
        -1 for the value below the best's, 1 for the value above.
    kept
        Share of the best's edge over the median trial that is left there, at
        most 0.5; below 0 where the neighbour is worse than the median trial.
        0 where the neighbour has no score.
    """

    axis: int
    name: str
    step: int
    kept: float

    @property
    def sentence(self) -> Said:
        """Return the warning, in words."""
        name = self.name or said("parameter %(number)s", number=self.axis + 1)
        lost = said("all") if self.kept <= 0.0 else written_share(1.0 - self.kept)
        if self.step < 0:
            return said(
                "One step down in %(name)s loses %(lost)s of the best's lead over the median trial.",
                name=name,
                lost=lost,
            )
        return said(
            "One step up in %(name)s loses %(lost)s of the best's lead over the median trial.", name=name, lost=lost
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trials say about their best one; None where a figure does not exist.

    Why one does not exist stands in `reasons`, by its name. Rates are
    fractions, Sharpe ratios are a year unless they are called daily, a year has
    243 sessions, the risk-free rate is 0.

    Parameters
    ----------
    trials
        Finished trials of this run.
    trials_ever
        Trials ever run on this thesis and data, this run's finished ones
        included; what the corrections for many tries count.
    sessions, years
        Length of the window.
    sharpe, daily_sharpe
        Of the best.
    skew, kurtosis
        Of the best's daily returns, as the formulas use them: the population's
        moments, the kurtosis of a normal law being 3 (pages of a run show them
        adjusted for bias, the kurtosis less 3).
    probabilistic_sharpe
        Probability that the best's true Sharpe ratio is above 0, had it been
        the only try.
    expected_max_sharpe
        Sharpe ratio that as many tries on luck alone would show at best.
    deflated_sharpe
        The same probability once the many tries are taken into account: that
        the true Sharpe ratio is above 0 although the best of many was picked.
    sharpe_deviation
        Standard deviation of the Sharpe ratios of all trials ever, as both take
        it (`spread.deviation_ever`).
    alike
        Whether the Sharpe ratios of all trials ever are so nearly equal that
        they are one try; both are then n/a.
    min_track_sessions, min_track_years
        Length at which the best's Sharpe ratio, had it been the only try, would
        be above 0 with 95% confidence.
    min_backtest_years
        Length below which as many tries on luck alone would show the best's
        Sharpe ratio.
    haircut_sharpe, haircut
        Sharpe ratio that is left once its p-value is multiplied by the number
        of tries (Bonferroni), and the share that this takes off.
    pbo
        Probability of backtest overfitting: share of the splits in which the
        best of one half of the blocks is not above the median in the other.
    blocks, splits
        How the sessions were cut, and how many ways there are to halve them.
    logit_edges, logit_counts
        Histogram of the logit of the best's relative rank out of sample: n + 1
        edges, n counts; a bin holds its upper edge. 0 is an edge, and what lies
        at or below it is `pbo`.
    degradation
        Pairs of Sharpe ratio in and out of sample of the best, at most 500 of
        the splits, evenly spaced by rank of the first, which rises.
    degradation_slope, degradation_intercept
        Of the regression line of the second on the first, over all splits.
    probability_of_loss
        Share of the splits in which the best lost out of sample.
    compared_with
        "benchmark", or "cash" (a return of 0 every session) without one.
    spa_lower, spa_consistent, spa_upper
        p-values of Hansen's test of superior predictive ability: how likely
        luck alone would beat the benchmark as clearly. The consistent one
        counts; the others bound it.
    reality_check
        p-value of White's reality check.
    replications, block_length, seed
        Of the stationary bootstrap: how many histories, mean sessions in a
        row, seed.
    plateau
        Share of the best's edge over the median trial that its median neighbour
        keeps, between 0 and 1; 1 where edge and neighbour are within the error
        of the best's score.
    neighbours, neighbours_possible
        Trials one step away along one ordered parameter: finished, and on the
        grid.
    neighbour_score
        Median score of the neighbours.
    cliffs
        Steps that cost more than half of that edge.
    reasons
        Field name to the reason why it is None, one sentence each.
    notes
        What else a reader must know, one sentence each.
    """

    trials: int
    trials_ever: int
    sessions: int
    years: float
    sharpe: float | None = None
    daily_sharpe: float | None = None
    skew: float | None = None
    kurtosis: float | None = None
    probabilistic_sharpe: float | None = None
    expected_max_sharpe: float | None = None
    deflated_sharpe: float | None = None
    sharpe_deviation: float | None = None
    alike: bool = False
    min_track_sessions: int | None = None
    min_track_years: float | None = None
    min_backtest_years: float | None = None
    haircut_sharpe: float | None = None
    haircut: float | None = None
    pbo: float | None = None
    blocks: int | None = None
    splits: int | None = None
    logit_edges: tuple[float, ...] = ()
    logit_counts: tuple[int, ...] = ()
    degradation: tuple[Pair, ...] = ()
    degradation_slope: float | None = None
    degradation_intercept: float | None = None
    probability_of_loss: float | None = None
    compared_with: Literal["benchmark", "cash"] = "cash"
    spa_lower: float | None = None
    spa_consistent: float | None = None
    spa_upper: float | None = None
    reality_check: float | None = None
    replications: int | None = None
    block_length: float | None = None
    seed: int = 0
    plateau: float | None = None
    neighbours: int = 0
    neighbours_possible: int = 0
    neighbour_score: float | None = None
    cliffs: tuple[Cliff, ...] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def grade(self) -> Grade:
        """Return the conclusion in a word or two.

        Two tests can speak against luck: a deflated Sharpe ratio of at least
        0.95, and a consistent p-value of Hansen's test of at most 0.05.

        * "luck": the probability of backtest overfitting is 0.5 or more, or
          neither test clears the best though at least one could be made;
        * "some evidence": both clear it, the second against a benchmark and
          not against cash, the probability of backtest overfitting is at most
          0.2, and at least half of the trials ever were
          in this run: two of the three know no others;
        * "doubtful": anything else, a test that could not be made included.
        """
        tests = (_at_least(self.deflated_sharpe, DEFLATED_CLEARS), _at_most(self.spa_consistent, SUPERIOR_CLEARS))
        if self.pbo is not None and self.pbo >= OVERFIT_CONDEMNS:
            return "luck"
        if False in tests and True not in tests:
            return "luck"
        elsewhere = self.trials_ever - self.trials
        beaten = self.compared_with == "benchmark" and all(tests)
        if beaten and _at_most(self.pbo, OVERFIT_CLEARS) and 2 * elsewhere <= self.trials_ever:
            return "some evidence"
        return "doubtful"

    @property
    def sentence(self) -> Said:
        """Return all of it in one plain sentence; what has no value is left out."""
        if self.sharpe is None:
            return said("%(tried)s has no Sharpe ratio: there is nothing to judge.", tried=self._tried())
        found = {"tried": self._tried(), "ratio": written_ratio(self.sharpe), "end": self._conclusion()}
        facts = self._facts()
        if not facts:
            return said("%(tried)s has a Sharpe ratio of %(ratio)s: %(end)s.", **found)
        return said("%(tried)s has a Sharpe ratio of %(ratio)s; %(facts)s: %(end)s.", facts=_joined(facts), **found)

    def as_dict(self) -> dict[str, object]:
        """Return every field, the grade and the sentence, as types of JSON; None is n/a."""
        fields = asdict(self)
        for name, value in fields.items():
            if isinstance(value, tuple):
                fields[name] = [list(item) if isinstance(item, tuple) else item for item in value]
        fields["reasons"] = dict(self.reasons)
        return {"grade": self.grade, "sentence": self.sentence, **fields}

    def _tried(self) -> Said:
        if self.trials_ever == 1:
            return said("The only trial on this data")
        ever = f"{self.trials_ever:,}"
        if self.trials_ever == self.trials:
            return said("Of %(ever)s trials on this data the best", ever=ever)
        if self.trials == 1:
            return said("Of %(ever)s trials on this data the only one of this run", ever=ever)
        return said(
            "Of %(ever)s trials on this data, %(here)s of them in this run, the best of this run",
            ever=ever,
            here=f"{self.trials:,}",
        )

    def _facts(self) -> list[Said]:
        facts = []
        if self.expected_max_sharpe is not None:
            shown = written_ratio(self.expected_max_sharpe)
            facts.append(said("that many tries on luck alone would show %(ratio)s", ratio=shown))
        if self.deflated_sharpe is not None:
            chance = written_share(self.deflated_sharpe)
            facts.append(said("the chance that the true one is above 0 after so many tries is %(share)s", share=chance))
        elif self.probabilistic_sharpe is not None and (self.alike or self.trials_ever == 1):
            chance = written_share(self.probabilistic_sharpe)
            if self.alike:
                facts.append(
                    said(
                        "all are so nearly equal that they count as one try, for which the chance that the true one "
                        "is above 0 is %(share)s",
                        share=chance,
                    )
                )
            else:
                facts.append(said("the chance that the true one is above 0 is %(share)s", share=chance))
        if self.pbo is not None:
            facts.append(
                said(
                    "in %(share)s of the splits the best of one half of the sessions was no better than the median "
                    "trial in the other",
                    share=written_share(self.pbo),
                )
            )
        if self.spa_consistent is not None:
            facts.append(
                said(
                    "the chance that luck alone beats %(rival)s so clearly is %(share)s",
                    rival=rival(self.compared_with),
                    share=written_share(self.spa_consistent),
                )
            )
        return facts

    def _conclusion(self) -> Said:
        if self.sharpe is not None and self.sharpe <= 0.0:
            return said("it earned nothing for its risk")
        return CONCLUSIONS[self.grade]


def written_ratio(value: float) -> str:
    """Write a ratio with two decimals, never a negative zero."""
    return f"{value if round(value, 2) else 0.0:.2f}"


def rival(compared_with: str) -> Said:
    """Return what the best is compared with, "benchmark" or "cash", in words."""
    return said("the benchmark") if compared_with == "benchmark" else said("cash")


def written_share(share: float) -> str:
    """Write a share in whole percent, but never round a doubt away.

    Examples
    --------
    >>> written_share(0.4449), written_share(0.0), written_share(0.999)
    ('44%', 'under 1%', 'over 99%')
    """
    percent = round(share * 100.0)
    if percent < 1:
        return said("under %(share)s", share="1%")
    return f"{percent}%" if percent <= 99 else said("over %(share)s", share="99%")  # noqa: PLR2004


def _joined(facts: list[Said]) -> Said:
    if len(facts) == 1:
        return facts[0]
    first = reduce(lambda one, other: said("%(one)s, %(other)s", one=one, other=other), facts[:-1])
    return said("%(one)s, and %(other)s", one=first, other=facts[-1])


def _at_least(value: float | None, bound: float) -> bool | None:
    return None if value is None else value >= bound


def _at_most(value: float | None, bound: float) -> bool | None:
    return None if value is None else value <= bound
