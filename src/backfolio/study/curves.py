"""Mean abnormal returns with bands and tests: of each day, along the path, and over windows."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from backfolio.study import parametric, ranks
from backfolio.study.independent import blocks, overlaps, shared, shocks
from backfolio.study.measured import LEAST_EFFECTIVE, LEVEL, TESTS, Measured, Statistic
from backfolio.study.model import Window
from backfolio.verdict.student import two_sided_quantile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from backfolio.study.independent import Blocks, Shared
    from backfolio.study.returns import Abnormal

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Events that are measured together, good news and bad turned one way.

    Parameters
    ----------
    abnormal
        Their abnormal returns, as they are.
    directions
        1.0 or -1.0, (events,).
    correlations
        Of the names' shocks, events x events, turned.
    scaled_days, scaled_residuals
        Abnormal returns and residuals in units of their own standard deviation, turned.
    added
        `correlations` added up, by the events that are held.
    """

    abnormal: Abnormal
    directions: Floats
    correlations: Floats
    scaled_days: Floats
    scaled_residuals: Floats
    added: dict[bytes, Blocks]

    def blocks(self, held: NDArray[np.intp]) -> Blocks:
        """Return the correlations of some events added up; kept, for most windows have the same events."""
        key = held.tobytes()
        if key not in self.added:
            pattern, kinds = self.abnormal.pattern[held], len(self.abnormal.patterns)
            self.added[key] = blocks(self.correlations[np.ix_(held, held)], pattern, kinds)
        return self.added[key]


def sample(abnormal: Abnormal, directions: Floats) -> Sample:
    """Return what every day and window of these events is measured from."""
    turned = directions / abnormal.sigma
    days = np.column_stack(
        [
            abnormal.values[:, at] * turned / np.sqrt(_variances(abnormal, Window(day, day)))
            for at, day in enumerate(range(abnormal.window.first, abnormal.window.last + 1))
        ]
    )
    return Sample(abnormal, directions, shocks(abnormal, directions), days, abnormal.residuals * turned[:, None], {})


def days(drawn: Sample) -> tuple[Measured, ...]:
    """Return every day of the window alone."""
    window = drawn.abnormal.window
    return tuple(measure(drawn, Window(day, day)) for day in range(window.first, window.last + 1))


def path(drawn: Sample) -> tuple[Measured, ...]:
    """Return the sums from the window's first session up to each, with bands and without tests."""
    window = drawn.abnormal.window
    return tuple(
        measure(drawn, Window(window.first, day), tested=False) for day in range(window.first, window.last + 1)
    )


def over(drawn: Sample, windows: Sequence[Window]) -> tuple[Measured, ...]:
    """Return the sums over windows."""
    return tuple(measure(drawn, inside) for inside in windows)


def nothing(windows: Sequence[Window]) -> tuple[Measured, ...]:
    """Return windows without a single event."""
    tests = tuple(Statistic(name) for name in TESTS)
    return tuple(Measured(inside, 0, None, None, None, 0.0, 0.0, tests) for inside in windows)


def measure(drawn: Sample, inside: Window, *, tested: bool = True) -> Measured:
    """Return the mean sum over a window, with its band and its tests."""
    abnormal = drawn.abnormal
    sums = abnormal.sums(inside) * drawn.directions
    held = np.flatnonzero(~np.isnan(sums))
    if not held.size:
        return replace(nothing([inside])[0], tests=tuple(Statistic(name) for name in TESTS) if tested else ())
    weights = abnormal.weights(inside)
    alike = shared(drawn.blocks(held), overlaps(weights))
    values = sums[held]
    low, high = band(values, alike)
    variances = (weights * weights).sum(axis=1)[abnormal.pattern[held]]
    scaled = values / (abnormal.sigma[held] * np.sqrt(variances))
    tests = _tests(drawn, inside, held, values, scaled, alike) if tested else ()
    mean = float(values.mean())
    return Measured(inside, len(held), mean, low, high, alike.correlation, alike.effective, tests)


def band(values: Floats, alike: Shared) -> tuple[float | None, float | None]:
    """Return the ends of the 95% band of a mean of events that share days; None where there are too few.

    The standard error of the mean with the correction of Kolari and Pynnönen
    (2010), times the quantile of t with the degrees of freedom of the spread.
    """
    many, r = len(values), alike.correlation
    spread = float(values.std(ddof=1)) if many > 1 else 0.0
    if not spread or alike.effective < LEAST_EFFECTIVE or r >= 1.0:
        return None, None
    error = spread * math.sqrt((1.0 + (many - 1) * r) / (many * (1.0 - r)))
    reach = error * two_sided_quantile(LEVEL, alike.degrees)
    mean = float(values.mean())
    return mean - reach, mean + reach


def _variances(abnormal: Abnormal, inside: Window) -> Floats:
    weights = abnormal.weights(inside)
    found = (weights * weights).sum(axis=1)[abnormal.pattern]
    return np.asarray(np.where(found > 0.0, found, 1.0), dtype=np.float64)  # no return: NaN stays NaN


def _tests(
    drawn: Sample, inside: Window, held: NDArray[np.intp], values: Floats, scaled: Floats, alike: Shared
) -> tuple[Statistic, ...]:
    degrees = drawn.abnormal.degrees[held].astype(np.float64)
    begin = inside.first - drawn.abnormal.window.first
    chosen = slice(begin, begin + inside.sessions)
    residuals = drawn.scaled_residuals[held]
    found = (
        parametric.kp_bmp(scaled, alike),
        parametric.kp_patell(scaled, degrees, alike),
        parametric.cross_sectional(values),
        parametric.patell(scaled, degrees),
        parametric.bmp(scaled),
        ranks.rank(residuals, drawn.scaled_days[held], chosen),
        ranks.sign(residuals, values),
    )
    by_name = {one.name: one for one in found}
    return tuple(by_name[name] for name in TESTS)
