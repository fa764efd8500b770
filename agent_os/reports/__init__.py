"""Reports as Markdown and as pages: pure rendering of plain data, nothing is read or sent here."""
