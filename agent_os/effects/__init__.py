"""The applier, and one performer a file: the only code that changes the outside world."""
