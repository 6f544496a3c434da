"""An authenticator app: reads what `switchyard totp enrol` prints, and shows codes."""

import base64
import hashlib
import hmac
import re
import struct
import time

STEP_SECONDS = 30


class Authenticator:
    def __init__(self, uri):
        secret = re.search("secret=([A-Z2-7]+)", uri).group(1)
        self._key = base64.b32decode(secret + "=" * (-len(secret) % 8))
        self._shown = 0

    def code(self):
        """One that was not shown before, since each counts once: a second one within its time is waited for."""
        while int(time.time()) // STEP_SECONDS <= self._shown:
            time.sleep(0.5)
        self._shown = int(time.time()) // STEP_SECONDS
        digest = hmac.new(self._key, struct.pack(">Q", self._shown), hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"
