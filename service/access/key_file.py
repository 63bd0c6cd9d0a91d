"""The file with the hashes of API keys: read whole or not at all, and again when it has changed."""

import hashlib
import hmac
import re
import stat
from logging import Logger
from pathlib import Path

from digitnet.errors import ConfigurationError

LINE = re.compile(r"([A-Za-z0-9._-]{1,64})[ \t]+sha256:([0-9A-Fa-f]{64})")
HOW = "python scripts/new_key.py NAME makes a key and its line."

Entries = tuple[tuple[str, bytes], ...]


class KeyFile:
    """Knows the names and hashes of a file's keys; one that is changed counts from the next request on.

    The hash is a plain SHA-256: a key of 256 random bits cannot be guessed, so a slow hash would only slow
    the service down. Raises `ConfigurationError` where the file cannot be read, has a line that is none, or
    holds no key.
    """

    def __init__(self, path: Path, logger: Logger) -> None:
        self._path, self._logger = path, logger
        self._version = self._look()
        self._entries = self._read()

    def name_of(self, key: str) -> str | None:
        """The name of a key, None for one that is not in the file.

        All entries are compared, each in a time that does not tell how much of it was right.
        """
        self._refresh()
        digest, found = hashlib.sha256(key.encode()).digest(), None
        for name, known in self._entries:
            if hmac.compare_digest(digest, known):
                found = name
        return found

    def _refresh(self) -> None:
        """Read the file again if it is another one; one that cannot be used is said once, and not used."""
        version = self._look()
        if version == self._version:
            return
        # Taken down before the file is read: what changes meanwhile is seen at the next look.
        self._version = version
        try:
            self._entries = self._read()
        except ConfigurationError as error:
            self._logger.error("The API keys stay as they were: %s", error)
        else:
            self._logger.info("The file of API keys has changed; it holds %d", len(self._entries))

    def _read(self) -> Entries:
        entries = read_keys(self._path)
        if self._version and self._version[-1] & (stat.S_IROTH | stat.S_IWOTH):
            self._logger.warning(
                "Every user of this machine may open the file of API keys: chmod 640 ends that"
            )
        return entries

    def _look(self) -> tuple[int, ...] | None:
        """What tells one state of the file from another; None where there is no file."""
        try:
            state = self._path.stat()
        except OSError:
            return None
        return state.st_ino, state.st_size, state.st_mtime_ns, state.st_mode


def read_keys(path: Path) -> Entries:
    """The names and hashes in the file; a line is `name sha256:HEX`, empty, or a comment after #."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ConfigurationError(
            f"The file of API keys, {str(path)!r}, cannot be read: {reason}. Check api_keys."
        ) from error
    entries: dict[str, bytes] = {}
    for number, line in enumerate(lines, start=1):
        content = line.partition("#")[0].strip()
        if not content:
            continue
        # The line is not shown: somebody may have written the key itself into it.
        where = f"Line {number} of the file of API keys, {str(path)!r},"
        match = LINE.fullmatch(content)
        if not match:
            raise ConfigurationError(f"{where} is not a name and sha256: with 64 hexadecimal digits. {HOW}")
        name, digest = match[1], bytes.fromhex(match[2])
        if name in entries or digest in entries.values():
            raise ConfigurationError(f"{where} repeats a name or a key. Each line is a key of its own.")
        entries[name] = digest
    if not entries:
        raise ConfigurationError(f"The file of API keys, {str(path)!r}, holds no key. {HOW}")
    return tuple(entries.items())
