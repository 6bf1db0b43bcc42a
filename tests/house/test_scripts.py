"""The scripts behind `make`, run in a room that has only the commands a test puts there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

BASH = shutil.which("bash")

# What the scripts need from any system. Nothing else can be seen from inside the room, so
# that no test installs a package on the machine it runs on.
TOOLS = ["bash", "cat", "dirname", "env", "mktemp", "rm", "tail"]


class Room:
    """A folder that is the whole PATH; what its stand-ins were asked is kept in a log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bin"
        self._folder.mkdir()
        self._log = folder / "asked"
        for tool in TOOLS:
            self.lend(tool)

    def lend(self, tool: str) -> None:
        """Let the machine's own command into the room."""
        (self._folder / tool).symlink_to(shutil.which(tool) or tool)

    def remove(self, name: str) -> None:
        (self._folder / name).unlink()

    def put(self, name: str, script: str) -> None:
        """A stand-in for a command: it logs what it was asked, then runs the script."""
        path = self._folder / name
        path.write_text(f'#!{BASH}\necho "{name} $*" >>"{self._log}"\n{script}\n')
        path.chmod(0o755)

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [BASH or "bash", ROOT / "scripts" / script, *arguments],
            env={"PATH": str(self._folder)},
            capture_output=True,
            check=False,
            encoding="utf-8",
        )

    def asked(self, name: str) -> list[str]:
        """What this command was asked, without the options that only keep it quiet."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        words = [line.split() for line in lines if line.startswith(f"{name} ")]
        return [
            " ".join(w for w in each[1:] if "::" not in w and w[0] != "-") for each in words
        ]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    """A Debian where only `font` is installed, seen by root, with an apt-get that works."""
    room = Room(tmp_path)
    room.put("dpkg-query", '[[ "$*" == *font ]] && echo installed')
    room.put("id", "echo 0")
    room.put("apt-get", "true")
    return room


def test_nothing_is_asked_when_nothing_is_missing(room: Room) -> None:
    answer = room.run("install-system-packages.sh", "font")

    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "", "")
    assert room.asked("apt-get") == []


def test_only_what_is_missing_is_installed_and_the_lists_are_left_alone(room: Room) -> None:
    answer = room.run("install-system-packages.sh", "chromium", "font")

    assert answer.returncode == 0
    assert room.asked("apt-get") == ["install chromium"]


def test_stale_lists_are_updated_and_the_install_is_tried_again(room: Room) -> None:
    room.put("apt-get", 'case "$*" in *update) touch "$0.new";; *) [[ -e $0.new ]];; esac')
    room.lend("touch")

    answer = room.run("install-system-packages.sh", "chromium")

    assert answer.returncode == 0
    assert room.asked("apt-get") == ["install chromium", "update", "install chromium"]


def test_sudo_that_asks_no_password_is_used(room: Room) -> None:
    room.put("id", "echo 1000")
    room.put("sudo", '[[ $2 == true ]] || exec "${@:2}"')

    answer = room.run("install-system-packages.sh", "chromium")

    assert answer.returncode == 0
    assert room.asked("apt-get") == ["install chromium"]


def test_without_root_the_message_names_the_packages_and_the_command(room: Room) -> None:
    room.put("id", "echo 1000")

    answer = room.run("install-system-packages.sh", "chromium", "reader")

    assert answer.returncode == 1
    assert "Airside needs these system packages: chromium reader" in answer.stderr
    assert "apt-get install --no-install-recommends chromium reader" in answer.stderr
    assert room.asked("apt-get") == []


def test_without_apt_get_the_message_says_so(room: Room) -> None:
    room.remove("apt-get")

    answer = room.run("install-system-packages.sh", "chromium")

    assert answer.returncode == 1
    assert "This system has no apt-get." in answer.stderr


def test_a_failing_apt_get_is_heard(room: Room) -> None:
    room.put("apt-get", 'echo "E: Unable to locate package"; exit 100')

    answer = room.run("install-system-packages.sh", "chromium")

    assert answer.returncode == 1
    assert "E: Unable to locate package" in answer.stderr


def test_an_old_python_is_refused_with_its_version(room: Room, tmp_path: Path) -> None:
    # A real interpreter that only believes it is older, one version below the bound.
    older = "import sys; sys.version_info = (3, 10, 13); exec(sys.argv[1])"
    room.put(
        "python3",
        f"""case $1 in
            --version) echo "Python 3.10.13";;
            *) exec "{sys.executable}" -c "{older}" "$2";;
        esac""",
    )

    answer = room.run("make-venv.sh", "python3", str(tmp_path / "venv"))

    assert answer.returncode == 1
    assert "needs Python 3.11 or newer; python3 is Python 3.10.13." in answer.stderr


def test_a_python_that_is_not_there_is_refused(room: Room, tmp_path: Path) -> None:
    answer = room.run("make-venv.sh", "python3", str(tmp_path / "venv"))

    assert answer.returncode == 1
    assert "there is no python3 here" in answer.stderr


def test_a_python_without_ensurepip_asks_for_the_package_that_has_it(
    room: Room, tmp_path: Path
) -> None:
    room.put("python3", 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11;; esac')

    answer = room.run("make-venv.sh", "python3", str(tmp_path / "venv"))

    assert answer.returncode == 0
    assert room.asked("apt-get") == ["install python3.11-venv"]


def test_make_alone_lists_every_target_with_its_line() -> None:
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith("MAKE")
    }

    answer = subprocess.run(
        ["make"], cwd=ROOT, env=plain, capture_output=True, check=True, encoding="utf-8"
    )

    listed = [
        line.split()[1] for line in answer.stdout.splitlines() if line.startswith("  ")
    ]
    assert listed == [
        "run",
        "test",
        "check",
        "simulate",
        "mutants",
        "torture",
        "shift",
        "flips",
        "screenshots",
        "fuzz",
        "flights",
        "hostile",
        "bench",
        "pressure",
        "counter",
        "aged",
        "report",
        "format",
        "lock",
        "clean",
    ]
