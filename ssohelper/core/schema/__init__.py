"""Checks each value that comes from a file or from AWS. No other package decides what is valid.

`fields` checks single values, the other modules check records. An invalid value raises Damaged. A
store then counts the file as missing, and the next write replaces it; an AWS client raises
BadAnswer.
"""
