"""Loading of the MCP SDK and the HTTP client what a server needs, when it needs it: a quarter of a start.

The SDK's packages load the client half too, and types of all protocol versions are made ready to validate.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from pydantic import BaseModel

_SDK = "mcp"
_PACKAGES = ("httpx2", _SDK, f"{_SDK}.server")
"""Their own code only gathers names of their modules, of which a start needs few or none."""


def defer_packages() -> None:
    """Import the SDK without what a server may never use; that follows when it is used.

    Does nothing for a package that is loaded already, or is not laid out as expected.
    """
    is_loaded = _SDK in sys.modules
    for name in _PACKAGES:
        _defer(name)
    if not is_loaded:
        _defer_types()


def _defer(name: str) -> None:
    """Have a package's own code run the first time one of its names is missed."""
    parent, _, own_name = name.rpartition(".")
    if name in sys.modules or (parent and parent not in sys.modules):
        return
    spec = PathFinder.find_spec(name, sys.modules[parent].__path__ if parent else None)
    if spec is None or spec.loader is None or spec.submodule_search_locations is None:
        return
    module = module_from_spec(spec)
    module.__dict__["__getattr__"] = _Completion(module, spec)
    sys.modules[name] = module
    if parent:
        setattr(sys.modules[parent], own_name, module)


def _defer_types() -> None:
    """Have each of the types of messages, several hundred, made ready when the first such message comes."""
    # Models take over the options of the class they derive from, and this is where all of them begin.
    BaseModel.model_config["defer_build"] = True
    try:
        with suppress(ModuleNotFoundError):
            import_module("mcp_types.methods")
    finally:
        del BaseModel.model_config["defer_build"]


class _Completion:
    """Runs a package's own code the first time one of its names is missed."""

    def __init__(self, module: ModuleType, spec: ModuleSpec) -> None:
        self._module, self._spec = module, spec

    def __call__(self, name: str) -> Any:
        if name.startswith("__") or self._spec.loader is None:
            raise AttributeError(name)
        del self._module.__dict__["__getattr__"]
        self._spec.loader.exec_module(self._module)
        return getattr(self._module, name)
