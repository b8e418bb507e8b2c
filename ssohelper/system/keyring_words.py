"""The protocol words between the process that asks the keyring and the process that starts it."""

SERVICE = "ssohelper"

ASKING = "asking"
WRITING = "writing"
FOUND = "found"
MISSING = "missing"
LOCKED = "locked"
UNAVAILABLE = "unavailable"
