"""What all parts of bench_dataplane use: programs, processors, dataplanes that run, and pairs of them over memif."""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

BIN = os.path.abspath(os.environ.get("IXLAB_BIN", "build/bin"))
NAME = "ixdp-bench-%d" % os.getpid()


def give_up(text):
    sys.exit("bench_dataplane: " + text)


def run(*command):
    try:
        return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, timeout=120).stdout
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        return give_up(str(error))


def processors():
    """Where server and client run: the last two that this process may use."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        give_up("two processors are needed")
    return allowed[-2], allowed[-1]


def result(text):
    """The line of JSON in what a load client printed."""
    return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])


def page(control):
    """The control page of a dataplane."""
    return json.loads(run(BIN + "/ixdp-stat", "-c", control, "--once", "--json", "-i", "10"))


def stat(control):
    """The counters of its elastic threads."""
    return page(control)["threads"]


def total(threads, key):
    return sum(thread[key] for thread in threads)


class Rounds:
    """What several rounds of one measurement gave: a load client's results."""

    def __init__(self):
        self.results = []

    def values(self, key):
        return sorted(result[key] for result in self.results)

    def median(self, key):
        return statistics.median(self.values(key))

    def range(self, key):
        return self.values(key)[0], self.values(key)[-1]

    def beside(self, other, key, more_is_better, names):
        """The ratio of the medians, and whose rounds were all better than all of the other's."""
        low, high = self.range(key)
        other_low, other_high = other.range(key)
        if low <= other_high and other_low <= high:
            verdict = "rounds overlap"
        else:
            verdict = names[(low > other_high) != more_is_better] + " better"
        return "%.2f x (%s)" % (self.median(key) / other.median(key), verdict)


@contextlib.contextmanager
def running(folder, command, sign):
    """The command while it runs, once it has printed @sign. It may complain of a busy machine; that is shown if it fails."""
    path = os.path.join(folder, "server.out")
    with open(path, "w", encoding="ascii") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        text = ""
        for _ in range(400):
            with open(path, encoding="ascii") as log:
                text = log.read()
            if sign in text or process.poll() is not None:
                break
            time.sleep(0.05)
        if sign not in text:
            give_up("%s does not start: %s" % (" ".join(command), text[-300:]))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Pair:
    """Two dataplanes over memif: a server, and the load client as the other's application."""

    def __init__(self, folder):
        self.folder = folder
        self.server_control = NAME + "-server"

    def _write(self, role, cores, application, lines, device):
        path = os.path.join(self.folder, role + ".cfg")
        with open(path, "w", encoding="ascii") as out:
            out.write(
                'address = "10.96.0.%d"; threads = %d; cores = %s; control = "%s-%s"; %s\n'
                % (1 + (role == "client"), len(cores), list(cores), NAME, role, lines)
                + 'device = { type = "memif"; role = "%s"; socket = "%s/memif"; %s };\n' % (role, self.folder, device)
                + "application = { %s };\n" % application
            )
        return path

    def serve(self, cores, application, lines="", device=""):
        path = self._write("server", cores, application, lines, device)
        return running(self.folder, [BIN + "/ixdp", "-c", path], "# running")

    def load(self, cores, application, lines="", device=""):
        """The client as a process that has been started."""
        path = self._write("client", cores, 'name = "load"; address = "10.96.0.1"; ' + application, lines, device)
        return subprocess.Popen([BIN + "/ixdp-load", "-c", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def finish(self, client):
        """Its result, when it has ended; whether all of it went well is for the caller to see."""
        try:
            return result(client.communicate(timeout=60)[0])
        except (subprocess.TimeoutExpired, IndexError):
            client.kill()
            client.wait()
            return give_up("the client failed")
