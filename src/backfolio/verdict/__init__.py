"""How likely it is that the best of many trials is luck: figures, and one plain sentence.

`judge` takes the equity of all trials, a file of them if need be, and returns a
`Verdict`. Everything is plain arithmetic on arrays: no files, no clock, the same
result every time.
"""

from backfolio.verdict.judge import judge
from backfolio.verdict.model import Cliff, Grade, Verdict
from backfolio.verdict.spread import Earlier, Spread

__all__ = ["Cliff", "Earlier", "Grade", "Spread", "Verdict", "judge"]
