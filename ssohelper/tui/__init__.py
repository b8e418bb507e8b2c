"""Front door 4: textual. Calls the same actions as the command line and keeps no rules of its own."""
