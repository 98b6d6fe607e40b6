#!/bin/sh
# Echo over loopback on the kernel's sockets, server and client on the same machine: messages per second of both modes.
set -u
bin=$(dirname "$0")/../../build/bin
[ -x "$bin/ixhost" ] || bin=build/bin
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$work"' EXIT
echo "ixhost: echo of 64 bytes, 64 connections, 1 thread, closed loop over loopback"
for round in 1 2 3; do
	for mode in partitioned floating; do
		: >"$work/out"
		"$bin/ixhost" --app echo --mode $mode --port 0 >"$work/out" &
		pid=$!
		tries=0
		until port=$(sed -n 's/^ixhost: .*:\([0-9]*\),.*/\1/p' "$work/out") && [ -n "$port" ]; do
			tries=$((tries + 1))
			[ $tries -lt 200 ] || exit 1
			sleep 0.05
		done
		"$bin/ixload" --port "$port" --connections 64 --duration 2 --warmup 0.5 --json >"$work/json" || exit 1
		rate=$(sed 's/.*"throughput": \([0-9]*\).*/\1/' "$work/json")
		p99=$(sed 's/.*"p99_us": \([0-9.]*\).*/\1/' "$work/json")
		printf '  round %d, %-11s %8d messages/s, p99 %.0f us\n' "$round" "$mode" "$rate" "$p99"
		kill "$pid"
		wait "$pid"
		pid=
	done
done
