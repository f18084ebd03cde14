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
FINGERPRINT_OF = b"arsverk: which key"
WHAT_IS_LOST = (
    "Lost for good: delete pseudonym.fingerprint; every person then gets a new pseudonym, so that nothing can say any more"
    " which rows of persons are the same as before, and past publications cannot be reproduced row by row. The figures stay the"
    " same"
)
PUT_BACK = "put the key back, or, if it is lost for good, delete pseudonym.fingerprint to go on with another key"


def pseudonym_key(home: Home) -> bytes:
    """The installation's key. A new key file is made on the first night of an installation without one.

    Raises:
        Refused: the key is missing beside an archive that used one, is another one, is too short,
            or its file can be read by others.
    """
    key = os.environ.get(KEY_VARIABLE)
    origin = f"environment variable {KEY_VARIABLE}"
    if key is None:
        if not home.pseudonym_key.exists():
            if home.key_fingerprint.exists():
                raise Refused(f"the pseudonym key is missing: neither {KEY_VARIABLE} nor {home.pseudonym_key}; {PUT_BACK}")
            write_private(home.pseudonym_key, secrets.token_hex(32) + "\n")
        if stat.S_IMODE(home.pseudonym_key.stat().st_mode) & 0o077:
            raise Refused(f"{home.pseudonym_key.name} can be read by others than its owner; set its mode to 0600")
        key = home.pseudonym_key.read_text(encoding="ascii").strip()
        origin = home.pseudonym_key.name
    if len(key) < MINIMUM_KEY_CHARACTERS:
        raise Refused(f"the pseudonym key in {origin} has fewer than {MINIMUM_KEY_CHARACTERS} characters")
    encoded = key.encode("utf-8")
    _require_same_key(home, encoded, origin)
    return encoded


def key_problem(home: Home) -> str | None:
    """Why the key that the archive's nights used cannot be used now; None where it can, or none has been used yet."""
    if not home.key_fingerprint.exists():
        return None
    try:
        pseudonym_key(home)
    except (Refused, OSError, UnicodeDecodeError) as error:
        return str(error)
    return None


def _require_same_key(home: Home, key: bytes, origin: str) -> None:
    """Refuse another key than the last nights used; remember the first one."""
    fingerprint = hmac.digest(key, FINGERPRINT_OF, "sha256").hex()
    if not home.key_fingerprint.exists():
        write_private(home.key_fingerprint, fingerprint + "\n")
    elif home.key_fingerprint.read_text(encoding="ascii").strip() != fingerprint:
        raise Refused(f"the pseudonym key in {origin} is not the one that the archive's nights used; {PUT_BACK}")


def pseudonyms(values: list[str], key: bytes) -> list[str]:
    """HMAC-SHA-256 of each value, as 32 hex digits."""
    return [hmac.digest(key, value.encode("utf-8"), "sha256").hex()[:32] for value in values]
