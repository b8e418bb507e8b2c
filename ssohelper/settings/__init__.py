"""Defines the settings in config.toml, reads their values and the text of the file."""
