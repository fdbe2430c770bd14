"""A start with settings that can't work is refused, with a sentence that says what to set."""

from pathlib import Path

import pytest

from app import config
from app.config_outside import BadSettings

SECRET = "s" * 32
VAPID_KEY = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"READYSHELF_COLOUR": "red"}, "READYSHELF_COLOUR"),
        ({"READYSHELF_ENV": "staging"}, "READYSHELF_ENV"),
        ({"READYSHELF_ENV": "production"}, "SECRET_KEY"),
        ({"READYSHELF_ENV": "production", "SECRET_KEY": SECRET}, "PUBLIC_URL"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"DATABASE_URL": "mysql://shop"}, "DATABASE_URL"),
        ({"PUBLIC_URL": "shop.example.org"}, "PUBLIC_URL"),
        ({"PUBLIC_URL": "ftp://shop.example.org"}, "PUBLIC_URL"),
        ({"SMTP_URL": "smtp://mail:port"}, "SMTP_URL"),
        ({"WEBHOOK_NETWORKS": "10.1.0.0/16,inside"}, "WEBHOOK_NETWORKS"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"SMS_URL": "https://gateway.example/send?from=Shop"}, "SMS_URL must look like"),
        ({"SMS_URL": "sms+https://gateway.example/send?from=Shop"}, "SMS_URL must look like"),
        ({"SMS_URL": "twilio://AC1:token@api.twilio.com"}, "SMS_URL must look like"),
        ({"SMS_URL": "sms+http://me:secret@gateway.example/send?from=Shop"}, "SMS_URL says .http"),
        ({"SMS_URL": "sms+http://me:secret@10.2.0.1/send?from=Shop", "WEBHOOK_NETWORKS": "10.1.0.0/16"}, "SMS_URL"),
        ({"VAPID_PRIVATE_KEY": VAPID_KEY}, "VAPID_SUBJECT is not set"),
        ({"VAPID_SUBJECT": "mailto:it@shop.example"}, "VAPID_PRIVATE_KEY is not set"),
        ({"VAPID_PRIVATE_KEY": "c2hvcnQ", "VAPID_SUBJECT": "mailto:it@shop.example"}, "must be a private key"),
        ({"VAPID_PRIVATE_KEY": "_" * 43, "VAPID_SUBJECT": "mailto:it@shop.example"}, "must be a private key"),
        ({"VAPID_PRIVATE_KEY": VAPID_KEY, "VAPID_SUBJECT": "it@shop.example"}, "an address to write to"),
        ({"DEADMAN_URL": "http://watch.example/7"}, "DEADMAN_URL must begin"),
        ({"DEADMAN_URL": "watch.example/7"}, "DEADMAN_URL"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(tmp_path: Path, environment: dict[str, str], named: str):
    with pytest.raises(BadSettings, match=named):
        config.from_env(environment, var=tmp_path)


def test_production_starts_with_a_secret_of_its_own(tmp_path: Path):
    environment = {"READYSHELF_ENV": "production", "SECRET_KEY": SECRET, "PUBLIC_URL": "https://shop.example.org/"}
    settings = config.from_env(environment, var=tmp_path)
    assert (settings.is_demo, settings.is_https, settings.public_url) == (False, True, "https://shop.example.org")


@pytest.mark.parametrize(
    "url",
    [
        "sms+https://me:secret@gateway.example/send?from=Shop", "twilio://AC1:token@api.twilio.com?from=%2B15550100",
        "sms+http://me:secret@127.0.0.1:8025/send?from=Shop", "twilio+http://AC1:token@10.1.2.3:99?from=%2B15550100",
    ],
)  # fmt: skip
def test_text_messages_leave_sealed_or_inside_the_house(tmp_path: Path, url: str):
    assert config.from_env({"SMS_URL": url, "WEBHOOK_NETWORKS": "10.1.0.0/16"}, var=tmp_path).sms_url == url


def test_whoever_watches_us_and_whoever_is_pushed_to_is_told_as_it_was_set(tmp_path: Path):
    said = {"VAPID_PRIVATE_KEY": VAPID_KEY, "VAPID_SUBJECT": "mailto:it@shop.example",
            "DEADMAN_URL": "https://watch.example/7/"}  # fmt: skip
    settings = config.from_env(said, var=tmp_path)
    assert (settings.vapid_private_key, settings.vapid_subject) == (VAPID_KEY, "mailto:it@shop.example")
    assert settings.deadman_url == "https://watch.example/7/"


def test_the_demos_letters_lead_back_to_the_port_it_serves_on(tmp_path: Path):
    assert config.from_env({}, var=tmp_path, port=8123).public_url == "http://127.0.0.1:8123"


def test_the_demo_keeps_one_secret_between_starts_which_only_its_owner_reads(tmp_path: Path):
    first, second = (config.from_env({}, var=tmp_path).secret_key for _ in "ab")
    assert first == second
    assert len(first) >= len(SECRET)
    assert (tmp_path / config.DEMO_KEY_FILE).stat().st_mode & 0o077 == 0


def test_the_demos_data_may_lie_elsewhere(tmp_path: Path):
    settings = config.from_env({"READYSHELF_VAR": str(tmp_path / "data")}, var=tmp_path)
    assert settings.var == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{tmp_path / 'data' / 'readyshelf.db'}"
