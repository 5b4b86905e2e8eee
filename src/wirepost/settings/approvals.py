"""Options of approvals: how long a call waits for a person, and where people are asked."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from wirepost.settings.section import Name, Positive, Section

SlackUser = Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{2,20}$")]
"""An id: names and addresses in Slack can be changed by those who bear them."""


class SlackApprovals(Section):
    """A channel of Slack in which approvals are asked for and given."""

    connection: Name = Field(
        description="The Slack connection; it needs a webhook with interactivity", examples=["slack-sandbox"]
    )
    channel: str = Field(min_length=1, description="Where they are asked for", examples=["#approvals"])
    approvers: list[SlackUser] = Field(
        min_length=1, description="Ids of the users whose word counts", examples=[["U0123ABCD"]]
    )


class ApprovalSettings(Section):
    """What becomes of calls that a rule leaves to a person."""

    life_s: Positive = Field(default=86400, description="Seconds a call waits for the approval of a person")
    slack: SlackApprovals | None = Field(
        default=None,
        description="Ask in Slack, too; without it approvals are given on the page /approvals "
        "and with `wirepost approvals`",
    )
