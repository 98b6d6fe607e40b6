#!/usr/bin/env bash
# Runs tests in parallel and ends with one line, "N passed, N failed".
#
#   tests/run_tests.sh LIST
#
# Each line of LIST is a suite's name, a tab, and a command (run by sh from the repository root). A command speaks TAP
# ("ok 1 - name", "not ok 2 - name"; cmocka does when asked), or counts as one test by its exit code; 77 means skipped.
# It finds an empty directory of its own in $TMPDIR, and the commands under test in $IXLAB_BIN. What a failing test
# printed is shown in full, a passing one takes one line. TEST_JOBS (default: all cores) run at a time; after
# TEST_TIMEOUT seconds (default 420) a test is ended and has failed.
set -u
cd "$(dirname "$0")/.." || exit 1

run_one()
{
	local number=$1 suite=$2 command=$3 log start end status pass fail skip
	log=$CHECK_DIR/$number.log
	start=$(date +%s%N)
	mkdir "$CHECK_DIR/$number.tmp"
	TMPDIR=$CHECK_DIR/$number.tmp CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "${TEST_TIMEOUT:-420}" \
		sh -c "$command" >"$log" 2>&1 </dev/null
	status=$?
	rm -rf "$CHECK_DIR/$number.tmp"
	end=$(date +%s%N)

	skip=$(grep -cE '^(not )?ok .*# SKIP' "$log")
	pass=$(grep -E '^ok ' "$log" | grep -vc '# SKIP')
	fail=$(grep -E '^not ok ' "$log" | grep -vc '# SKIP')
	if [ "$status" -eq 77 ]; then
		skip=$((skip + 1))
	elif [ "$status" -ne 0 ]; then
		[ "$fail" -gt 0 ] || fail=1
	elif [ $((pass + fail + skip)) -eq 0 ]; then
		pass=1
	fi
	echo "$pass $fail $skip" >"$CHECK_DIR/$number.count"

	local seconds name text
	seconds=$(awk "BEGIN { printf \"%.1f\", ($end - $start) / 1e9 }")
	name=${command#setarch -R } # fixed addresses: not its name
	name=${name%% *}
	text=$(printf '%-12s %-44s %7s s  %d passed' "$suite" "${name##*/}" "$seconds" "$pass")
	[ "$skip" -eq 0 ] || text="$text, $skip skipped: $(grep -m 1 -oE 'SKIP.*|skipped.*' "$log")"
	[ "$fail" -eq 0 ] || text="$text, $fail FAILED"
	[ "$status" -ne 124 ] || text="$text (ended after ${TEST_TIMEOUT:-420} s)"
	if [ "$fail" -eq 0 ]; then
		echo "$text"
	else
		# One write, so that parallel tests do not mix.
		printf '%s\n' "$text
    command: $command (exit code $status)
$(sed 's/^/    | /' "$log")"
	fi
}

if [ "${1-}" = --one ]; then
	IFS=$'\t' read -r number suite command <<<"$2"
	run_one "$number" "$suite" "$command"
	exit 0
fi

list=$1
CHECK_DIR=$(mktemp -d)
chmod 755 "$CHECK_DIR" # tests of permissions become another user
export CHECK_DIR
trap 'rm -rf "$CHECK_DIR"' EXIT
# A sanitizer that finds something must fail the test, leaks included.
export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS-}" UBSAN_OPTIONS="print_stacktrace=1:${UBSAN_OPTIONS-}"

awk 'NF { sub(/^ */, ""); printf "%d\t%s%c", NR, $0, 0 }' "$list" | xargs -0 -r -n 1 -P "${TEST_JOBS:-$(nproc)}" "$0" --one
cat "$CHECK_DIR"/*.count 2>/dev/null | awk -v expected="$(awk 'NF' "$list" | wc -l)" '
	{ pass += $1; fail += $2; skip += $3 }
	END {
		fail += expected - NR # a test whose record is missing did not run to its end
		printf "%d passed, %d failed%s\n", pass, fail, skip ? sprintf(" (%d skipped)", skip) : ""
		exit fail > 0 || pass == 0
	}'
