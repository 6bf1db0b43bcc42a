#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing.
#
# It runs inside `make test` and in CI: without questions, and silent when nothing is
# missing. Where it may not install, it says which command would, and fails: a test that
# is skipped because its browser is missing would look like a test that passed.
set -euo pipefail

is_installed() {
    [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

refuse() {
    cat >&2 <<MESSAGE
Airside needs these system packages: ${missing[*]}
$1

    sudo apt-get update && sudo apt-get install --no-install-recommends ${missing[*]}

Where they have other names, install them your way, and say so: make test SYSTEM_PACKAGES=
MESSAGE
    exit 1
}

# Another apt-get may be at work (a machine that has just started updates itself): wait
# two minutes for its lock instead of failing at once.
apt() {
    "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet=2 \
        -o DPkg::Lock::Timeout=120 "$@" </dev/null >>"$log" 2>&1
}

missing=()
for name in "$@"; do
    is_installed "$name" || missing+=("$name")
done
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    refuse 'This system has no apt-get. On Debian the command would be:'
elif [[ $(id -u) -eq 0 ]]; then
    as_root=(env)
elif sudo -n true 2>/dev/null; then
    as_root=(sudo -n env)
else
    refuse 'Installing them needs root. Run this, then the same make command again:'
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "Installing system packages, once: ${missing[*]}"

# Package lists that are missing or stale make the install fail, and only then are they
# worth the seconds that fetching them takes.
install=(install --no-install-recommends "${missing[@]}")
if ! apt "${install[@]}" && ! { apt update && apt "${install[@]}"; }; then
    tail -n 20 "$log" >&2
    refuse 'apt-get failed as shown above. The command was:'
fi
