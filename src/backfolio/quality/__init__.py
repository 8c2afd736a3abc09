"""Quality: findings about stored market data, each with its severity and remedy."""

from backfolio.quality.coverage import coverage
from backfolio.quality.examine import examine
from backfolio.quality.model import Coverage, Finding, Held
from backfolio.quality.rules import RULES, SEVERITIES, Rule, Severity

__all__ = ["RULES", "SEVERITIES", "Coverage", "Finding", "Held", "Rule", "Severity", "coverage", "examine"]
