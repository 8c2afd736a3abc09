"""How each host is asked: how often, how patiently, how much a day, and what its refusals look like.

The hosts publish no limits. These figures are ours, chosen well below what
their own pages ask for; a user may only make them slower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """How one host is asked.

    Parameters
    ----------
    spacing
        Seconds between the starts of two requests, at least.
    jitter
        Up to so many seconds more, at random.
    timeout
        Seconds to wait for each part of a reply. A reply as a whole may take
        `WHOLE` times that; a connection, `CONNECT` seconds.
    retries
        How often a request is sent again after a failure that may pass.
    backoff
        Seconds before the first of them; doubled each time, plus up to half at random.
    budget
        Requests a day (Shanghai time).
    """

    spacing: float
    jitter: float
    timeout: float
    retries: int
    backoff: float
    budget: int


POLICIES: Final[dict[str, Policy]] = {
    "eastmoney": Policy(spacing=1.0, jitter=0.5, timeout=15.0, retries=2, backoff=2.0, budget=8_000),
    "sina": Policy(spacing=2.0, jitter=1.0, timeout=20.0, retries=2, backoff=4.0, budget=2_000),
    "tencent": Policy(spacing=1.0, jitter=0.5, timeout=15.0, retries=2, backoff=2.0, budget=4_000),
    "cninfo": Policy(spacing=1.0, jitter=0.5, timeout=30.0, retries=2, backoff=3.0, budget=3_000),
    "sse": Policy(spacing=2.0, jitter=1.0, timeout=30.0, retries=2, backoff=3.0, budget=300),
    "szse": Policy(spacing=2.0, jitter=1.0, timeout=30.0, retries=2, backoff=3.0, budget=300),
    "bse": Policy(spacing=1.0, jitter=0.5, timeout=30.0, retries=2, backoff=3.0, budget=300),
}
"""Host to `Policy`."""

CONNECT: Final = 5.0
"""Seconds for a connection. A host that does not take one is asked no second time for the same."""

WHOLE: Final = 4.0
"""How many timeouts a whole reply may take: a host that sends a byte now and then is cut off."""

AHEAD: Final = 1800.0
"""Seconds by which this machine's clock may be ahead of what the hosts' replies show. Beyond that a day's bar looks
final before it is; a clock in Shanghai that takes its local time for UTC is ahead by eight hours."""

LONGEST_WAIT: Final = 60.0
"""Seconds of a ``Retry-After`` that are waited out; a longer one is a block until then."""

BANS: Final = {403: 3600.0, 456: 3600.0, 429: 900.0}
"""Status to the seconds for which a host is left alone. 456 is sina's own; a 429 counts when it does not end."""

CLOSED: Final = 1800.0
"""Seconds for which a host is left alone that closed every connection without a reply (eastmoney's way to refuse),
or took none while other hosts answer."""

MASKED: Final = 3600.0
"""Seconds for which a host is left alone that sent a page (a test for robots, a login) where data was due;
sina's own refusals end after 5 to 60 minutes."""

PAGES: Final = ("vip.stock.finance.sina.com.cn/", "stock.finance.sina.com.cn/stock/go.php/")
"""Parts of URLs that answer with a page: there one with a table is no refusal."""

REFUSALS: Final = ("存在异常访问", "拒绝访问", "访问过于频繁")
"""What stands on a page that refuses an address, whatever its status. The first is sina's (tushare, issue 997)."""
