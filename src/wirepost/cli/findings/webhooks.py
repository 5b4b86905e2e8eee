"""Findings about webhooks: address, secrets, signatures, what came last, and the provider's side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from wirepost.cli.findings.finding import Finding, Section
from wirepost.cli.sending import kinds_of, request_of
from wirepost.core.errors import CallError, ConfigError
from wirepost.webhooks.verdict import Rejected

if TYPE_CHECKING:
    from wirepost.cli.post import Post
    from wirepost.events.endpoints import Endpoint
    from wirepost.events.setup import WebhookSetup
    from wirepost.webhooks.webhook import Terms

WEBHOOKS = Section("webhooks")
DAY_S = 86400.0
READ_WITHIN_S = 60.0
"""After so long whatever came in a burst has been read, if a server runs."""

_LAST = "SELECT received_at FROM events WHERE source = ? AND endpoint = ? ORDER BY seq DESC LIMIT 1"
_DEAD = "SELECT count(*) FROM dead_letters WHERE source = ? AND endpoint = ? AND settled_at IS NULL LIMIT 1"
_UNREAD = "SELECT count(*) FROM unread WHERE source = ? AND endpoint = ? AND received_at < ? LIMIT 1"
_MISSED = "SELECT count(*) FROM events WHERE source = ? AND endpoint = '' AND received_at > ? LIMIT 1"


async def webhooks(
    post: Post, endpoints: Sequence[Endpoint], *, is_offline: bool = False
) -> AsyncIterator[Finding]:
    """Each endpoint from its address to what has come; asks providers unless it is offline."""
    for endpoint in endpoints:
        for finding in _address(endpoint):
            yield finding
        try:
            terms = await endpoint.terms()
        except (CallError, ConfigError) as error:
            why = "every request is answered with 503 until the secret can be read"
            yield WEBHOOKS.error(f"{_name(endpoint)}: {error.message}", why, error.hint)
            continue
        yield _secrets(endpoint, terms)
        yield await _self_test(post, endpoint, terms)
        for finding in await _seen(post, endpoint):
            yield finding
        if not is_offline:
            for finding in await _at_provider(post.setup(endpoint), endpoint):
                yield finding


def _name(endpoint: Endpoint) -> str:
    return endpoint.source if endpoint.name == "default" else f"{endpoint.source}/{endpoint.name}"


def _address(endpoint: Endpoint) -> list[Finding]:
    name, url = _name(endpoint), endpoint.url
    if endpoint.environment == "sandbox":
        return [WEBHOOKS.ok(f"{name}: the sandbox sends its webhooks within the server")]
    if not url.startswith("https://"):
        found = url or "no public address is set"
        why = "providers send to public addresses, and over https only"
        return [WEBHOOKS.error(f"{name}: {found}", why, "set server.url in wirepost.yaml")]
    return [WEBHOOKS.ok(f"{name}: {url}")]


def _secrets(endpoint: Endpoint, terms: Terms) -> Finding:
    name = _name(endpoint)
    if not endpoint.sender.is_signed:
        return WEBHOOKS.ok(f"{name}: nothing is signed; the address is the secret")
    if not endpoint.settings.verify:
        why = "whoever knows the address is believed"
        return WEBHOOKS.warning(f"{name}: verification is off", why, "remove verify: false")
    if not terms.secrets and endpoint.environment == "sandbox":
        return WEBHOOKS.skipped(
            f"{name}: no secret yet", "a server makes it when it starts", "wirepost serve"
        )
    if not terms.secrets:
        why = "nothing can be believed without a secret"
        fix = f"wirepost webhooks setup {endpoint.source}"
        return WEBHOOKS.error(f"{name}: no secret", why, fix)
    return WEBHOOKS.ok(f"{name}: secrets {', '.join(each.label for each in terms.secrets)}")


async def _self_test(post: Post, endpoint: Endpoint, terms: Terms) -> Finding:
    """Whether what the sender would sign is believed, and what somebody else signs is not."""
    name, webhook = _name(endpoint), endpoint.webhook
    if not terms.secrets:
        return WEBHOOKS.skipped(f"{name}: signatures are not tried", "there is no secret to try them with")
    if webhook.sign is None or not kinds_of(endpoint):
        return WEBHOOKS.skipped(f"{name}: signatures are not tried", "what it signs cannot be made here")
    secret = terms.secrets[0].value
    genuine = request_of(endpoint, secret, post.clock)
    forged = request_of(endpoint, f"{secret[:-1]}{'B' if secret[-1] == 'A' else 'A'}", post.clock)
    try:
        verified = await webhook.scheme.verify(genuine, terms)
    except Rejected as error:
        why = "what the provider sends would be refused"
        return WEBHOOKS.error(f"{name}: a genuine request is refused ({error.check})", why)
    try:
        await webhook.scheme.verify(forged, terms)
    except Rejected:
        return WEBHOOKS.ok(f"{name}: signatures are believed and forged ones are not ({verified.scheme})")
    return WEBHOOKS.error(f"{name}: a forged request is believed", "anybody can send events")


async def _seen(post: Post, endpoint: Endpoint) -> list[Finding]:
    name, place = _name(endpoint), (endpoint.source, endpoint.name)
    now = post.clock.now().timestamp()
    last = await post.database.read(_LAST, *place)
    findings = [
        WEBHOOKS.ok(f"{name}: the last event came {(now - last[0][0]) / 3600:,.1f} h ago")
        if last
        else WEBHOOKS.skipped(f"{name}: no event has come yet", "nothing was sent", _try(endpoint))
    ]
    dead = (await post.database.read(_DEAD, *place))[0][0]
    if dead:
        why = "they are genuine and could not be read"
        findings.append(WEBHOOKS.warning(f"{name}: {dead} dead letters", why, "wirepost events dead list"))
    unread = (await post.database.read(_UNREAD, *place, now - READ_WITHIN_S))[0][0]
    if unread:
        why = "a running server reads them within seconds; its log says which of them it cannot open"
        findings.append(
            WEBHOOKS.warning(f"{name}: {unread} requests are not read yet", why, "wirepost serve")
        )
    missed = (await post.database.read(_MISSED, endpoint.source, now - DAY_S))[0][0]
    if missed:
        why = "they were fetched instead, as their webhook did not come"
        fix = f"wirepost webhooks verify {endpoint.source}"
        findings.append(WEBHOOKS.warning(f"{name}: {missed} webhooks were missed in a day", why, fix))
    return findings


def _try(endpoint: Endpoint) -> str | None:
    """What sends one for a rehearsal, where there is an example."""
    return f"wirepost events send --connection {endpoint.source}" if kinds_of(endpoint) else None


async def _at_provider(setup: WebhookSetup, endpoint: Endpoint) -> list[Finding]:
    name, title = _name(endpoint), endpoint.webhook.title
    if not setup.can_be_managed or endpoint.environment == "sandbox" or not endpoint.url:
        return []
    fix = f"wirepost webhooks setup {endpoint.source}"
    try:
        found = await setup.look()
    except (CallError, ConfigError) as error:
        why = f"what {title} has set up cannot be seen"
        return [WEBHOOKS.warning(f"{name}: {error.message}", why, error.hint)]
    findings = []
    for each in found:
        where = f"{name}: {title} {each.place}".rstrip()
        if not each.ours:
            why = "nothing is sent here"
            findings.append(WEBHOOKS.error(f"{where} has no webhook that leads here", why, fix))
        for hook in each.ours:
            types = f"{len(hook.types)} types" if hook.types else "all types"
            if hook.is_active and not hook.note:
                findings.append(WEBHOOKS.ok(f"{where}: {hook.id} is active, {types}"))
            elif hook.is_active:
                findings.append(WEBHOOKS.warning(f"{where}: {hook.id}", hook.note))
            else:
                why = hook.note or "the provider sends nothing to it"
                findings.append(WEBHOOKS.error(f"{where}: {hook.id} is not active", why, fix))
    return findings
