"""Images as another release would have left them: whole, and of no use to this one."""

import msgspec

from ledger.images import IMAGE_VERSION, _hash
from ledger.journal import Image, Mark

OTHER_VERSION = IMAGE_VERSION + 1


def outdated(image: Image) -> Image:
    body = bytes([OTHER_VERSION]) + image.body[1:]
    return msgspec.structs.replace(image, body=body, hash=_hash(image.seq, body))


def outdated_mark(mark: Mark) -> Mark:
    return msgspec.structs.replace(mark, image_version=OTHER_VERSION)
