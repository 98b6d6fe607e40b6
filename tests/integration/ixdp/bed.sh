# shellcheck shell=sh disable=SC2034
# Helpers of the tests of the dataplane that need a testbed of their own: read by each of those scripts, from the repository root.
clients=$PWD/tests/integration/ixdp
. tests/integration/cli/lib.sh
ixdp=$IXLAB_BIN/ixdp

if ! unshare -n true 2>/dev/null; then
	echo "skipped: needs root and network namespaces"
	exit 77
fi
bed=i$$
dataplane=
trap 'dataplane_kill; "$ixlab" testbed down --name $bed >/dev/null 2>&1; rm -rf "$work"' EXIT
trap 'exit 143' INT TERM # by way of the line above
export TMPDIR="$work"

# await SECONDS COMMAND...: until it succeeds; 1 if it never does.
await()
{
	tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || return 1
		sleep 0.05
	done
}

# dataplane_start THREADS [DEVICE [LINES]]: the echo server on a new testbed, LINES added to the configuration.
dataplane_start()
{
	"$ixlab" testbed up --name $bed --device "${2:-veth}" --queues "$1" >up || exit 1
	config=$(sed -n 's/^configuration: //p' up)
	printf '%s\n' "idle = \"sleep\";" "${3-}" >>"$config"
	"$ixlab" testbed run --name $bed --server -- "$ixdp" -c "$config" >ixdp.out 2>ixdp.err &
	dataplane=$!
	await 30 grep -q '^# running' ixdp.out
	result $? "the dataplane runs"
}

dataplane_kill()
{
	[ -z "$dataplane" ] || kill -KILL "$dataplane" 2>/dev/null
	dataplane=
}

# The dataplane ends by itself when told, and has nothing to complain about.
dataplane_stop()
{
	kill -TERM "$dataplane"
	await 30 sh -c "! grep -q ^State:.[RSD] /proc/$dataplane/status" || kill -KILL "$dataplane"
	wait "$dataplane"
	holds "it stops cleanly" "status == 0" status=$?
	dataplane=
	grep -v 'has been in its application' ixdp.err | head -n 3 | sed 's/^/# /'
}

client()
{
	"$ixlab" testbed run --name $bed -- "$@"
}

# stat KEY...: numbers of the dataplane's control page; those of threads are summed over the threads.
stat()
{
	"$IXLAB_BIN/ixdp-stat" -c ixdp-$bed --interval 10 --once --json >stat.json && /usr/bin/python3 -c '
import json, sys
page = json.load(open("stat.json"))
print(*[page[key] if key in page else sum(thread[key] for thread in page["threads"]) for key in sys.argv[1:]])' "$@"
}

# migrations_table: what migrations have taken so far, as thesis table 2.5.
migrations_table()
{
	"$IXLAB_BIN/ixdp-stat" -c ixdp-$bed --interval 10 --once --json | /usr/bin/python3 "$clients/migrations.py"
}

# alive: packets in use, PCBs, objects of the stack, timers.
alive()
{
	stat packets_in_use pcbs stack_objects timers
}

alive_is()
{
	[ "$(alive)" = "$1" ]
}

# exchange NAME OPTION...: the echo client with these options finds every byte right.
exchange()
{
	exchanged=$1
	shift
	client "$clients/echo_client" "$@" >echo.json
	result $? "$exchanged"
	sed 's/^/# /' echo.json
}

# as_before ALIVE: within 10 s what is alive is what it was.
as_before()
{
	await 10 alive_is "$1"
	result $? "packets, PCBs, objects and timers are as before"
	echo "# before: $1, after: $(alive)"
}
