"""Who we speak to outside, as the environment says it: addresses, names and keys, each checked before the start."""

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, parse_qs, urlsplit

from app.outside import Networks

SMS_SCHEMES = {"sms+https", "sms+http", "twilio", "twilio+http"}
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""A private key of web push is a number below this."""


class BadSettings(Exception):
    """The start is refused, with a sentence that says what to set."""


def url(env: Mapping[str, str], name: str, schemes: set[str]) -> str | None:
    value = env.get(name)
    if not value:
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise BadSettings(f"{name} must look like {min(schemes)}://host:port.")
    return value.rstrip("/")


def sms_url(env: Mapping[str, str], own: Networks) -> str | None:
    """Names and passwords go over the open internet in a sealed letter only."""
    value = env.get("SMS_URL")
    if not value:
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in SMS_SCHEMES and bool(parts.username and parts.password and (parts.port or 1) > 0)
        good = good and all(parse_qs(parts.query).get("from", [""]))
    except ValueError:
        good = False
    if not good:
        raise BadSettings("SMS_URL must look like sms+https://user:password@host/path?from=sender, or twilio://….")
    if parts.scheme.endswith("+http") and not _is_our_own(parts, own):
        raise BadSettings("SMS_URL says +http, which is for a gateway in WEBHOOK_NETWORKS only. Say it without.")
    return value


def vapid(env: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Both or neither: a push service refuses who signs and does not say how to be reached."""
    key, subject = env.get("VAPID_PRIVATE_KEY") or None, env.get("VAPID_SUBJECT") or None
    if (key is None) != (subject is None):
        missing = "VAPID_SUBJECT" if subject is None else "VAPID_PRIVATE_KEY"
        raise BadSettings(f"{missing} is not set. Web push needs VAPID_PRIVATE_KEY and VAPID_SUBJECT, or neither.")
    if key is not None and not _is_private_key(key):
        raise BadSettings("VAPID_PRIVATE_KEY must be a private key of P-256: 32 bytes, written in base64url.")
    if subject is not None and not subject.startswith(("mailto:", "https://")):
        raise BadSettings("VAPID_SUBJECT must be an address to write to: mailto:… or https://….")
    return key, subject


def _is_private_key(written: str) -> bool:
    try:
        key = urlsafe_b64decode(written + "=" * (-len(written) % 4))
    except ValueError:
        return False
    return len(key) == 32 and 0 < int.from_bytes(key, "big") < P256_ORDER


def deadman_url(env: Mapping[str, str], own: Networks) -> str | None:
    value = url(env, "DEADMAN_URL", {"http", "https"})
    if value is not None and value.startswith("http:") and not _is_our_own(urlsplit(value), own):
        raise BadSettings("DEADMAN_URL must begin with https://, unless it is an address in WEBHOOK_NETWORKS.")
    return env["DEADMAN_URL"] if value else None


def _is_our_own(parts: SplitResult, own: Networks) -> bool:
    """Known before it is looked up: this machine, or an address within a network that was named."""
    host = parts.hostname or ""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or any(address in network for network in own)


def networks(env: Mapping[str, str], name: str, default: str) -> Networks:
    try:
        return tuple(ip_network(each.strip()) for each in env.get(name, default).split(",") if each.strip())
    except ValueError as wrong:
        raise BadSettings(f"{name} must be networks such as 10.1.0.0/16, with commas between them.") from wrong
