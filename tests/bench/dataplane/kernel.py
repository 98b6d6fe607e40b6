"""Clients on the kernel's sockets, over a veth pair, against ixdp on a packet socket and against the same application on
the kernel's sockets: the same echo, the same clients, one processor for the server and one for the client. ixdp's end has
no checksum offload (a packet socket gets frames without checksums otherwise); the kernel has all its offloads back."""
import contextlib
import os
import subprocess

from dataplane.common import BIN, Rounds, give_up, result, run, running

SERVER, PORT = "10.77.0.1", 7
ROUNDS, SECONDS, WARM = 3, 0.8, 0.2
CONNECTIONS = 64
PART_OF_CAPACITY = 0.5  # open loop, of what the slower one reached
SERVERS = ("ixdp, polling", "ixdp, sleeping", "ixhost")


def quiet(*command):
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=60)


@contextlib.contextmanager
def testbed():
    """Its configuration for ixdp, and a function that puts a command into one of its namespaces."""
    name = "b%d" % os.getpid()
    up = run(BIN + "/ixlab", "testbed", "up", "--name", name)
    try:
        config = [line.split(": ")[1] for line in up.splitlines() if line.startswith("configuration: ")][0]

        def inside(server, cpu, *command):
            where = ["--server"] if server else []
            return [BIN + "/ixlab", "testbed", "run", "--name", name, *where, "--", "taskset", "-c", str(cpu), *command]

        yield config, inside
    finally:
        quiet(BIN + "/ixlab", "testbed", "down", "--name", name)


def interface(inside, server, cpu):
    """The one in that namespace beside lo."""
    shown = run(*inside(server, cpu, "ip", "-o", "link", "show", "type", "veth"))
    return shown.split(": ")[1].split("@")[0]


@contextlib.contextmanager
def serving(folder, which, cpu):
    """That server, alone in a testbed of its own; gives the function that puts commands into its namespaces."""
    with testbed() as (config, inside):
        if which == "ixhost":
            for server in (False, True):
                quiet(*inside(server, cpu, "ethtool", "-K", interface(inside, server, cpu), "tx", "on", "tso", "on", "gso", "on", "gro", "on"))
            quiet(*inside(True, cpu, "ip", "addr", "add", SERVER + "/24", "dev", interface(inside, True, cpu)))
            command = ["ixhost", "--app=echo", "--mode=partitioned", "--address=" + SERVER, "--port=%d" % PORT, "--threads=1"]
            sign = "ixhost: "
        else:
            with open(config, "a", encoding="ascii") as out:
                out.write('cores = [%d]; idle = "%s";\n' % (cpu, "poll" if "polling" in which else "sleep"))
            command, sign = ["ixdp", "-c", config], "# running"
        with running(folder, inside(True, cpu, BIN + "/" + command[0], *command[1:]), sign):
            yield inside


def load(inside, cpu, connections, rate=0.0):
    options = ["--address=" + SERVER, "--port=%d" % PORT, "--connections=%d" % connections, "--duration=%g" % SECONDS, "--warmup=%g" % WARM, "--json"]
    if rate:
        options.append("--rate=%.0f" % rate)
    rounds = Rounds()
    for _ in range(ROUNDS):
        measured = result(run(*inside(False, cpu, BIN + "/ixload", *options)))
        if measured["failed_connections"] or measured["lost"]:
            give_up("the client lost connections or replies")
        rounds.results.append(measured)
    return rounds


def show(title, measured, closed_loop):
    """A line for each server, and who was better; in an open loop all have the same rate."""
    for which in SERVERS:
        m = measured[which]
        print(
            "  %-28s %-15s %8.0f messages/s (%.0f to %.0f), p50 %7.1f us, p99 %8.1f us (%.1f to %.1f)"
            % (title, which, m.median("throughput"), *m.range("throughput"), m.median("p50_us"), m.median("p99_us"), *m.range("p99_us"))
        )
    for which in SERVERS[:-1]:
        texts = []
        for name, key in (("rate", "throughput"), ("p50", "p50_us"), ("p99", "p99_us")):
            if closed_loop or key != "throughput":
                texts.append(name + " " + measured[which].beside(measured["ixhost"], key, key == "throughput", ("ixdp", "ixhost")))
        print("  %-28s %s beside ixhost: %s" % ("", which, ", ".join(texts)), flush=True)


def main(folder, cpus):
    alone, closed, opened = {}, {}, {}
    for which in SERVERS:
        with serving(folder, which, cpus[0]) as inside:
            alone[which] = load(inside, cpus[1], 1)
            closed[which] = load(inside, cpus[1], CONNECTIONS)
    rate = PART_OF_CAPACITY * min(m.median("throughput") for m in closed.values())
    for which in SERVERS:
        with serving(folder, which, cpus[0]) as inside:
            opened[which] = load(inside, cpus[1], CONNECTIONS, rate)
    show("1 connection, closed loop", alone, True)
    show("%d connections, closed loop" % CONNECTIONS, closed, True)
    show("open loop, %.0f/s" % rate, opened, False)
