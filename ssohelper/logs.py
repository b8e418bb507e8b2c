"""Logs to stderr, without secrets."""

import logging
import sys
import time
from collections.abc import Mapping

from ssohelper.core.redaction import redacted
from ssohelper.core.text import show

# These libraries log whole requests and answers with tokens.
_WARNINGS_ONLY = ("botocore", "boto3", "urllib3", "s3transfer", "asyncio", "markdown_it")
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class _Line(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)
        text = show(redacted(message))
        if record.levelno >= logging.WARNING:
            return f"ssohelper: warning: {text}"
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        kind = f" ({record.exc_info[0].__name__})" if record.exc_info and record.exc_info[0] else ""
        return f"ssohelper: {at} {record.name.removeprefix('ssohelper.')}: {text}{kind}"


class _Stderr(logging.Handler):
    """Writes to the current sys.stderr; ignores errors, such as a closed stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
            line = self.format(record).encode(encoding, "backslashreplace").decode(encoding)
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            return


def start_logging(verbose: int, environ: Mapping[str, str]) -> None:
    level = _LEVELS.get(environ.get("SSOHELPER_LOG", "").casefold(), logging.WARNING)
    asked = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    root = logging.getLogger()
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        handler = _Stderr()
        handler.setFormatter(_Line())
        root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("ssohelper").setLevel(min(level, asked))
    for name in _WARNINGS_ONLY:
        logging.getLogger(name).setLevel(logging.WARNING)
