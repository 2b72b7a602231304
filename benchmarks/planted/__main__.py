"""Print the table: ``python -m benchmarks.planted [--variants 100]``."""

from benchmarks.planted import main

if __name__ == "__main__":
    main()
