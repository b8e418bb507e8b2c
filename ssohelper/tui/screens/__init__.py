"""The screens and dialogs of the full screen, one file each, and what their actions do."""
