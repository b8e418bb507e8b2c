"""What an SDK's call loads before anything heavy, and what all processes of ours must agree on."""

# The contract's one deadline: an SDK never waits longer than this (plus start-up) for an answer.
CALL_SECONDS = 18.0

# The first argument of each detached process that we start.
BROKER_PROCESS = "broker-process"
RENEWAL_PROCESS = "renewal-process"
NOTICE_PROCESS = "notice-process"
