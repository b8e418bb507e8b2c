"""One boto3 batch: a thread per profile asks STS twice a second until stdin ends.

With a single profile it makes a single call, and its exit code tells how that went. Prints a JSON
line for each call: when it began, and the error or nothing.
"""

import json
import os
import sys
import threading
import time

import boto3
from botocore.config import Config

_PAUSE_SECONDS = 0.5
_PRINTING = threading.Lock()
_ENDED = threading.Event()


def main() -> int:
    profiles = sys.argv[1:]
    if len(profiles) == 1:
        _client(profiles[0]).get_caller_identity()
        return 0
    threads = [threading.Thread(target=_ask, args=(name,), daemon=True) for name in profiles]
    for thread in threads:
        thread.start()
    os.read(0, 1)
    _ENDED.set()
    return 0


def _client(profile: str):  # type: ignore[no-untyped-def]
    session = boto3.Session(profile_name=profile)
    return session.client("sts", config=Config(retries={"total_max_attempts": 1}))


def _ask(profile: str) -> None:
    client, began = None, time.time()
    while not _ENDED.is_set():
        began, failure = time.time(), ""
        try:
            client = client or _client(profile)
            client.get_caller_identity()
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"[:200]
        with _PRINTING:
            print(json.dumps([began, failure]), flush=True)
        _ENDED.wait(_PAUSE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
