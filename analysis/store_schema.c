/* The schema, version STORE_SCHEMA_VERSION, explained in docs/database.md. */
#include "analysis/store_private.h"

#include <assert.h>

/*
 * Natural keys throughout and no row numbers, so that what is in the tables does not depend on the order in which it
 * came. A quantity that is not known is NULL.
 */
static_assert(STORE_SCHEMA_VERSION == 1, "this is schema 1");

/* clang-format off */
const char store_schema[] =
"CREATE TABLE point ("
"  experiment TEXT NOT NULL, params TEXT NOT NULL CHECK (json_valid(params)), seed INTEGER NOT NULL,"
"  kind TEXT NOT NULL, replications INTEGER NOT NULL,"
"  PRIMARY KEY (experiment, params, seed)"
") STRICT, WITHOUT ROWID;"

"CREATE TABLE run ("
"  experiment TEXT NOT NULL, params TEXT NOT NULL, seed INTEGER NOT NULL, replication INTEGER NOT NULL,"
"  version TEXT NOT NULL, config_hash TEXT NOT NULL, wall_s REAL, histogram BLOB,"
"  PRIMARY KEY (experiment, params, seed, replication),"
"  FOREIGN KEY (experiment, params, seed) REFERENCES point ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"

"CREATE TABLE metric ("
"  experiment TEXT NOT NULL, params TEXT NOT NULL, seed INTEGER NOT NULL, replication INTEGER NOT NULL,"
"  name TEXT NOT NULL, value REAL, low REAL, high REAL, std_error REAL, dof REAL NOT NULL,"
"  PRIMARY KEY (experiment, params, seed, replication, name),"
"  FOREIGN KEY (experiment, params, seed, replication) REFERENCES run ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"

"CREATE TABLE point_metric ("
"  experiment TEXT NOT NULL, params TEXT NOT NULL, seed INTEGER NOT NULL,"
"  name TEXT NOT NULL, value REAL, low REAL, high REAL, std_error REAL, dof REAL NOT NULL,"
"  PRIMARY KEY (experiment, params, seed, name),"
"  FOREIGN KEY (experiment, params, seed) REFERENCES point ON DELETE CASCADE"
") STRICT, WITHOUT ROWID;"

/* The parameters people look for first, whatever the level of fidelity calls them. */
"CREATE VIEW params_common AS SELECT experiment, params, seed, kind, replications,"
"  coalesce(params ->> 'model', params ->> 'system') AS model,"
"  coalesce(params ->> 'servers', params ->> 'cores') AS servers,"
"  params ->> 'service' AS service, params ->> 'load' AS load, params ->> 'rate' AS rate, params ->> 'slo' AS slo"
"  FROM point;"

#define QUANTILES \
"  round(max(value) FILTER (WHERE name = 'p50'), 4) AS p50,"    \
"  round(max(value) FILTER (WHERE name = 'p90'), 4) AS p90,"    \
"  round(max(value) FILTER (WHERE name = 'p95'), 4) AS p95,"    \
"  round(max(value) FILTER (WHERE name = 'p99'), 4) AS p99,"    \
"  round(max(low) FILTER (WHERE name = 'p99'), 4) AS p99_low,"  \
"  round(max(high) FILTER (WHERE name = 'p99'), 4) AS p99_high," \
"  round(max(value) FILTER (WHERE name = 'p999'), 4) AS p999,"  \
"  round(max(value) FILTER (WHERE name = 'mean'), 4) AS mean,"
#define REQUESTS \
"  CAST(max(value) FILTER (WHERE name IN ('requests', 'simulated')) AS INTEGER) AS requests"

"CREATE VIEW latency AS SELECT experiment, kind, model, servers, service, load, rate,"
QUANTILES
"  replications," REQUESTS ", seed"
"  FROM params_common JOIN point_metric USING (experiment, params, seed)"
"  GROUP BY experiment, params, seed HAVING count(*) FILTER (WHERE name = 'p99')"
"  ORDER BY experiment, kind, model, servers, service, load, rate, params, seed;"

"CREATE VIEW latency_run AS SELECT experiment, kind, model, servers, service, load, rate, seed, replication,"
QUANTILES
REQUESTS ", round(wall_s, 3) AS wall_s, version"
"  FROM params_common JOIN run USING (experiment, params, seed) JOIN metric USING (experiment, params, seed, replication)"
"  GROUP BY experiment, params, seed, replication HAVING count(*) FILTER (WHERE name = 'p99')"
"  ORDER BY experiment, kind, model, servers, service, load, rate, params, seed, replication;"

"CREATE VIEW max_load AS SELECT experiment, kind, model, servers, service, slo,"
"  round(value, 5) AS max_load, round(low, 5) AS low, round(high, 5) AS high, replications, seed"
"  FROM params_common JOIN point_metric USING (experiment, params, seed) WHERE name = 'max_load'"
"  ORDER BY experiment, kind, model, servers, service, slo, params, seed;"

/* Everything, one metric a line, numbers in full. */
"CREATE VIEW metric_long AS SELECT experiment, kind, model, servers, service, load, rate, slo, seed, replications,"
"  name, value, low, high, std_error, dof, params"
"  FROM params_common JOIN point_metric USING (experiment, params, seed);"

"CREATE VIEW experiment AS SELECT experiment, count(DISTINCT params) AS points, count(*) AS runs,"
"  round(sum(wall_s), 1) AS wall_s, min(version) AS first_version, max(version) AS last_version"
"  FROM run GROUP BY experiment;";
/* clang-format on */
