"""Sweep: many trials on the same bars, compiled by numba, with `replay`'s fills.

The loop calls the very functions of `ashare` and `book` that `replay` calls.
This package alone imports numba, when the first trial is run.
"""

from backfolio.sweep.compiled import is_kept
from backfolio.sweep.engine import ledger, sweep
from backfolio.sweep.outcomes import Outcomes, Trial
from backfolio.sweep.rows import Rows, sparse

__all__ = ["Outcomes", "Rows", "Trial", "is_kept", "ledger", "sparse", "sweep"]
