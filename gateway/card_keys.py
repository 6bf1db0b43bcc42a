"""Where the card issuer's keys are: in a security module if one is set, else in the data folder."""

import secrets
from collections.abc import Callable
from pathlib import Path

from gateway.config import BadSetting, Config
from services.card_hsm import HsmSettings, open_hsm_keys
from services.card_issuer import IssuerKeys, open_issuer_keys
from services.issuer_register import known_keys, require_known
from services.store import Store


def hsm_settings(config: Config) -> HsmSettings | None:
    """Raises BadSetting."""
    if not config.card_hsm:
        return None
    if not config.card_hsm_token or not config.card_hsm_pin_file:
        raise BadSetting("card_hsm", "card_hsm_token and card_hsm_pin_file belong to it")
    return HsmSettings(
        Path(config.card_hsm), config.card_hsm_token, Path(config.card_hsm_pin_file)
    )


def issuer_keys(
    config: Config,
    store: Store,
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> IssuerKeys:
    """Those that the cards in the store derive from, and perhaps newer ones.

    Raises BadSetting, HsmUnusable, IssuerKeysLost, IssuerKeyMissing, IssuerKeyChanged,
    KeysExposed, KeysDamaged, OSError.
    """
    settings = hsm_settings(config)
    keys: IssuerKeys
    if settings is not None:
        keys = open_hsm_keys(settings)
    else:
        keys = open_issuer_keys(
            Path(config.data), random_bytes=random_bytes, known=known_keys(store)
        )
    require_known(store, keys)
    return keys
