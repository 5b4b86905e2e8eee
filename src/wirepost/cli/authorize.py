"""`wirepost connections authorize` and `open`: a person consents in a browser, here or somewhere else."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from wirepost.cli.options import Config, DataDir, Json, read_settings
from wirepost.cli.output import print_json, print_note
from wirepost.core.errors import ConfigError, NotConnected
from wirepost.core.text import clean_line

if TYPE_CHECKING:
    from wirepost.cli.workplace import Workplace
    from wirepost.connections.oauth.connecting import Connected
    from wirepost.connections.oauth.endpoint import DeviceCode

WAIT_S = 600.0
LOOK_EVERY_S = 1.0
_LONGEST = 500
_SCREENS = frozenset({"DISPLAY", "WAYLAND_DISPLAY"})


def authorize(
    name: Annotated[str, typer.Argument(help="The connection.")],
    *,
    device: Annotated[bool, typer.Option("--device", help="Show a code to type on another device.")] = False,
    paste: Annotated[
        bool, typer.Option("--paste", help="Consent in a browser elsewhere, and paste where it ended.")
    ] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="For calls from this machine only (owner: caller).")
    ] = False,
    scope: Annotated[list[str] | None, typer.Option(help="One more scope to ask for; repeatable.")] = None,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only print the address.")] = False,
    config: Config = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Connect an account of a connection with OAuth. Works beside a running server."""
    from wirepost.calls.caller import LOCAL
    from wirepost.cli.workplace import workplace
    from wirepost.connections.accounts import SHARED

    if device and paste:
        raise ConfigError("--device and --paste are two ways", hint="choose one of them")
    loaded = read_settings(config, data_dir)
    owner = LOCAL.id if mine else SHARED

    async def run() -> Connected:
        async with workplace(loaded.settings) as place:
            place.check(name)
            request = _Request(place, name, owner, tuple(scope or ()), opens=not no_browser)
            way = request.by_device if device else request.by_paste if paste else request.by_browser
            return await way()

    connected = asyncio.run(run())
    account = connected.account
    if as_json:
        who = {"connection": name, "owner": owner, "account": account.account_label}
        print_json({**who, "scopes": account.scopes_granted, "missing": connected.missing})
        return
    typer.echo(f"{name} is connected to {account.account_label or 'the account'}")
    if connected.missing:
        print_note(f"not granted: {', '.join(connected.missing)}")


def open_(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Print a link to the pages where accounts are connected and removed; it is good for one browser."""
    from wirepost.calls.caller import LOCAL
    from wirepost.cli.workplace import workplace

    loaded = read_settings(config, data_dir)

    async def run() -> str:
        async with workplace(loaded.settings) as place:
            link = await place.links.create("", LOCAL.id)
            if link is None:
                raise ConfigError("no server runs that serves pages", hint="start one: wirepost serve")
            return link.url

    url = asyncio.run(run())
    if as_json:
        print_json({"url": url})
    else:
        typer.echo(url)


@dataclass(frozen=True)
class _Request:
    """One account to connect, and the ways to do it."""

    place: Workplace
    name: str
    owner: str
    scopes: tuple[str, ...]
    opens: bool

    async def by_device(self) -> Connected:
        return await self.place.connecting.by_device(self.name, self.owner, self.scopes, _show_code)

    async def by_browser(self) -> Connected:
        """Over the pages of the running server; without one, this process waits for the browser itself."""
        link = await self.place.links.create(self.name, self.owner, self.scopes)
        if link is None:
            return await self._by_listening()
        since = self.place.clock.now().timestamp()
        self._lead_to(link.url)
        for _ in range(int(WAIT_S / LOOK_EVERY_S)):
            account = await self.place.accounts.find(self.name, self.owner)
            if account and account.state == "active" and (account.connected_at or 0) >= since:
                return self.place.connecting.connected(account)
            await self.place.clock.sleep(LOOK_EVERY_S)
        raise _too_late(self.name)

    async def by_paste(self) -> Connected:
        from wirepost.connections.oauth.callback import Callback

        server = self.place.settings.server
        address = server.url or f"http://127.0.0.1:{self._port or server.port}"
        where = await self.place.connecting.begin(self.name, self.owner, self.scopes, address, None)
        print_note(f"open this in a browser, on any machine:\n\n{where}\n")
        print_note("it ends at a page that may not load; copy the whole address from the browser's bar")
        pasted = typer.prompt("address", err=True)
        return await self.place.connecting.finish(Callback.of_url(pasted), None)

    async def _by_listening(self) -> Connected:
        from wirepost.server.loopback import HERE, listen, wait_for_browser

        connecting = self.place.connecting
        with listen(self.name, self._listening_port) as endpoint:
            address = f"http://{HERE}:{endpoint.getsockname()[1]}"
            self._lead_to(await connecting.begin(self.name, self.owner, self.scopes, address, None))
            try:
                return await wait_for_browser(
                    endpoint, lambda callback: connecting.finish(callback, None), within_s=WAIT_S
                )
            except TimeoutError:
                raise _too_late(self.name) from None

    @property
    def _port(self) -> int | None:
        return self.place.settings.connections[self.name].oauth.redirect_port

    @property
    def _listening_port(self) -> int | None:
        """Any free one where the provider takes that; else the registered one, which is the server's."""
        takes_any = self.place.connecting.party(self.name).method.any_loopback_port
        is_own = self.place.settings.connections[self.name].oauth.authorize_url is not None
        return self._port or (None if takes_any or is_own else self.place.settings.server.port)

    def _lead_to(self, url: str) -> None:
        print_note(f"open this page in a browser to connect {self.name}:\n\n{url}\n")
        if self.opens and _has_screen():
            webbrowser.open(url)


def _has_screen() -> bool:
    """Whether a browser would be a window; in a terminal it would take that over."""
    return sys.stdout.isatty() and (sys.platform == "darwin" or bool(os.environ.keys() & _SCREENS))


def _show_code(code: DeviceCode) -> None:
    """What the provider says is text from outside, and this is a terminal."""
    where, what = clean_line(code.verification_uri, _LONGEST), clean_line(code.user_code, _LONGEST)
    print_note(f"open {where} on any device and type this code:\n\n{what}\n")
    if code.verification_uri_complete:
        print_note(f"or open {clean_line(code.verification_uri_complete, _LONGEST)}")


def _too_late(name: str) -> NotConnected:
    return NotConnected(
        "not_connected",
        f"Nobody connected {name} within ten minutes",
        hint=f"Run it again: wirepost connections authorize {name}",
    )
