#!/usr/bin/env bash
# Makes an empty virtual environment: make-venv.sh PYTHON FOLDER
set -euo pipefail

python=$1
folder=$2

fail() {
    printf '%s\nName another interpreter, for example: make run PYTHON=python3.13\n' "$1" >&2
    exit 1
}

command -v "$python" >/dev/null || fail "Airside needs Python 3.11 or newer; there is no $python here."

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Airside needs Python 3.11 or newer; $python is $("$python" --version 2>&1)."

# Debian keeps ensurepip, without which a virtual environment has no pip, in a package
# of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    "$(dirname "$0")/install-system-packages.sh" "python$version-venv"
fi

# --clear: what a broken attempt left behind must not look like an environment.
"$python" -m venv --clear "$folder"
