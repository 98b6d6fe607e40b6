# Sourced by the scripts here: servers on ports that the kernel chooses, ended with the script.
bin=$IXLAB_BIN
pids=
number=0
failed=0
trap 'for pid in $pids; do kill "$pid" 2>/dev/null; done; wait' EXIT

result() # STATUS NAME
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number - $2"; else echo "not ok $number - $2"; failed=1; fi
}

# Starts ixhost with these options; sets $pid and $port.
serve()
{
	out=$TMPDIR/serve.$number.$$
	: >"$out"
	"$bin/ixhost" --port 0 "$@" >"$out" 2>&1 &
	pid=$!
	pids="$pids $pid"
	tries=0
	until port=$(sed -n 's/^ixhost: .* on [0-9.]*:\([0-9]*\),.*/\1/p' "$out") && [ -n "$port" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 600 ] || ! kill -0 "$pid" 2>/dev/null; then
			echo "ixhost $* did not start: $(cat "$out")"
			exit 1
		fi
		sleep 0.05
	done
}

# Ends it as an operator would; its exit code must be 0.
stop()
{
	kill -TERM "$pid"
	wait "$pid"
}
