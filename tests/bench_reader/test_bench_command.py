"""`airside bench-reader`: readers and cards for who has none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from tests.bench_reader.bench import Bench
from tests.gateway.harness import AMIRA, copy_folder
from tests.house.tree import ROOT


@pytest.mark.slow
def test_a_developer_gets_readers_with_cards(
    bench: Bench, furnished: Path, tmp_path: Path
) -> None:
    data = copy_folder(furnished, tmp_path / "data")
    words = ["--account", AMIRA, "--data", str(data), "--state", str(tmp_path / "bench")]
    play = subprocess.Popen(
        [sys.executable, "-m", "gateway", "bench-reader", "--readers", "2", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert play.stdout is not None
    assert play.stdin is not None
    said = ""
    while "Ctrl-D ends" not in said:
        said += play.stdout.readline()
    [variable] = re.findall(r"export (PCSCLITE_CSOCK_NAME)=(\S+)", said)

    readers = subprocess.run(
        [sys.executable, "-m", "gateway", "cards", "readers"],
        env={variable[0]: variable[1]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert readers.stdout.splitlines() == ["Airside Bench 00 00", "Airside Bench 01 00"]
    assert len(re.findall(r"card crd_[a-z2-7]{24} is in", said)) == 2
    play.stdin.write("\n")
    play.stdin.flush()
    assert play.stdout.readline().endswith("is out\n")
    play.kill()
    play.communicate()


def test_a_bad_pin_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench-reader", "--pin", "12", "--state", str(tmp_path)])

    assert "a PIN has 4 to 8 digits" in str(ended.value.code)
