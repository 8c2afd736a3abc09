"""The flags of the commands, each named once."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Annotated, Any, Final, get_type_hints

import typer

from backfolio.cli.config import load_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DATA: Final = "Data and window"
MARKET: Final = "Market"
OUTPUT: Final = "Output"
SEARCH: Final = "Search"
WANTED: Final = "What to fetch"

Names = Annotated[list[str], typer.Argument(metavar="THESIS...", help="One thesis, or several to compare.")]
Param = Annotated[
    list[str] | None,
    typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter; exits.stop_loss and the like too."),
]
Data = Annotated[
    str | None, typer.Option("--data", metavar="sample|store|PATH", help="Where bars come from.", rich_help_panel=DATA)
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
Audited = Annotated[
    bool,
    typer.Option("--audit/--no-audit", help="Ask in short whether it looks ahead.", rich_help_panel=OUTPUT),
]
Tearsheet = Annotated[
    bool | None,
    typer.Option("--tearsheet/--no-tearsheet", help="Draw the quantstats tear sheet.", rich_help_panel=OUTPUT),
]
Lang = Annotated[str | None, typer.Option("--lang", metavar="en|zh", help="Language of pages.", rich_help_panel=OUTPUT)]
UpColour = Annotated[
    str | None,
    typer.Option("--up-colour", metavar="red|green", help="Colour of gains on pages.", rich_help_panel=OUTPUT),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, nothing else.", rich_help_panel=OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only the path of the page.", rich_help_panel=OUTPUT)]
Everything = Annotated[
    bool, typer.Option("--all", help="Print every finding, the accepted ones too.", rich_help_panel=OUTPUT)
]
Older = Annotated[
    bool, typer.Option("--older", help="Go back to the copy although the store is sound; what came since is lost.")
]
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
InUniverse = Annotated[
    str | None,
    typer.Option("--universe", metavar="NAME", help="The members of data/universes/NAME.csv.", rich_help_panel=WANTED),
]
Symbols = Annotated[
    list[str] | None,
    typer.Option("--symbols", metavar="A,B", help="Symbols, as in 688256.SH,688041.SH.", rich_help_panel=WANTED),
]
Indexes = Annotated[
    list[str] | None,
    typer.Option(
        "--index", metavar="SYMBOL", help="An index, as in 000688.SH; repeat it for more.", rich_help_panel=WANTED
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="First session; by default where a symbol's data begins, 2018-01-02 for a new one.",
        rich_help_panel=WANTED,
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="DATE", help="Last session; the last one over by default.", rich_help_panel=WANTED),
]
Ratings = Annotated[
    bool,
    typer.Option("--ratings", help="Analysts' ratings and target prices too, day by day.", rich_help_panel=WANTED),
]
AllMarket = Annotated[
    bool,
    typer.Option(
        "--all-market",
        help="Every share, also those that were delisted. A first time takes some ten days, of one command each: "
        "dividends and factors are sina's, which is asked 2,000 times a day, four times a share. Bars come first.",
        rich_help_panel=WANTED,
    ),
]
Full = Annotated[
    bool,
    typer.Option(
        "--full",
        help="Ask for everything again, whatever is there: hosts' bars then take the place of imported ones.",
        rich_help_panel=WANTED,
    ),
]

WINDOW: Final[Mapping[str, Any]] = {
    "data": Data,
    "start": Start,
    "end": End,
    "benchmark": Benchmark,
    "strategies": Strategies,
}
TRADING: Final[Mapping[str, Any]] = {
    "cash": Cash,
    "slippage": Slippage,
    "participation": Participation,
    "chase": Chase,
    "price": Price,
    "commission": Commission,
    "min_commission": MinCommission,
    "dividend_tax": DividendTax,
}
PAGES: Final[Mapping[str, Any]] = {"reports": Reports, "lang": Lang, "up_colour": UpColour}
WRITTEN: Final[Mapping[str, Any]] = {"report": Report}
"""Settings that several commands ask for; None where a flag is not given."""


def settings(*groups: Mapping[str, Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags of some settings in the place of its argument `config`, which has what they came to.

    Parameters
    ----------
    groups
        Names of `config.OPTIONS` and their flags, in the order of ``--help``. ``--debug`` comes last; `main` reads it.
    """
    asked = {name: flag for group in groups for name, flag in group.items()}

    def give(command: Callable[..., None]) -> Callable[..., None]:
        hints = get_type_hints(command, include_extras=True)
        own = inspect.signature(command)
        parameters: list[inspect.Parameter] = []
        for parameter in own.parameters.values():
            if parameter.name == "config":
                parameters += [_flag(name, flag, None) for name, flag in asked.items()]
            else:
                parameters.append(parameter.replace(annotation=hints[parameter.name]))
        parameters.append(_flag("debug", Debug, default=False))

        @functools.wraps(command)
        def called(context: typer.Context, **words: Any) -> None:  # noqa: ANN401  whatever the flags hold
            del words["debug"]
            chosen = {name: words.pop(name) for name in asked}
            command(context, config=load_config(context.obj.folder, chosen), **words)

        called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        called.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]  # as PEP 362 has it
        return called

    return give


def _flag(name: str, flag: Any, default: object) -> inspect.Parameter:  # noqa: ANN401  of `Annotated`
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=flag)
