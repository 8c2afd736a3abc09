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
from backfolio.cli.config import given, load_config
from backfolio.cli.workspace import Workspace  # noqa: TC001  the same

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
def run(
    context: typer.Context,
    theses: flags.Names,
    param: flags.Param = None,
    data: flags.Data = None,
    start: flags.Start = None,
    end: flags.End = None,
    benchmark: flags.Benchmark = None,
    strategies: flags.Strategies = None,
    cash: flags.Cash = None,
    slippage: flags.Slippage = None,
    participation: flags.Participation = None,
    chase: flags.Chase = None,
    price: flags.Price = None,
    commission: flags.Commission = None,
    min_commission: flags.MinCommission = None,
    dividend_tax: flags.DividendTax = None,
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    report: flags.Report = None,
    tearsheet: flags.Tearsheet = None,
    audit: flags.Audited = True,  # noqa: FBT002
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Backtest theses: replay in backtrader, print the figures, write the report."""
    here: Workspace = context.obj
    config = load_config(here.folder, given(locals()))
    commands.run(here, config, theses, param or [], audit=audit, as_json=as_json, quiet=quiet)


@app.command("list")
def list_(
    context: typer.Context,
    strategies: flags.Strategies = None,
    as_json: flags.Json = False,  # noqa: FBT002
) -> None:
    """List the theses, their parameters, and files that fail to load."""
    here: Workspace = context.obj
    commands.list_theses(here, load_config(here.folder, given(locals())), as_json=as_json)


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
    here: Workspace = context.obj
    commands.show_config(load_config(here.folder, {}), as_json=as_json)


app.command("tune")(tuning.command)
app.command("walk-forward")(walking.command)
app.command("study")(studying.command)
app.command("falsify")(falsifying.command)
app.command("check")(checking.command)


@app.command()
def verify(
    context: typer.Context,
    run: Annotated[str, typer.Argument(metavar="RUN", help="An id or its start, THESIS/ID, or a path.")],
    data: flags.Data = None,
    reports: flags.Reports = None,
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Run a report again from its own record, and say whether the same fills come out."""
    here: Workspace = context.obj
    config = load_config(here.folder, given(locals()))
    verifying.verify(here, config, run, data, as_json=as_json, quiet=quiet)


@app.command()
def compare(
    context: typer.Context,
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Two or more: ids or their starts, or paths.")],
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Hold runs against each other, from their reports alone, and write the page."""
    here: Workspace = context.obj
    comparing.compare(here, load_config(here.folder, given(locals())), runs, as_json=as_json, quiet=quiet)


@app.command()
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
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Bring real data into the store, from where it stopped; alone, bring all that is there up to date."""
    here: Workspace = context.obj
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
    fetched.fetch(here, load_config(here.folder, given(locals())), words, as_json=as_json, quiet=quiet)


@app.command("import")
def import_(
    context: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or a file of bars in the import format.")],
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Bring your own bars into the store: all of it, checked, or nothing."""
    here: Workspace = context.obj
    fetched.import_(here, load_config(here.folder, given(locals())), path, as_json=as_json, quiet=quiet)


@data_app.callback(invoke_without_command=True)
def data_(
    context: typer.Context,
    as_json: flags.Json = False,  # noqa: FBT002
) -> None:
    """Print what is in the store, or go on to one of the commands."""
    if context.invoked_subcommand is None:
        stored.show(context.obj, as_json=as_json)


@data_app.command()
def check(
    context: typer.Context,
    symbols: Annotated[
        list[str] | None,
        typer.Argument(metavar="SYMBOL...", help="Symbols or indexes; everything by default.", show_default=False),
    ] = None,
    everything: flags.Everything = False,  # noqa: FBT002
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    as_json: flags.Json = False,  # noqa: FBT002
    quiet: flags.Quiet = False,  # noqa: FBT002
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Examine what is in the store by the exchanges' own rules, and write the page; 1 if there is an open error."""
    here: Workspace = context.obj
    config = load_config(here.folder, given(locals()))
    stored.check(here, config, symbols or (), everything=everything, as_json=as_json, quiet=quiet)


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
def accept(
    context: typer.Context,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Of a finding, as data check prints it.")],
    because: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why the rows are right after all.")],
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Say why a finding is right after all; runs then read the data and print the reason."""
    here: Workspace = context.obj
    stored.accept(here, load_config(here.folder, given(locals())), key, because)


@data_app.command()
def restore(
    context: typer.Context,
    older: flags.Older = False,  # noqa: FBT002
    reports: flags.Reports = None,
    lang: flags.Lang = None,
    up_colour: flags.UpColour = None,
    debug: flags.Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Put back the copy that was made after the last finished fetch or import."""
    here: Workspace = context.obj
    stored.restore(here, load_config(here.folder, given(locals())), older=older)
