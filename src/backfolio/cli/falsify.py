"""The command `falsify`: tries to break a thesis, and prints and writes what came of it."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, cast

import typer

from backfolio.cli import console, flags, parts
from backfolio.cli.config import Config  # noqa: TC001  `flags.settings` reads the annotations
from backfolio.cli.tune import tunable

if TYPE_CHECKING:
    from backfolio.cli.workspace import Workspace
    from backfolio.falsify import Asked, Attempt, Falsified
    from backfolio.report import Written
    from backfolio.strategy import Strategy

PANEL: Final = "Falsification"

BROKEN: Final = 1
"""Exit status where the thesis is broken, or the evidence is too little to say."""


@flags.settings(flags.WINDOW, flags.TRADING, flags.PAGES, flags.WRITTEN)
def command(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to break.")],
    placebos: Annotated[
        int,
        typer.Option("--placebos", metavar="N", help="Of random dates, and of random names.", rich_help_panel=PANEL),
    ] = 1_000,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Of their lottery.", rich_help_panel=PANEL)] = 0,
    param: flags.Param = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Try to break a thesis: random dates and names, later news, higher costs, parts left out; answer its claims."""
    from backfolio.falsify import Asked  # noqa: PLC0415  numpy: only when a thesis is to be broken

    falsify(context.obj, config, thesis, param or [], Asked(placebos, seed), as_json=as_json, quiet=quiet)


def falsify(
    here: Workspace, config: Config, name: str, params: list[str], asked: Asked, *, as_json: bool, quiet: bool
) -> None:
    """Try to break a thesis; leaves with status 1 where that worked, or the evidence is too little to say."""
    thesis = tunable(parts.catalogue(here, config).find(name), "no targets to ask anew", "")
    chosen = parts.read_params(params)
    values = {**config.params.get(thesis.name, {}), **chosen}
    strategy = cast("type[Strategy]", thesis.strategy).with_params(values)
    settings = config.market()

    from backfolio import falsify as falsifying  # noqa: PLC0415  pandas and the rest: only when the words are right
    from backfolio.prepare import prepare  # noqa: PLC0415
    from backfolio.source import load  # noqa: PLC0415
    from backfolio.sweep import is_kept  # noqa: PLC0415

    line = ["falsify", thesis.name, *config.flags(), *_words(asked), *parts.param_words(chosen)]
    with console.progress(shown=not (as_json or quiet)) as update, parts.aside(thesis.name):
        update("Loading bars", 0, 1)
        where = config.values
        source = load(where["data"], here.folder, parts.universes([thesis]))
        window = prepare(thesis.strategy, source, where["start"], where["end"], where["benchmark"])
        if not is_kept():
            update(console.STARTING, 0, 1)
        made = falsifying.falsify(
            thesis,
            strategy,
            source,
            window,
            settings,
            asked,
            command=parts.command_line(here, line),
            on_step=update,
        )
        update("Writing", 0, 1)
        made = replace(made, stamp=parts.state_claims(here, config, thesis, source, "falsify", made.falsify_id))
        written = _write(here, config, made)
    parts.show_report(made.as_dict(), written, lambda: _show(made), as_json=as_json, quiet=quiet)
    if broken(made):
        sys.exit(BROKEN)


def broken(made: Falsified) -> bool:
    """Tell whether a thesis is broken, or the evidence too little to say."""
    from backfolio.falsify.model import LEVEL  # noqa: PLC0415

    if made.grade != "unclaimed":
        return made.grade in {"falsified", "not_enough"}
    chances = [one.p_value for one in (made.dates, made.names) if one.p_value is not None]
    return not chances or max(chances) >= LEVEL


def _words(asked: Asked) -> list[str]:
    """Return the words that ask the same again."""
    from backfolio.falsify.model import USUAL_PLACEBOS  # noqa: PLC0415

    words = ["--placebos", str(asked.placebos)] if asked.placebos != USUAL_PLACEBOS else []
    return words + (["--seed", str(asked.seed)] if asked.seed else [])


def _write(here: Workspace, config: Config, made: Falsified) -> Written | None:
    """Write the report, unless none is wanted."""
    if not config.values["report"]:
        return None
    from backfolio.report.falsify import write_falsify  # noqa: PLC0415  jinja: only for a page

    return write_falsify(made, parts.reports_folder(here, config), parts.look(config))


def _show(made: Falsified) -> None:
    from backfolio.falsify.model import LABELS  # noqa: PLC0415

    title = f"{made.strategy}: attempts to break it, {made.source_label}, {made.start} to {made.end}"
    rows = [[one.label, _figure(one), STATE[one.held]] for one in made.attempts]
    console.table(title, ["attempt", "figure", "thesis"], rows)
    for warning in made.warnings:
        console.out(f"Note: {warning}")
    for answer in made.answers:
        console.out(f"Claim: {answer.claim.says}")
        console.out(f"    {LABELS[answer.grade]}: {answer.words}")
    if made.stamp is not None:
        console.out(made.stamp.words)
    # of one claim the answer is the judgement
    console.out(f"{LABELS[made.grade]}." if len(made.answers) == 1 else f"{LABELS[made.grade]}: {made.sentence}")


def _figure(one: Attempt) -> str:
    """Write the figure of an attempt so that it says what it is."""
    from backfolio.said import chance  # noqa: PLC0415
    from backfolio.strategy.claims import is_chance  # noqa: PLC0415

    if one.figure is None:
        return one.text
    if is_chance(one.name):
        return f"p {chance(one.figure)}"
    if one.name.endswith(".kept"):
        return f"{one.text} kept"
    return f"lead {one.text}" if one.name == "hold.excess" else one.text


STATE: Final = {True: "held up", False: "broke", None: "cannot be told"}
