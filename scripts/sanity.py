# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ``ansible-test sanity`` on a copy of the collection, in the folder layout that it insists on.

The copy holds what is shipped; ruff and mypy see the rest.
JUnit results go to ``.cache/junit/sanity`` for ``gates.py`` to count.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / ".cache/sanity/ansible_collections/winops/rdp"
RESULTS = ROOT / ".cache/junit/sanity"
NOT_SHIPPED = (".collections/", "extensions/", "scripts/", "tests/")
PIP_CACHE = Path.home() / ".ansible/test/cache"
# One name for each pip version that ansible-core 2.16 to 2.21 bootstraps with.
PIP_SCRIPTS = ("get_pip_23_1_2.py", "get_pip_24_2.py", "get_pip_25_2.py")


def copy_collection() -> None:
    """Lay the copy anew."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    shutil.rmtree(COPY, ignore_errors=True)
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if name.startswith(NOT_SHIPPED) or not source.is_file():
            continue
        target = COPY / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def provide_pip_bootstrap() -> None:
    """Put our stand-in where ansible-test looks before it downloads; a file that is there stays."""
    PIP_CACHE.mkdir(parents=True, exist_ok=True)
    for name in PIP_SCRIPTS:
        if not (PIP_CACHE / name).exists():
            shutil.copyfile(ROOT / "scripts/get_pip.py", PIP_CACHE / name)


def main(arguments: list[str]) -> int:
    """Hand ``arguments`` to ansible-test as they are, for example ``--test import``, and return its exit code."""
    copy_collection()
    provide_pip_bootstrap()
    tools = Path(sys.executable).parent
    environment = {
        **os.environ,
        # shellcheck is here.
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        # With the root given, ansible-test does not look for a git repository above the copy, which git ignores.
        "ANSIBLE_TEST_CONTENT_ROOT": str(COPY),
    }
    # One Python: of the others ansible-test takes any pythonX.Y on PATH, and a version manager's shim ends the run.
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = [f"{tools}/ansible-test", "sanity", "--color", "no", "--junit", "--python", version, *arguments]
    code = subprocess.call(command, cwd=COPY, env=environment)
    shutil.rmtree(RESULTS, ignore_errors=True)
    junit = COPY / "tests/output/junit"
    if junit.is_dir():
        shutil.copytree(junit, RESULTS)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
