"""The event log and what is drawn from it: tasks, intents, leases, job slots, signals."""
