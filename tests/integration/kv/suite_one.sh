#!/bin/sh
# usage: suite_one.sh kv|memcached SUITE FILE
# Runs one file of memcached's own tests (SUITE/t/FILE) against a fresh server and prints the numbers of the subtests that
# failed, with commas between them, or "-"; "died" in front when the file did not run to its end.
set -u
server=$1 suite=$2 file=$3
work=$(mktemp -d)
pid=
trap 'if [ -n "$pid" ]; then kill "$pid"; wait "$pid"; fi 2>/dev/null; rm -rf "$work"' EXIT

: >"$work/server" # before anyone reads it
if [ "$server" = kv ]; then
	"$IXLAB_BIN/ixhost" --app kv --threads 2 --port 0 >"$work/server" 2>&1 &
	pid=$!
	tries=0
	until port=$(sed -n 's/^ixhost: .*:\([0-9]*\),.*/\1/p' "$work/server") && [ -n "$port" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "no server"; exit 1; }
		sleep 0.05
	done
else
	# It writes the port that the kernel has chosen to a file.
	MEMCACHED_PORT_FILENAME=$work/port memcached -u "$(id -un)" -U 0 -l 127.0.0.1 -p -1 >"$work/server" 2>&1 &
	pid=$!
	tries=0
	until port=$(sed -n 's/^TCP INET: //p' "$work/port" 2>/dev/null) && [ -n "$port" ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "no server"; exit 1; }
		sleep 0.05
	done
fi

mkdir "$work/root"
cp -r "$suite/t" "$work/root/t"
printf '#!/bin/sh\n' >"$work/root/memcached-debug" # looked for, never run: the server is there already
chmod +x "$work/root/memcached-debug"
cd "$work/root" || exit 1
T_MEMD_USE_DAEMON=127.0.0.1:$port timeout 200 perl -I t/lib "t/$file" >"$work/tap" 2>"$work/err"
status=$?
verdict=$(awk -v status=$status '
	/^1\.\.[0-9]+/ { plan = substr($1, 4) }
	/^ok / { ran++ }
	/^not ok / { ran++; failed = failed (failed ? "," : "") $3 }
	END { print ((plan != ran || status > 250) ? "died " : "") (failed ? failed : "-") }' "$work/tap")
echo "$verdict"
case $verdict in died*) tail -n 3 "$work/tap" "$work/err" "$work/server" ;; esac
