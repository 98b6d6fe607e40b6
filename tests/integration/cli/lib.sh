# shellcheck shell=sh disable=SC2034
# Helpers of the tests of the ixlab command: read by each test_* script, with the repository root as current directory.
# Every helper prints one TAP line; finish() prints the plan and is the script's exit code.
: "${IXLAB_BIN:=$PWD/build/bin}"
ixlab=$IXLAB_BIN/ixlab
data=$PWD/results/published.csv
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
passed=0
failed=0

# result STATUS NAME: STATUS 0 is a pass.
result()
{
	if [ "$1" -eq 0 ]; then
		passed=$((passed + 1))
		echo "ok $((passed + failed)) - $2"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed)) - $2"
	fi
}

# refused PATTERN ARGUMENT...: exit code 2, nothing on standard output, one line on standard error that matches PATTERN.
refused()
{
	pattern=$1
	shift
	timeout 60 "$ixlab" "$@" >out 2>err
	status=$?
	typed=$(printf '%s' "$*" | tr '\n' ' ')
	if [ "$status" -eq 2 ] && [ ! -s out ] && [ "$(wc -l <err)" -eq 1 ] && grep -q -e "$pattern" err; then
		result 0 "refused: $typed"
	else
		result 1 "refused: $typed"
		echo "# exit code $status, standard error (wanted: $pattern):"
		sed 's/^/# /' err
	fi
}

# value FILE KEY: the number (or literal) at KEY of a one-line JSON object.
value()
{
	sed -n "s/.*\"$2\": \([^,}]*\)[,}].*/\1/p" "$1"
}

# holds NAME EXPRESSION [VARIABLE=VALUE...]: an awk expression over the variables is true.
holds()
{
	name=$1 expression=$2
	shift 2
	if awk "BEGIN { $(for pair; do printf '%s = %s + 0; ' "${pair%%=*}" "${pair#*=}"; done) exit !($expression) }"; then
		result 0 "$name"
	else
		result 1 "$name"
		echo "# not so: $expression where $*"
	fi
}

finish()
{
	echo "1..$((passed + failed))"
	echo "# $passed passed, $failed failed"
	[ "$failed" -eq 0 ]
	exit
}
