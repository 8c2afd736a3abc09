"""The commands and their flags; what they do stands in `commands`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated

import typer

from backfolio.cli import check as checking
from backfolio.cli import commands, fetched, flags
from backfolio.cli import compare as comparing
from backfolio.cli import data as stored
from backfolio.cli import falsify as falsifying
from backfolio.cli import study as studying
from backfolio.cli import tune as tuning
from backfolio.cli import verify as verifying
from backfolio.cli import walk as walking
from backfolio.cli.config import Config, load_config

app = typer.Typer(
    help="Backtests of Chinese A-share theses under the exchanges' dated rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

data_app = typer.Typer(help="What the store holds, whether it is sound, and how it comes out again.")
app.add_typer(data_app, name="data", invoke_without_command=True)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and leave.")] = False,  # noqa: FBT002
) -> None:
    """Show the version, or go on to the command."""
    if version:
        commands.show_version()
        raise typer.Exit
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command()
@flags.settings(flags.WINDOW, flags.TRADING, flags.PAGES, flags.WRITTEN, {"tearsheet": flags.Tearsheet})
def run(
    context: typer.Context,
    theses: flags.Names,
    param: flags.Param = None,
    *,
    config: Config,
    audit: flags.Audited = True,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Backtest theses: replay in backtrader, print the figures, write the report."""
    commands.run(context.obj, config, theses, param or [], audit=audit, as_json=as_json, quiet=quiet)


@app.command("list")
@flags.settings({"strategies": flags.Strategies})
def list_(
    context: typer.Context,
    *,
    config: Config,
    as_json: flags.Json = False,
) -> None:
    """List the theses, their parameters, and files that fail to load."""
    commands.list_theses(context.obj, config, as_json=as_json)


@app.command()
def new(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="In words joined by _, as in chip_cycle.")],
    folder: Annotated[Path | None, typer.Option("--folder", metavar="DIR", help="Instead of strategies/.")] = None,
) -> None:
    """Write a working thesis to start from."""
    commands.new(context.obj, name, folder)


@app.command("show-config")
def show_config(
    context: typer.Context,
    as_json: flags.Json = False,  # noqa: FBT002
) -> None:
    """Print every setting and where it came from."""
    commands.show_config(load_config(context.obj.folder, {}), as_json=as_json)


app.command("tune")(tuning.command)
app.command("walk-forward")(walking.command)
app.command("study")(studying.command)
app.command("falsify")(falsifying.command)
app.command("check")(checking.command)


@app.command()
@flags.settings({"reports": flags.Reports})
def verify(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="An id or its start, THESIS/ID, or a path.")],
    data: flags.Data = None,
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Run a report again from its own record, and say whether the same fills come out."""
    verifying.verify(context.obj, config, run, data, as_json=as_json, quiet=quiet)


@app.command()
@flags.settings(flags.PAGES)
def compare(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Two or more: ids or their starts, or paths.")],
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Hold runs against each other, from their reports alone, and write the page."""
    comparing.compare(context.obj, config, runs, as_json=as_json, quiet=quiet)


@app.command()
@flags.settings(flags.PAGES)
def fetch(
    context: typer.Context,
    universe: flags.InUniverse = None,
    symbols: flags.Symbols = None,
    index: flags.Indexes = None,
    since: flags.Since = None,
    until: flags.Until = None,
    ratings: flags.Ratings = False,  # noqa: FBT002
    all_market: flags.AllMarket = False,  # noqa: FBT002
    full: flags.Full = False,  # noqa: FBT002
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Bring real data into the store, from where it stopped; alone, bring all that is there up to date."""
    words = fetched.Words(
        universe=universe,
        symbols=tuple(symbols or ()),
        indexes=tuple(index or ()),
        since=since,
        until=until,
        ratings=ratings,
        all_market=all_market,
        full=full,
    )
    fetched.fetch(context.obj, config, words, as_json=as_json, quiet=quiet)


@app.command("import")
@flags.settings(flags.PAGES)
def import_(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or a file of bars in the import format.")],
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Bring your own bars into the store: all of it, checked, or nothing."""
    fetched.import_(context.obj, config, path, as_json=as_json, quiet=quiet)


@data_app.callback(invoke_without_command=True)
def data_(
    context: typer.Context,
    as_json: flags.Json = False,  # noqa: FBT002
) -> None:
    """Print what is in the store, or go on to one of the commands."""
    if context.invoked_subcommand is None:
        stored.show(context.obj, as_json=as_json)


@data_app.command()
@flags.settings(flags.PAGES)
def check(
    context: typer.Context,
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYMBOL...", help="Symbols or indexes; everything by default.", show_default=False),
    ] = None,
    everything: flags.Everything = False,  # noqa: FBT002
    *,
    config: Config,
    as_json: flags.Json = False,
    quiet: flags.Quiet = False,
) -> None:
    """Examine what is in the store by the exchanges' own rules, and write the page; 1 if there is an open error."""
    stored.check(context.obj, config, symbols or (), everything=everything, as_json=as_json, quiet=quiet)


@data_app.command()
def export(
    context: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="A new folder; it takes the import format.")],
    form: Annotated[
        str, typer.Option("--format", "--form", metavar="parquet|csv", help="Of the files of bars.")
    ] = "parquet",
    symbols: Annotated[
        list[str] | None, typer.Option("--symbols", metavar="A,B", help="Some symbols; all by default.")
    ] = None,
    as_json: flags.Json = False,  # noqa: FBT002
) -> None:
    """Write the store as files that `import` and `--data` read."""
    stored.export(context.obj, folder, form, symbols or (), as_json=as_json)


@data_app.command()
@flags.settings(flags.PAGES)
def accept(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Of a finding, as data check prints it.")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why the rows are right after all.")],
    *,
    config: Config,
) -> None:
    """Say why a finding is right after all; runs then read the data and print the reason."""
    stored.accept(context.obj, config, key, because)


@data_app.command()
@flags.settings(flags.PAGES)
def restore(
    context: typer.Context,
    older: flags.Older = False,  # noqa: FBT002
    *,
    config: Config,
) -> None:
    """Put back the copy that was made after the last finished fetch or import."""
    stored.restore(context.obj, config, older=older)
