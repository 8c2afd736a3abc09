"""What each figure is called, how it is defined and how it is written: one table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

from backfolio.money import MILLS, half_up

NOT_AVAILABLE: Final = "n/a"
"""How a figure that does not exist is written."""

Style = Literal["signed percent", "percent", "ratio", "count", "money"]


@dataclass(frozen=True, slots=True)
class Definition:
    """One figure: its field, label, meaning and way of writing.

    Parameters
    ----------
    name
        Field of the dataclass that holds it.
    label
        As pages and tables show it.
    words
        The definition, one sentence or two.
    style
        How a value is written; "money" is mills, written in whole CNY.
    """

    name: str
    label: str
    words: str
    style: Style

    def text(self, value: float | None) -> str:
        """Write a value.

        Examples
        --------
        >>> Definition("cagr", "CAGR", "", "signed percent").text(0.1234)
        '+12.34%'
        >>> Definition("sharpe", "Sharpe", "", "ratio").text(None)
        'n/a'
        >>> Definition("result", "Result", "", "money").text(-1_234_567_890)
        '-1,234,568'
        """
        if value is None or not math.isfinite(value):
            return NOT_AVAILABLE
        if self.style == "money":
            return f"{half_up(abs(round(value)), MILLS) // MILLS * (1 if value >= 0 else -1):,}"
        if self.style == "count":
            return f"{round(value):,}"
        if self.style == "ratio":
            return f"{_no_negative_zero(value, 2):.2f}"
        sign = "+" if self.style == "signed percent" else ""
        number = _no_negative_zero(value, 4)
        return f"{number:{sign if number else ''},.2%}"


def _no_negative_zero(value: float, decimals: int) -> float:
    return 0.0 if round(value, decimals) == 0 else value


DEFINITIONS: Final = (
    Definition("sessions", "Sessions", "Trading dates in the window.", "count"),
    Definition(
        "total_return",
        "Total return",
        "Product of (1 + daily return), less 1, fees and taxes taken off.",
        "signed percent",
    ),
    Definition("cagr", "CAGR", "Compound growth a year: (1 + total return)^(243 / sessions) - 1.", "signed percent"),
    Definition(
        "volatility",
        "Volatility",
        "Sample standard deviation of daily returns (n - 1), times the root of 243.",
        "percent",
    ),
    Definition(
        "sharpe",
        "Sharpe ratio",
        "Mean daily return above the risk-free rate over its sample deviation, times the root of 243.",
        "ratio",
    ),
    Definition(
        "sortino",
        "Sortino ratio",
        "Mean daily return above the risk-free rate over the root mean square of its shortfalls "
        "(all sessions counted), times the root of 243.",
        "ratio",
    ),
    Definition("calmar", "Calmar ratio", "CAGR over the depth of the deepest drawdown.", "ratio"),
    Definition(
        "max_drawdown",
        "Max drawdown",
        "Deepest fall of the account from its highest close so far, the start included.",
        "percent",
    ),
    Definition(
        "drawdown_sessions",
        "Longest drawdown",
        "Most sessions in a row that closed below an earlier peak.",
        "count",
    ),
    Definition("ulcer_index", "Ulcer index", "Root mean square of the drawdowns of all sessions.", "percent"),
    Definition(
        "value_at_risk",
        "VaR 95%",
        "5th percentile of daily returns, linear between observations: one session in twenty is worse.",
        "percent",
    ),
    Definition(
        "conditional_value_at_risk",
        "CVaR 95%",
        "Mean of the daily returns at or below the value at risk.",
        "percent",
    ),
    Definition("best_session", "Best session", "Highest daily return.", "signed percent"),
    Definition("worst_session", "Worst session", "Lowest daily return.", "signed percent"),
    Definition(
        "win_rate",
        "Sessions that gained",
        "Sessions with a return above 0, as a share of all sessions.",
        "percent",
    ),
    Definition("skew", "Skew", "Third standardised moment of daily returns, adjusted for bias.", "ratio"),
    Definition(
        "kurtosis",
        "Excess kurtosis",
        "Fourth standardised moment of daily returns less 3, adjusted for bias.",
        "ratio",
    ),
    Definition("omega", "Omega", "Sum of the daily gains over the sum of the daily losses.", "ratio"),
    Definition(
        "tail_ratio", "Tail ratio", "Size of the 95th percentile of daily returns over that of the 5th.", "ratio"
    ),
    Definition(
        "probabilistic_sharpe",
        "Probabilistic Sharpe",
        "Probability that the true Sharpe ratio is above 0, given the sample's length, skew and kurtosis.",
        "percent",
    ),
    Definition(
        "beta",
        "Beta",
        "Covariance of daily returns with the benchmark's, over the variance of the benchmark's.",
        "ratio",
    ),
    Definition(
        "alpha",
        "Alpha",
        "Mean daily return above the risk-free rate that beta does not explain, times 243.",
        "signed percent",
    ),
    Definition("correlation", "Correlation", "Pearson's correlation of daily returns with the benchmark's.", "ratio"),
    Definition("r_squared", "R squared", "Share of the variance that the benchmark explains.", "ratio"),
    Definition(
        "tracking_error",
        "Tracking error",
        "Sample deviation of daily return less benchmark return, times the root of 243.",
        "percent",
    ),
    Definition(
        "information_ratio",
        "Information ratio",
        "Mean of daily return less benchmark return over its sample deviation, times the root of 243.",
        "ratio",
    ),
    Definition("treynor", "Treynor ratio", "CAGR less the risk-free rate, over beta.", "ratio"),
)
"""Every field of `Metrics`, in order. The risk-free rate is 0 unless a run says otherwise."""

TRADE_DEFINITIONS: Final = (
    Definition("fills", "Fills", "Trades done; an order that fills in parts over sessions counts each part.", "count"),
    Definition("buys", "Buys", "Fills that bought.", "count"),
    Definition("sells", "Sells", "Fills that sold.", "count"),
    Definition("refusals", "Refusals", "Orders, or parts of one, that the market would not trade.", "count"),
    Definition(
        "round_trips",
        "Round trips",
        "Positions opened and closed: from the first buy to the sale of the last share.",
        "count",
    ),
    Definition("open_positions", "Still open", "Positions held after the last session.", "count"),
    Definition("hit_rate", "Hit rate", "Share of the closed round trips that gained after all costs.", "percent"),
    Definition(
        "mean_result",
        "Mean result",
        "Mean gain of the closed round trips after all costs, dividends included, as a fraction of what was paid.",
        "signed percent",
    ),
    Definition("mean_gain", "Mean gain", "Mean result of the round trips that gained.", "signed percent"),
    Definition("mean_loss", "Mean loss", "Mean result of the round trips that did not gain.", "signed percent"),
    Definition("best_trip", "Best round trip", "Highest result of a closed round trip.", "signed percent"),
    Definition("worst_trip", "Worst round trip", "Lowest result of a closed round trip.", "signed percent"),
    Definition(
        "profit_factor",
        "Profit factor",
        "Money gained by the round trips that gained over money lost by the others.",
        "ratio",
    ),
    Definition("mean_sessions", "Holding, sessions", "Mean sessions from first buy to last sale.", "ratio"),
    Definition(
        "turnover",
        "Turnover a year",
        "Half of what was bought and sold, over the mean account, times 243 / sessions.",
        "percent",
    ),
    Definition("exposure", "Exposure", "Mean share of the account that was in positions at the close.", "percent"),
    Definition("sessions_invested", "Sessions invested", "Share of sessions that closed with a position.", "percent"),
    Definition("cost_share", "Costs", "Fees and taxes as a share of the starting cash.", "percent"),
)
"""The plain figures of `TradeStatistics`, in order."""

DETAIL_DEFINITIONS: Final = (
    Definition(
        "contribution",
        "Contribution",
        "Sum of the results of these round trips after all costs, dividends included. Those of all kinds of catalysts, "
        "and of what none explains, add up to what the account gained.",
        "money",
    ),
    Definition(
        "catalyst",
        "Catalyst",
        "A round trip belongs to the latest catalyst of its name, of a kind that the thesis asks for, that could be "
        "decided on before it opened, at most 60 sessions earlier; of several at once to the strongest.",
        "count",
    ),
    Definition(
        "missed",
        "Would have made",
        "What a refused order would have made before costs, had it traded at that session's open: a buy until the "
        "name's next fill, the next weight of 0 or 60 sessions; a sale what holding on lost until it was sold.",
        "money",
    ),
    Definition(
        "slippage",
        "Slippage",
        "Shares times the distance of a fill's price from the price without slippage, over all fills.",
        "money",
    ),
    Definition(
        "before_costs",
        "Result before costs",
        "What the account gained, with fees, taxes and slippage added back; the trades are the same.",
        "money",
    ),
    Definition(
        "median_share",
        "Median share of volume",
        "Half of the fills took a smaller part of the session's volume than this.",
        "percent",
    ),
    Definition("largest_share", "Largest share of volume", "Largest part of a volume that a fill took.", "percent"),
    Definition(
        "over",
        "Fills above 5%",
        "Fills that took more than 5% of the session's volume; their prices would have moved.",
        "count",
    ),
    Definition(
        "capital",
        "Capacity",
        "Starting cash at which the median order asks for 10% of the session's volume.",
        "money",
    ),
    Definition(
        "beaten",
        "Placebos beaten",
        "Share of the placebos (the same weights on names drawn at random) whose total return is below the run's.",
        "percent",
    ),
)
"""What the details of a run's page show; the names are those of its facts, not of one dataclass."""
