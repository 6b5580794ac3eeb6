"""Command line: words in, words out; everything else lives elsewhere."""
