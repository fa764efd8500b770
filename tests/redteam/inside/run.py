"""`python3 run.py [name…]`: every attack, or those. Runs in the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

import files  # noqa: E402, F401 - it registers its attacks
import network  # noqa: E402, F401 - it registers its attacks
import probe  # noqa: E402 - found by the line above
import processes  # noqa: E402, F401 - it registers its attacks

if __name__ == "__main__":
    probe.run(sys.argv[1:])
