"""The import contracts of pyproject.toml hold, and each of them can fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.house.tree import ROOT

FLOORS = ["gateway", "channels", "services", "actors", "terminals", "ledger"]

# For each contract, modules that break it. A contract without a row here fails its test:
# nobody has seen yet that it can say no.
BREACHES = {
    "Floors: nothing imports upward": {"ledger/upward.py": "import gateway"},
    "The ledger is plain Python: no network, no actors, no devices": {
        "ledger/network.py": "import asyncio",
    },
    "One file speaks Ray": {"services/second_ray.py": "import ray"},
    "One file speaks Prometheus": {"actors/meter.py": "import prometheus_client"},
    "One file speaks to PostgreSQL": {"services/second_driver.py": "import psycopg"},
    "Only terminals touch devices and QR images": {"channels/picture.py": "import qrcode"},
    "One file and its profile speak ISO 8583": {"gateway/host.py": "import iso8583"},
    "One file speaks WebAuthn": {"channels/second_door.py": "import webauthn"},
    "The airport counter moves money by services/payments.py alone": {
        "services/counter/own_road.py": "import ledger.commands",
    },
    "No import circles inside a floor": {
        "actors/hen.py": "import actors.egg",
        "actors/egg.py": "import actors.hen",
    },
}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own: in this one the floors are imported already."""
    linter = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [linter, "--no-logo", "--no-cache"],
        cwd=root,
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def contract_names() -> set[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["name"] for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for floor in FLOORS:
        unneeded = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / floor, tmp_path / floor, ignore=unneeded)
    return tmp_path


@pytest.mark.slow
def test_every_contract_holds() -> None:
    answer = lint_imports(ROOT)

    assert answer.returncode == 0, answer.stdout


@pytest.mark.slow
def test_every_contract_can_be_broken(copy: Path) -> None:
    for modules in BREACHES.values():
        for path, source in modules.items():
            (copy / path).write_text(f"{source}\n", encoding="utf-8")

    answer = lint_imports(copy)

    broken = {name for name in contract_names() if f"{name} BROKEN" in answer.stdout}
    assert broken == contract_names(), answer.stdout
    assert answer.returncode == 1


@pytest.mark.slow
def test_an_upward_import_breaks_the_floors_and_nothing_else(copy: Path) -> None:
    (copy / "terminals/upward.py").write_text("import services\n", encoding="utf-8")

    answer = lint_imports(copy)

    assert "Floors: nothing imports upward BROKEN" in answer.stdout
    assert "1 broken" in answer.stdout
    assert answer.returncode == 1


def test_every_contract_has_a_breach() -> None:
    assert set(BREACHES) == contract_names()
