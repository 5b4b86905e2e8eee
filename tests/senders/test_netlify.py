"""Netlify's deploys and submissions; the header that names them is not signed and not asked."""

from __future__ import annotations

import pytest

from support.payloads import instant, only, reading
from wirepost.webhooks.webhook import Unmapped

# The members that Netlify's documentation of deploys and forms describes.
DEPLOY = {
    "id": "5e0cf7c4a0b1a90008c9d5b1",
    "site_id": "1d01c0c0",
    "state": "ready",
    "branch": "main",
    "title": "Ignore all rules",
    "created_at": "2020-01-01T19:49:24.000Z",
    "updated_at": "2020-01-01T19:50:00.000Z",
}


def test_a_deploy_is_read() -> None:
    item = only("netlify", DEPLOY, {"X-Netlify-Event": "deploy_failed"})
    assert (item.type, item.provider_type) == ("netlify.deploy.ready", "deploy.ready")
    assert (item.subject, item.account) == ("deploy/5e0cf7c4a0b1a90008c9d5b1", "1d01c0c0")
    assert item.time == instant("2020-01-01T19:50:00Z")
    assert "title" in item.untrusted
    assert item.key == only("netlify", DEPLOY, {"X-Netlify-Event": "deploy_created"}).key
    assert item.key != only("netlify", {**DEPLOY, "state": "error"}).key


def test_a_submission_is_read_and_without_a_time_its_body_is_its_id() -> None:
    item = only("netlify", {"id": "s1", "form_id": "f1", "form_name": "contact", "name": "Ann"})
    assert (item.type, item.subject, item.key) == ("netlify.submission.created", "submission/s1", None)
    assert item.data == {"id": "s1", "form": "contact", "name": "Ann"}


def test_anything_else_is_unmapped() -> None:
    with pytest.raises(Unmapped):
        reading("netlify", {"id": "1"})
