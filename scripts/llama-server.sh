#!/bin/sh
# Gets a real llama-server for the tests: unpacks Debian sid's llama.cpp packages, with every library that they
# need, into a folder of their own and prints that folder. Nothing is installed into the system. The mirror is
# the one that the system's apt uses. The folder is kept and used again; delete it to get a newer version.
#
# Use:  root=$(scripts/llama-server.sh)
#       chroot "$root" /usr/bin/llama-server …     (as another user: unshare --map-root-user chroot …)
# Exit: 0 ready; 3 it cannot be had here, with the reason in one line on stderr.
set -eu

fail() {
  echo "llama-server cannot be had here: $*" >&2
  exit 3
}

if [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache=$XDG_CACHE_HOME/provider-sidecar-test
elif [ -n "${HOME:-}" ]; then
  cache=$HOME/.cache/provider-sidecar-test
else
  cache=${TMPDIR:-/tmp}/provider-sidecar-test-$(id -u)
fi
ready=$cache/llama-server

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else unshare --map-root-user "$@"; fi
}
starts() {
  as_root chroot "$1" /usr/bin/llama-server --version 2>&1
}

if [ -d "$ready" ]; then
  if starts "$ready" >/dev/null; then
    echo "$ready"
    exit 0
  fi
  rm -rf "$ready"
fi

for tool in apt-get dpkg-deb chroot; do
  command -v "$tool" >/dev/null || fail "there is no $tool"
done
[ "$(id -u)" -eq 0 ] || unshare --map-root-user true 2>/dev/null ||
  fail 'this user is not root and may not make a user namespace'
mkdir -p "$cache" 2>/dev/null || fail "cannot make $cache"
work=$(mktemp -d "$cache/unpacking-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
log=$work/log
last_error() { grep '^E:' "$log" | tail -n 1; }

# The first Debian repository that apt knows and that is not the one for security updates.
find_mirror() {
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI)' 2>/dev/null |
    awk '$1 == "Debian" && $2 !~ /security/ { print $2; exit }'
}
mirror=$(find_mirror)
if [ -z "$mirror" ]; then
  # A fresh image has no lists yet.
  apt-get update -qq >"$log" 2>&1 || true
  mirror=$(find_mirror)
fi
[ -n "$mirror" ] || fail 'apt knows no Debian mirror'

# An apt of its own, with an empty system: so it downloads all that llama-server needs, libc included.
signed=
for keyring in /usr/share/keyrings/debian-archive-keyring.gpg /usr/share/keyrings/debian-archive-keyring.pgp; do
  if [ -r "$keyring" ]; then
    signed="[signed-by=$keyring] "
    break
  fi
done
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/dpkg" "$work/root"
: >"$work/dpkg/status"
echo "deb $signed$mirror sid main" >"$work/sources.list"
cat >"$work/apt.conf" <<END
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "-";
Dir::Etc::Preferences "-";
Dir::Etc::PreferencesParts "-";
Dir::State::Lists "$work/lists";
Dir::State::Status "$work/dpkg/status";
Dir::Cache "$work";
Dir::Cache::Archives "$work/archives";
Dir::Log "$work";
APT::Sandbox::User "";
END
export APT_CONFIG="$work/apt.conf"
apt-get update -qq -o APT::Update::Error-Mode=any >"$log" 2>&1 ||
  fail "apt-get update says $(last_error)"
apt-get install -qq --yes --download-only --no-install-recommends llama.cpp-tools >"$log" 2>&1 ||
  fail "apt-get install says $(last_error)"

for package in "$work"/archives/*.deb; do
  dpkg-deb --extract "$package" "$work/root" 2>"$log" ||
    fail "dpkg-deb cannot unpack ${package##*/}: $(tail -n 1 "$log")"
done
# What the base system would have linked.
for folder in lib lib64; do
  if [ ! -e "$work/root/$folder" ] && [ -d "$work/root/usr/$folder" ]; then
    ln -s "usr/$folder" "$work/root/$folder"
  fi
done
mkdir -p "$work/root/tmp"
version=$(starts "$work/root") || fail "it does not start: $(echo "$version" | tail -n 1)"

# Whoever was faster wins; both have the same.
mv -T "$work/root" "$ready" 2>/dev/null || [ -d "$ready" ] || fail "cannot make $ready"
echo "$version" | grep -m 1 version >&2 || true
echo "$ready"
