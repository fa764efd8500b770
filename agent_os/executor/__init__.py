"""Where attempts run. Starts the runner by its module name and knows the directory only."""
