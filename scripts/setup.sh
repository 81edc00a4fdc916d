#!/usr/bin/env bash
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: setup.sh FOLDER. Makes a virtual environment with the newest Python found, and installs the requirements.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1

# A name on PATH may be a shim of a version manager that answers with an error: ask each one for its version.
newest=""
newest_version=0
without_venv=""
for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10; do
    version=$("$name" -c 'import sys; print("%d%03d" % sys.version_info[:2])' 2>/dev/null) || continue
    [ "$version" -ge 3010 ] || continue
    if ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        without_venv=$name
    elif [ "$version" -gt "$newest_version" ]; then
        newest=$name
        newest_version=$version
    fi
done

if ! "$venv/bin/python" -c '' 2>/dev/null; then
    if [ -n "$newest" ]; then
        "$newest" -m venv --clear "$venv"
    elif [ -n "$without_venv" ]; then
        echo "setup: $without_venv has no venv module; install it (Debian and Ubuntu: apt install python3-venv)." >&2
        exit 1
    else
        echo "setup: Python 3.10 or newer is needed, and none is on PATH." >&2
        exit 1
    fi
fi

echo "setup: installing requirements-dev.txt into $venv ($("$venv/bin/python" --version))"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
