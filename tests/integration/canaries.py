# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets made for tests, and the search for them in whatever a run leaves."""

from __future__ import annotations

import base64
import json
import os
import stat
import threading
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

# Every character that some notation writes in another way; no colon, which parts the lines of the lab's password files.
PASSWORD = "Canary-7Q/x+9k=%41&<z>'q"
WRONG_PASSWORD = "Stray-8W/y+3m=%42&<v>'p"
PROXY_PASSWORD = "Gate-5R/u+2n=%43&<w>'s"
# What a host holds beside what is asked for: it has no business on the controller.
STORED_PASSWORD = "Store-4S/v+1p=%44&<u>'r"
_LOOK_SECONDS = 0.05


def forms(text: str) -> set[bytes]:
    """A secret as it may be written: plain, quoted for URLs, JSON, XML and Python, hexadecimal, and base64 of it at any
    offset, all that in UTF-8 and in UTF-16LE."""
    quoted = {
        text,
        urllib.parse.quote(text, safe=""),
        urllib.parse.quote(text),
        urllib.parse.quote_plus(text),
        json.dumps(text)[1:-1],
        repr(text)[1:-1],
        escape(text),
        escape(text, quote=False),
    }
    found = set()
    for each in quoted:
        for encoded in (each.encode(), each.encode("utf-16-le")):
            found.add(urllib.parse.quote(encoded, safe="").encode())
            found |= {encoded, encoded.hex().encode(), encoded.hex().upper().encode()}
            for offset in range(3):
                found |= _base64(encoded, offset)
    return found


def _base64(secret: bytes, offset: int) -> set[bytes]:
    """The part of a base64 text that does not depend on what stands before (``offset`` bytes) and after the secret."""
    encoded = base64.b64encode(bytes(offset) + secret)
    sure = encoded[(0, 2, 3)[offset] : (offset + len(secret)) * 8 // 6]
    return {sure, sure.replace(b"+", b"-").replace(b"/", b"_")}


def mark_key(path: Path, mark: str) -> set[bytes]:
    """The forms of a private key in a PEM file, and of a mark that is put into the file in front of it."""
    pem = path.read_text(encoding="ascii")
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, EllipticCurvePrivateKey)
    number = key.private_numbers().private_value
    path.write_text(f"{mark}\n{pem}", encoding="ascii")
    lines = [line for line in pem.splitlines() if not line.startswith("-")]
    return forms(mark) | {line.encode() for line in lines} | {f"{number:x}".encode(), str(number).encode()}


class Traces:
    """What runs left: texts and files by name. Files of a watched folder count even when they are gone again."""

    def __init__(self) -> None:
        self._found: dict[str, set[bytes]] = {}
        self._seen: dict[str, tuple[int, int]] = {}

    def add(self, name: str, data: str | bytes) -> None:
        self._found.setdefault(name, set()).add(data.encode() if isinstance(data, str) else data)

    def add_files(self, folder: Path) -> None:
        """What is new in a folder; a file may go while it is looked at."""
        for place, _folders, names in os.walk(folder):
            for path in (os.path.join(place, name) for name in names):
                try:
                    state = os.stat(path)
                    if self._seen.get(path) != (state.st_mtime_ns, state.st_size) and stat.S_ISREG(state.st_mode):
                        self._seen[path] = (state.st_mtime_ns, state.st_size)
                        self.add(path, Path(path).read_bytes())
                except OSError:
                    continue

    @contextmanager
    def watching(self, folder: Path) -> Iterator[None]:
        """Keep what is in the folder meanwhile."""
        over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK_SECONDS):
                self.add_files(folder)

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(5)
            self.add_files(folder)

    def names(self) -> list[str]:
        return list(self._found)

    def texts(self, name: str) -> set[bytes]:
        return self._found[name]

    def leaks(self, secrets: Mapping[str, Iterable[bytes]]) -> list[str]:
        """One line for each secret in each trace."""
        told = []
        for name, texts in self._found.items():
            for secret, written in secrets.items():
                for form in written:
                    context = next((_around(text, form) for text in texts if form in text), None)
                    if context is not None:
                        told.append(f"{secret} in {name}: {context!r}")
                        break
        return told


def _around(text: bytes, form: bytes) -> bytes:
    at = text.index(form)
    return text[max(at - 80, 0) : at + len(form) + 40]
