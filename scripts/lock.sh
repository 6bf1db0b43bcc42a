#!/usr/bin/env bash
# Writes the newest versions that pyproject.toml allows: lock.sh PYTHON FILE
#
# Names and versions only. An address would tie every install to one registry, and hashes
# would tie it to one platform.
set -euo pipefail

python=$1
file=$2

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$(dirname "$0")/make-venv.sh" "$python" "$scratch/venv"

pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet --quiet --upgrade setuptools swig
export PATH="$scratch/venv/bin:$PATH"  # pyscard's build runs swig
"${pip[@]}" install --quiet --quiet --no-build-isolation --editable '.[scan,pcsc,till,hsm,postgres,postgres-server,bench,test]'

{
    echo '# Made by `make lock`: the versions that the tests were run with.'
    "${pip[@]}" freeze --all --exclude pip --exclude-editable | LC_ALL=C sort --ignore-case
} >"$scratch/constraints.txt"

if grep --invert-match --extended-regexp '^(#.*|[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+)$' "$scratch/constraints.txt"; then
    echo 'These lines are not a name and a version; nothing was written.' >&2
    exit 1
fi
cp "$scratch/constraints.txt" "$file"
