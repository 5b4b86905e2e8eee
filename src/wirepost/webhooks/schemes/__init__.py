"""How senders show that a request is theirs: each scheme a value that senders' modules name."""

from wirepost.webhooks.schemes.generic import HMAC
from wirepost.webhooks.schemes.hmacs import (
    ASANA,
    DROPBOX,
    GITHUB,
    LINEAR,
    META,
    SHOPIFY,
    SLACK,
    SQUARE,
    STRIPE,
    TRELLO,
    TWITCH,
    TWITTER,
    XERO,
    ZENDESK,
    ZOOM,
)
from wirepost.webhooks.schemes.hub_signature import WEBSUB
from wirepost.webhooks.schemes.hubspot import HUBSPOT
from wirepost.webhooks.schemes.jwt import JWT, NETLIFY
from wirepost.webhooks.schemes.mailgun import MAILGUN
from wirepost.webhooks.schemes.public_keys import DISCORD, SENDGRID
from wirepost.webhooks.schemes.sns import SNS
from wirepost.webhooks.schemes.standard import OPENAI, STANDARD, SVIX, sign_standard, signed_id
from wirepost.webhooks.schemes.tokens import (
    API_KEY,
    BASIC,
    BEARER,
    GITLAB,
    GOOGLE_CHANNEL,
    GRAPH,
    UNSIGNED,
    is_token,
)
from wirepost.webhooks.schemes.twilio import TWILIO

__all__ = [
    "API_KEY",
    "ASANA",
    "BASIC",
    "BEARER",
    "DISCORD",
    "DROPBOX",
    "GITHUB",
    "GITLAB",
    "GOOGLE_CHANNEL",
    "GRAPH",
    "HMAC",
    "HUBSPOT",
    "JWT",
    "LINEAR",
    "MAILGUN",
    "META",
    "NETLIFY",
    "OPENAI",
    "SENDGRID",
    "SHOPIFY",
    "SLACK",
    "SNS",
    "SQUARE",
    "STANDARD",
    "STRIPE",
    "SVIX",
    "TRELLO",
    "TWILIO",
    "TWITCH",
    "TWITTER",
    "UNSIGNED",
    "WEBSUB",
    "XERO",
    "ZENDESK",
    "ZOOM",
    "is_token",
    "sign_standard",
    "signed_id",
]
