"""The part of GitHub Actions that the hub can run: `plan` reads workflows, `execute` runs them.

What it can't run concludes `action_required` with the reason; nothing unsupported is ever green.
Where it runs things otherwise than GitHub:

- The commit is checked out before the first step, as a work tree without a remote, whether or not
  the job uses actions/checkout. setup-python and setup-node do nothing: the programs are those on
  the hub's PATH (and last the hub's own Python), on the hub's own system.
- Jobs of a workflow run one after the other. A job over its time concludes `timed_out`.
- Events other than push and pull_request, and further `types` of a pull request, start nothing.
- Outputs, secrets, masks and workflow commands (`::…::`) have no effect.
"""
