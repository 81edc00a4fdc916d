# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Write ``docs/causes``: a page for each cause and an index, from the data of the causes.

Start it with ``.collections`` on the path of Python: ``PYTHONPATH=.collections python -m scripts.causes``.
A page whose cause is gone is deleted. A unit test holds the pages equal to the data.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ansible_collections.winops.rdp.plugins.plugin_utils._causes.catalogue import CAUSES
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.cause import Cause, Reference
from ansible_collections.winops.rdp.plugins.plugin_utils._data.causes.every import BY_ID

# What Markdown would take for its own. A backslash counts only before punctuation.
_MARKUP = re.compile(r"[<*|]|\\(?=[!-/:-@\[-`{-~])")

PAGES = Path(__file__).resolve().parent.parent / "docs/causes"
INDEX = "README.md"

_STAGES = {
    "": "nowhere: connections get through all the same",
    "dns": "the look-up of the name",
    "tcp": "TCP",
    "x224": "the connection request (X.224)",
    "tls": "TLS",
    "credssp": "CredSSP (NLA)",
    "logon": "the logon, which a probe without credentials does not see",
    "session": "the session, which a probe without credentials does not see",
    "client": "the client's own machine",
}
_STRENGTHS = {
    "A": "Microsoft",
    "B": "Microsoft's staff or tools, or a cloud vendor",
    "C": "reported by others",
    "L": "worked out here",
    "MEM": "from memory, not verified",
}


def pages() -> dict[str, str]:
    """Every file of the folder by its name."""
    ordered = [BY_ID[cause] for cause, _check in CAUSES]
    return {INDEX: _index(ordered)} | {f"{cause.id}.md": _page(cause) for cause in ordered}


def _plain(text: str) -> str:
    """The text so that it is shown as it is."""
    return _MARKUP.sub(r"\\\g<0>", text)


def _index(causes: Iterable[Cause]) -> str:
    rows = [" | ".join(_cells(cause)) for cause in causes]
    strengths = "; ".join(f"{name} {meaning}" for name, meaning in _STRENGTHS.items())
    return "\n".join(
        [
            "# Causes",
            "",
            "What `rdp_diagnose` looks for, in the order of a connection's way. These pages are written from the data "
            "in `plugins/plugin_utils/_data/causes` by `scripts/causes.py`.",
            "",
            f"The strength of a source: {strengths}.",
            "",
            "| cause | what is wrong | connections end at | what users see |",
            "|---|---|---|---|",
            *(f"| {row} |" for row in rows),
            "",
        ]
    )


def _cells(cause: Cause) -> tuple[str, ...]:
    codes = ", ".join(cause.explains)
    return f"[{cause.id}]({cause.id}.md)", _plain(cause.title), cause.stage or "-", codes or "-"


def _page(cause: Cause) -> str:
    sections = [
        ("What it is", [_plain(cause.what)]),
        ("Where a connection ends", [f"At {_STAGES[cause.stage]}." if cause.stage else f"{_STAGES['']}.".capitalize()]),
        ("What users see", [", ".join(f"`{pair}`" for pair in cause.explains)]),
        ("What speaks for it", _bullets(cause.proof)),
        ("What speaks against it", _bullets(cause.against)),
        ("How sure the finding is", [_plain(cause.confidence)]),
        ("What has to be read to rule it out", [", ".join(f"`{name}`" for name in cause.needs)]),
        ("What is done", [_plain(cause.done)]),
        ("What is refused", [_plain(cause.refused)]),
        ("By hand", [f"{number}. {_plain(step)}" for number, step in enumerate(cause.by_hand, 1)]),
        ("Sources", [f"- {_source(reference)}" for reference in cause.references]),
    ]
    lines = [f"# {cause.id}", "", f"{_plain(cause.title)}.", ""]
    for heading, body in sections:
        if any(body):
            lines += [f"## {heading}", "", *body, ""]
    return "\n".join(lines)


def _bullets(items: Iterable[str]) -> list[str]:
    return [f"- {_plain(item)}" for item in items]


def _source(reference: Reference) -> str:
    title = _plain(reference.title)
    title = f"[{title}]({reference.url})" if reference.url else title
    return f"{title} (strength {reference.strength})"


def main() -> int:
    """Write what differs."""
    wanted = pages()
    PAGES.mkdir(exist_ok=True)
    for path in PAGES.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = PAGES / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
