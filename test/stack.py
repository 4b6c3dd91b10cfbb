"""Reads gcc's call graphs (-fcallgraph-info=su) and tells the deepest stack of each public function.

usage: stack.py GRAPH... -- FUNCTION...      the graphs of one library, the names of its public functions

Prints "bytes name", the deepest chain, and the functions without a graph (C's, mbedTLS'), which count as nothing. Calls
by pointer are not in such graphs: POINTERS says what they reach; a file that is not in it is an error, so the table stays
true. Errors are recursion that nobody named, too, and frames without a bound.
"""
import re
import sys

# file: what its calls by pointer reach, functions or all of a file that nobody calls directly; "" for the host's own
POINTERS = {
    "core/conversation.c": "parley_events_v1 parley_events_v2",
    "core/recorder.c": "",
    "core/scrub.c": "core/recorder.c",
    "parser/events_common.c": "parser/events_common.c parser/events_v1.c parser/events_v2.c",
    "platform/arena.c": "",
    "platform/log.c": "",
    "platform/posix/process.c": "",
    "platform/posix/resolve.c": "platform/posix/resolve.c",
    "templates/render.c": "parley_write_labelled core/calls.c core/delegation.c core/session.c core/webrtc.c",
    "transport/loopback/loopback.c": "",
}
# How often a function may be on the stack at once: a template in a slot of a template in a slot; what fills a slot
# is never in itself, though POINTERS cannot tell.
TIMES = {"parley_render_template": 3, "write_notice": 1, "write_instructions": 1, "write_session": 1, "render": 1}

NODE = re.compile(r'^node: \{ title: "([^"]*)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"')
FRAME = re.compile(r"(\d+) bytes \((\S+?)\)")
INDIRECT = "__indirect_call"


def plain(name):
    """A function's name without its file, and without what gcc appends to the parts it makes of one."""
    return re.sub(r"\.(part|constprop|isra|cold)(\.\d+)?", "", name.split(":")[-1])


class Graph:
    def __init__(self, paths):
        self.frames, self.calls, self.files = {}, {}, {}
        self.unbounded, self.pointers, self.recursive, self.unknown = set(), set(), set(), set()
        self.known = {}
        for path in paths:
            with open(path, encoding="utf-8") as lines:
                for line in lines:
                    self.read(line)
        self.resolve()

    def read(self, line):
        node, edge = NODE.match(line), EDGE.match(line)
        frame = FRAME.search(node.group(2)) if node else None
        if frame:
            name = node.group(1)
            self.frames[name] = int(frame.group(1))
            self.files[name] = node.group(2).split("\\n")[1].split(":")[0]
            if frame.group(2) == "dynamic":
                self.unbounded.add(name)
        if edge:
            self.calls.setdefault(edge.group(1), set()).add(edge.group(2))

    def resolve(self):
        """Puts what POINTERS says in the place of calls by pointer."""
        direct = {to for targets in self.calls.values() for to in targets}
        for caller, targets in self.calls.items():
            if INDIRECT not in targets:
                continue
            targets.discard(INDIRECT)
            if self.files.get(caller) not in POINTERS:
                self.pointers.add(caller)
                continue
            for reached in POINTERS[self.files[caller]].split():
                for name, file in self.files.items():
                    if plain(name) == reached or (file == reached and ":" in name and name not in direct):
                        targets.add(name)

    def deepest(self, name, path=()):
        """(bytes, functions) from `name` on."""
        if name not in self.frames:
            self.unknown.add(name)
            return 0, []
        if path.count(name) >= TIMES.get(plain(name), 1):
            if plain(name) not in TIMES:
                self.recursive.add(name)
            return 0, []
        if name in self.known:
            return self.known[name]
        here = path + (name,)
        most, chain = 0, []
        for target in sorted(self.calls.get(name, ())):
            below, functions = self.deepest(target, here)
            if below > most:
                most, chain = below, functions
        result = self.frames[name] + most, [name] + chain
        if not any(plain(n) in TIMES for n in here): # else it depends on the way here
            self.known[name] = result
        return result


def main():
    at = sys.argv.index("--")
    graph = Graph(sys.argv[1:at])
    rows = [(*graph.deepest(name), name) for name in sys.argv[at + 1 :] if name in graph.frames]
    rows.sort(key=lambda row: (-row[0], row[2]))
    for size, _, name in rows:
        print("%6d %s" % (size, name))
    if rows:
        print("deepest: " + " > ".join("%s %d" % (plain(n), graph.frames[n]) for n in rows[0][1]))
    print("not counted: " + " ".join(sorted(graph.unknown)))
    errors = ("calls by pointer, and POINTERS does not say whom", graph.pointers), ("calls itself", graph.recursive)
    for what, names in (*errors, ("has a frame without a bound", graph.unbounded)):
        for name in sorted(names):
            print("%s %s" % (name, what))
    return 1 if graph.pointers or graph.recursive or graph.unbounded else 0


sys.exit(main())
