"""A deterministic simulator of the engine: one integer seed is one schedule.

The broker, the actions and the stores are the real ones. Time, the threads, the disk's faults, AWS
and the other tools are simulated (docs/reference/long-runs.md).
"""
