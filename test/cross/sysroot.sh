#!/bin/sh
# usage: test/cross/sysroot.sh SUITE ARCH DIR PACKAGE...
# Fills DIR with Debian packages of a suite (bookworm, trixie; own: this machine's) and an architecture (amd64, armhf,
# arm64, riscv64; own: this machine's) as a folder to compile and link against: DIR/usr/include, DIR/usr/lib/TRIPLET,
# and of older suites DIR/lib/TRIPLET. Just the packages named, none they depend on. The system is left alone: apt
# works with lists and caches below DIR/apt, with the archive this machine's own sources name, and no root is needed.
# What was made before with the same words is kept. Fails with the reason on standard error (all of it in DIR/log)
# where there is no apt, no network or no such package: a caller skips then.
set -eu
[ $# -ge 4 ] || { sed -n 2p "$0" >&2 && exit 2; }
suite=$1 arch=$2 words=$*
mkdir -p "$3"
dir=$(cd "$3" && pwd)
shift 3

give_up() {
    echo "sysroot: $*" >&2
    exit 1
}
for tool in apt-get dpkg-deb; do command -v "$tool" >/dev/null || give_up "no $tool here"; done
own=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
[ "$suite" != own ] || suite=$own
[ "$arch" != own ] || arch=$(dpkg --print-architecture)
if [ "$(cat "$dir/made" 2>/dev/null)" = "$words" ]; then exit 0; fi

# The archive of Debian itself, as this machine's sources have it, of whatever form they are.
# shellcheck disable=SC2016 # the dollars are apt's
archive=$(apt-get indextargets --format '$(CREATED_BY) $(RELEASE) $(COMPONENT) $(REPO_URI)' |
    sed -n "s/^Packages $own main //p" | head -n 1)
[ -n "$archive" ] || give_up "the sources of apt name no archive of '$own'"

rm -rf "$dir"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/apt/sources"
: >"$dir/apt/status"
echo "deb $archive $suite main" >"$dir/apt/list"
cat >"$dir/apt/conf" <<CONF
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Sandbox::User "$(id -un)";
Acquire::Languages "none";
Dir::Etc::sourcelist "$dir/apt/list";
Dir::Etc::sourceparts "$dir/apt/sources";
Dir::State::lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt/cache";
CONF
fill() {
    cd "$dir/apt" # where apt puts what it downloads
    apt-get update -qq && apt-get download -qq "$@" || return 1
    for package in *.deb; do dpkg-deb -x "$package" "$dir" || return 1; done
}
if ! (APT_CONFIG=$dir/apt/conf && export APT_CONFIG && fill "$@") >"$dir/log" 2>&1; then
    give_up "$suite for $arch: $(grep -m 1 '^E:' "$dir/log" || tail -n 1 "$dir/log")"
fi
rm -rf "$dir/apt"
echo "$words" >"$dir/made"
