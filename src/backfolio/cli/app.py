"""The commands and their flags; what they do stands in `commands`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  typer reads the annotations
from typing import Annotated, Any

import typer

from backfolio.cli import commands
from backfolio.cli import tune as tuning
from backfolio.cli import walk as walking
from backfolio.cli.config import OPTIONS, load_config
from backfolio.cli.workspace import Workspace  # noqa: TC001  the same

app = typer.Typer(
    help="Backtests of Chinese A-share theses under the exchanges' dated rules.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DATA, MARKET, OUTPUT, SEARCH = "Data and window", "Market", "Output", "Search"

Names = Annotated[list[str], typer.Argument(metavar="THESIS...", help="One thesis, or several to compare.")]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; exits.stop_loss and the like too."),
]
Data = Annotated[
    str | None, typer.Option("--data", metavar="sample|PATH", help="Where bars come from.", rich_help_panel=DATA)
]
Start = Annotated[
    str | None, typer.Option("--start", metavar="DATE", help="First session; '' for the data's.", rich_help_panel=DATA)
]
End = Annotated[
    str | None, typer.Option("--end", metavar="DATE", help="Last session; '' for the data's.", rich_help_panel=DATA)
]
Benchmark = Annotated[
    str | None,
    typer.Option("--benchmark", metavar="SYMBOL", help="An index of the data; '' for none.", rich_help_panel=DATA),
]
Strategies = Annotated[
    list[str] | None,
    typer.Option("--strategies", metavar="DIR", help="One more folder of theses.", rich_help_panel=DATA),
]
Cash = Annotated[float | None, typer.Option("--cash", metavar="CNY", help="Starting cash.", rich_help_panel=MARKET)]
Slippage = Annotated[
    int | None, typer.Option("--slippage", metavar="BP", help="Basis points against us.", rich_help_panel=MARKET)
]
Participation = Annotated[
    float | None,
    typer.Option(
        "--participation",
        metavar="FRACTION",
        help="Most of a session's volume one order takes.",
        rich_help_panel=MARKET,
    ),
]
Chase = Annotated[
    int | None,
    typer.Option("--chase", metavar="N", help="More sessions an unfilled buy is tried.", rich_help_panel=MARKET),
]
Price = Annotated[
    str | None, typer.Option("--price", metavar="open|vwap", help="Price of a fill.", rich_help_panel=MARKET)
]
Commission = Annotated[
    float | None,
    typer.Option("--commission", metavar="FRACTION", help="Of the value: 0.0003 is 0.03%.", rich_help_panel=MARKET),
]
MinCommission = Annotated[
    float | None,
    typer.Option("--min-commission", metavar="CNY", help="Least commission of an order.", rich_help_panel=MARKET),
]
DividendTax = Annotated[
    bool | None,
    typer.Option(
        "--dividend-tax/--no-dividend-tax", help="Tax dividends by holding period at the sale.", rich_help_panel=MARKET
    ),
]
Reports = Annotated[
    str | None, typer.Option("--reports", metavar="DIR", help="Where reports go.", rich_help_panel=OUTPUT)
]
Report = Annotated[bool | None, typer.Option("--report/--no-report", help="Write a report.", rich_help_panel=OUTPUT)]
Tearsheet = Annotated[
    bool | None,
    typer.Option("--tearsheet/--no-tearsheet", help="Draw the quantstats tear sheet.", rich_help_panel=OUTPUT),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the report's path.", rich_help_panel=OUTPUT)]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.", rich_help_panel=OUTPUT)]


Vary = Annotated[
    list[str] | None,
    typer.Option(
        "--vary",
        metavar="NAME=VALUES",
        help="What is tried: hold=5:60:5 (both ends included), names=3,5,8, exits.trailing=none,0.1, "
        "market.slippage=0,5. Repeat it for more parameters.",
        rich_help_panel=SEARCH,
    ),
]
SamplerKind = Annotated[
    str, typer.Option("--sampler", metavar="grid|random|tpe", help="How trials are taken.", rich_help_panel=SEARCH)
]
TrialCount = Annotated[
    int | None,
    typer.Option(
        "--trials",
        metavar="N",
        help="How many; more of the same tune continue it. Default: all of a grid, else 200.",
        rich_help_panel=SEARCH,
    ),
]
ScoreName = Annotated[
    str,
    typer.Option(
        "--score", metavar="sharpe|sortino|calmar|cagr|total", help="What is maximised.", rich_help_panel=SEARCH
    ),
]
Constraints = Annotated[
    list[str] | None,
    typer.Option(
        "--constraint",
        metavar="FIGURE<NUMBER",
        help='Also <=, >, >=; as in "max_drawdown<0.3": a drawdown is given as its depth, no deeper than 30%.',
        rich_help_panel=SEARCH,
    ),
]
Train = Annotated[
    str | None,
    typer.Option(
        "--train",
        metavar="START:END",
        help="The window, as --start and --end; either may be left out.",
        rich_help_panel=DATA,
    ),
]
Seed = Annotated[int, typer.Option("--seed", metavar="N", help="Of random and tpe.", rich_help_panel=SEARCH)]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", help="Processes; one a processor by default.", rich_help_panel=SEARCH),
]
ClusterAt = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask cluster instead: tcp://host:port, or local:2 to start one here.",
        rich_help_panel=SEARCH,
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN",
        help="Continue this tune (id, folder or path), or refuse if it is not the same. "
        "The same command continues its own tune without it.",
        rich_help_panel=SEARCH,
    ),
]
PlanOnly = Annotated[
    bool, typer.Option("--plan", help="Show what would run and how long; write nothing.", rich_help_panel=SEARCH)
]
WinnerTearsheet = Annotated[
    bool | None,
    typer.Option(
        "--tearsheet/--no-tearsheet",
        help="Draw the winner's quantstats tear sheet. It takes seconds, so it is not drawn unless asked for.",
        rich_help_panel=OUTPUT,
    ),
]
Anchored = Annotated[
    bool, typer.Option("--anchored", help="Tune from the first session on, ever longer.", rich_help_panel=SEARCH)
]


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
    theses: Names,
    param: Param = None,
    data: Data = None,
    start: Start = None,
    end: End = None,
    benchmark: Benchmark = None,
    strategies: Strategies = None,
    cash: Cash = None,
    slippage: Slippage = None,
    participation: Participation = None,
    chase: Chase = None,
    price: Price = None,
    commission: Commission = None,
    min_commission: MinCommission = None,
    dividend_tax: DividendTax = None,
    reports: Reports = None,
    report: Report = None,
    tearsheet: Tearsheet = None,
    as_json: Json = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    debug: Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Backtest theses: replay in backtrader, print the figures, write the report."""
    flags = _given(locals())
    here: Workspace = context.obj
    commands.run(here, load_config(here.folder, flags), theses, param or [], as_json=as_json, quiet=quiet)


@app.command()
def tune(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to tune.")],
    vary: Vary = None,
    sampler: SamplerKind = "grid",
    trials: TrialCount = None,
    score: ScoreName = "sharpe",
    constraint: Constraints = None,
    seed: Seed = 0,
    workers: Workers = None,
    cluster: ClusterAt = None,
    resume: Resume = None,
    plan: PlanOnly = False,  # noqa: FBT002
    param: Param = None,
    data: Data = None,
    train: Train = None,
    start: Start = None,
    end: End = None,
    benchmark: Benchmark = None,
    strategies: Strategies = None,
    cash: Cash = None,
    slippage: Slippage = None,
    participation: Participation = None,
    chase: Chase = None,
    price: Price = None,
    commission: Commission = None,
    min_commission: MinCommission = None,
    dividend_tax: DividendTax = None,
    reports: Reports = None,
    report: Report = None,
    tearsheet: WinnerTearsheet = None,
    as_json: Json = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    debug: Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Try many parameter sets, replay the best in backtrader, and say how far to believe it."""
    here: Workspace = context.obj
    words = tuning.Words(
        thesis=thesis,
        vary=tuple(vary or ()),
        params=tuple(param or ()),
        sampler=sampler,
        trials=trials,
        score=score,
        constraints=tuple(constraint or ()),
        train=train,
        seed=seed,
        workers=workers,
        cluster=cluster,
        resume=resume,
    )
    tuning.tune(here, load_config(here.folder, _given(locals())), words, plan=plan, as_json=as_json, quiet=quiet)


@app.command("list")
def list_(
    context: typer.Context,
    strategies: Strategies = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """List the theses, their parameters, and files that fail to load."""
    here: Workspace = context.obj
    commands.list_theses(here, load_config(here.folder, _given(locals())), as_json=as_json)


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
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Print every setting and where it came from."""
    here: Workspace = context.obj
    commands.show_config(load_config(here.folder, {}), as_json=as_json)


@app.command("walk-forward")
def walk_forward(
    context: typer.Context,
    thesis: Annotated[str, typer.Argument(metavar="THESIS", help="The thesis to walk forward.")],
    train: Annotated[int, typer.Option("--train", metavar="N", help="Sessions to tune on.", rich_help_panel=SEARCH)],
    test: Annotated[int, typer.Option("--test", metavar="N", help="Sessions to trade next.", rich_help_panel=SEARCH)],
    anchored: Anchored = False,  # noqa: FBT002
    purge: Annotated[
        int, typer.Option("--purge", metavar="K", help="Sessions dropped between the two.", rich_help_panel=SEARCH)
    ] = 0,
    vary: Vary = None,
    sampler: SamplerKind = "grid",
    trials: Annotated[
        int | None,
        typer.Option("--trials", metavar="N", help="A window; all of a grid, else 200.", rich_help_panel=SEARCH),
    ] = None,
    score: ScoreName = "sharpe",
    constraint: Constraints = None,
    seed: Seed = 0,
    workers: Workers = None,
    param: Param = None,
    data: Data = None,
    start: Start = None,
    end: End = None,
    benchmark: Benchmark = None,
    strategies: Strategies = None,
    cash: Cash = None,
    slippage: Slippage = None,
    participation: Participation = None,
    chase: Chase = None,
    price: Price = None,
    commission: Commission = None,
    min_commission: MinCommission = None,
    dividend_tax: DividendTax = None,
    reports: Reports = None,
    report: Report = None,
    as_json: Json = False,  # noqa: FBT002
    quiet: Quiet = False,  # noqa: FBT002
    debug: Debug = False,  # noqa: FBT002  read by main()
) -> None:
    """Tune on one stretch, trade the next, in turn; judge by what was traded."""
    here: Workspace = context.obj
    words = tuning.Words(
        thesis=thesis,
        vary=tuple(vary or ()),
        params=tuple(param or ()),
        sampler=sampler,
        trials=trials,
        score=score,
        constraints=tuple(constraint or ()),
        seed=seed,
        workers=workers,
    )
    stretches = walking.Stretches(train=train, test=test, anchored=anchored, purge=purge)
    config = load_config(here.folder, _given(locals()))
    walking.walk_forward(here, config, words, stretches, as_json=as_json, quiet=quiet)


def _given(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the flags that are settings, by key."""
    return {key: value for key, value in arguments.items() if key in OPTIONS}
