"""From a list of requirements to issues: reading it, putting it in order, and what changed."""
