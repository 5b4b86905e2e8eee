"""The team's chat."""

from __future__ import annotations

from support.clock import START
from wirepost.sandbox.words import HOSTILE
from wirepost.sandbox.world import World

WORLD = World.build(START)


def test_the_private_channel_has_few_members() -> None:
    sizes = {channel.name: len(channel.members) for channel in WORLD.channels}
    assert sizes["finance"] < sizes["general"] == len(WORLD.team)
    assert [channel.name for channel in WORLD.channels if channel.is_private] == ["finance"]


def test_there_are_threads_reactions_and_hostile_texts_in_every_channel_together() -> None:
    assert len({message.channel for message in WORLD.messages}) == len(WORLD.channels)
    assert any(message.parent for message in WORLD.messages)
    assert any(message.reactions for message in WORLD.messages)
    assert any(message.text in HOSTILE for message in WORLD.messages)


def test_customers_are_named_by_name() -> None:
    about = [message for message in WORLD.messages if message.person and not message.parent]
    assert any(WORLD.person[message.person].name in message.text for message in about if message.person)


def test_channels_and_messages_move_with_the_clock_only() -> None:
    assert [message.text for message in World.build(START).messages] == [m.text for m in WORLD.messages]
