"""Finds out whether a folder is in memory, so that files in it are not written to a disk.

The system may still write such memory to its swap space, which users can encrypt or turn off.
"""

import os
import sys
from functools import lru_cache

_IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")
_LIMIT_BYTES = 4 << 20


def is_folder_in_memory(folder: str) -> bool:
    """Return whether the folder, or the nearest existing one above it, is on a tmpfs or ramfs.

    Returns False on systems other than Linux, where we cannot find that out.
    """
    if sys.platform != "linux":
        return False
    while True:
        try:
            return _is_memory_device(os.stat(folder).st_dev)
        except OSError:
            above = os.path.dirname(folder)
            if above == folder:
                return False
            folder = above


@lru_cache(maxsize=16)
def _is_memory_device(device: int) -> bool:
    if sys.platform == "win32":
        return False
    # This reads /proc, because os.statvfs lacks the type of the file system, and statfs needs
    # ctypes, whose import takes 10 ms.
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        descriptor = os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        text = b""
        while len(text) < _LIMIT_BYTES and (piece := os.read(descriptor, 1 << 16)):
            text += piece
    except OSError:
        return False
    finally:
        os.close(descriptor)
    # A line is `ID PARENT MAJOR:MINOR ROOT MOUNT_POINT OPTIONS… - TYPE SOURCE OPTIONS` (proc(5)).
    types = []
    for line in text.decode("utf-8", "replace").splitlines():
        left, _, right = line.partition(" - ")
        if left.split(" ")[2:3] == [wanted]:
            types.append(right.split(" ")[0])
    return bool(types) and all(name in _IN_MEMORY for name in types)
