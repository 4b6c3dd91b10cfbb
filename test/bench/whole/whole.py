"""Whole processes side by side: what a client of a realtime service costs, from its start to its end.

usage: whole.py BIN SRC [REPETITIONS]     called by test/bench/whole.sh

BIN holds runner, measure, allocations.so, the clients in C and a folder `node` for those of npm; SRC the sources of the
others. Each client takes the same events from the same server (runner.c): the repetitions of all clients are
interleaved, and the tables hold medians. What a client costs before its first event is taken off where it says
"per", and has columns of its own. With two processors or more a client has the last one for itself.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys

BIN, SRC = sys.argv[1], sys.argv[2]
REPETITIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
MS = 100  # of audio in an event
FLOOD = {"events": 20000, "gap": 0}
PACED = {"events": 1000, "gap": 4000, "more": 3}  # that often are those run that differ by little
NEAR = ["bare loop: poll and recv (and mbedTLS)", "parley"]
LAST = (os.cpu_count() or 1) - 1
SERVERS, CLIENTS = (["taskset", "-c", f"0-{LAST - 1}"], ["taskset", "-c", str(LAST)]) if LAST > 0 else ([], [])
SUITES = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES128-GCM-SHA256"]


def clients():
    """Name, command, whether it can do without TLS."""
    yield NEAR[0], [f"{BIN}/bare"], True
    yield NEAR[1], [f"{BIN}/parley"], True
    if os.path.exists(f"{BIN}/lws"):
        yield "libwebsockets + cJSON", [f"{BIN}/lws"], True
    for name, file, plain in (("npm ws", "ws", True), ("npm openai", "openai", False),
                              ("npm @openai/agents-realtime", "agents", True)):
        if os.path.isdir(f"{BIN}/node/node_modules/ws") and shutil.which("node"):
            yield name, ["node", f"{BIN}/node/{file}.mjs"], plain
    python = "/usr/bin/python3"
    if subprocess.run([python, "-c", "import websockets"], capture_output=True).returncode == 0:
        yield "python3-websockets", [python, f"{SRC}/websockets_client.py"], True


def run(command, suite, events, gap, before=(), env=None, measured=True):
    """One run of a client: a dict of all numbers it and those who measure it print."""
    tls = ["--tls", f"{BIN}/cert.pem", f"{BIN}/key.pem", suite] if suite else []
    words = [*SERVERS, f"{BIN}/runner", *tls, "--events", str(events), "--gap-us", str(gap), "--ms", str(MS), "--",
             *CLIENTS, *before, *([f"{BIN}/measure"] if measured else []), *command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env={**os.environ, **(env or {})})
    numbers = {name: int(value) for name, value in re.findall(r"(\w+)=(-?\d+)", done.stdout)}
    if numbers.get("status") != 0 or numbers.get("samples", events * MS * 24) != events * MS * 24:
        raise SystemExit(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return numbers


def median(rows, name):
    return statistics.median(row[name] for row in rows)


def interleaved(who, suite, what):
    """Runs with events and without, of all clients in turn: name -> (rows with, rows without)."""
    rows = {name: ([], []) for name, _ in who}
    for turn in range(REPETITIONS * what.get("more", 1)):
        for name, command in who:
            if turn < REPETITIONS or name in NEAR:
                rows[name][0].append(run(command, suite, what["events"], what["gap"]))
                rows[name][1].append(run(command, suite, 0, 0))
    return rows


def cpu_ms(rows, what):
    """Processor time per 1,000 s of audio."""
    spent_us = median(rows[0], "cpu_us") - median(rows[1], "cpu_us")
    return spent_us / (what["events"] * MS / 1000)


def table(title, head, lines):
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}")
    for line in lines:
        print(f"| {' | '.join(line)} |")
    sys.stdout.flush()


def flood(who, suite):
    rows = interleaved(who, suite, FLOOD)
    cost = {name: cpu_ms(rows[name], FLOOD) for name, _ in who}
    table(f"{suite or 'ws, no TLS'}: {FLOOD['events']} events of {MS} ms as fast as they are taken",
          ["", "CPU ms per 1,000 s of audio", "times parley"],
          [(name, f"{cost[name]:.1f}", f"{cost[name] / cost['parley']:.2f}") for name, _ in who])


def paced(who, suite):
    rows = interleaved(who, suite, PACED)
    cost = {name: cpu_ms(rows[name], PACED) for name, _ in who}
    late = {name: [f"{median(rows[name][0], at):.0f}" if at in rows[name][0][0] else ""
                   for at in ("p50_us", "p99_us", "p999_us")] for name, _ in who}
    table(f"{suite or 'ws, no TLS'}: {PACED['events']} events of {MS} ms, one each {PACED['gap'] / 1000:g} ms; "
          "from sent to handed over in µs",
          ["", "CPU ms per 1,000 s of audio", "times parley", "p50", "p99", "p99.9", "peak RSS KB", "start to upgrade ms",
           "CPU ms before the first event"],
          [(name, f"{cost[name]:.0f}", f"{cost[name] / cost['parley']:.2f}", *late[name],
            f"{median(rows[name][0], 'rss_kb'):.0f}",
            f"{statistics.median((row['upgraded_ns'] - row['started_ns']) / 1e6 for row in rows[name][0]):.1f}",
            f"{median(rows[name][1], 'cpu_us') / 1000:.1f}") for name, _ in who])


def system_calls(command, suite, events):
    counts = f"{BIN}/strace"
    run(command, suite, events, 1000, before=["strace", "-f", "-c", "-o", counts])
    with open(counts, encoding="utf-8") as file:
        return int(next(line for line in file if line.rstrip().endswith("total")).split()[3])


def allocations(command, suite, events):
    """In all, and while a client of ours was ready."""
    counts = f"{BIN}/allocations"
    words = ["env", f"LD_PRELOAD={BIN}/allocations.so", *command]
    run(words, suite, events, 1000, env={"BENCH_ALLOCATIONS": counts})
    with open(counts, encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def instructions(command, suite, events):
    log = f"{BIN}/callgrind"
    run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}", *command], suite, events, 4000)
    with open(log, encoding="utf-8") as file:
        return int(re.search(r"Collected : (\d+)", file.read())[1])


def per_event(who, suite):
    lines, events, counted = [], 1000, 300
    for name, command in who:
        calls = heap = "not here"
        executed = ""
        if shutil.which("valgrind") and command[0].startswith(BIN):
            executed = f"{(instructions(command, suite, counted) - instructions(command, suite, 0)) / counted:.0f}"
        if shutil.which("strace"):
            calls = f"{(system_calls(command, suite, events) - system_calls(command, suite, 0)) / events:.2f}"
        every, ready = allocations(command, suite, events)
        heap = f"{(every - allocations(command, suite, 0)[0]) / events:.2f}"
        if name == "parley":
            assert ready >= 0, "parley did not say when it was ready"
            while_ready = ready
        lines.append((name, calls, heap, executed))
    table(f"{suite or 'ws, no TLS'}: per event", ["", "system calls", "heap allocations", "instructions"], lines)
    print(f"Between ready and closed, {events} events, parley asked the heap {while_ready} times.")


def app_server(suite):
    """The program parley, as it serves a program in another language."""
    def once(events, gap):
        command = ["python3", f"{SRC}/app_server.py", f"{BIN}/measure", f"{BIN}/program"]
        return run(command, suite, events, gap, measured=False)
    rows = ([], [])
    for _ in range(REPETITIONS):
        rows[0].append(once(PACED["events"], PACED["gap"]))
        rows[1].append(once(0, 0))
    if any(row["notified"] != PACED["events"] for row in rows[0]):
        raise SystemExit("app-server: not all notifications have come")
    spent = median(rows[0], "cpu_us") - median(rows[1], "cpu_us")
    table(f"{suite or 'ws, no TLS'}: parley app-server, one conversation, one event each {PACED['gap'] / 1000:g} ms",
          ["CPU µs per audio notification", "CPU ms per 1,000 s of audio", "peak RSS KB"],
          [(f"{spent / PACED['events']:.1f}", f"{cpu_ms(rows, PACED):.0f}", f"{median(rows[0], 'rss_kb'):.0f}")])


def main():
    everybody = list(clients())
    for suite in [None, *SUITES]:
        who = [(name, command) for name, command, plain in everybody if suite or plain]
        flood(who, suite)
        paced(who, suite)
        if suite in (None, SUITES[0]):
            per_event(who, suite)
            app_server(suite)


main()
