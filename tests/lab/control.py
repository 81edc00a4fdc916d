# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control endpoint: JSON over HTTP on a loopback port.

GET /hosts: every host with counters, writes, listener and expectation. GET /hosts/<name>/model: a digest of the whole
model. POST /reset: every host as its scenario says.
"""

from __future__ import annotations

from aiohttp import web

from tests.lab.runtime import Lab, LabError


class Control:
    """The endpoint of one lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._runner: web.AppRunner | None = None

    async def start(self, address: str, port: int) -> None:
        app = web.Application()
        app.router.add_get("/hosts", self._hosts)
        app.router.add_get("/hosts/{name}/model", self._model)
        app.router.add_post("/reset", self._reset)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, address, port).start()
        except OSError as error:
            await runner.cleanup()
            raise LabError(
                f"Port {port} on {address} cannot be used for the control endpoint: {error.strerror}."
            ) from error
        self._runner = runner

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _hosts(self, request: web.Request) -> web.Response:
        return web.json_response({name: host.status() for name, host in self._lab.hosts.items()})

    async def _model(self, request: web.Request) -> web.Response:
        host = self._lab.hosts.get(request.match_info["name"])
        if host is None:
            return web.json_response({"error": "there is no such host"}, status=404)
        return web.json_response(host.model.digest())

    async def _reset(self, request: web.Request) -> web.Response:
        await self._lab.reset()
        return web.json_response({"hosts": len(self._lab.hosts)})
