"""Write every generated file, or with `--check` name those that are stale.

One fact lives in one place: what is printed here is read from the code. A new file is one row in `FILES`.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "wirepost"
COLUMN = 26
"""Where the purpose of a module starts in the tree."""

Produce = Callable[[str], str]
"""What the file holds now (empty if there is none) → what it should hold."""


def between(name: str, text: Callable[[], str]) -> Produce:
    """Replace what stands between `<!-- generated: name -->` and `<!-- end -->` in a file people write."""

    def produce(current: str) -> str:
        opening, closing = f"<!-- generated: {name} -->\n", "<!-- end -->"
        before, found, rest = current.partition(opening)
        _, ended, after = rest.partition(closing)
        if not (found and ended):
            sys.exit(f"the place for {name!r} is missing: put {opening.strip()} and {closing} into the file")
        return f"{before}{opening}{text()}{closing}{after}"

    return produce


def source_tree() -> str:
    """Every module with the first line of its docstring, as a fenced block."""
    return "\n".join(["```", "src/wirepost/", *_lines(PACKAGE, "  "), "```", ""])


def _lines(folder: Path, indent: str) -> Iterator[str]:
    modules = sorted(
        entry for entry in folder.iterdir() if entry.suffix == ".py" and entry.stem != "__init__"
    )
    packages = sorted(entry for entry in folder.iterdir() if (entry / "__init__.py").exists())
    for module in modules:
        yield _line(f"{indent}{module.name}", module)
    for package in packages:
        yield _line(f"{indent}{package.name}/", package / "__init__.py")
        yield from _lines(package, indent + "  ")


def _line(shown: str, module: Path) -> str:
    docstring = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or ""
    return f"{shown:<{COLUMN}}{docstring.partition(chr(10))[0]}".rstrip()


def manifest(_: str) -> str:
    """Every tool: schemas, hints, risk, scopes, token cost."""
    from wirepost.declarations import declared_tools
    from wirepost.tools.manifest import render

    return render(declared_tools())


def index(_: str) -> str:
    """What a running server knows of every tool before it is called."""
    from wirepost.declarations import declared_tools
    from wirepost.providers import load_provider, provider_names
    from wirepost.tools.index import render

    return render(declared_tools(), map(load_provider, provider_names()))


def toolset_table() -> str:
    """Toolsets and presets for the README."""
    from wirepost.declarations import declared_tools
    from wirepost.tools.manifest import table

    return table(declared_tools())


def tools_page(_: str) -> str:
    """The reference of all tools."""
    from wirepost.declarations import declared_tools
    from wirepost.tools.manifest import reference

    return reference(declared_tools())


def errors_page(_: str) -> str:
    """The reference of all error codes."""
    from wirepost.tools.manifest import errors

    return errors()


def configuration_page(_: str) -> str:
    """The reference of all options."""
    from wirepost.settings.describe import reference

    return reference()


def configuration_schema(_: str) -> str:
    """The configuration file for editors."""
    from wirepost.settings.describe import json_schema

    return json_schema()


def command_line_page(_: str) -> str:
    """The reference of all commands."""
    from wirepost.cli.reference import page

    return page()


FILES: dict[str, tuple[Produce, ...]] = {
    "tools.json": (manifest,),
    "src/wirepost/tools/index.json": (index,),
    "README.md": (between("toolsets", toolset_table),),
    "docs/reference/tools.md": (tools_page,),
    "docs/reference/errors.md": (errors_page,),
    "docs/reference/configuration.md": (configuration_page,),
    "docs/reference/cli.md": (command_line_page,),
    "schemas/wirepost.schema.json": (configuration_schema,),
    "docs/explain/architecture.md": (between("source tree", source_tree),),
}
"""Path → what makes it, applied in order."""


def main() -> int:
    """Bring the files up to date, or say which are not."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    only_check = arguments.parse_args().check
    stale = []
    for name, steps in FILES.items():
        path = ROOT / name
        current = path.read_text(encoding="utf-8") if path.exists() else ""
        wanted = current
        for produce in steps:
            wanted = produce(wanted)
        if wanted == current:
            continue
        stale.append(name)
        if not only_check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'is stale, run `make generate`' if only_check else 'written'}")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
