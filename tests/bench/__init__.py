# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Benchmarks: programs that print what something costs. They assert nothing."""

from __future__ import annotations

import sys
from pathlib import Path

# Outside of pytest and Ansible nobody has told Python where the collection is.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".collections"))
