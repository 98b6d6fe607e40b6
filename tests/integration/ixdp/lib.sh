# shellcheck shell=sh disable=SC2034
# Helpers of the tests of ixdp: read by each test_* script, with the repository root as current directory. Everything has
# a name of its own ($$) and is taken away at the end, whatever happens.
: "${IXLAB_BIN:=$PWD/build/bin}"
PATH=$PATH:/usr/sbin:/sbin
peer=$PWD/tests/integration/ixdp/peer.py
work=$(mktemp -d) || exit 1
space=ixdp-$$
number=0
failed=0
pids=
trap clean EXIT
trap 'exit 1' INT TERM

clean()
{
	for pid in $pids; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	ip link del "${veth:-none}" 2>/dev/null
	ip netns del "$space" 2>/dev/null
	rm -rf "$work"
}

# result STATUS NAME: STATUS 0 is a pass.
result()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
		for file in "$work"/*.err "$work"/*.said; do
			[ -s "$file" ] && sed "s|^|# ${file##*/}: |" "$file" | tail -n 20
		done
	fi
}

# Namespaces and virtual links are the kernel's to allow.
need_namespace()
{
	if ! ip netns add "$space" 2>"$work/netns.err"; then
		echo "# skipped: no network namespace: $(cat "$work/netns.err")"
		exit 77
	fi
}

# make_veth ADDRESS/PREFIX: the interface $veth here, and its peer with the address in the namespace.
make_veth()
{
	need_namespace
	veth=ixd$$
	if ! ip link add "$veth" type veth peer name peer netns "$space" 2>"$work/veth.err"; then
		echo "# skipped: no virtual link: $(cat "$work/veth.err")"
		exit 77
	fi
	ip link set "$veth" up
	ip -n "$space" addr add "$1" dev peer
	ip -n "$space" link set peer up
	ip netns exec "$space" ethtool -K peer tx off tso off gso off gro off >/dev/null 2>&1
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for()
{
	tries=$(($1 * 20))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}

# start NAME [PROGRAM]: runs $work/NAME.cfg until it says that it runs; $started is its process.
start()
{
	"$IXLAB_BIN/${2:-ixdp}" -c "$work/$1.cfg" >"$work/$1.out" 2>"$work/$1.err" &
	started=$!
	pids="$pids $started"
	wait_for 20 grep -q '^# running' "$work/$1.out" || ! echo "# $1 does not start"
}

# stop PID: SIGTERM; the exit code is its own.
stop()
{
	kill -TERM "$1"
	wait "$1"
}

in_space()
{
	timeout 60 ip netns exec "$space" "$@"
}

# stat NAME FILTER: a field of ixdp-stat's JSON, by a Python expression of o.
stat()
{
	"$IXLAB_BIN/ixdp-stat" -c "$1" --once --json -i 20 | python3 -c "import json,sys; o=json.load(sys.stdin); print($2)"
}

finish()
{
	echo "1..$number"
	exit "$failed"
}
