"""`Strategy`, `Param` and `Claim`: how a thesis is written, checked and turned into targets."""

from backfolio.strategy.base import Strategy
from backfolio.strategy.claims import Claim
from backfolio.strategy.param import Param
from backfolio.targets import Exits

__all__ = ["Claim", "Exits", "Param", "Strategy"]
