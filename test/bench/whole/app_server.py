"""A client of `parley app-server` that starts one conversation and reads its notifications to the end.

usage: app_server.py MEASURE PROGRAM      run by the runner; prints what MEASURE says
"""
import os
import subprocess
import sys

tls = ["--ca-file", os.environ["BENCH_CA"]] if "BENCH_CA" in os.environ else []
process = subprocess.Popen([sys.argv[1], sys.argv[2], "app-server", "--url", os.environ["BENCH_URL"], *tls,
                            "--startup-context", "off", "--compress", "off"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           env={**os.environ, "OPENAI_API_KEY": "sk-bench"})
for line in ('{"method":"initialize","id":0,"params":{"clientInfo":{"name":"bench","version":"1"},'
             '"capabilities":{"experimentalApi":true}}}', '{"method":"initialized"}',
             '{"method":"thread/start","id":1,"params":{}}'):
    process.stdin.write(line.encode() + b"\n")
process.stdin.flush()
thread = None
notified = 0
for line in process.stdout:
    if b'"thread/realtime/outputAudio/delta"' in line:
        notified += 1
    elif thread is None and b'"id":1' in line:
        thread = line.split(b'"thread":{"id":"')[1].split(b'"')[0]
        process.stdin.write(b'{"method":"thread/realtime/start","id":2,"params":{"threadId":"%s",'
                            b'"outputModality":"audio"}}\n' % thread)
        process.stdin.flush()
    elif b'"thread/realtime/closed"' in line:
        break
process.stdin.close()
print(f"notified={notified} {process.stdout.read().decode().splitlines()[-1]}")
