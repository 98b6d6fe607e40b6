"""ix beside zygos: `spin` with exponential service times, two elastic threads, open loop at load 0.6, over memif. The
service times are drawn by the client and the same for both. Both elastic threads and the client want the machine's two
processors, so threads sleep when they have nothing to do. A service time of 10 us is far below the kernel's own times for
sharing a processor (a wake-up some 10 us, a slice some ms), so longer ones are measured beside it: there the schedulers
differ, and not the kernel's sharing."""
from dataplane.common import Pair, stat, total

LOAD, THREADS, CONNECTIONS = 0.6, 2, 64
MEANS_US = (10, 100, 1000)
SECONDS, WARM = 3.0, 0.5
SLEEP = 'idle = "sleep"; idle_sleep_us = %d;'
COUNTERS = ("taken", "steals", "shipped", "interrupts_sent", "interrupts_run", "interrupts_put_off")


def measure(folder, cpus, scheduler, mean_us):
    pair = Pair(folder)
    rate = LOAD * THREADS / (1e-6 * mean_us)
    load = 'port = 9000; protocol = "spin"; service = "exp"; mean_us = %g; connections = %d; depth = 16; rate = %g; duration = %g; warmup = %g;'
    idle = SLEEP % 20
    with pair.serve(cpus, 'name = "spin"; port = 9000;', 'scheduler = "%s"; %s' % (scheduler, idle)):
        client = pair.load(cpus[1:], load % (mean_us, CONNECTIONS, rate, SECONDS, WARM), idle)
        result = pair.finish(client)
        threads = stat(pair.server_control)
    counters = {key: total(threads, key) for key in COUNTERS}
    ok = "" if result["throughput"] > 0.95 * rate else ", OVERLOADED"
    print(
        "  mean %4g us, %-5s %7.0f of %.0f requests/s, p50 %8.1f us, p99 %9.1f us (%.1f to %.1f)%s"
        % (mean_us, scheduler, result["throughput"], rate, result["p50_us"], result["p99_us"], result["p99_low_us"] or 0, result["p99_high_us"] or 0, ok)
    )
    if scheduler != "ix":
        print("       " + ", ".join("%s %d" % (key.replace("_", " "), value) for key, value in counters.items()))
    return result["p99_us"]


def main(folder, cpus):
    for mean_us in MEANS_US:
        ix, zygos = (measure(folder, cpus, scheduler, mean_us) for scheduler in ("ix", "zygos"))
        print("  mean %4g us: zygos's p99 is %.2f x that of ix (goal: below 1)" % (mean_us, zygos / ix), flush=True)
