"""Modules that the call of an SDK imports first (fast to load), and constants of all processes."""

# An SDK never waits longer than this (plus ssohelper's start-up) for credentials.
CALL_SECONDS = 18.0

BROKER_PROCESS = "broker-process"
RENEWAL_PROCESS = "renewal-process"
NOTICE_PROCESS = "notice-process"
KEYRING_PROCESS = "keyring-process"
PROVIDER_PROCESS = "provider-process"
PROCESSES = (BROKER_PROCESS, RENEWAL_PROCESS, NOTICE_PROCESS, KEYRING_PROCESS, PROVIDER_PROCESS)
