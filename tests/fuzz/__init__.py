"""A mutator with a seed: damages what we read, from files and from AWS, and runs the commands.

make fuzz            5 min
make fuzz S=60       one minute; SEED=n repeats the mutations of a run
"""
