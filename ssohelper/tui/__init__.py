"""The full-screen program and the pickers, made with Textual. They call the CLI's actions."""
