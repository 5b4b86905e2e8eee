"""Findings about who may call over HTTP: mode, tokens, issuer, and whether tokens travel encrypted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from wirepost.cli.findings.finding import Finding, Section
from wirepost.core.errors import CallError, ConfigError
from wirepost.server.ports import is_loopback

if TYPE_CHECKING:
    from wirepost.core.clock import Clock
    from wirepost.settings import ServerSettings, Settings

CALLERS = Section("callers")
SOON_S = 14 * 86400


async def callers(
    settings: Settings,
    clock: Clock,
    report: Callable[[str], None],
    *,
    is_offline: bool,
    transport: Any = None,
) -> AsyncIterator[Finding]:
    """What `server.auth` asks for, and whether it can be had."""
    server = settings.server
    if server.auth.mode == "none":
        yield _nobody_is_asked(server)
        return
    if _is_in_the_open(server):
        yield CALLERS.warning(
            "tokens are sent unencrypted",
            "whoever sees one on its way may call with it",
            "put a proxy with https before the server, and set server.url",
        )
    if server.auth.mode == "static":
        yield await _tokens(settings, clock)
    elif is_offline:
        yield CALLERS.skipped(f"the issuer {server.auth.issuer}", "not asked: --offline")
    else:
        report(f"asking the issuer {server.auth.issuer}")
        yield await _issuer(server, clock, transport)


def _nobody_is_asked(server: ServerSettings) -> Finding:
    if is_loopback(server.host) and server.url is None:
        return CALLERS.ok("nobody is asked who calls, and only this machine is served")
    return CALLERS.warning(
        "nobody is asked who calls",
        "whoever reaches the server may do everything, unless a proxy before it asks",
        "set server.auth.mode: static, and make tokens: wirepost tokens create NAME",
    )


def _is_in_the_open(server: ServerSettings) -> bool:
    if server.url is None:
        return not is_loopback(server.host)
    scheme, _, rest = server.url.partition("://")
    return scheme != "https" and not is_loopback(rest.partition("/")[0].rpartition(":")[0] or rest)


async def _tokens(settings: Settings, clock: Clock) -> Finding:
    from wirepost.server.auth.caller_tokens import all_tokens
    from wirepost.store.database import Database
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    now = clock.now().timestamp()
    try:
        place = place_of(settings.store, DataDirectory(settings.data_dir))
        database = await Database.open_reader(place)
        try:
            valid = [each for each in await all_tokens(database) if each.status(now) == "valid"]
        finally:
            await database.close()
    except (ConfigError, CallError):
        valid = []  # why it cannot be read is told with the data directory
    if not valid:
        return CALLERS.warning(
            "callers must show a token, and there is none",
            "nobody can call over HTTP",
            "wirepost tokens create NAME",
        )
    ending = [each.name for each in valid if each.expires_at is not None and each.expires_at - now < SOON_S]
    if ending:
        return CALLERS.warning(
            f"{', '.join(ending)} will soon be no valid token any more",
            "who calls with it will be refused",
            "wirepost tokens list, then wirepost tokens create NAME",
        )
    return CALLERS.ok(f"callers must show a token; {len(valid)} are valid")


async def _issuer(server: ServerSettings, clock: Clock, transport: Any) -> Finding:
    from wirepost.server.auth.issuer import Issuer
    from wirepost.server.auth.verified import CannotTell

    name = server.auth.issuer or ""
    issuer = Issuer(name, clock, transport=transport)
    try:
        metadata = await issuer.metadata()
    except CannotTell as cannot:
        return CALLERS.error(
            str(cannot),
            "callers are answered 503 until it can be asked",
            "curl the address of the issuer from here; server.auth.issuer must be exactly as it names itself",
        )
    finally:
        await issuer.close()
    can_look_up = metadata.introspection_endpoint and server.auth.client_id and server.auth.client_secret
    kinds = "signed and opaque" if can_look_up else "signed"
    return CALLERS.ok(f"the issuer {name} answers; {kinds} access tokens are accepted")
