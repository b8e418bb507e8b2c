"""Encodes and decodes replies to callers, and the outcomes of token renewals.

A reply is the line `done CODE LENGTH LENGTH`, the credential document, then fields separated by the
byte 0x1f (`fastpath.broker_client` has their positions).
"""

from ssohelper import errors
from ssohelper.broker.requests import Reply, Wait
from ssohelper.core.text import show_message
from ssohelper.errors import AnswerLost, SsoHelperError, Throttled
from ssohelper.fastpath.broker_client import ERROR_FIELDS, SEPARATOR, WAIT_LINE, WAIT_SECONDS

_SEPARATOR = SEPARATOR.decode()
_RENEWED = b"renewed"

# The only classes of errors that decoding a reply may create.
_CLASSES: dict[str, type[SsoHelperError]] = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, SsoHelperError)
}


def encode_reply(reply: Reply) -> bytes:
    of_error = (
        [*_fields_from_error(reply.error), *_fields_from_wait(reply.wait)] if reply.error else []
    )
    fields = [*of_error, *reply.warnings]
    rest = _join_fields(fields)
    head = b"done %d %d %d\n" % (reply.exit_code, len(reply.document), len(rest))
    return head + reply.document + rest


def decode_reply(code: int, document: bytes, rest: bytes) -> Reply:
    fields = _split_fields(rest)
    if code == 0:
        return Reply(document, warnings=tuple(fields))
    warnings = tuple(fields[ERROR_FIELDS:])
    return Reply(
        error=_error_from_fields(fields), warnings=warnings, wait=_wait_from_fields(fields)
    )


def encode_renewal_outcome(error: SsoHelperError | None) -> bytes:
    return _join_fields(_fields_from_error(error)) if error else _RENEWED


def decode_renewal_outcome(data: bytes) -> SsoHelperError | None:
    """`data` is empty if the renewal process was killed before it could report."""
    if not data:
        return AnswerLost("the process that renewed the sign-in ended early", hint="try again")
    return None if data == _RENEWED else _error_from_fields(_split_fields(data))


def error_as_one_line(error: SsoHelperError) -> bytes:
    """Return the error as one line, because SDKs show our stderr inside their own message."""
    hint = f" ({error.hint})" if error.hint else ""
    line = show_message(f"ssohelper: error: {error.message}{hint}") + "\n"
    return line.encode("utf-8", "backslashreplace")


def _fields_from_error(error: SsoHelperError) -> list[str]:
    retry_after = getattr(error, "retry_after_seconds", None)
    return [
        type(error).__name__,
        error.message,
        error.hint or "",
        "" if retry_after is None else str(retry_after),
        error_as_one_line(error).decode("utf-8", "backslashreplace").rstrip("\n"),
    ]


def _fields_from_wait(wait: Wait | None) -> list[str]:
    return [str(wait.seconds), wait.watched_file, wait.line] if wait else ["0", "", ""]


def _wait_from_fields(fields: list[str]) -> Wait | None:
    seconds, watched_file, line = fields[WAIT_SECONDS : WAIT_LINE + 1]
    return Wait(int(seconds), watched_file, line) if int(seconds) else None


def _error_from_fields(fields: list[str]) -> SsoHelperError:
    name, message, hint, retry_after, *_more = [*fields, "", "", "", ""]
    found = _CLASSES.get(name, SsoHelperError)
    if issubclass(found, Throttled):
        seconds = float(retry_after) if retry_after else None
        return found(message, hint=hint, retry_after_seconds=seconds)
    return found(message or "internal error", hint=hint or None)


def _join_fields(fields: list[str]) -> bytes:
    clean = (field.replace(_SEPARATOR, " ") for field in fields)
    return _SEPARATOR.join(clean).encode("utf-8", "backslashreplace")


def _split_fields(data: bytes) -> list[str]:
    return data.decode("utf-8", "replace").split(_SEPARATOR) if data else []
