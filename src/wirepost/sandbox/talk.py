"""The team's chat: channels and about 700 messages that mention the same customers and orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

from wirepost.sandbox.facts import Channel, Colleague, Message, Order, Person
from wirepost.sandbox.words import CHANNELS, CHATTER, EMOJI, HOSTILE, REPLIES, TALK

THREADS = 420
_HOSTILE_SHARE = 0.03
_ABOUT_CUSTOMERS = 0.7
_ANSWERED = 0.35
_LIKED = 0.3


def make_channels(now: datetime, team: Sequence[Colleague]) -> list[Channel]:
    """The rooms; only some colleagues are in the private one."""
    keys = [colleague.key for colleague in team]
    return [
        Channel(
            key=f"channel{index + 1:02}",
            name=name,
            purpose=purpose,
            is_private=is_private,
            members=tuple(keys[:3] if is_private else keys),
            created_at=now - timedelta(days=700 - index),
        )
        for index, (name, purpose, is_private) in enumerate(CHANNELS)
    ]


def make_messages(
    rng: Random,
    now: datetime,
    channels: Sequence[Channel],
    people: Sequence[Person],
    orders: Sequence[Order],
) -> list[Message]:
    """Everything written in the last half year, oldest first; no two messages share a microsecond."""
    order_of = {order.person: order.number for order in orders}
    made: list[Message] = []
    for number in range(THREADS):
        channel = channels[number % len(channels)]
        sent_at = now - timedelta(minutes=rng.randint(120, 260_000), microseconds=rng.randint(1, 999_999))
        person = people[0] if number < len(channels) else people[int(len(people) * rng.random() ** 2)]
        made += _thread(rng, channel, person, order_of.get(person.key, "N-0000"), sent_at)
    made.sort(key=lambda message: message.sent_at)
    numbers = {message.key: f"message{number:04}" for number, message in enumerate(made, start=1)}
    for message in made:
        message.key = numbers[message.key]
        message.parent = message.parent and numbers[message.parent]
    return made


def _thread(rng: Random, channel: Channel, person: Person, order: str, sent_at: datetime) -> list[Message]:
    is_about = rng.random() < _ABOUT_CUSTOMERS
    text = rng.choice(TALK) if is_about else rng.choice(CHATTER)
    if rng.random() < _HOSTILE_SHARE:
        text = rng.choice(HOSTILE).replace("{", "(").replace("}", ")")
    first = Message(
        key=f"{channel.key}/{sent_at.isoformat()}",
        channel=channel.key,
        author=rng.choice(channel.members),
        text=text.format(name=person.name, email=person.email or person.phone or "", order=order),
        sent_at=sent_at,
        parent=None,
        person=person.key if is_about else None,
        reactions=((rng.choice(EMOJI), rng.choice(channel.members)),) if rng.random() < _LIKED else (),
    )
    answers = rng.randint(1, 4) if rng.random() < _ANSWERED else 0
    return [
        first,
        *(
            Message(
                key=f"{first.key}/{number}",
                channel=channel.key,
                author=rng.choice(channel.members),
                text=rng.choice(REPLIES),
                sent_at=sent_at + timedelta(minutes=number * rng.randint(1, 20), microseconds=number),
                parent=first.key,
                person=first.person,
            )
            for number in range(1, answers + 1)
        ),
    ]
