"""The full screen and the pickers, made with Textual. They call the actions that the CLI calls."""
