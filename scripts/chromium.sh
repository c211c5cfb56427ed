#!/bin/sh
# Gets Chromium for the tests in a browser, and prints where it is: the one that is installed, else Debian's, which is
# then installed with the system's apt.
#
# Use:  chromium=$(scripts/chromium.sh)
# Exit: 0 ready; 3 it cannot be had here, with the reason in one line on stderr.
set -eu

fail() {
  echo "Chromium cannot be had here: $*" >&2
  exit 3
}

chromium=/usr/bin/chromium
starts() {
  "$chromium" --version >/dev/null 2>&1
}

if [ -x "$chromium" ] && starts; then
  echo "$chromium"
  exit 0
fi

command -v apt-get >/dev/null || fail 'there is no apt-get'
[ "$(id -u)" -eq 0 ] || fail "it is not installed, and this user is not root (install the package chromium)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
last_error() { grep '^E:' "$log" | tail -n 1; }

export DEBIAN_FRONTEND=noninteractive
# A fresh image has no lists yet, and old lists may name what is gone by now.
apt-get update -qq -o APT::Update::Error-Mode=any >"$log" 2>&1 || fail "apt-get update says $(last_error)"
apt-get install -qq --yes --no-install-recommends chromium >"$log" 2>&1 ||
  fail "apt-get install says $(last_error)"
starts || fail "$chromium does not start"
echo "$chromium"
