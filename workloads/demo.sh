#!/bin/sh
# The demonstration: computes two experiments, draws their figures, writes the report, and says where to look.
# Usage: workloads/demo.sh DIR, with ixlab in $IXLAB_BIN. What is in DIR already is not computed again.
set -eu
out=$1
ixlab=$IXLAB_BIN/ixlab
db=$out/results.db
export IXLAB_WORKLOADS=workloads
mkdir -p "$out"
start=$(date +%s)

for experiment in fig-3.2 fig-3.2-slo; do
	echo "== $experiment: ixlab run workloads/$experiment.cfg --db $db"
	"$ixlab" run "workloads/$experiment.cfg" --db "$db"
	"$ixlab" figure "${experiment#fig-}" --db "$db" --out "$out" >/dev/null
done
"$ixlab" report --db "$db" --out "$out/report.html" >/dev/null

query()
{
	sqlite3 -readonly -cmd '.mode column' "$db" "$1"
}
echo
echo "99th-percentile latency at load 0.8, 16 servers, in S (mean service times), with 95% intervals:"
query "select model, max(iif(service = 'det', p99, '')) as det, max(iif(service = 'exp', p99, '')) as exp,
		max(iif(service = 'bimodal1', p99, '')) as bimodal1, max(iif(service = 'bimodal2', p99, '')) as bimodal2
	from (select model, service, printf('%.4g (%.4g-%.4g)', p99, p99_low, p99_high) as p99 from latency
		where experiment = 'fig-3.2' and load = 0.8)
	group by model"
echo
echo "Maximum load at which p99 stays within 10 S, 16 servers, exponential service times:"
query "select model, printf('%.3f (%.3f-%.3f)', max_load, low, high) as max_load from max_load
	where experiment = 'fig-3.2-slo' and servers = 16 order by model"

echo
echo "Done in $(($(date +%s) - start)) s. Look at"
echo "  $out/report.html          figures, numbers, how to make each again"
for figure in "$out"/figure-*.svg; do echo "  $figure (and .pdf)"; done
echo "  sqlite3 $db 'select * from latency'"
