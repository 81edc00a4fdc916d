# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-in for the pip bootstrap script that ansible-test would download.

ansible-test starts the file that it finds in its cache with the arguments of ``pip install``.
pip comes from the Python that runs this, then brings itself to a version that trusts the
certificates of the machine (24.2), so that it works behind a company's own package index.
"""

from __future__ import annotations

import subprocess
import sys

# Meant for the real script only; pip does not know them.
_BOOTSTRAP_OPTIONS = ("--no-setuptools", "--no-wheel")


def pip_arguments(arguments: list[str]) -> list[str]:
    """Turn the bootstrap script's arguments into those of ``pip install``."""
    kept = [argument for argument in arguments if argument not in _BOOTSTRAP_OPTIONS]
    return ["pip>=24.2" if argument.startswith("pip==") else argument for argument in kept]


if __name__ == "__main__":
    # In a process of its own: ensurepip turns the user's pip configuration off for its whole process.
    subprocess.check_call([sys.executable, "-m", "ensurepip", "--upgrade"])
    sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *pip_arguments(sys.argv[1:])]))
