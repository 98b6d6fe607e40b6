# Sourced by the tests beside it. Runs below $TMPDIR, with the programs in $IXLAB_BIN.
# shellcheck shell=sh
set -u
ixlab=$IXLAB_BIN/ixlab
dir=$(mktemp -d)
number=0
failures=0

# result NAME STATUS: one test.
result()
{
	number=$((number + 1))
	if [ "$2" = 0 ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		failures=$((failures + 1))
	fi
}

skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

finish()
{
	echo "1..$number"
	echo "$((number - failures)) passed, $failures failed"
	rm -rf "$dir"
	[ "$failures" = 0 ]
	exit
}

# run_ixlab ARGUMENT...: output in $dir/out and $dir/err, exit code in $code.
run_ixlab()
{
	"$ixlab" "$@" >"$dir/out" 2>"$dir/err"
	code=$?
}

# said CODE TEXT NAME: the last run_ixlab ended so, with one line on standard error that has the text in it.
# Open MPI may add a line of its own on a machine without /sys.
said()
{
	[ "$code" = "$1" ] && [ "$(grep -vc '^\[hwloc/' "$dir/err")" = 1 ] && grep -qF -- "$2" "$dir/err"
	status=$?
	[ $status = 0 ] || sed "s/^/# exit code $code: /" "$dir/err"
	result "$3" $status
}

# dump DB: everything but wall times.
dump()
{
	sqlite3 "$1" "
		SELECT experiment, params, seed, kind, replications FROM point ORDER BY 1, 2, 3;
		SELECT experiment, params, seed, replication, version, config_hash, hex(histogram) FROM run ORDER BY 1, 2, 3, 4;
		SELECT experiment, params, seed, replication, name, quote(value), quote(low), quote(high), quote(std_error),
			quote(dof) FROM metric ORDER BY 1, 2, 3, 4, 5;
		SELECT experiment, params, seed, name, quote(value), quote(low), quote(high), quote(std_error), quote(dof)
			FROM point_metric ORDER BY 1, 2, 3, 4;"
}

rows()
{
	sqlite3 "$1" 'SELECT count(*) FROM run' 2>/dev/null || echo 0
}

# wait_rows DB N PID: until the database has N runs; fails when the process ends first.
wait_rows()
{
	while kill -0 "$3" 2>/dev/null; do
		[ "$(rows "$1")" -lt "$2" ] || return 0
	done
	return 1
}

# children PID: its child processes, but not those that have ended.
children()
{
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v parent="$1" '$4 == parent && $3 != "Z" { print $1 }'
}

# wait_gone PID...: until none of them runs any more; at most some seconds.
wait_gone()
{
	deadline=$(($(date +%s) + 20))
	for pid in "$@"; do
		while [ -e "/proc/$pid/stat" ] && [ "$(awk '{ print $3 }' "/proc/$pid/stat" 2>/dev/null)" != Z ]; do
			[ "$(date +%s)" -lt $deadline ] || return 1
		done
	done
	return 0
}

# same DB DB NAME: both have the same runs and summaries, wall times apart.
same()
{
	dump "$1" >"$dir/dump.1" && dump "$2" >"$dir/dump.2" && [ -s "$dir/dump.1" ] && cmp -s "$dir/dump.1" "$dir/dump.2"
	result "$3" $?
	[ "$failures" = 0 ] || diff "$dir/dump.1" "$dir/dump.2" | head -n 4 | cut -c 1-200 | sed 's/^/# /'
}

# experiment N [REPLICATIONS]: N points of two models, each some tens of milliseconds, on standard output.
requests=1000000
experiment()
{
	cat <<-EOF
	experiment = "sweep";
	kind = "queue";
	replications = ${2:-1};
	parameters = { servers = 4; service = "exp"; requests = $requests; };
	sweep = {
		model = ["centralized-fcfs", "partitioned-fcfs"];
		load = { from = 0.1; to = 0.9; points = $(($1 / 2)); };
	};
	EOF
}
