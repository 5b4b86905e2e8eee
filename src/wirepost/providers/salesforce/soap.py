"""Outbound messages as they travel: SOAP with 1 to 100 notifications, which is acknowledged as a whole.

https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_om_outboundmessaging_understanding.htm
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from wirepost.webhooks.webhook import Unmapped

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OUTBOUND = "{http://soap.sforce.com/2005/09/outbound}"
_INSTANCE = "{http://www.w3.org/2001/XMLSchema-instance}"
MOST = 100
"""Notifications of one message."""
MOST_FIELDS = 500

ACK = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    b'<soapenv:Body><notificationsResponse xmlns="http://soap.sforce.com/2005/09/outbound">'
    b"<Ack>true</Ack></notificationsResponse></soapenv:Body></soapenv:Envelope>\n"
)
"""The answer to what is stored; after any other, Salesforce sends the whole message again."""


@dataclass(frozen=True)
class Notification:
    """One record in the state in which it was sent."""

    id: str
    object: str
    fields: Mapping[str, str]
    """Without those that are empty."""


@dataclass(frozen=True)
class Message:
    """One request."""

    organization: str
    action: str
    """Which outbound message of the organisation it is."""
    notifications: list[Notification | str] = field(default_factory=list)
    """A text is the reason for which one could not be read."""


def read(body: bytes) -> Message:
    """The message in a request; raises `Unmapped`."""
    root = _parsed(body)
    message = root.find(f"{_SOAP}Body/{_OUTBOUND}notifications")
    if root.tag != f"{_SOAP}Envelope" or message is None:
        raise Unmapped("is no outbound message")
    organization = _text(message.find(f"{_OUTBOUND}OrganizationId"))
    if not organization:
        raise Unmapped("has no OrganizationId")
    found = message.findall(f"{_OUTBOUND}Notification")
    if not 0 < len(found) <= MOST:
        raise Unmapped(f"has {len(found)} notifications")
    action = _text(message.find(f"{_OUTBOUND}ActionId"))
    return Message(organization, action, [_notification(each) for each in found])


def write(organization: str, action: str, notifications: Iterable[Notification]) -> bytes:
    """A message as Salesforce sends it; session ids are no longer part of one."""
    short = organization[:15]
    host = "https://example.my.salesforce.com/services/Soap"
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
        ' <soapenv:Body>\n  <notifications xmlns="http://soap.sforce.com/2005/09/outbound">\n'
        f"   <OrganizationId>{escape(organization)}</OrganizationId>\n"
        f"   <ActionId>{escape(action)}</ActionId>\n"
        '   <SessionId xsi:nil="true"/>\n'
        f"   <EnterpriseUrl>{host}/c/62.0/{escape(short)}</EnterpriseUrl>\n"
        f"   <PartnerUrl>{host}/u/62.0/{escape(short)}</PartnerUrl>\n"
    )
    parts = [head]
    for each in notifications:
        parts.append(
            f"   <Notification>\n    <Id>{escape(each.id)}</Id>\n"
            f"    <sObject xsi:type={quoteattr('sf:' + each.object)} "
            'xmlns:sf="urn:sobject.enterprise.soap.sforce.com">\n'
        )
        parts += [f"     <sf:{name}>{escape(value)}</sf:{name}>\n" for name, value in each.fields.items()]
        parts.append("    </sObject>\n   </Notification>\n")
    parts.append("  </notifications>\n </soapenv:Body>\n</soapenv:Envelope>\n")
    return "".join(parts).encode()


def _parsed(body: bytes) -> Element:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise Unmapped("has a DTD or entities of its own") from None
    except (ParseError, ValueError, LookupError):
        raise Unmapped("is no XML") from None
    return root


def _notification(element: Element) -> Notification | str:
    """One notification, or what it lacks."""
    record = element.find(f"{_OUTBOUND}sObject")
    own_id = _text(element.find(f"{_OUTBOUND}Id"))
    if record is None or not own_id:
        return "has a notification without Id or sObject"
    kind = record.get(f"{_INSTANCE}type", "").rpartition(":")[2]
    fields = {
        child.tag.rpartition("}")[2]: value
        for child in list(record)[:MOST_FIELDS]
        if (value := _text(child)) and child.get(f"{_INSTANCE}nil") != "true"
    }
    if not kind or not fields.get("Id"):
        return "has a notification without type or id of its record"
    return Notification(own_id, kind, fields)


def _text(element: Element | None) -> str:
    return "" if element is None else (element.text or "").strip()
