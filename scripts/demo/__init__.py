"""The demo: a small project with real faults, on a GitHub of its own."""
