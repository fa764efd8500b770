"""Measures what Agent OS itself costs: `python scripts/bench.py --help`."""

import sys
from pathlib import Path

# `scripts` is found from any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.benchmarks.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
