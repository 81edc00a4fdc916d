#!/usr/bin/env bash
# Copyright (c) 2026, the winops.rdp authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Usage: peers.sh FOLDER. Installs the servers, clients and scanners of others that the tests talk to: Debian's packages
# where its package manager may be used, and sslyze into a virtual environment, FOLDER, of its own, because its
# dependencies are not ours, and Kerberos modules into .venv, because they must be compiled. What can not be installed is
# said; the tests that need it skip and say so too.
set -eu
cd "$(dirname "$0")/.."
venv=$1
# xrdp and the KDC are there, which is not on everybody's PATH.
PATH=$PATH:/usr/sbin

install_packages() {
  local missing=() pair as_root=() log
  for pair in xrdp:xrdp xfreerdp:freerdp2-x11 freerdp-shadow-cli:freerdp2-shadow-x11 Xvfb:xvfb openssl:openssl \
    gnutls-serv:gnutls-bin nmap:nmap tshark:tshark krb5kdc:krb5-kdc kadmin.local:krb5-admin-server kinit:krb5-user \
    krb5-config:libkrb5-dev gcc:gcc; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair##*:}")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "peers: not root and no sudo, so ${missing[*]} can not be installed; the tests that need them will skip"
      return 0
    fi
    as_root=(sudo -n)
  fi
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "peers: no apt-get here, so install ${missing[*]} by hand; the tests that need them will skip"
    return 0
  fi
  export DEBIAN_FRONTEND=noninteractive
  # A fresh machine has no package lists, and starting a system's own xrdp is none of our business.
  log=$(mktemp)
  if ! { "${as_root[@]}" apt-get -qq update && "${as_root[@]}" env RUNLEVEL=1 apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    echo "peers: apt-get could not install ${missing[*]}; the tests that need them will skip. Its last lines:"
    tail -3 "$log"
  fi
  rm -f "$log"
}

install_sslyze() {
  local log
  "$venv/bin/sslyze" --help >/dev/null 2>&1 && return 0
  log=$(mktemp)
  if ! { python3 -m venv --clear "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check sslyze; } >"$log" 2>&1; then
    echo "peers: sslyze could not be installed into $venv; the tests that need it will skip. The last lines:"
    tail -3 "$log"
  fi
  rm -f "$log"
}

install_kerberos_modules() {
  local log
  .venv/bin/python -c 'import gssapi, krb5, kerberos' >/dev/null 2>&1 && return 0
  log=$(mktemp)
  echo "peers: compiling the Kerberos modules of tests/lab/requirements-kerberos.txt, which takes some minutes"
  if ! .venv/bin/python -m pip install --quiet --disable-pip-version-check -r tests/lab/requirements-kerberos.txt >"$log" 2>&1; then
    echo "peers: they could not be installed; the tests that need them will skip. The last lines:"
    tail -3 "$log"
  fi
  rm -f "$log"
}

install_packages
install_sslyze
install_kerberos_modules
