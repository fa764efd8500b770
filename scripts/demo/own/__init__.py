"""The demo on a copy of a person's own repository: its own history, not a model."""
