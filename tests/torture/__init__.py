"""The proof of "never expired, nobody waits": `make torture`. See docs/reference/long-runs.md."""
