"""How long the broker and its callers wait, and how much is asked at once."""

# How long callers share a refusal by AWS, unless the token file changes.
SHARED_SECONDS = 30.0
# A renewal that is unanswered for so long counts as failing for those who wait for it. It goes on.
RENEWAL_SILENT_SECONDS = 15.0
# Credentials that still work are not worth a longer wait for better ones.
USABLE_SECONDS = 5.0
# How long a caller waits through failing answers (5xx, no connection) before exit 6.
PATIENCE_SECONDS = 3.5
# A token that still works is not worth a longer wait for its renewal.
RENEWAL_AHEAD_SECONDS = 6.0
# The contract: a caller whose turn is coming at AWS's pace waits up to 50 s.
LONGEST_WAIT_SECONDS = 50.0
# A caller is told so this long before its own deadline.
TELL_BEFORE_SECONDS = 2.0
# Calls under way at once: at 20 calls/s, enough for answers that take 0.8 s each.
MOST_CALLS = 16
# The same before AWS has answered any: limits the requests that are wasted while it is down.
MOST_FIRST_CALLS = 4
