"""Whether differences between groups could be chance: permutation tests, declared before the run or explored."""
