"""Sprints: what comes next and why, people's word on it, and how it went."""
