"""What a message of 64 bytes costs: echo over memif, one processor each side, 64 connections, beside bare memif
forwarding and bare lwIP."""
import time

from dataplane.common import BIN, Pair, give_up, run, stat

SECONDS = 3.0
GOAL_RATE, GOAL_RATIO = 1.2e6, 2.0


def measure(folder, cpus, depth):
    """Messages per second, ns per message in cycles of the thread that nobody disturbed, and the client's p99 in us."""
    pair = Pair(folder)
    load = "port = 7; connections = 64; depth = %d; warmup = 1.0; duration = %g;" % (depth, SECONDS)
    with pair.serve(cpus[:1], 'name = "echo"; port = 7;'):
        client = pair.load(cpus[1:], load)
        time.sleep(2.0)
        before, start = stat(pair.server_control)[0], time.monotonic()
        time.sleep(SECONDS - 1.2)
        after = stat(pair.server_control)[0]
        wall = time.monotonic() - start
        result = pair.finish(client)
    if client.returncode:
        give_up("the client failed")
    cost = (after["short_ns"] - before["short_ns"]) / (after["short_packets"] - before["short_packets"])
    return (after["received"] - before["received"]) / wall, cost, result["p99_us"]


def main(folder, cpus):
    forward, rate, hertz = map(float, run(BIN + "/bench/bench_memif_bare", str(cpus[0]), str(cpus[1]), str(SECONDS)).split())
    lwip = float(run("taskset", "-c", str(cpus[0]), BIN + "/bench/bench_lwip_bare")) / 2 * hertz / 1e9
    print("bare memif forwarding   %7.0f cycles per message, %.2f M/s" % (forward, rate / 1e6))
    print("bare lwIP, one end      %7.0f cycles per message" % lwip)
    for depth in (1, 16):
        rate, nanoseconds, p99 = measure(folder, cpus, depth)
        cycles = nanoseconds * hertz / 1e9
        print(
            "dataplane, depth %-2d     %7.0f cycles per message, %.2f M/s, by that cost %.2f M/s, "
            "p99 %.0f us: %.2f x the sum of both (goal: %.1f), %.2f x the goal of %.1f M/s"
            % (depth, cycles, rate / 1e6, 1e3 / nanoseconds, p99, cycles / (forward + lwip), GOAL_RATIO, 1e9 / nanoseconds / GOAL_RATE, GOAL_RATE / 1e6),
            flush=True,
        )
