"""What a message of 64 bytes costs: echo over memif, one processor each side, 64 connections, beside bare memif
forwarding and bare lwIP, which have one message in each packet. Of 16 messages in flight on a connection several share
one. The client takes few replies at a time and sends the next requests at once: if it took all 64 first, it and the
server would wait for each other in turn."""
import time

from dataplane.common import BIN, Pair, give_up, page, run

SECONDS, BYTES = 3.0, 64
GOAL_RATE, GOAL_RATIO = 1.2e6, 2.0
CLIENT = "batch_bound = 16;"


def look(pair):
    """Messages echoed, packets received, and time and packets of undisturbed cycles, so far."""
    seen = page(pair.server_control)
    thread = seen["threads"][0]
    return seen["application_counters"]["bytes"] / BYTES, thread["received"], thread["short_ns"], thread["short_packets"]


def measure(folder, cpus, depth):
    """Messages per second, messages per packet, ns per message in cycles of the thread that nobody disturbed, and the
    client's p99 in us."""
    pair = Pair(folder)
    load = "port = 7; connections = 64; depth = %d; size = %d; warmup = 1.0; duration = %g;" % (depth, BYTES, SECONDS)
    with pair.serve(cpus[:1], 'name = "echo"; port = 7;'):
        client = pair.load(cpus[1:], load, CLIENT)
        time.sleep(2.0)
        before, start = look(pair), time.monotonic()
        time.sleep(SECONDS - 1.2)
        after = look(pair)
        wall = time.monotonic() - start
        result = pair.finish(client)
    if client.returncode:
        give_up("the client failed")
    messages, packets, short_ns, short_packets = (b - a for a, b in zip(before, after))
    return messages / wall, messages / packets, short_ns / short_packets * packets / messages, result["p99_us"]


def main(folder, cpus):
    forward, rate, hertz = map(float, run(BIN + "/bench/bench_memif_bare", str(cpus[0]), str(cpus[1]), str(SECONDS)).split())
    lwip = float(run("taskset", "-c", str(cpus[0]), BIN + "/bench/bench_lwip_bare")) / 2 * hertz / 1e9
    print("bare memif forwarding   %7.0f cycles per message, %.2f M/s" % (forward, rate / 1e6))
    print("bare lwIP, one end      %7.0f cycles per message" % lwip)
    for depth in (1, 16):
        rate, sharing, nanoseconds, p99 = measure(folder, cpus, depth)
        cycles = nanoseconds * hertz / 1e9
        print(
            "dataplane, depth %-2d     %7.0f cycles per message, %.1f messages per packet, %.2f M/s, by that cost %.2f M/s, p99 %.0f us"
            % (depth, cycles, sharing, rate / 1e6, 1e3 / nanoseconds, p99),
            flush=True,
        )
        if depth == 1:  # the others do not compare with one message in a packet
            print(
                "                        %.2f x the sum of both (goal: at most %.1f), %.2f M/s by the clock and %.2f M/s by that cost (goal: %.1f M/s)"
                % (cycles / (forward + lwip), GOAL_RATIO, rate / 1e6, 1e3 / nanoseconds, GOAL_RATE / 1e6)
            )
