"""ix beside zygos: `spin` with exponential service times, two elastic threads, open loop at load 0.6, over memif. The
service times are drawn by the client and the same for both. Both elastic threads and the client want the machine's two
processors, so threads sleep when they have nothing to do. A service time of 10 us is far below the kernel's own times for
sharing a processor (a wake-up some 10 us, a slice some ms), so 100 us is measured beside it: there the schedulers have more
of a part. Rounds of the two take turns; the median of each counts."""
from dataplane.common import Pair, Rounds, stat, total

LOAD, THREADS, CONNECTIONS = 0.6, 2, 256
MEANS_US = (10, 100)
ROUNDS, SECONDS, WARM = 3, 1.7, 0.3
IDLE = 'idle = "sleep"; idle_sleep_us = 20;'
ENOUGH = 0.95  # of the rate wanted
COUNTERS = ("taken", "steals", "shipped", "interrupts_sent", "interrupts_run", "interrupts_put_off")


def measure(folder, cpus, scheduler, mean_us):
    pair = Pair(folder)
    rate = LOAD * THREADS / (1e-6 * mean_us)
    load = 'port = 9000; protocol = "spin"; service = "exp"; mean_us = %g; connections = %d; depth = 16; rate = %g; duration = %g; warmup = %g;'
    with pair.serve(cpus, 'name = "spin"; port = 9000;', 'scheduler = "%s"; %s' % (scheduler, IDLE)):
        client = pair.load(cpus[1:], load % (mean_us, CONNECTIONS, rate, SECONDS, WARM), IDLE)
        result = pair.finish(client)
        threads = stat(pair.server_control)
    for key in COUNTERS:
        result[key] = total(threads, key)
    result["wanted"] = rate
    return result


def show(mean_us, scheduler, rounds):
    wanted = rounds.results[0]["wanted"]
    reached = sum(throughput > ENOUGH * wanted for throughput in rounds.values("throughput"))
    overloaded = 2 * reached < ROUNDS
    print(
        "  mean %4g us, %-5s %7.0f of %.0f requests/s (reached in %d of %d rounds%s), p50 %8.1f us, p99 %9.1f us (%.1f to %.1f)"
        % (
            mean_us,
            scheduler,
            rounds.median("throughput"),
            wanted,
            reached,
            ROUNDS,
            ", OVERLOADED" if overloaded else "",
            rounds.median("p50_us"),
            rounds.median("p99_us"),
            *rounds.range("p99_us"),
        )
    )
    if scheduler == "zygos":
        sums = ("%s %d" % (key.replace("_", " "), sum(rounds.values(key))) for key in COUNTERS)
        print("       all rounds: " + ", ".join(sums))
    return overloaded


def main(folder, cpus):
    for mean_us in MEANS_US:
        rounds = {"ix": Rounds(), "zygos": Rounds()}
        for _ in range(ROUNDS):
            for scheduler, of in rounds.items():
                of.results.append(measure(folder, cpus, scheduler, mean_us))
        overloaded = [show(mean_us, scheduler, of) for scheduler, of in rounds.items()]
        ratio = rounds["zygos"].beside(rounds["ix"], "p99_us", False, ("zygos", "ix"))
        print("  mean %4g us: zygos's p99 beside that of ix: %s; goal: below 1%s" % (mean_us, ratio, "; OVERLOADED, so it compares nothing" if any(overloaded) else ""), flush=True)
