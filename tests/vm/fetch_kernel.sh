#!/bin/sh
# usage: fetch_kernel.sh CACHE
# Downloads the distribution's kernel for virtual machines and unpacks it into CACHE/linux, without installing it (nothing is
# done if it is there); prints the directory: it has boot/vmlinuz-VERSION and lib/modules/VERSION.
set -eu
cache=$1

fail()
{
	echo "check-vm: $1" >&2
	exit 1
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
[ -e "$cache/linux/.complete" ] && { echo "$cache/linux"; exit 0; }
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
	fail "this is not a Debian system; put a kernel with uio_pci_generic into $cache/linux/boot/vmlinuz-VERSION and \
$cache/linux/lib/modules/VERSION, and create $cache/linux/.complete"
exec 9>"$cache/.lock"
flock 9
[ -e "$cache/linux/.complete" ] && { echo "$cache/linux"; exit 0; }

work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
# The name of the package of today's version is what the package without version depends on.
package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' | head -n 1)
[ -n "$package" ] || fail "apt knows no linux-image-cloud-amd64; run apt-get update"
(cd "$work" && apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$package" >log 2>&1) ||
	fail "apt-get download $package: $(grep -m 1 '^[EW]:' "$work/log" || tail -n 1 "$work/log"); this needs the network once"
mkdir "$work/linux"
dpkg-deb --fsys-tarfile "$work"/*.deb | tar -x -C "$work/linux" ./boot ./lib/modules
rm -rf "$cache/linux"
mv "$work/linux" "$cache/linux"
touch "$cache/linux/.complete"
echo "$cache/linux"
