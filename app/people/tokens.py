"""Long random secrets: made here, kept only as hashes."""

import hashlib
import secrets


def new_token() -> str:
    """256 bits, safe in an address or a cookie."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """SHA-256 is enough for a secret that cannot be guessed; a PIN gets argon2id."""
    return hashlib.sha256(token.encode()).hexdigest()
