"""Checks each value that comes from a file or from AWS. No other package decides what is valid."""
