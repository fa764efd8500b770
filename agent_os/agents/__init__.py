"""Drivers: how each kind of agent is launched, and what its ending means."""
