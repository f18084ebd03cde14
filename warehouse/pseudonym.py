"""Keyed pseudonyms of national numbers. The key comes from the environment or a 0600 file, never from the repository.
Not here: which columns are pseudonymised, which their contracts say.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat

from warehouse.errors import Refused
from warehouse.paths import Home, write_private

KEY_VARIABLE = "ARSVERK_PSEUDONYM_KEY"
MINIMUM_KEY_CHARACTERS = 32


def pseudonym_key(home: Home) -> bytes:
    """The installation's key. A new key file is made on the first night of an installation without one.

    Raises:
        Refused: the key is too short, or its file can be read by others.
    """
    key = os.environ.get(KEY_VARIABLE)
    origin = f"environment variable {KEY_VARIABLE}"
    if key is None:
        if not home.pseudonym_key.exists():
            write_private(home.pseudonym_key, secrets.token_hex(32) + "\n")
        if stat.S_IMODE(home.pseudonym_key.stat().st_mode) & 0o077:
            raise Refused(f"{home.pseudonym_key.name} can be read by others than its owner; set its mode to 0600")
        key = home.pseudonym_key.read_text(encoding="ascii").strip()
        origin = home.pseudonym_key.name
    if len(key) < MINIMUM_KEY_CHARACTERS:
        raise Refused(f"the pseudonym key in {origin} has fewer than {MINIMUM_KEY_CHARACTERS} characters")
    return key.encode("utf-8")


def pseudonyms(values: list[str], key: bytes) -> list[str]:
    """HMAC-SHA-256 of each value, as 32 hex digits."""
    return [hmac.digest(key, value.encode("utf-8"), "sha256").hex()[:32] for value in values]
