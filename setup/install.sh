#!/bin/sh
# Installs the Debian packages of packages.txt that are missing. Prints the list first, asks nothing.
# On a system without dpkg it prints what is needed and stops with exit code 1.
set -eu
here=$(dirname "$0")
packages=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$here/packages.txt" | awk '{print $1}')

if ! command -v dpkg-query >/dev/null 2>&1; then
	echo "ixlab: this is not a Debian system; install the equivalents of these packages, then run make with SETUP=no:" >&2
	sed -e '/^#/d' "$here/packages.txt" >&2
	exit 1
fi

# Fields of dpkg-query: one status word and name a line; what is unknown to it is missing, too.
# shellcheck disable=SC2086
installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $packages 2>/dev/null | awk '$1 == "installed" {print $2}')
missing=
for package in $packages; do
	printf '%s\n' "$installed" | grep -qx "$package" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "ixlab: installing Debian packages:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "ixlab: not root and no sudo; as root run: apt-get install$missing" >&2
		exit 1
	fi
	as_root=sudo
fi
apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq"
$apt update
# shellcheck disable=SC2086
$apt install -y --no-install-recommends $missing >/dev/null
