"""Scripted, not a model: plays an agent that finds that the task can't be done as it stands."""

from pathlib import Path

Path(".agent_result.md").write_text(
    """---
status: blocked
blocker: missing_context
---
## Summary
Which exchange rates should be used? The issue names neither a source nor a date for them.

## Changed
Nothing.

## Remaining
Everything.

## Failed approaches
None.

## Next step
Name the source of the exchange rates in the issue.

## Tests run
None.

## Risks
A guessed rate would give wrong totals.

## Manual steps
None.
"""
)
