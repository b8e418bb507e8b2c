"""Lists and repairs single files for `doctor`: files of ssohelper, of AWS's tools and of the user.

A repair changes the mode of a file or folder of our user, or removes a temporary file. A repair
never changes a file's content.
"""

import os
import re
import stat
import sys

from ssohelper.fastpath import open_file
from ssohelper.stores import files, temporary_files
from ssohelper.stores.disk_errors import unwritable_file_error

# The names of temporary files, as `temporary_files.temporary_name_beside` makes them.
_LEFTOVER = re.compile(r"\.ssohelper-[0-9]+-[0-9a-f]{12}")


class ExaminedFiles:
    """Lists folders for `doctor`, removes temporary files and repairs the modes of files."""

    def list_names_in_folder(self, folder: str) -> list[str]:
        """Return the sorted names in a folder, hidden ones too; an empty list without a folder."""
        try:
            return sorted(os.listdir(folder))
        except OSError:
            return []

    def list_abandoned_temporary_files(self, folder: str) -> list[str]:
        """Return the paths of temporary files that killed processes of ours left in the folder."""
        paths = [
            os.path.join(folder, n)
            for n in self.list_names_in_folder(folder)
            if _LEFTOVER.fullmatch(n)
        ]
        return [path for path in paths if temporary_files.is_abandoned_temporary_file(path)]

    def remove_abandoned_temporary_file(self, path: str) -> bool:
        """Remove the temporary file if no living process uses it; return whether it was removed."""
        is_one = _LEFTOVER.fullmatch(os.path.basename(path)) is not None
        return (
            is_one and temporary_files.is_abandoned_temporary_file(path) and files.remove_file(path)
        )

    def remove_access_of_other_users(self, path: str) -> bool:
        """Remove other users' rights to a file or folder of ours; return whether they had any.

        A link is not followed. Raises: LocalState, also if the file or folder belongs to another
        user.
        """
        if sys.platform == "win32":
            return False
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags)
            try:
                found = os.fstat(descriptor)
                if not stat.S_ISDIR(found.st_mode):
                    open_file.check_own_file(found, path)
                elif not open_file.is_owned_by_us(found):
                    raise open_file.Refused(path, "belongs to another user")
                wanted = stat.S_IMODE(found.st_mode) & 0o700
                if wanted == stat.S_IMODE(found.st_mode):
                    return False
                os.fchmod(descriptor, wanted)
            finally:
                os.close(descriptor)
        except OSError as cause:
            raise unwritable_file_error(path, cause) from cause
        return True
