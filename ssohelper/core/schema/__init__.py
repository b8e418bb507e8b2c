"""What each value must be that comes from a file of ours or from AWS. The only place that decides.

`fields` has the types, the other modules the records. A value that is none raises Damaged: a store
then counts the file as missing, so that it is rewritten at the next occasion, and a client of
AWS's raises BadAnswer.
"""
