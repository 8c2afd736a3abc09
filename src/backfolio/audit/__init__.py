"""The look-ahead audit: whether a thesis says of a session what it could know on that evening.

`audit` asks it again and again with another future and compares what it said
of the past; `quick` does so a few times, for every run; `audit_plain` replays a
plain backtrader strategy, of which only the fills can be seen. `worlds.py` makes
the other futures, `cuts.py` says from where on, `trace.py` finds the line that
let the future in, `watched.py` sees files that are read, `suspects.py` what
the text of a thesis shows.
"""

from backfolio.audit.asked import Subject, quiet
from backfolio.audit.check import audit, quick
from backfolio.audit.model import Audit, Finding, Line
from backfolio.audit.plain import Plain, audit_plain

__all__ = ["Audit", "Finding", "Line", "Plain", "Subject", "audit", "audit_plain", "quick", "quiet"]
