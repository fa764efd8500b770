"""CODEBASE.md: a map of a repository, drawn by rules from the newest commit of its base branch."""
