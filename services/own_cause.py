"""The cause of what is asked for by nobody outside: a step of a sale that is carried to its end.

Its key follows from what it is about. So whoever takes the step up again, be it another process
after a crash, asks under the same key, and it happens once.
"""

import msgspec

from ledger.entry import Cause
from ledger.keys import key_digest, request_digest


def own_cause(kind: str, name: str, caller: str, *facts: object) -> Cause:
    """kind, name: of the step. facts: what must be the same each time, if the name does not say it
    all. Never change them for a step: those under way would be asked for once more.
    """
    request = request_digest(msgspec.msgpack.encode(list(facts) or [name]))
    return Cause(key_digest(kind, name), request, caller)
