"""Scripted, not a model: plays an agent that reads the handoff and mends the bug itself."""

import os
from pathlib import Path

handoff = Path(os.environ["AGENT_OS_HANDOFF"]).read_text()
print("What the attempt before left:")
print(handoff[:800])
if "test" not in handoff:
    raise SystemExit("The handoff says nothing of the tests.")
path = Path("tally/amounts.py")
source = path.read_text()
path.write_text(source.replace("int(cents or 0)", 'int((cents or "0").ljust(2, "0"))'))
print("`12.5` was read as 12.05: one decimal digit means tens of cents. Mended in amounts.py.")
