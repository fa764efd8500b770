"""`python3 run.py [name…]`: every attack, or those. Runs in the sandbox."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True

if __name__ == "__main__":
    # Each registers its attacks with the first.
    probe, *_ = map(importlib.import_module, ("probe", "files", "network", "processes"))
    probe.run(sys.argv[1:])
