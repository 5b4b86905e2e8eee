"""A data directory in which many events are stored already."""

from __future__ import annotations

import time
from pathlib import Path

from wirepost.core.clock import Clock
from wirepost.store.database import Database, Tx

_FILL = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
INSERT INTO events (seq, id, source, endpoint, environment, type, object_id, received_at, dedupe_key, is_self,
                    content, receipt)
SELECT n, printf('evt_00%020d', n), 'stripe', 'default', 'test',
       CASE n % 5 WHEN 0 THEN 'payment.refunded' WHEN 1 THEN 'invoice.paid' ELSE 'payment.succeeded' END,
       printf('ch_%d', n / 3), ? - (? - n) * 0.5, printf(':evt_old_%d', n), 0,
       json_object('summary', printf('payment.refunded: charge ch_%d, 1.00 USD, status succeeded', n / 3),
         'provider_type', 'charge.refunded', 'provider_event_id', printf('evt_old_%d', n),
         'subject', printf('charge/ch_%d', n / 3), 'account', NULL, 'time', NULL, 'verified', 'signature',
         'actor', json('{"kind":"unknown","id":null}'),
         'data', json_object('id', printf('ch_%d', n / 3), 'status', 'succeeded', 'amount', '1.00',
                             'currency', 'usd', 'created_at', '2026-11-25T10:00:00Z', 'customer', 'cus_1'),
         'data_truncated', json('false'), 'untrusted', json('[]'), 'correlation_id', NULL, 'hops', 0),
       '{"verification":{"scheme":"stripe-v1","secret":"1","age_s":0.1}}'
FROM numbers
"""


async def fill(directory: Path, events: int) -> None:
    """Make the database in this directory, with so many events of the last days."""
    database = await Database.open(directory / "wirepost.db", Clock())
    now = time.time()

    async def work(tx: Tx) -> None:
        await tx.execute(_FILL, events, now, events)

    await database.write(work)
    await database.optimize()
    await database.close()
