"""Scripted, not a model: plays an agent that reads the handoff and mends the bug itself.

It commits its mending, then works on for some seconds (the argument): time to be killed in.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

handoff = Path(os.environ["AGENT_OS_HANDOFF"]).read_text()
print("What the attempt before left:")
print(handoff[:800])
killed = "The runner ended while the agent ran" in handoff
if not killed and "test" not in handoff:
    raise SystemExit("The handoff says nothing of the tests.")
path = Path("tally/amounts.py")
source = path.read_text()
mended = source.replace("int(cents or 0)", 'int((cents or "0").ljust(2, "0"))')
if mended == source:
    print("The commit of the agent that was killed is here: nothing is left but to check it.")
else:
    path.write_text(mended)
    message = "Read one decimal digit as tens of cents"
    subprocess.run(["git", "commit", "--quiet", "--all", "--message", message], check=True)
    print("`12.5` was read as 12.05: one decimal digit means tens of cents. Committed.", flush=True)
if not killed:
    time.sleep(float(sys.argv[1]))
subprocess.run([sys.executable, "-m", "unittest", "-q"], check=True)
