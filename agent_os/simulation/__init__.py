"""The organization in simulated time: the real jobs, store and hub; modelled agents, people, CI."""
