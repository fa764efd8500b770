"""Models behind one protocol: a back end for each interface that vendors offer."""
