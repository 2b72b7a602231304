"""How one rule comes to its verdict. `judge` decides; the rest of the room explains."""

from governance.policy.verdicts.judge import Judgement, judge

__all__ = ["Judgement", "judge"]
