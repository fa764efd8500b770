"""A small GitHub on this machine: REST, git and CI, for demos and tests."""
