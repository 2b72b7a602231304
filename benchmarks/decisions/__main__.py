"""Print the table: ``python -m benchmarks.decisions``."""

from benchmarks.decisions import main

if __name__ == "__main__":
    main()
