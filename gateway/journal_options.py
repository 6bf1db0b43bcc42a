"""Which journals a command means: a data folder, and the store that its settings name."""

import argparse
import os
from pathlib import Path

from gateway.config import ENV_PREFIX, require_store
from gateway.layout import Layout
from ledger.store_address import StoreAddress


def add_store(command: argparse.ArgumentParser) -> None:
    """Its default is the setting's."""
    store = os.environ.get(f"{ENV_PREFIX}STORE", "")
    command.add_argument("--store", default=store, help="where `serve` keeps the journals")


def add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("data", type=Path, help="the data folder, in use or not")
    add_store(command)


def store_of(options: argparse.Namespace) -> StoreAddress:
    store = StoreAddress(options.store)
    require_store(store)
    return store


def journals_of(options: argparse.Namespace) -> StoreAddress:
    store = store_of(options)
    layout = Layout(options.data)
    if not store.text:
        layout.require_same_store(store)
    return layout.journals_at(store)
