"""Libraries of vendors that sign requests and judge them: does what its one argument plans, prints what they say.

Runs in an environment of its own, see `support/clients.py` for the form of the plan.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone

import standardwebhooks
import stripe
import svix.webhooks
from slack_sdk.signature import Clock, SignatureVerifier

STANDARD = {"standardwebhooks": standardwebhooks.Webhook, "svix": svix.webhooks.Webhook}


def sign(by: str, secret: str, at: int, message: str, body: str) -> dict[str, str]:
    """The headers that carry a signature of that library."""
    if by == "stripe":
        return {"Stripe-Signature": stripe.WebhookSignature.generate_signature_header(body, secret, at)}
    if by == "slack":
        signature = SignatureVerifier(secret).generate_signature(timestamp=str(at), body=body)
        return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": signature}
    moment = datetime.fromtimestamp(at, timezone.utc)
    signature = STANDARD[by](secret).sign(message, moment, body)
    prefix = "svix" if by == "svix" else "webhook"
    return {f"{prefix}-id": message, f"{prefix}-timestamp": str(at), f"{prefix}-signature": signature}


class At(Clock):
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds


def judge(by: str, secret: str, at: int, headers: dict[str, str], body: str) -> bool:
    """Whether that library takes the request; `at` is the present, which not all of them ask for."""
    try:
        if by == "stripe":
            header = headers.get("stripe-signature")
            return stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
        if by == "slack":
            return SignatureVerifier(secret, At(at)).is_valid_request(body, headers)
        STANDARD[by](secret).verify(body, headers)
    except (stripe.SignatureVerificationError, standardwebhooks.WebhookVerificationError):
        return False
    except json.JSONDecodeError:  # raised only where the signature fits
        return True
    return True


plan = json.loads(sys.argv[1])
signed = [sign(**step) for step in plan["sign"]]
judged = [judge(**step) for step in plan["judge"]]
print(json.dumps({"signed": signed, "judged": judged}))
