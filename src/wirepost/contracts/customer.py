"""`CustomerCard`: what one system knows about one person, in a form that can stand beside others'."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from wirepost.tools.contract import Contract

if TYPE_CHECKING:
    from wirepost.contracts.facts import Facts


class CustomerCard(Contract):
    """A system that knows customers."""

    @abstractmethod
    async def facts(self, *, email: str | None, customer_id: str | None, limit: int) -> Facts:
        """What is known of the person with that e-mail address (any case) or id, `limit` rows of each kind.

        Empty where the system does not know the person. An id that cannot be one of this system is unknown
        here, not an error.
        """
