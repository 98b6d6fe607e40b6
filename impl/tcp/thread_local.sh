#!/bin/sh
# usage: thread_local.sh SOURCE OUT LIST CC FLAGS... -- FILES...
# Copies lwIP's SOURCE (its src folder) to OUT with every mutable object of FILES marked _Thread_local; the text is
# otherwise untouched. The compiler says which objects are mutable, ctags on which line each is declared. Fails unless
# the objects are exactly those of LIST (file, name, class).
set -eu
source=$1 out=$2 list=$3 cc=$4
shift 4
flags=
while [ "$1" != -- ]; do flags="$flags $1"; shift; done
shift

# Two builds at once: the second waits, and finds it done.
mkdir -p "$(dirname "$out")"
exec 9>"$out.lock"
flock 9
result=$out
if [ -e "$result/.complete" ] &&
	[ -z "$(find "$0" "$list" "$(dirname "$list")/port" "$source/../.complete" -type f -newer "$result/.complete")" ]; then
	exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=$work/lwip
mkdir -p "$out"
cp -r "$source/core" "$source/include" "$out/"

# "file name scope" of the objects in .data and .bss; a static one inside a function is name.NUMBER (gcc) or
# function.name (clang). Tables of constant addresses (.data.rel.ro) are not mutable.
for file in "$@"; do
	# shellcheck disable=SC2086
	"$cc" $flags -fno-common -w -c -o "$work/object.o" "$source/$file"
	objdump -t "$work/object.o" | awk -v file="$file" '
		/ O \.(data|bss)/ && !/ O \.data\.rel\.ro/ {
			name = $NF
			if (split(name, part, ".") > 1) name = part[2] ~ /^[0-9]+$/ ? part[1] : part[2]
			print file, name, $2
		}'
done | sort -u >"$work/objects"

sed -e 's/#.*//' "$list" | awk 'NF == 3 {print $1, $2}' | sort -u >"$work/known"
awk '{print $1, $2}' "$work/objects" | sort -u >"$work/found"
if ! diff "$work/known" "$work/found" >"$work/difference"; then
	echo "ixlab: lwIP's mutable objects are not those of $list (< only listed, > only found):" >&2
	grep '^[<>]' "$work/difference" >&2
	exit 1
fi

# Where they stand: definitions (v), static ones in functions (l) of the same file; external declarations (x) in headers
# only for objects that are visible outside of their file.
(cd "$out" && find core include -name '*.[ch]' | sort |
	ctags -x --languages=C --langmap=C:.c.h --kinds-C=vlx --_xformat='%F %N %K %n' -L -) >"$work/tags"
awk '
	NR == FNR { scope[$1 " " $2] = $3; if ($3 == "g") visible[$2] = 1; next }
	($3 == "variable" || $3 == "local") && (($1 " " $2) in scope) { print $1, $4, $3 }
	$3 == "externvar" && $1 ~ /^include\// && ($2 in visible) { print $1, $4, $3 }
' "$work/objects" "$work/tags" | sort -u >"$work/edits"
while read -r file line kind; do
	case $kind in
	local) sed -i -E "${line}s/^([[:space:]]*)static (_Thread_local )?/\1static _Thread_local /" "$out/$file" ;;
	*) sed -i -E "${line}{/_Thread_local/!s/^/_Thread_local /}" "$out/$file" ;;
	esac
done <"$work/edits"

# The one table that holds addresses of such objects: no constant any more, so it is written where it is used.
awk '/^struct tcp_pcb \*\*const tcp_pcb_lists\[\]/ {skip = 1} !skip {print} skip && /;/ {skip = 0}' \
	"$out/core/tcp.c" >"$work/tcp.c"
mv "$work/tcp.c" "$out/core/tcp.c"
sed -i -E 's/^extern struct tcp_pcb \*\* const tcp_pcb_lists\[NUM_TCP_PCB_LISTS\];/#define tcp_pcb_lists ((struct tcp_pcb **const[]){\&tcp_listen_pcbs.pcbs, \&tcp_bound_pcbs, \&tcp_active_pcbs, \&tcp_tw_pcbs})/' \
	"$out/include/lwip/priv/tcp_priv.h"
grep -q 'define tcp_pcb_lists' "$out/include/lwip/priv/tcp_priv.h" || {
	echo "ixlab: lwIP's tcp_pcb_lists is not where it was expected" >&2
	exit 1
}
touch "$out/.complete"
rm -rf "$result"
mv "$out" "$result"
