"""Activities: what was done, or is to be done, for the records it concerns."""

from __future__ import annotations

from wirepost.contracts.crm import Crm
from wirepost.contracts.records import Activity, ActivityType, Record
from wirepost.tools.context import Call
from wirepost.tools.tool import Risk, tool
from wirepost.toolsets.crm.arguments import Moment, OwnerName, Target
from wirepost.toolsets.crm.checking import ask, described, moment_of, owner_id, refusal, sized
from wirepost.toolsets.crm.drafts import links_of
from wirepost.toolsets.crm.values import Unfit, readable


@tool(
    Risk.WRITE,
    title="Log an activity (CRM)",
    example={
        "type": "note",
        "body": "Asked for a quote by Friday",
        "related": [{"object": "contact", "id": "100001"}],
        "intent": "note-100001-quote",
    },
    long_help="""
    `occurred_at` is now unless it is given; `due_at` belongs to tasks. Nothing is sent to anybody: an
    `email` or `meeting` is only written down.
    """,
)
async def crm_log_activity(
    call: Call[Crm],
    *,
    type: ActivityType,
    body: str,
    related: list[Target],
    subject: str | None = None,
    occurred_at: Moment | None = None,
    due_at: Moment | None = None,
    owner: OwnerName | None = None,
) -> Record:
    """Write down a note, task, call, e-mail or meeting on the records it concerns; nothing is sent."""
    activity = await _activity(
        call, type, body, related, subject=subject, occurred_at=occurred_at, due_at=due_at, owner=owner
    )
    return await _readable(call, await ask(call, call.api.log_activity(activity, key=call.key)))


@crm_log_activity.reconcile
async def find_logged(
    call: Call[Crm],
    *,
    type: ActivityType,
    body: str,
    related: list[Target],
    subject: str | None = None,
    occurred_at: Moment | None = None,
    due_at: Moment | None = None,
    owner: OwnerName | None = None,
) -> Record | None:
    """The activity that an earlier attempt wrote down."""
    activity = await _activity(
        call, type, body, related, subject=subject, occurred_at=occurred_at, due_at=due_at, owner=owner
    )
    found = await ask(call, call.api.find_activity(activity, call.dispatched_at or call.now))
    return None if found is None else await _readable(call, found)


async def _activity(
    call: Call[Crm],
    kind: ActivityType,
    body: str,
    related: list[Target],
    *,
    subject: str | None,
    occurred_at: str | None,
    due_at: str | None,
    owner: str | None,
) -> Activity:
    if due_at is not None and kind != "task":
        raise refusal("due_at", "belongs to tasks; say occurred_at")
    concerned = await links_of(call, sized(related, "related"), "related")
    return Activity(
        kind,
        body,
        subject=subject,
        occurred_at=moment_of(call, occurred_at, "occurred_at"),
        due_at=moment_of(call, due_at, "due_at"),
        owner=await _owner(call, owner),
        related=concerned,
    )


async def _readable(call: Call[Crm], record: Record) -> Record:
    """The activity as it is shown; its description was needed to make it, so it is kept."""
    (shown,) = readable(await described(call, record.object), [record])
    return shown


async def _owner(call: Call[Crm], name: str | None) -> str | None:
    """An owner by id or e-mail address."""
    if name is None or "@" not in name:
        return name
    try:
        return await owner_id(call, name)
    except Unfit as unfit:
        raise refusal("owner", unfit.problem) from None
