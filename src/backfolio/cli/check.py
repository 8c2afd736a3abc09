"""The command `check`: asks whether a thesis looks ahead, and prints what it found."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer

from backfolio.cli import console, flags, parts
from backfolio.cli.config import Config  # noqa: TC001  `flags.settings` reads the annotations
from backfolio.errors import ThesisError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from backfolio.audit import Audit, Subject
    from backfolio.cli.workspace import Workspace
    from backfolio.discover import Thesis
    from backfolio.prepare import Prepared
    from backfolio.source import Source
    from backfolio.strategy import Strategy

PANEL: Final = "Audit"
CUTS: Final = 40
"""Cuts, if nothing else is asked; `audit.check.CUTS`, which is not loaded for ``--help``."""

PLAIN: Final = 6
"""The same for a plain backtrader strategy, of which each cut is two replays."""


@flags.settings(flags.WINDOW)
def command(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to audit.")],
    cuts: Annotated[
        int | None,
        typer.Option(
            "--cuts",
            metavar="N",
            help=f"Sessions after which the future is cut off or changed ({CUTS}); 0 = every one.",
            rich_help_panel=PANEL,
        ),
    ] = None,
    param: flags.Param = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Ask whether a thesis looks ahead: another future must leave its past targets as they are, bit for bit."""
    check(context.obj, config, thesis, param or [], cuts, as_json=as_json, quiet=quiet)


def check(
    here: Workspace,
    config: Config,
    name: str,
    params: list[str],
    cuts: int | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Audit a thesis; leave with 1 where it looks ahead."""
    if cuts is not None and cuts < 0:
        message = f"--cuts {cuts}: give a whole number from 1, or 0 for every session"
        raise UsageError(message)
    thesis = parts.catalogue(here, config).find(name)
    values = {**config.params.get(thesis.name, {}), **parts.read_params(params)}

    from backfolio.source import load  # noqa: PLC0415  pandas and the rest: only when the words are right

    with console.progress(shown=not (as_json or quiet)) as update, parts.aside(thesis.name):
        update("Loading bars", 0, 1)
        source = load(config.values["data"], here.folder, parts.universes([thesis]))
        found = _audited(
            here, config, thesis, values, source, cuts, lambda done, total: update(f"Asking {thesis.name}", done, total)
        )
    if as_json:
        about = {"strategy": thesis.name, "data": source.label, "simulated": source.simulated}
        console.as_json({**about, **found.as_dict()})
    elif quiet:
        console.out(found.state)
    else:
        show(thesis, source, found)
    if found.findings:
        sys.exit(1)


def show(thesis: Thesis, source: Source, found: Audit) -> None:
    """Print an audit in words."""
    for number, one in enumerate(found.findings, 1):
        moved, tried = one.times
        console.out(f"{number}. {one.change} ({moved} of {tried}): {one.words}.")
        if one.moved:
            console.out(f"   {one.moved[0].upper()}{one.moved[1:]}.")
        if one.line is not None:
            console.out(f"   {one.line}")
        console.out(f"   Remedy: {one.remedy}.")
    for note in found.notes:
        console.out(f"Note: {note}.")
    console.out(f"{thesis.name} on {source.label}: {found.sentence} The thesis was asked {found.evaluations:,} times.")


def subject_of(here: Workspace, thesis: Thesis, values: Mapping[str, object]) -> Subject:
    """Return a thesis as an audit asks it: loaded anew from its file each time."""
    from backfolio.audit import Subject, quiet  # noqa: PLC0415  pandas: only when needed

    def fresh() -> Strategy:
        with quiet():
            return cast("type[Strategy]", loaded(here, thesis)).with_params(values)

    return Subject(thesis.name, fresh, files_of(thesis))


def loaded(here: Workspace, thesis: Thesis) -> type:
    """Return the class of a thesis, from its file loaded anew.

    Raises
    ------
    ThesisError
        If the file does not hold it any more.
    """
    from backfolio.discover import Broken, load_file  # noqa: PLC0415

    found = load_file(thesis.path, here.folder)
    if isinstance(found, Broken):
        message = f"{found}; mend it"
        raise ThesisError(message)
    for each in found:
        if each.name == thesis.name:
            return each.strategy
    message = f"{thesis.path} holds no {thesis.name} any more: it was changed meanwhile; start again"
    raise ThesisError(message)


def files_of(thesis: Thesis) -> dict[str, str]:
    """Return the text of a thesis' file and of the modules it imports, by path as code objects name them."""
    files = {str(thesis.path.resolve()): thesis.source}
    return files | {str(module.path): module.source for module in thesis.modules}


def quick(
    here: Workspace, thesis: Thesis, values: Mapping[str, object]
) -> Callable[[Strategy | None, Prepared], Audit]:
    """Return what a run is handed: the short form of the audit."""

    def asked(strategy: Strategy | None, window: Prepared) -> Audit:
        from backfolio.audit import Audit  # noqa: PLC0415
        from backfolio.audit import quick as short  # noqa: PLC0415

        if strategy is None:
            said = "Of a plain backtrader strategy the command check alone can tell, by replaying it."
            return Audit(0, 0, notes=(said,), quick=True, checked=False)
        return short(subject_of(here, thesis, values), window.known, first=window.rows[0], strategy=strategy)

    return asked


def _audited(
    here: Workspace,
    config: Config,
    thesis: Thesis,
    values: Mapping[str, object],
    source: Source,
    cuts: int | None,
    tell: Callable[[int, int], None],
) -> Audit:
    from backfolio.audit import Plain, audit, audit_plain, quiet  # noqa: PLC0415
    from backfolio.prepare import prepare  # noqa: PLC0415

    asked = config.values
    window = prepare(thesis.strategy, source, asked["start"], asked["end"], asked["benchmark"])
    if thesis.kind == "backtrader":
        from backfolio import replay  # noqa: PLC0415  backtrader: only for such a strategy
        from backfolio.backtest import plain_params  # noqa: PLC0415

        params = plain_params(thesis.strategy, values)
        settings = config.market()

        def replayed(bars: Any) -> Any:  # noqa: ANN401  `Bars` to `Ledger`
            with quiet():
                return replay.replay_plain(bars, loaded(here, thesis), params, settings)

        plain = Plain(thesis.name, replayed, files_of(thesis))
        return audit_plain(plain, window.bars, cuts=PLAIN if cuts is None else cuts, on_step=tell)
    subject = subject_of(here, thesis, values)
    return audit(subject, window.known, cuts=CUTS if cuts is None else cuts, first=window.rows[0], on_step=tell)
