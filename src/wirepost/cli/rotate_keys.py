"""`wirepost connections rotate-keys`: seals what is stored with the newest key."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import typer

from wirepost.cli.options import Config, DataDir, Json, read_settings
from wirepost.cli.output import FAILED, print_json, print_note
from wirepost.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from wirepost.secrets.rotate import Rotation
    from wirepost.settings import Settings


def rotate_keys(*, config: Config = None, data_dir: DataDir = None, as_json: Json = False) -> None:
    """Seal all stored tokens with the first of secrets.keys; servers go on working meanwhile.

    Begun again it goes on where it ended. Ends with 1 when something stored opens with none of the keys.
    """
    settings = read_settings(config, data_dir).settings
    done = asyncio.run(_rotate(settings, (lambda _: None) if as_json else print_note))
    if as_json:
        print_json(vars(done))
    else:
        for text in done.key_unavailable:
            print_note(f"key_unavailable: {text}")
        typer.echo(
            f"{done.rewrapped} sealed with the newest key, {done.current} were already, "
            f"{done.passed_over} changed meanwhile, {len(done.key_unavailable)} cannot be opened"
        )
    if done.key_unavailable:
        raise typer.Exit(FAILED)


async def _rotate(settings: Settings, report: Callable[[str], None]) -> Rotation:
    from wirepost.core.clock import Clock
    from wirepost.core.signing import Signer
    from wirepost.secrets.keys import key_ring, sandbox_key
    from wirepost.secrets.resolve import Secrets
    from wirepost.secrets.rotate import rotate
    from wirepost.secrets.vault import Vault
    from wirepost.store.database import Database
    from wirepost.store.keys import server_secret
    from wirepost.store.owner import DataDirectory
    from wirepost.store.place import place_of

    clock, directory = Clock(), DataDirectory(settings.data_dir)
    secrets = Secrets(settings.secrets, clock)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(secrets.close)
        if await key_ring(settings, secrets, directory, is_needed=False) is None:
            raise ConfigError(
                "nothing is stored sealed: no key is configured or was ever made", key="secrets.keys"
            )
        database = await Database.open(place_of(settings.store, directory), clock)
        stack.push_async_callback(database.close)
        spare = [sandbox_key(Signer(await server_secret(database)))]
        ring = await key_ring(settings, secrets, directory, is_needed=True, spare=spare)
        if ring is None:
            raise RuntimeError("keys are there where they are needed")
        return await rotate(database, Vault(ring), report)
