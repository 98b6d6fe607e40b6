"""What open connections cost: echo on all of 100,000 beside 1,000, one request in flight on each, over memif.

One client address has at most 55,536 ports for one port of the server (tcp.port_low to port_high), so the server listens
at four and the connections take them in turn. As each connection has a request in flight all the time, the time of a
round is that of all others: retransmission waits for longer than that."""
import time

from dataplane.common import Pair, stat, total

FEW, MANY, PORTS = 1000, 100000, 4
SECONDS = 4.0
WARM = 2.0
GOAL = 0.5
DIAL_SECONDS = 20.0


def memory_mb(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as text:
        return [int(line.split()[1]) // 1024 for line in text if line.startswith("VmRSS:")][0]


def measure(folder, cpus, connections):
    pair = Pair(folder)
    lines = "memory_mb = 1024; tcp = { rto_initial_us = 5000000; rto_min_us = 5000000; time_wait_ms = 10; %s };"
    device = "packets = 262144;"
    load = "port = 7; ports = %d; connections = %d; warmup = %g; duration = %g; timeout = %g;"
    with pair.serve(cpus[:1], 'name = "echo"; port = 7;', lines % ("listen_ports = %d;" % PORTS), device) as server:
        client = pair.load(cpus[1:], load % (PORTS, connections, WARM, SECONDS, DIAL_SECONDS), lines % "", device)
        held, before, deadline = 0, None, time.monotonic() + DIAL_SECONDS
        while held < connections and client.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
            held = stat(pair.server_control)[0]["connections"]
        time.sleep(WARM)
        before, start, memory = stat(pair.server_control), time.monotonic(), memory_mb(server.pid)
        time.sleep(SECONDS - 1.0)
        after, wall = stat(pair.server_control), time.monotonic() - start
        result = pair.finish(client)
    cost = (total(after, "short_ns") - total(before, "short_ns")) / max(1, total(after, "short_packets") - total(before, "short_packets"))
    opened = result["connections"] - result["failed_connections"]
    print(
        "%7d connections open, %d at the same time: %.3f M/s by the client, %.3f M packets/s by the server, %.0f ns per packet, "
        "p99 %.1f ms, %d retransmits, %d lost, server %d MB"
        % (opened, held, result["throughput"] / 1e6, (total(after, "received") - total(before, "received")) / wall / 1e6, cost,
           result["p99_us"] / 1e3, total(after, "retransmits"), result["lost"], memory),
        flush=True,
    )
    return result["throughput"], cost


def main(folder, cpus):
    few, few_ns = measure(folder, cpus, FEW)
    many, many_ns = measure(folder, cpus, MANY)
    print(
        "%d beside %d connections: %.2f x the throughput (goal: %.1f), %.2f x by the server's cost per packet"
        % (MANY, FEW, many / few, GOAL, few_ns / many_ns if many_ns else 0)
    )
