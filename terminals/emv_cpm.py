"""Consumer-presented payloads: what a payer's QR code says to a till.

EMV QR Code Specification for Payment Systems, Consumer-Presented Mode 1.1: the base64 text
(RFC 4648 section 4) of BER-TLV objects, drawn in QR byte mode:

    85  payload format indicator "CPV01", always first
    61  application template, one or more
        4F  name of the application (ADF name, an AID of 5 to 16 bytes), always there
        ..  data objects
        63  application-specific transparent template: what only its issuer understands
    62  common data template, at most one: what holds for every application
        ..  data objects
        64  common data transparent template

An object may not be both in a 61 and in the 62: the reader could not know which one holds.
Objects that this module has no name for are kept. In the field, codes break the widths of
EMV's data dictionary, so these are held to on writing only.

A payload carries nothing from the till, and knows no offline mode. It may carry card data
(57, 5A): no error shows a value, only tags and lengths.
"""

import base64
import binascii
from collections.abc import Iterable

import msgspec

from terminals import tlv
from terminals.tlv import Primitive, Template

# Every payload begins so, because tag 85 comes first: readers recognise the format by it.
PAYLOAD_PREFIX = "hQVDUFY"

# Readers need to support no more bytes. Counted on the text, which is what the symbol
# carries, so a payload that we write can be read everywhere.
PAYLOAD_CHARS_MAX = 512

ADF_NAME_BYTES_MIN = 5  # ISO/IEC 7816-4: a registered provider identifier is 5 bytes
ADF_NAME_BYTES_MAX = 16

FORMAT_INDICATOR = 0x85
FORMAT_VERSION = b"CPV01"
APPLICATION_TEMPLATE = 0x61
COMMON_TEMPLATE = 0x62
APPLICATION_TRANSPARENT = 0x63
COMMON_TRANSPARENT = 0x64
_TEMPLATES = frozenset(
    {APPLICATION_TEMPLATE, COMMON_TEMPLATE, APPLICATION_TRANSPARENT, COMMON_TRANSPARENT}
)

ADF_NAME = 0x4F
APPLICATION_LABEL = 0x50
TRACK_2_EQUIVALENT = 0x57
APPLICATION_PAN = 0x5A
CARDHOLDER_NAME = 0x5F20
LANGUAGE_PREFERENCE = 0x5F2D
ISSUER_URL = 0x5F50
APPLICATION_VERSION = 0x9F08
ISSUER_APPLICATION_DATA = 0x9F10
TOKEN_REQUESTOR = 0x9F19
PAYMENT_ACCOUNT_REFERENCE = 0x9F24
PAN_LAST_FOUR = 0x9F25
APPLICATION_CRYPTOGRAM = 0x9F26
CRYPTOGRAM_INFORMATION = 0x9F27
TRANSACTION_COUNTER = 0x9F36
UNPREDICTABLE_NUMBER = 0x9F37

# Bytes, at least and at most: EMV Book 3 annex A, and EMV's tokenisation (9F19, 9F24, 9F25).
_WIDTHS = {
    APPLICATION_LABEL: (1, 16),
    TRACK_2_EQUIVALENT: (1, 19),
    APPLICATION_PAN: (1, 10),
    CARDHOLDER_NAME: (2, 26),
    LANGUAGE_PREFERENCE: (2, 8),
    APPLICATION_VERSION: (2, 2),
    ISSUER_APPLICATION_DATA: (1, 32),
    TOKEN_REQUESTOR: (6, 6),
    PAYMENT_ACCOUNT_REFERENCE: (29, 29),
    PAN_LAST_FOUR: (2, 2),
    APPLICATION_CRYPTOGRAM: (8, 8),
    CRYPTOGRAM_INFORMATION: (1, 1),
    TRANSACTION_COUNTER: (2, 2),
    UNPREDICTABLE_NUMBER: (4, 4),
}


class InvalidPayload(ValueError):
    """The text or the objects break the specification; the message says which rule."""


class Application(msgspec.Struct, frozen=True):
    """A 61: its name, its objects but 4F and 63, and what stands inside the 63."""

    adf_name: bytes
    objects: tuple[Primitive, ...] = ()
    transparent: tuple[Primitive, ...] = ()


class CommonData(msgspec.Struct, frozen=True):
    """The 62: its objects but 64, and what stands inside the 64. Empty is absent."""

    objects: tuple[Primitive, ...] = ()
    transparent: tuple[Primitive, ...] = ()


class ConsumerPayload(msgspec.Struct, frozen=True):
    applications: tuple[Application, ...]
    common: CommonData = CommonData()
    others: tuple[Primitive, ...] = ()  # beside the templates, reserved for later versions


def encode(payload: ConsumerPayload) -> str:
    """Write the payload as the text to draw. Raises InvalidPayload."""
    _check(payload)
    _check_widths(payload)
    try:
        raw = tlv.encode(_objects_of(payload))
    except tlv.TlvError as error:
        raise InvalidPayload(str(error)) from None
    text = base64.b64encode(raw).decode()
    if len(text) > PAYLOAD_CHARS_MAX:
        raise InvalidPayload(f"{len(text)} characters, and {PAYLOAD_CHARS_MAX} is the most")
    return text


def decode(text: str) -> ConsumerPayload:
    """Read the text. Raises InvalidPayload, whatever the text is."""
    try:
        first, *rest = tlv.decode(_raw_of(text), _TEMPLATES)
    except tlv.TlvError as error:
        raise InvalidPayload(str(error)) from None
    if first != Primitive(FORMAT_INDICATOR, FORMAT_VERSION):
        raise InvalidPayload("the first object is not tag 85 with CPV01")
    common = [_common_of(item) for item in rest if item.tag == COMMON_TEMPLATE]
    if len(common) > 1:
        raise InvalidPayload("tag 62 occurs twice")
    payload = ConsumerPayload(
        tuple(_application_of(item) for item in rest if item.tag == APPLICATION_TEMPLATE),
        common[0] if common else CommonData(),
        _primitives(
            item for item in rest if item.tag not in {APPLICATION_TEMPLATE, COMMON_TEMPLATE}
        ),
    )
    _check(payload)
    return payload


def select(payload: ConsumerPayload, aid: bytes) -> Application | None:
    """Find the first application whose ADF name is the till's AID or begins with it."""
    return next((app for app in payload.applications if app.adf_name.startswith(aid)), None)


def value_of(objects: Iterable[Primitive], tag: int) -> bytes | None:
    return next((item.value for item in objects if item.tag == tag), None)


def _raw_of(text: str) -> bytes:
    if not text.startswith(PAYLOAD_PREFIX):
        raise InvalidPayload(f"the text does not begin with {PAYLOAD_PREFIX}")
    if len(text) > PAYLOAD_CHARS_MAX:
        raise InvalidPayload(f"{len(text)} characters, and {PAYLOAD_CHARS_MAX} is the most")
    try:
        return base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, UnicodeEncodeError):  # a lone surrogate has no bytes
        raise InvalidPayload("the text is not base64") from None


def _application_of(item: tlv.DataObject) -> Application:
    objects, transparent = _split(item, APPLICATION_TRANSPARENT)
    names = [part.value for part in objects if part.tag == ADF_NAME]
    if len(names) != 1:
        raise InvalidPayload(f"tag 61 holds {len(names)} ADF names (tag 4F), not one")
    return Application(
        names[0], tuple(part for part in objects if part.tag != ADF_NAME), transparent
    )


def _common_of(item: tlv.DataObject) -> CommonData:
    return CommonData(*_split(item, COMMON_TRANSPARENT))


def _split(
    item: tlv.DataObject, transparent: int
) -> tuple[tuple[Primitive, ...], tuple[Primitive, ...]]:
    """Part the objects of a 61 or 62 from those of the transparent template inside."""
    assert isinstance(item, Template), "the reader opens every tag in _TEMPLATES"
    inner = [part for part in item.parts if part.tag == transparent]
    if len(inner) > 1:
        raise InvalidPayload(f"tag {transparent:X} occurs twice in tag {item.tag:X}")
    hidden = inner[0].parts if inner and isinstance(inner[0], Template) else ()
    return (
        _primitives(part for part in item.parts if part.tag != transparent),
        _primitives(hidden),
    )


def _primitives(parts: Iterable[tlv.DataObject]) -> tuple[Primitive, ...]:
    found: list[Primitive] = []
    for part in parts:
        if not isinstance(part, Primitive):
            raise InvalidPayload(f"tag {part.tag:X} is in a place where it may not be")
        found.append(part)
    return tuple(found)


def _objects_of(payload: ConsumerPayload) -> list[tlv.DataObject]:
    objects: list[tlv.DataObject] = [Primitive(FORMAT_INDICATOR, FORMAT_VERSION)]
    for app in payload.applications:
        parts = (Primitive(ADF_NAME, app.adf_name), *app.objects)
        hidden = _template(APPLICATION_TRANSPARENT, app.transparent)
        objects.append(Template(APPLICATION_TEMPLATE, (*parts, *hidden)))
    hidden = _template(COMMON_TRANSPARENT, payload.common.transparent)
    objects += _template(COMMON_TEMPLATE, (*payload.common.objects, *hidden))
    return objects + list(payload.others)


def _template(tag: int, parts: tuple[tlv.DataObject, ...]) -> tuple[Template, ...]:
    return (Template(tag, parts),) if parts else ()


def _check(payload: ConsumerPayload) -> None:
    """Hold to the rules for both what is written and what is read."""
    if not payload.applications:
        raise InvalidPayload("there is no application template (tag 61)")
    common = _tags(payload.common.objects, payload.common.transparent)
    for app in payload.applications:
        if not ADF_NAME_BYTES_MIN <= len(app.adf_name) <= ADF_NAME_BYTES_MAX:
            raise InvalidPayload(f"tag 4F: {len(app.adf_name)} bytes, and 5 to 16 fit")
        own = (Primitive(ADF_NAME, app.adf_name), *app.objects)
        if both := sorted(_tags(own, app.transparent) & common):
            raise InvalidPayload(f"tag {both[0]:X} is both in tag 61 and in tag 62")
    _tags((Primitive(FORMAT_INDICATOR, FORMAT_VERSION), *payload.others), ())


def _tags(objects: tuple[Primitive, ...], hidden: tuple[Primitive, ...]) -> frozenset[int]:
    """Collect the tags of a 61 or 62 and of its 63 or 64, each of them unique inside."""
    for group in (objects, hidden):
        tags = [item.tag for item in group]
        for tag in tags:
            if tag in _TEMPLATES:
                raise InvalidPayload(f"tag {tag:X} is in a place where it may not be")
            if tags.count(tag) > 1:
                raise InvalidPayload(f"tag {tag:X} occurs twice in one template")
    return frozenset(item.tag for item in objects + hidden)


def _check_widths(payload: ConsumerPayload) -> None:
    groups: list[CommonData | Application] = [payload.common, *payload.applications]
    for item in (item for group in groups for item in group.objects + group.transparent):
        low, high = _WIDTHS.get(item.tag, (0, tlv.LENGTH_MAX))
        if not low <= (size := len(item.value)) <= high:
            raise InvalidPayload(f"tag {item.tag:X}: {size} bytes, and {low} to {high} fit")
