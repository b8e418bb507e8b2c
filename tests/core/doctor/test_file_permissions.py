"""Files that others may change or that another user owns, also those no test may make."""

from ssohelper.core.doctor import checks
from ssohelper.core.doctor.facts import (
    Facts,
    FileFact,
)


def test_a_file_of_another_user_has_one_finding_whatever_its_mode() -> None:
    file = FileFact("/home/ana/.aws/config", "config", 0o666, "eve", may_others_write=True)
    [found] = checks.run_checks(Facts(files=(file,)))
    assert (found.id, found.message) == (
        "owner",
        "belongs to the user eve; AWS tools trust that user",
    )


def test_a_file_that_aws_tools_read_has_a_finding_of_its_own_and_tokens_share_one() -> None:
    open_files = [
        FileFact(f"/home/ana/{use}/{name}", use, 0o622, may_others_write=True)
        for use in ("config", "token")
        for name in ("a", "b")
    ]
    found = checks.run_checks(Facts(files=tuple(open_files)))
    assert [one.subject for one in found] == [
        "/home/ana/config/a", "/home/ana/config/b", "/home/ana/token/a and 1 more"
    ]  # fmt: skip
    reason = ": it names programs that every SDK runs as you"
    assert [one.message.endswith(reason) for one in found] == [True, True, False]
