"""What migrations have taken (thesis table 2.5), from ixdp-stat's JSON on standard input, as comments of TAP."""
import json
import sys

page = json.load(sys.stdin)
each = page["each_migration"]
print("# %d migrations of %d groups, %d by the fallback timer, %d packets deferred" % (page["migrations"], page["migrated_groups"], page["fallbacks"], page["packets_deferred"]))
print("#   %-9s %10s %10s" % ("each", "mean", "p95"))
for part in ("prepare", "wait", "rpc", "deferred", "total"):
    print("#   %-9s %10.1f %10.1f us" % (part, each[part + "_us"], each[part + "_p95_us"]))
print("#   %-9s %10.1f %10.1f" % ("packets", each["packets"], each["packets_p95"]))
