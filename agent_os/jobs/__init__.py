"""The jobs: level-triggered, each looks at how things are and may run at any time, twice."""
