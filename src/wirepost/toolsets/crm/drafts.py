"""Records to be written: fields that exist and can be written, typed values, links that can be made."""

from __future__ import annotations

from collections.abc import Sequence

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Draft, FieldSchema, LinkTo, ObjectSchema, Record, Value
from wirepost.tools.context import Call
from wirepost.toolsets.crm import values
from wirepost.toolsets.crm.arguments import FieldValue, LinkTarget, Target
from wirepost.toolsets.crm.checking import Problems, Reader, described, id_of


class Writer:
    """Reads the fields of records that are to be written."""

    def __init__(self, call: Call[Crm], schema: ObjectSchema) -> None:
        self.schema = schema
        self.problems = Problems()
        self._reader = Reader(call, schema, self.problems)

    async def fields(self, given: Sequence[FieldValue], path: str) -> dict[str, Value]:
        """Typed values by the vendor's names; an empty text empties the field."""
        if not given:
            self.problems.add(path, "names no field")
        read: dict[str, Value] = {}
        for index, item in enumerate(given):
            at = f"{path}[{index}]"
            field = self._writable(item.name, f"{at}.name")
            if field is None:
                continue
            if field.name in read:
                self.problems.add(f"{at}.name", f"{field.name} is given twice")
            read[field.name] = await self._value(field, item.value, f"{at}.value") if item.value else None
        return read

    def has_values(self, record: Record, draft: Draft) -> bool:
        """Whether a record that was read back has every value of the draft."""
        return all(
            values.is_same(field, record.fields.get(field.name), draft.fields[field.name])
            for field in self.schema.fields
            if field.name in draft.fields
        )

    def match_field(self, name: str, path: str) -> FieldSchema:
        """The unique field by which records are found; raises `InvalidCall` for others."""
        field = self._reader.find(name, path)
        if field is not None and not field.unique:
            unique = [each.name for each in self.schema.fields if each.unique]
            self.problems.add(path, f"{field.name} is not unique", unique)
        if field is None or self.problems.found:
            raise self.problems.refusal()
        return field

    async def _value(self, field: FieldSchema, text: str, path: str) -> Value:
        if field.type == "datetime" and values.is_relative(text):
            problem = "must be the moment itself: a repetition of this write has to mean the same"
            self.problems.add(path, problem)
            return None
        return await self._reader.value(field, text, path)

    def _writable(self, name: str, path: str) -> FieldSchema | None:
        field = self._reader.find(name, path)
        if field is not None and not field.writable:
            self.problems.add(path, f"{field.name} is read-only")
            return None
        return field


async def links_of(call: Call[Crm], targets: Sequence[Target] | None, path: str) -> tuple[LinkTo, ...]:
    """Links to be made, with the vendor's names of objects."""
    made = []
    for index, target in enumerate(targets or ()):
        schema = await described(call, target.object, f"{path}[{index}].object")
        label = target.label if isinstance(target, LinkTarget) else None
        made.append(LinkTo(schema.object, id_of(call, target.id), label))
    return tuple(made)
