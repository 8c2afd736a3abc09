"""`Strategy`: the base class of every thesis."""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
import traceback
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, get_args

from backfolio.errors import BackfolioError, ThesisError, UsageError, did_you_mean
from backfolio.strategy.claims import Claim
from backfolio.strategy.emission import Rebalance, checked_weights, sparse_rows, to_points
from backfolio.strategy.param import Param
from backfolio.targets import Exits, Targets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from backfolio.history import History

EXIT_RULES: Final = tuple(field.name for field in dataclasses.fields(Exits))
EXIT_PREFIX: Final = "exits."
NO_TARGETS: Final = "{} has no targets(history): define it, returning weights, sessions x symbols"
CHOSEN: Final = ("universe", "exits", "rebalance", "claims", "targets")
"""What a thesis defines itself; everything else of `Strategy` is not to be replaced."""


class Strategy:
    """A thesis: which catalysts move which names, for how long, and how much.

    A subclass says what it trades and returns weights; it holds no state. Its
    docstring is what the report prints as the thesis in words.

    Attributes
    ----------
    universe
        Name of the universe whose members it trades; None = every symbol in
        the data.
    exits
        `Exits` that sell whatever the weights say.
    rebalance
        "on_change" emits a weight only where it differs from the session
        before; "weekly" and "monthly" emit all weights on the first session of
        each ISO week or month as well; "daily" emits all of them always.
    name, title, doc
        Snake-case class name, first paragraph and whole of the docstring.
    declared
        `Param` declarations by name, inherited ones first.

    Raises
    ------
    ThesisError
        At class creation, if the class contradicts itself.
    UsageError
        At construction, if a parameter is unknown or outside what is allowed.

    Examples
    --------
    >>> class Everything(Strategy):
    ...     '''Hold every name in equal parts.'''
    ...
    ...     most = Param(0.1, low=0.01, high=1.0, doc="largest weight of one name")
    ...
    ...     def targets(self, history):
    ...         return equal_weight(history.tradable, most=self.most)
    >>> Everything(most=0.05)
    Everything(most=0.05)
    """

    universe: ClassVar[str | None] = None
    exits: Exits = Exits()
    rebalance: ClassVar[Rebalance] = "on_change"
    claims: ClassVar[tuple[Claim, ...]] = ()

    name: ClassVar[str] = "strategy"
    title: ClassVar[str] = ""
    doc: ClassVar[str] = ""
    declared: ClassVar[Mapping[str, Param[Any]]] = MappingProxyType({})

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _check_class(cls)
        cls.name, cls.title, cls.doc = in_words(cls)
        cls.declared = MappingProxyType(_declarations(cls))

    def __init__(self, *, exits: Exits | None = None, **params: object) -> None:
        if type(self).targets is Strategy.targets:
            raise ThesisError(NO_TARGETS.format(self.name))
        if not isinstance(cast("object", exits), Exits | None):
            message = f"{self.name}: exits is {exits!r}: give Exits(...), or None for the thesis's own"
            raise UsageError(message)
        for given in params:
            self._demand_known(given)
        values = {name: param.default for name, param in self.declared.items()}
        for name, value in params.items():
            try:
                values[name] = self.declared[name].check(value)
            except UsageError as fault:
                raise self._refusal(fault) from None
        self.__dict__["_values"] = values
        self.__dict__["exits"] = type(self).exits if exits is None else exits

    def __setattr__(self, name: str, value: object) -> None:
        remedy = (
            f"build another, {type(self).__name__}({name}=...)" if name in self.declared else "use a local variable"
        )
        message = f"{self.name}: {name} cannot be set to {value!r}: a thesis holds no state once it is built; {remedy}"
        raise ThesisError(message)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.params.items()]
        shown += [f"exits={self.exits!r}"] if self.exits != type(self).exits else []
        return f"{type(self).__name__}({', '.join(shown)})"

    @property
    def params(self) -> dict[str, Any]:
        """Parameter values by name, those left at their default included."""
        return dict(self.__dict__["_values"])

    def targets(self, history: History) -> pd.DataFrame | NDArray[np.float64]:  # noqa: ARG002
        """Return the weights the portfolio should have after each session's close.

        To be defined by the thesis. Row `s` may use bars up to and including
        session `s` and catalysts known before 09:15 of the next one; `history`
        offers nothing else as long as frames are not shifted backward.

        Returns
        -------
        Fractions of equity, sessions x symbols, as a DataFrame labelled as the
        frames of `history` or an array in that order. 0 sells, NaN leaves
        alone; a row sums to at most 1.
        """
        raise ThesisError(NO_TARGETS.format(self.name))

    def emit(self, history: History, first: int = 0, stop: int | None = None) -> Targets:
        """Return the targets of the rows ``first:stop`` of `history`.

        The thesis sees the whole history (what lies before the window warms its
        signals up); row `first` emits every weight, later rows what `rebalance`
        says.

        Raises
        ------
        ThesisError
            If `targets` fails or returns something that is not weights.
        """
        try:
            weights = checked_weights(self.targets(history), history)
        except BackfolioError as fault:
            raise self._refusal(fault) from fault.__cause__
        except Exception as error:
            raise ThesisError(self._failure(error)) from error
        stop = len(weights) if stop is None else stop
        return Targets(sparse_rows(to_points(weights), history.bars.sessions, self.rebalance, first, stop))

    @classmethod
    def with_params(cls, values: Mapping[str, object]) -> Self:
        """Build the thesis from values by name, among them ``exits.stop_loss`` and the like.

        Text is read as on the command line ("20", "0.15", "true"; "none"
        switches an exit off); other values must have the parameter's type.

        Raises
        ------
        UsageError
            If a parameter is unknown, or a value outside what is allowed.
        """
        params: dict[str, object] = {}
        rules: dict[str, Any] = {}
        for key, value in values.items():
            cls._demand_known(key, (EXIT_PREFIX + rule for rule in EXIT_RULES))
            try:
                if key.startswith(EXIT_PREFIX):
                    rules[key.removeprefix(EXIT_PREFIX)] = _exit_value(key, value)
                else:
                    params[key] = cls.declared[key].parse(value) if isinstance(value, str) else value
            except UsageError as fault:
                raise cls._refusal(fault) from None
        try:
            exits = dataclasses.replace(cls.exits, **rules)
        except UsageError as fault:
            raise cls._refusal(fault) from None
        return cls(exits=exits, **params)

    @classmethod
    def _demand_known(cls, name: str, more: Iterable[str] = ()) -> None:
        known = [*cls.declared, *more]
        if name in known:
            return
        plain = getattr(cls, name, None)
        if isinstance(plain, int | float | str) and not hasattr(Strategy, name):
            remedy = f"it is a plain attribute; declare it in the class, {name} = Param({plain!r})"
        elif known:
            remedy = f"choose from {', '.join(known)}"
        else:
            remedy = f"it has none; declare it in the class, {name} = Param(...)"
        message = f"{cls.name} has no parameter {name!r}{did_you_mean(name, known)}: {remedy}"
        raise UsageError(message)

    @classmethod
    def _refusal(cls, fault: BackfolioError) -> BackfolioError:
        return type(fault)(f"{cls.name}: {fault}") if type(fault) in {UsageError, ThesisError} else fault

    def _failure(self, error: Exception) -> str:
        frames = traceback.extract_tb(error.__traceback__)
        own = getattr(sys.modules.get(type(self).__module__), "__file__", None)
        frame = next((frame for frame in reversed(frames) if frame.filename == own), frames[-1])
        place = f"{Path(frame.filename).name} line {frame.lineno}"
        what = f"{type(error).__name__}: {error}"
        return (
            f"{self.name}: targets(history) failed in {place} with {what}: mend it there (--debug shows the traceback)"
        )


def snake_case(name: str) -> str:
    """Return a class name as the name of its thesis.

    Examples
    --------
    >>> snake_case("DomesticCompute"), snake_case("GPUTop5")
    ('domestic_compute', 'gpu_top5')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def in_words(cls: type) -> tuple[str, str, str]:
    """Return the name, title and full text of a thesis: from its class name and docstring."""
    name, doc = snake_case(cls.__name__), inspect.cleandoc(cls.__doc__ or "")
    title = " ".join(doc.split("\n\n")[0].split()).removesuffix(".")
    return name, title or name.replace("_", " "), doc


def _check_class(cls: type[Strategy]) -> None:
    kept = {name for name in vars(Strategy) if not name.startswith("__")} | {"__init__", "__setattr__"}
    taken = sorted((kept - set(CHOSEN)) & set(vars(cls)))
    if "__init__" in taken:
        message = f"{cls.__name__} defines __init__: a thesis holds no state; declare its values as Param(...)"
        raise ThesisError(message)
    if taken:
        message = f"{cls.__name__} defines {taken[0]}, which Strategy keeps for itself: choose another name"
        raise ThesisError(message)
    # What a user wrote may be of any type, whatever the annotations say.
    universe, exits, rebalance, claims, targets = (cast("object", getattr(cls, name)) for name in CHOSEN)
    if not (universe is None or (isinstance(universe, str) and universe)):
        _refuse(cls, "universe", universe, "give the name of a universe, or None for every symbol in the data")
    if not isinstance(exits, Exits):
        _refuse(cls, "exits", exits, "give Exits(...), as in Exits(stop_loss=0.15)")
    if rebalance not in get_args(Rebalance):
        near = did_you_mean(str(rebalance), get_args(Rebalance))
        _refuse(cls, "rebalance", rebalance, f"choose from {', '.join(get_args(Rebalance))}{near}")
    _check_claims(cls, claims)
    if not callable(targets):
        _refuse(cls, "targets", targets, "define it as a method, targets(self, history)")


def _check_claims(cls: type[Strategy], claims: object) -> None:
    if not isinstance(claims, tuple) or not all(isinstance(claim, Claim) for claim in claims):
        _refuse(cls, "claims", claims, "give a tuple of Claim, as in (Claim('Names rise after it.', horizon=20),)")
        return
    said: set[str] = set()
    for claim in claims:
        if claim.says in said:
            message = f"{cls.__name__}.claims says {claim.says!r} twice: drop one, or say what sets them apart"
            raise ThesisError(message)
        said.add(claim.says)


def _refuse(cls: type[Strategy], name: str, value: object, remedy: str) -> None:
    message = f"{cls.__name__}.{name} is {value!r}: {remedy}"
    raise ThesisError(message)


def _declarations(cls: type[Strategy]) -> dict[str, Param[Any]]:
    """Collect the parameters, base classes first; one that a subclass sets to a plain value is none any more."""
    names = {
        name: None for base in reversed(cls.__mro__) for name, value in vars(base).items() if isinstance(value, Param)
    }
    declared: dict[str, Param[Any]] = {}
    for name in names:
        param = inspect.getattr_static(cls, name)
        if not isinstance(param, Param):
            continue
        if param.name not in {"", name}:
            message = f"{cls.__name__}.{name} is the Param of {param.name!r} once more: give it a Param of its own"
            raise ThesisError(message)
        param.name = name
        declared[name] = param
    return declared


def _exit_value(key: str, value: object) -> object:
    """Read an exit rule given as text; "none" and "off" switch it off."""
    if not isinstance(value, str):
        return value
    if value.strip().lower() in {"none", "off"}:
        return None
    kind = int if key.endswith("max_sessions") else float
    try:
        return kind(value)
    except ValueError:
        words = "a whole number of sessions" if kind is int else "a fraction, as in 0.15"
        message = f"{key} is {value!r}: give {words}, or none"
        raise UsageError(message) from None
