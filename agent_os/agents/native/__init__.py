"""Our own agent: a small tool loop over any model. `python -m agent_os.agents.native` runs it."""
