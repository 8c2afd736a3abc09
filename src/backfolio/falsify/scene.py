"""The thesis as it stands: what every placebo and variant is held against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backfolio.errors import ThesisError, UsageError
from backfolio.falsify.catalysts import Catalogue
from backfolio.falsify.luck import Luck
from backfolio.strategy.emission import checked_weights, sparse_rows, to_points
from backfolio.strategy.listening import emit_listening
from backfolio.sweep import Outcomes, Trial, ledger, sparse, sweep
from backfolio.targets import Targets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from backfolio.bars import Bars
    from backfolio.falsify.model import Outcome
    from backfolio.history import History
    from backfolio.ledger import Ledger
    from backfolio.prepare import Prepared
    from backfolio.settings import MarketSettings
    from backfolio.strategy import Strategy
    from backfolio.sweep import Rows

    Step = Callable[[str, int, int], None]


def silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A thesis in its market, with what it asks for and what it makes.

    Parameters
    ----------
    strategy, prepared, settings
        The thesis, its window, and how it trades.
    kinds
        Kinds of catalysts that it asks for.
    targets, rows
        What it asks for in the window; sparse as well.
    ledger
        What happens then.
    catalogue
        The catalysts of its kinds.
    luck
        Other histories of the same sessions.
    step
        Told what is being done, how many are done, and of how many.
    """

    strategy: Strategy
    prepared: Prepared
    settings: MarketSettings
    kinds: tuple[str, ...]
    targets: Targets
    rows: Rows
    ledger: Ledger
    catalogue: Catalogue
    luck: Luck
    step: Step = silent

    @property
    def bars(self) -> Bars:
        """Of the window."""
        return self.prepared.bars

    @property
    def final(self) -> int:
        """What the account is worth at the end, mills."""
        return int(self.ledger.equity[-1])

    @property
    def inside(self) -> list[int]:
        """Places in the catalogue of the catalysts that are decided on in the window."""
        return self.catalogue.inside(*self.prepared.rows)

    def ask(self, history: History) -> Rows:
        """Ask the thesis under another history of the same sessions.

        Raises
        ------
        ThesisError
            If it fails there, though it does not under the history as it is.
        """
        try:
            return sparse(self.strategy.emit(history, *self.prepared.rows))
        except ThesisError as error:
            message = (
                f"{error}. Under the data as it is it does not fail: here news is moved, or news or a name left out"
            )
            raise ThesisError(message) from error

    def points(self) -> NDArray[np.int16]:
        """Return what it wants after every session known, sessions x symbols: basis points, -1 = leave alone."""
        known = self.prepared.known
        return to_points(checked_weights(self.strategy.targets(known), known))

    def emitted(self, points: NDArray[np.int16]) -> Rows:
        """Return what is emitted where it wants these points in the window, sessions of the window x symbols."""
        sessions = self.bars.sessions
        return sparse(Targets(sparse_rows(points, sessions, self.strategy.rebalance, 0, len(points))))

    def sweep(self, rows: Sequence[Rows], settings: MarketSettings | None = None, fees: int = 1) -> Outcomes:
        """Trade targets under the exits of the thesis, each with its equity."""
        trials = [Trial(at, self.strategy.exits, settings or self.settings) for at in range(len(rows))]
        return sweep(self.bars, rows, trials, equity=True, fees=fees)

    def finals(self, rows: Sequence[Rows]) -> NDArray[np.int64]:
        """Return what each account is worth at the end, mills."""
        trials = [Trial(at, self.strategy.exits, self.settings) for at in range(len(rows))]
        return sweep(self.bars, rows, trials).final_equity

    def outcomes(self, rows: Sequence[Rows], settings: MarketSettings | None = None, fees: int = 1) -> list[Outcome]:
        """Return what targets make."""
        return self.luck.outcomes(self.sweep(rows, settings, fees), (settings or self.settings).cash_mills)


def look(
    strategy: Strategy, prepared: Prepared, settings: MarketSettings, seed: int, step: Step | None = None
) -> Scene:
    """Ask the thesis, and trade what it asks for.

    Raises
    ------
    UsageError
        If it buys nothing.
    ThesisError
        If it fails.
    """
    tell = silent if step is None else step
    tell("Asking the thesis", 0, 1)
    targets, kinds = emit_listening(strategy, prepared.known, prepared.rows)
    rows = sparse(targets)
    days = prepared.bars.sessions
    window = f"from {days[0]} to {days[-1]}"
    if not rows.buy_symbol.size:
        message = (
            f"{strategy.name} asks for no name {window}, so there is nothing to break: choose a longer window with "
            "--start and --end, other parameters, or data that holds what it waits for"
        )
        raise UsageError(message)
    happened = ledger(prepared.bars, rows, strategy.exits, settings)
    if not happened.fills:
        reasons = ", ".join(sorted({refusal.reason for refusal in happened.refusals})) or "less than a lot each"
        message = (
            f"none of the orders of {strategy.name} {window} could be filled ({reasons}), so there is nothing to "
            "break: give more --cash, or choose another window with --start and --end"
        )
        raise UsageError(message)
    return Scene(
        strategy=strategy,
        prepared=prepared,
        settings=settings,
        kinds=kinds,
        targets=targets,
        rows=rows,
        ledger=happened,
        catalogue=Catalogue(prepared.known, kinds),
        luck=Luck.of(happened.returns(), prepared.benchmark, seed),
        step=tell,
    )


def changed(settings: MarketSettings, **values: object) -> MarketSettings:
    """Return other settings."""
    return replace(settings, **values)  # type: ignore[arg-type]
