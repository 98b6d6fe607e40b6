#!/usr/bin/env python3
"""A peer on the kernel's sockets: peer.py ping|echo|many|hold|churn ADDRESS [...]. Exit code 0: all as it should be."""
import hashlib
import os
import selectors
import socket
import struct
import sys
import time

PORT = 7


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def ping(address, count="5"):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.settimeout(5)
    for sequence in range(int(count)):
        body = os.urandom(56)
        head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xFFFF, sequence)
        sock.sendto(struct.pack("!BBHHH", 8, 0, checksum(head + body), os.getpid() & 0xFFFF, sequence) + body, (address, 0))
        while True:
            reply = sock.recv(4096)
            if reply[20] == 0 and reply[24:28] == struct.pack("!HH", os.getpid() & 0xFFFF, sequence):
                break
        if reply[28:] != body:
            return 1
    return 0


class Stream:
    """Sends size bytes and expects the same back."""

    def __init__(self, sock, size):
        self.sock, self.left, self.back = sock, size, size
        self.pending = b""
        self.sent, self.got = hashlib.sha256(), hashlib.sha256()

    def write(self):
        if not self.pending:
            self.pending = os.urandom(min(self.left, 16384))
        n = self.sock.send(self.pending)
        self.sent.update(self.pending[:n])
        self.pending = self.pending[n:]
        self.left -= n

    def read(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("closed early")
        self.got.update(data)
        self.back -= len(data)


def converse(address, connections, size, seconds=60):
    """All connections at once, each with size bytes; True if every byte came back."""
    selector = selectors.DefaultSelector()
    streams = []
    for _ in range(connections):
        sock = socket.create_connection((address, PORT), timeout=20)
        sock.setblocking(False)
        streams.append(Stream(sock, size))
        selector.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, streams[-1])
    end, open_streams = time.monotonic() + seconds, connections
    while open_streams and time.monotonic() < end:
        for key, events in selector.select(1):
            stream = key.data
            if events & selectors.EVENT_WRITE and stream.left:
                stream.write()
                if not stream.left:
                    selector.modify(stream.sock, selectors.EVENT_READ, stream)
            if events & selectors.EVENT_READ:
                stream.read()
                if stream.back <= 0:
                    selector.unregister(stream.sock)
                    open_streams -= 1
    good = all(s.back == 0 and s.sent.digest() == s.got.digest() for s in streams)
    for stream in streams:
        stream.sock.close()
    return good and not open_streams


def echo(address, size, connections="1"):
    return 0 if converse(address, int(connections), int(size)) else 1


def churn(address, connections, size, seconds):
    """Rounds of converse() for a while; prints how many."""
    end, rounds = time.monotonic() + float(seconds), 0
    while time.monotonic() < end:
        if not converse(address, int(connections), int(size)):
            return 1
        rounds += 1
    print(rounds)
    return 0


def hold(address):
    """One connection; says so, and waits for the other end to close it in an orderly way."""
    sock = socket.create_connection((address, PORT), timeout=10)
    sock.sendall(b"x")
    if sock.recv(10) != b"x":
        return 1
    print("held", flush=True)
    sock.settimeout(20)
    return 0 if sock.recv(10) == b"" else 1


if __name__ == "__main__":
    sys.exit({"ping": ping, "echo": echo, "churn": churn, "hold": hold}[sys.argv[1]](*sys.argv[2:]))
