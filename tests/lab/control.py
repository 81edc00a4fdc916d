# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control endpoint: JSON over HTTP on a loopback port.

GET /hosts: every host with counters, writes, listener and expectation; GET /hosts/<name>: one of them.
GET /hosts/<name>/model: a digest of the whole model. GET /hosts/<name>/registry?key=<path>: the values of one key, null
when there is none. POST /reset: every host as its scenario says. POST /hosts/<name>/faults: arm a fault or a list of
them (faults.Injection as JSON); DELETE on it disarms all. POST /hosts/<name>/reboot: {"seconds": 2}.
POST /hosts/<name>/refresh_policies: what a policy set and somebody changed is as the policy says again.
"""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from tests.lab.model.faults import injection
from tests.lab.runtime import Lab, LabError, LabHost


class Control:
    """The endpoint of one lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._runner: web.AppRunner | None = None

    async def start(self, address: str, port: int) -> None:
        app = web.Application()
        app.router.add_get("/hosts", self._hosts)
        app.router.add_get("/hosts/{name}", self._one)
        app.router.add_get("/hosts/{name}/model", self._model)
        app.router.add_get("/hosts/{name}/registry", self._registry)
        app.router.add_post("/reset", self._reset)
        app.router.add_post("/hosts/{name}/faults", self._inject)
        app.router.add_delete("/hosts/{name}/faults", self._clear)
        app.router.add_post("/hosts/{name}/reboot", self._reboot)
        app.router.add_post("/hosts/{name}/refresh_policies", self._refresh_policies)
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

    def _host(self, request: web.Request) -> LabHost:
        host = self._lab.hosts.get(request.match_info["name"])
        if host is None:
            raise web.HTTPNotFound(text='{"error": "there is no such host"}', content_type="application/json")
        return host

    async def _one(self, request: web.Request) -> web.Response:
        return web.json_response(self._host(request).status())

    async def _model(self, request: web.Request) -> web.Response:
        return web.json_response(self._host(request).model.digest())

    async def _registry(self, request: web.Request) -> web.Response:
        key = self._host(request).model.registry.find(request.query.get("key", ""))
        values = None if key is None else {value.name: value.as_json() for value in key.values.values()}
        return web.json_response(values)

    async def _inject(self, request: web.Request) -> web.Response:
        host = self._host(request)
        try:
            data = await request.json()
            wanted = [injection(item) for item in (data if isinstance(data, list) else [data])]
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        for item in wanted:
            host.injector.add(item)
        return web.json_response({"armed": [asdict(item) for item in host.injector.waiting]})

    async def _clear(self, request: web.Request) -> web.Response:
        self._host(request).clear_faults()
        return web.json_response({"armed": []})

    async def _reboot(self, request: web.Request) -> web.Response:
        host = self._host(request)
        try:
            seconds = float((await request.json())["seconds"])
        except (ValueError, TypeError, KeyError):
            return web.json_response({"error": "the body must be JSON with a number of seconds"}, status=400)
        host.reboot(seconds)
        return web.json_response({"seconds": seconds})

    async def _refresh_policies(self, request: web.Request) -> web.Response:
        return web.json_response({"written": self._host(request).model.refresh_policies()})

    async def _reset(self, request: web.Request) -> web.Response:
        await self._lab.reset()
        return web.json_response({"hosts": len(self._lab.hosts)})
