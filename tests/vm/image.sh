#!/bin/sh
# usage: image.sh KERNEL_DIRECTORY IMAGE INIT FILE...
# Makes the initial file system of the virtual machine: busybox, the modules uio and uio_pci_generic, INIT as /init, and each
# FILE by its name: programs in /bin with the libraries that they need, DPDK's drivers among them, the rest in /.
set -eu
kernel=$1
image=$2
init=$3
shift 3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

# copy FILE: at the same path; a link as a link, for two copies of one library are two libraries to the dynamic linker.
copy()
{
	real=$(readlink -f "$1")
	[ -e "$root$real" ] || install -D "$real" "$root$real"
	[ -e "$root$1" ] || { mkdir -p "$root${1%/*}" && ln -s "$real" "$root$1"; }
}

# with_libraries FILE: what the dynamic linker would load for it, at the paths where it looks.
with_libraries()
{
	ldd "$1" | grep -oE '/[^ ]+' | while read -r library; do
		copy "$library"
	done
}

mkdir -p "$root/bin" "$root/proc" "$root/sys" "$root/dev" "$root/run" "$root/tmp" "$root/lib/modules" "$root/var/run"
busybox=$(command -v busybox)
install "$busybox" "$root/bin/busybox"
find "$kernel/lib/modules" \( -name uio.ko -o -name uio_pci_generic.ko \) -exec cp {} "$root/lib/modules" \;
[ "$(find "$root/lib/modules" -name '*.ko' | wc -l)" -eq 2 ] || {
	echo "check-vm: the kernel in $kernel has no uio_pci_generic" >&2
	exit 1
}
install "$init" "$root/init"
for file; do
	if [ -x "$file" ]; then
		install -s "$file" "$root/bin/"
		with_libraries "$file"
	else
		cp "$file" "$root/"
	fi
done
# Drivers that DPDK loads by itself from its directory of plug-ins: the bus, the card, the ring behind packet pools.
plugins=$(find /usr/lib /usr/local/lib -type d -name 'pmds-*' 2>/dev/null | head -n 1)
[ -n "$plugins" ] || {
	echo "check-vm: DPDK's drivers are not there; apt-get install libdpdk-dev" >&2
	exit 1
}
for driver in bus_pci bus_vdev net_virtio mempool_ring; do
	found=$(find "$plugins/" -name "librte_$driver.so.*" | sort | tail -n 1)
	copy "$found"
	with_libraries "$found"
done
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) | gzip -1 >"$image"
