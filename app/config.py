"""Settings: read from the environment once, checked, frozen."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app import config_outside
from app.config_outside import BadSettings
from app.outside import Networks

KNOWN = {
    "DATABASE_URL",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "PUBLIC_URL",
    "SMTP_URL",
    "SMS_URL",
    "VAPID_PRIVATE_KEY",
    "VAPID_SUBJECT",
    "DEADMAN_URL",
    "WEBHOOK_NETWORKS",
    "READYSHELF_ENV",
    "READYSHELF_VAR",
    "LOG_LEVEL",
}
LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR"}
LOOPBACK = "127.0.0.0/8,::1/128"
DEMO_KEY_FILE = "demo-secret-key"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What differs between one installation and another; business rules are data, not settings."""

    database_url: str
    secret_key: str
    secret_key_fallbacks: tuple[str, ...] = ()
    public_url: str = "http://127.0.0.1:8000"
    smtp_url: str | None = None
    sms_url: str | None = None
    """The gateway for text messages, with its name and password, and `from` whom they are."""
    vapid_private_key: str | None = None
    """What web push is signed with, as browsers' push services know senders: 32 bytes in base64url."""
    vapid_subject: str | None = None
    """Whom a push service writes to when ours misbehaves."""
    deadman_url: str | None = None
    """Knocked at after each audit: whoever is behind it raises the alarm when we fall silent."""
    webhook_networks: Networks = ()
    """Where receivers may be though it is not the open internet."""
    environment: str = "demo"
    log_level: str = "INFO"
    var: Path = Path("var")

    @property
    def is_demo(self) -> bool:
        return self.environment == "demo"

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def from_env(environ: Mapping[str, str] | None = None, *, var: Path = Path("var"), port: int = 8000) -> Settings:
    """Read and check the environment; an unknown or malformed value stops the start with a sentence.

    `port` is where the demo serves, so that its letters lead back to it.
    """
    env = os.environ if environ is None else environ
    _refuse_unknown(env)
    var = Path(env.get("READYSHELF_VAR") or var)
    environment = _one_of(env, "READYSHELF_ENV", {"demo", "production"}, "demo")
    networks = config_outside.networks(env, "WEBHOOK_NETWORKS", LOOPBACK if environment == "demo" else "")
    vapid_private_key, vapid_subject = config_outside.vapid(env)
    return Settings(
        database_url=_database_url(env, var),
        secret_key=_secret_key(env, environment, var),
        secret_key_fallbacks=tuple(k for k in env.get("SECRET_KEY_FALLBACKS", "").split(",") if k),
        public_url=_public_url(env, environment, port),
        smtp_url=config_outside.url(env, "SMTP_URL", {"smtp", "smtps", "smtp+starttls"}),
        sms_url=config_outside.sms_url(env, networks),
        vapid_private_key=vapid_private_key,
        vapid_subject=vapid_subject,
        deadman_url=config_outside.deadman_url(env, networks),
        webhook_networks=networks,
        environment=environment,
        log_level=_one_of(env, "LOG_LEVEL", LEVELS, "INFO"),
        var=var,
    )


def _refuse_unknown(env: Mapping[str, str]) -> None:
    unknown = sorted(name for name in env if name.startswith("READYSHELF_") and name not in KNOWN)
    if unknown:
        raise BadSettings(f"{unknown[0]} is not a setting of Readyshelf. Known: {', '.join(sorted(KNOWN))}.")


def _one_of(env: Mapping[str, str], name: str, allowed: set[str], default: str) -> str:
    value = env.get(name, default)
    if value not in allowed:
        raise BadSettings(f"{name} is {value!r}; it must be one of {', '.join(sorted(allowed))}.")
    return value


def _public_url(env: Mapping[str, str], environment: str, port: int) -> str:
    """A customer can't open a link to our own loopback: production must say where it is reached."""
    value = config_outside.url(env, "PUBLIC_URL", {"http", "https"})
    if value is None and environment == "production":
        raise BadSettings("PUBLIC_URL is not set. In production it is the address that customers and tablets open.")
    return value or f"http://127.0.0.1:{port}"


def _database_url(env: Mapping[str, str], var: Path) -> str:
    value = env.get("DATABASE_URL") or f"sqlite:///{var.resolve() / 'readyshelf.db'}"
    if not value.startswith(("sqlite:///", "postgresql://")):
        raise BadSettings("DATABASE_URL must begin with sqlite:/// or postgresql://.")
    return value


def _secret_key(env: Mapping[str, str], environment: str, var: Path) -> str:
    """The demo keeps a key of its own between starts; production must bring one."""
    value = env.get("SECRET_KEY", "")
    if value and len(value) < 32:
        raise BadSettings("SECRET_KEY is too short: give it at least 32 characters.")
    if value:
        return value
    if environment == "production":
        raise BadSettings("SECRET_KEY is not set. In production Readyshelf starts only with a secret of your own.")
    var.mkdir(parents=True, exist_ok=True)
    kept = var / DEMO_KEY_FILE
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(48))
    return kept.read_text().strip()
