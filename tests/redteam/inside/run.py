"""`python3 run.py [name…]`: every attack, or those. Runs in the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

import files  # noqa: E402, F401 - registers its attacks
import network  # noqa: E402, F401 - the same
import processes  # noqa: E402, F401 - the same
import probe  # noqa: E402

if __name__ == "__main__":
    probe.run(sys.argv[1:])
