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
done
"$ixlab" figure --all --db "$db" --out "$out" >/dev/null
"$ixlab" report --db "$db" --out "$out/report.html" >/dev/null

echo
echo "99th-percentile latency in S (mean service times) at load 0.8, 16 servers, with 95% intervals:"
sqlite3 -readonly -cmd '.mode column' -cmd '.headers on' "$db" "
	select json_extract(params, '\$.model') as model,
		max(case when json_extract(params, '\$.service') = 'det' then text end) as det,
		max(case when json_extract(params, '\$.service') = 'exp' then text end) as exp,
		max(case when json_extract(params, '\$.service') = 'bimodal1' then text end) as bimodal1,
		max(case when json_extract(params, '\$.service') = 'bimodal2' then text end) as bimodal2
	from (select params, printf('%.4g (%.4g-%.4g)', p99, p99_low, p99_high) as text from latency
		where experiment = 'fig-3.2' and abs(json_extract(params, '\$.load') - 0.8) < 1e-9)
	group by model"

echo
echo "Done in $(($(date +%s) - start)) s. Look at"
echo "  $out/report.html          figures, numbers, how to make each again"
for figure in "$out"/figure-*.svg; do echo "  $figure (and .pdf)"; done
echo "  sqlite3 $db 'select * from latency'"
