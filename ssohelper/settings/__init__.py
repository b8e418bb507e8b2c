"""The settings in config.toml: which exist, their values, the text of the file."""
