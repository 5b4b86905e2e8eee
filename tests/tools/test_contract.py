"""A tool on a contract runs on every connection whose provider offers it."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod

import pytest

from support.sample_vendor import SAMPLE, connection
from support.samples import SampleClient
from wirepost.connections.connections import Connections
from wirepost.tools.context import Call
from wirepost.tools.contract import Contract
from wirepost.tools.results import Result
from wirepost.tools.tool import Risk, tool
from wirepost.upstream.scope import Scope


class Greeter(Contract):
    """Somebody who greets."""

    @abstractmethod
    def greet(self) -> str: ...


class SampleGreeter(Greeter):
    def __init__(self, client: SampleClient) -> None:
        self.client = client

    def greet(self) -> str:
        return f"hello from {self.client.upstream.name}"


class Greeting(Result):
    """What was said."""

    id: str


@tool(Risk.READ)
async def greeter_say_hello(call: Call[Greeter]) -> Greeting:
    """Greet."""
    return Greeting(id=call.api.greet())


OFFERING = dataclasses.replace(
    SAMPLE, offers={Greeter: SampleGreeter}, contract_scopes={"greeter_say_hello": ("greet",)}
)


async def test_it_gets_what_the_provider_makes_of_its_client(clock) -> None:
    assert greeter_say_hello.is_provider_tool
    offering, other = connection("a", clock, provider=OFFERING), connection("b", clock)
    connections = Connections({"a": offering, "b": other})
    assert connections.fitting(greeter_say_hello) == [offering]
    api = await offering.api(greeter_say_hello.needs, Scope(clock.monotonic() + 45), "local")
    call = Call(api, caller="local", now=clock.now())
    assert (await greeter_say_hello.operation(call)).id == "hello from a"
    await connections.close()


def test_it_cannot_declare_permissions_which_differ_by_vendor() -> None:
    async def greeter_say_goodbye(call: Call[Greeter]) -> Greeting: ...

    with pytest.raises(TypeError, match=r"greeter_say_goodbye: .* differs by vendor"):
        tool(Risk.READ, scopes=["greet"])(greeter_say_goodbye)


def test_its_permissions_are_the_providers() -> None:
    assert OFFERING.scopes_of(greeter_say_hello) == ("greet",)
    own = SAMPLE.tools[0]
    assert OFFERING.scopes_of(own) == own.scopes
