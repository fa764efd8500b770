"""The hub and the towns of the end-to-end tests."""

from tests.e2e.conftest import build, hub

__all__ = ["build", "hub"]
