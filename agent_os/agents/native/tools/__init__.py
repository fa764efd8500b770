"""The tools that our own agent offers to its model."""
