"""python3-websockets, as it is used by hand."""
import asyncio
import base64
import json
import os
import ssl
import time

import websockets


async def main():
    late, samples = [], 0
    url = os.environ["BENCH_URL"]
    tls = ssl.create_default_context(cafile=os.environ["BENCH_CA"]) if url.startswith("wss") else None
    async with websockets.connect(url + "/realtime?model=x", ssl=tls, compression=None, max_size=None) as socket:
        try:
            async for message in socket:
                event = json.loads(message)
                if event["type"] == "response.output_audio.delta":
                    pcm = base64.b64decode(event["delta"])
                    samples += len(pcm) // 2
                    late.append((time.monotonic_ns() - int.from_bytes(pcm[:8], "little")) / 1000)
        except websockets.ConnectionClosed:
            pass
    late.sort()
    at = [int(late[len(late) * part // 1000]) if late else 0 for part in (500, 990, 999)]
    print(f"samples={samples} p50_us={at[0]} p99_us={at[1]} p999_us={at[2]}")


asyncio.run(main())
