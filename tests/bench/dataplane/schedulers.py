"""ix beside zygos: `spin` with exponential service times, open loop at load 0.6, over memif. The service times are drawn
by the client and the same for both.

More threads than the machine has processors are studied, so service times pass instead of being burnt (`wait = "yield"`),
and threads without work offer the processor, too (`idle = "yield"`). All elastic threads of the server share one processor
and the client has the other: what one thread wants of another, an interrupt included, then happens at the next turn, a
microsecond or two later, and not after the 20 us that a signal to another processor takes here.

Turns so short take a real-time policy (SCHED_RR, equal priorities), where sched_yield() goes to the end of the queue; under
the ordinary one it leaves threads waiting for milliseconds. The kernel keeps 50 ms of each second for other processes, so a
round ends before the first second does. It does not always help: a round in which either processor was taken from us for
more than DISTURBED of the time, which the kernel counts, is left out whatever its result, and said. Rounds of the two
schedulers take turns; the median of each counts."""
import json
import os
import time

from dataplane.common import BIN, Pair, Rounds, give_up, run, stat, total

LOAD, CONNECTIONS = 0.6, 256
CASES = ((10, 2), (20, 4))  # mean service time in us, elastic threads
ROUNDS, SECONDS, WARM = 7, 0.45, 0.25
TRIES = 2  # times as many rounds are begun at most
DISTURBED = 0.002
LINES = 'idle = "yield"; tcp = { delayed_ack_us = 20000; };'  # acknowledgements travel with the next request
DEVICE = "descriptors = 4096; packets = 32768;"  # room for what comes in some ms, so that a short disturbance drops nothing
ENOUGH = 0.95  # of the rate wanted
COUNTERS = ("taken", "steals", "shipped", "interrupts_sent", "interrupts_run", "interrupts_put_off", "retransmits")


def schedule(pid, policy, priority, of_children=0):
    """The policy of all threads of a process."""
    for thread in os.listdir("/proc/%d/task" % pid):
        try:
            os.sched_setscheduler(int(thread), policy | of_children, os.sched_param(priority))
        except OSError as error:
            give_up("real-time scheduling is refused: %s" % error)


def wait_for_threads(client):
    """Until it has started its elastic threads, which is before it connects."""
    for _ in range(20000):
        for thread in os.listdir("/proc/%d/task" % client.pid):
            with open("/proc/%d/task/%s/comm" % (client.pid, thread), encoding="ascii") as name:
                if name.read().startswith("elastic"):
                    return
        time.sleep(0.0005)
    give_up("the client does not start")


def running_ns(processes):
    """How long their threads have been on a processor, each."""
    sums = []
    for process in processes:
        folder = "/proc/%d/task" % process.pid
        times = [open("%s/%s/schedstat" % (folder, thread), encoding="ascii").read().split()[0] for thread in os.listdir(folder)]
        sums.append(sum(map(int, times)))
    return sums


def taken_away(processes):
    """The part of a round for which the processor of either of two processes, which leave none of it unused, was not theirs."""
    before, start_ns = running_ns(processes), time.monotonic_ns()
    time.sleep(WARM + 0.9 * SECONDS)
    after, end_ns = running_ns(processes), time.monotonic_ns()
    return max(1 - (b - a) / (end_ns - start_ns) for a, b in zip(before, after))


def measure(folder, cpus, scheduler, mean_us, threads):
    pair = Pair(folder)
    rate = LOAD * threads / (1e-6 * mean_us)
    load = 'port = 9000; protocol = "spin"; service = "exp"; mean_us = %g; connections = %d; depth = 16; rate = %g; duration = %g; warmup = %g;'
    with pair.serve(threads * cpus[:1], 'name = "spin"; port = 9000; wait = "yield";', 'scheduler = "%s"; %s' % (scheduler, LINES), DEVICE) as server:
        client = pair.load(cpus[1:], load % (mean_us, CONNECTIONS, rate, SECONDS, WARM), LINES, DEVICE)
        wait_for_threads(client)
        schedule(server.pid, os.SCHED_RR, 1)
        schedule(client.pid, os.SCHED_RR, 1)
        lost = taken_away((server, client))
        result = pair.finish(client)
        schedule(server.pid, os.SCHED_OTHER, 0)
        counted = stat(pair.server_control)
    for key in COUNTERS:
        result[key] = total(counted, key)
    result["wanted"], result["taken_away"] = rate, lost
    return result


def theory_us(model, mean_us, threads):
    """The 99th percentile of a queue without any overhead."""
    arguments = ("--model", model, "--servers", str(threads), "--service", "exp", "--load", str(LOAD), "--requests", "400000", "--json")
    return mean_us * json.loads(run(BIN + "/ixlab", "queue", *arguments))["p99"]


def show(scheduler, rounds, model_us):
    wanted = rounds.results[0]["wanted"]
    reached = sum(throughput > ENOUGH * wanted for throughput in rounds.values("throughput"))
    overloaded = 2 * reached < ROUNDS
    print(
        "    %-5s %6.0f of %.0f requests/s (reached in %d of %d rounds%s), p50 %6.1f us, p99 %6.1f us (%.1f to %.1f); without overhead %.1f"
        % (
            scheduler,
            rounds.median("throughput"),
            wanted,
            reached,
            ROUNDS,
            ", OVERLOADED" if overloaded else "",
            rounds.median("p50_us"),
            rounds.median("p99_us"),
            *rounds.range("p99_us"),
            model_us,
        )
    )
    if scheduler == "zygos":
        sums = ("%s %d" % (key.replace("_", " "), sum(rounds.values(key))) for key in COUNTERS)
        print("          all rounds: " + ", ".join(sums))
    return overloaded


def compare(folder, cpus, mean_us, threads):
    rounds = {"ix": Rounds(), "zygos": Rounds()}
    models = {"ix": "partitioned-fcfs", "zygos": "centralized-fcfs"}
    begun = 0
    while begun < TRIES * ROUNDS and len(rounds["ix"].results) < ROUNDS:
        begun += 1
        results = {scheduler: measure(folder, cpus, scheduler, mean_us, threads) for scheduler in rounds}
        if all(result["taken_away"] <= DISTURBED for result in results.values()):
            for scheduler, result in results.items():
                rounds[scheduler].results.append(result)
    left = len(rounds["ix"].results)
    print("  mean %g us, %d threads, load %g; %d of %d rounds left out, for other processes had a processor" % (mean_us, threads, LOAD, begun - left, begun))
    if left < ROUNDS:
        print("    the machine is too busy to compare")
        return
    overloaded = [show(scheduler, of, theory_us(models[scheduler], mean_us, threads)) for scheduler, of in rounds.items()]
    pairs = zip(rounds["ix"].results, rounds["zygos"].results)
    lower = sum(zygos["p99_us"] < ix["p99_us"] for ix, zygos in pairs)
    print(
        "    zygos's p99 beside that of ix: %s, lower in %d of %d rounds; goal: below 1%s"
        % (
            rounds["zygos"].beside(rounds["ix"], "p99_us", False, ("zygos", "ix")),
            lower,
            ROUNDS,
            "; OVERLOADED, so it compares nothing" if any(overloaded) else "",
        ),
        flush=True,
    )


def main(folder, cpus):
    # This process has to get its turn beside those that it measures; what it starts begins as usual.
    schedule(os.getpid(), os.SCHED_RR, 2, os.SCHED_RESET_ON_FORK)
    try:
        for mean_us, threads in CASES:
            compare(folder, cpus, mean_us, threads)
    finally:
        schedule(os.getpid(), os.SCHED_OTHER, 0)
