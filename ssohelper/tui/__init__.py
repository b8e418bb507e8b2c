"""The full screen and the pickers, made with Textual. They call the same
actions as the CLI."""
