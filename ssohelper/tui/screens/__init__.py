"""The screens and dialogs of the full screen, and what their actions do."""
