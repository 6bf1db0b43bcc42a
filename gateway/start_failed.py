"""Why an installation did not come up, for the person who started it."""


class StartFailed(Exception):
    """Not everything came up. The message says what did not."""


class PortTaken(StartFailed):
    """Somebody listens there. Were it another Airside, the kernel would let both listen, and
    deal the callers of the one to the other.
    """

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        reason, _, _ = str(cause.strerror).partition(" (")  # Python says it all once more
        super().__init__(f"cannot listen on {host}:{port}: {reason}")
