"""Mirrors, work dirs, snapshots, processes and the sandbox. Knows the domain only."""
