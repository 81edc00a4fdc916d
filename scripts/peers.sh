#!/usr/bin/env bash
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Installs the RDP servers and clients of others that the tests talk to, where Debian's package manager may be used.
# Where it may not, the tests that need them skip and say so.
set -eu

missing=()
for pair in xrdp:xrdp xfreerdp:freerdp2-x11 Xvfb:xvfb; do
  command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! sudo -n true 2>/dev/null; then
    echo "peers: not root and no sudo, so ${missing[*]} can not be installed; the tests that need them will skip"
    exit 0
  fi
  as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null 2>&1; then
  echo "peers: no apt-get here, so install ${missing[*]} by hand; the tests that need them will skip"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
# A fresh machine has no package lists, and starting a system's own xrdp is none of our business.
log=$(mktemp)
if ! { "${as_root[@]}" apt-get -qq update && "${as_root[@]}" env RUNLEVEL=1 apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  echo "peers: apt-get could not install ${missing[*]}; the tests that need them will skip. Its last lines:"
  tail -3 "$log"
fi
rm -f "$log"
