# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collection ansible.windows, out of PyPI's package ``ansible``. Kept in ``.cache/bench``; nothing is installed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# Which brings ansible.windows 3.3.0, for ansible-core 2.16 and later.
_PACKAGE = "ansible==12.3.0"
_INSIDE = "ansible_collections/ansible/windows/"
_CACHE = Path(__file__).resolve().parents[2] / ".cache/bench"
_SECONDS = 300


class Missing(Exception):
    """It is not there and could not be had; one sentence why."""


def collections() -> Path:
    """The folder to add to ANSIBLE_COLLECTIONS_PATH. The first call downloads about 54 MB."""
    kept = _CACHE / _PACKAGE.replace("==", "-")
    if kept.is_dir():
        return kept
    _CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
        extracted = Path(folder, "extracted")
        with zipfile.ZipFile(_downloaded(Path(folder))) as wheel:
            wheel.extractall(extracted, [name for name in wheel.namelist() if name.startswith(_INSIDE)])
        if not (extracted / _INSIDE).is_dir():
            raise Missing(f"{_PACKAGE} of the package index has no ansible.windows in it.")
        extracted.rename(kept)  # all of it or nothing
    return kept


def _downloaded(folder: Path) -> Path:
    # Modules of Windows run in no Python, so which one the package asks for is of no interest.
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, _PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired as late:
        raise Missing(f"The download of {_PACKAGE} took more than {_SECONDS} seconds.") from late
    found = list(folder.glob("*.whl"))
    if done.returncode or not found:
        reason = (done.stderr.strip() or "no wheel came").splitlines()[-1]
        raise Missing(f"{_PACKAGE}, which carries ansible.windows, could not be downloaded: {reason}")
    return found[0]
