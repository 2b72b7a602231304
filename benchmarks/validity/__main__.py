"""``python -m benchmarks.validity [--simulations N] [--quick] [--only PART]``."""

from __future__ import annotations

import sys

from benchmarks.validity import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
