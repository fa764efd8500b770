"""Figures of the organization, from the event log alone."""
