#!/bin/sh
# usage: gate.sh OBJECT...   Fails if an object file of lwIP holds a mutable object that threads would share.
set -eu
shared=$(objdump -t "$@" | awk '/file format/ {file = $1} / O (\.(data|bss)|COMMON)/ && !/ O \.data\.rel\.ro/ {print file, $NF}
	/\*COM\*/ {print file, $NF}')
[ -z "$shared" ] && exit 0
echo "ixlab: lwIP objects shared between threads:" >&2
echo "$shared" >&2
exit 1
