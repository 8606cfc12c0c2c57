"""How fast does the rewriting engine ask, and what does a question cost the CPU?

A loopback server answers every chat completion after 200 ms. At 64 and 256 requests in flight, each
system sends the same questions; the ideal rate is concurrency / 0.2 s. CPU is that of the client's
process for one call. Every system runs in a process of its own, the systems in turn, three times;
medians are kept. Client and server share the machine, so on few cores the server's own CPU, given
beside, bounds all of them.

    bare            aiohttp, a semaphore: the floor
    openai          AsyncOpenAI and a semaphore, what most people write
    openai+aiohttp  the same with DefaultAioHttpClient
    srllm           the rewrite stage, every answer durable in its ledger
    distilabel      OpenAILLM in a pipeline, where --distilabel-python names an environment with it
    curator         bespokelabs-curator, where --curator-python does

Also the time of a fully cached rerun of 100,000 rows by srllm, without examples and with three.

    python benchmarks/rewrite_rate.py            # writes benchmarks/results/rewrite_rate.json
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results" / "rewrite_rate.json"
LATENCY_S = 0.2
CONCURRENCIES = (64, 256)
#: Ideal seconds of one measurement.
SECONDS = 10
REPEATS = 3
CACHED_ROWS = 100_000
#: Without examples, and with as many as are the default.
CACHED_EXAMPLES = (0, 3)
SYSTEM = "You edit single texts for a dataset of neutral writing. " * 27
ANSWER = '{"rewrite": "The mayor spoke about the bridge."}'


def texts(count: int) -> list[str]:
    """Distinct texts of about 120 characters."""
    return [
        f"The dim mayor number {i} spoke about the old bridge over the river on Monday, and nobody "
        f"in the whole council listened."
        for i in range(count)
    ]


def messages(text: str) -> list[dict[str, str]]:
    """One question."""
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]


class _Protocol(asyncio.Protocol):
    """HTTP/1.1 as far as the clients need it, at as little CPU as Python allows."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        while True:
            head, mark, rest = self._data.partition(b"\r\n\r\n")
            if not mark:
                return
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(rest) < length:
                return
            self._data = rest[length:]
            asyncio.get_running_loop().call_later(LATENCY_S, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_RESPONSE)  # type: ignore[attr-defined]


def _response() -> bytes:
    body = json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "loopback",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": ANSWER},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 400, "completion_tokens": 12, "total_tokens": 412},
        }
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + b"\r\n\r\n" + body


_RESPONSE = _response()


async def serve() -> None:
    """Serve for ever; print the port, and the CPU so far whenever a line comes in."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Protocol, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(_cpu(), flush=True)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _measured(calls: int, start: tuple[float, float]) -> dict[str, float]:
    seconds, cpu = time.monotonic() - start[0], _cpu() - start[1]
    return {"rate": calls / seconds, "cpu_ms": 1000 * cpu / calls}


def _now() -> tuple[float, float]:
    return time.monotonic(), _cpu()


async def bare(url: str, concurrency: int, calls: int) -> dict[str, float]:
    """Posts with aiohttp."""
    import aiohttp

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one(text: str) -> None:
            body = {"model": "loopback", "messages": messages(text), "max_tokens": 512}
            async with session.post(f"{url}/chat/completions", json=body) as response:
                assert (await response.json())["choices"]

        return await _limited(one, concurrency, calls)


async def plain_openai(url: str, concurrency: int, calls: int, fast: bool) -> dict[str, float]:
    """AsyncOpenAI as its documentation shows it."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    http = DefaultAioHttpClient() if fast else None
    async with AsyncOpenAI(api_key="none", base_url=url, http_client=http) as client:

        async def one(text: str) -> None:
            completion = await client.chat.completions.create(
                model="loopback",
                messages=messages(text),  # type: ignore[arg-type]
                max_tokens=512,
            )
            assert completion.choices[0].message.content == ANSWER

        return await _limited(one, concurrency, calls)


async def _limited(one: Any, concurrency: int, calls: int) -> dict[str, float]:
    semaphore = asyncio.Semaphore(concurrency)

    async def within(text: str) -> None:
        async with semaphore:
            await one(text)

    asked = texts(calls)
    start = _now()
    await asyncio.gather(*map(within, asked))
    return _measured(calls, start)


def _rows(count: int) -> Any:
    import pyarrow as pa

    from srllm_data.schema import schema_after

    rows = [
        {"id": f"r{i}", "text": text, "source": "s", "source_key": f"k{i}", "control": False}
        for i, text in enumerate(texts(count))
    ]
    return pa.Table.from_pylist(rows, schema=schema_after("label"))


def srllm(url: str, concurrency: int, calls: int) -> dict[str, float]:
    """The rewrite stage, from rows to rows."""
    import aiohttp  # noqa: F401

    from srllm_data.config import RewriteConfig
    from srllm_data.rewrite import rewrite

    rows = _rows(calls)
    config = RewriteConfig(model="loopback", base_url=url, concurrency=concurrency, examples=0)
    with tempfile.TemporaryDirectory() as folder:
        start = _now()
        output = rewrite(rows, config, Path(folder) / "requests.sqlite")
        measured = _measured(calls, start)
    assert output.facts["ok"] == calls
    return measured


def cached(examples: int) -> dict[str, float]:
    """The rewrite stage again, when its ledger holds every answer."""
    from srllm_data.config import RewriteConfig
    from srllm_data.ledger import Answer, Ledger, putting
    from srllm_data.rewrite import rewrite, wanted

    rows = _rows(CACHED_ROWS)
    config = RewriteConfig(model="loopback", base_url="http://127.0.0.1:9/v1", examples=examples)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests.sqlite"
        requests = [request for _, request in wanted(rows, config, path)]
        with Ledger(path) as ledger:
            ledger.commit([putting(r, Answer("ok", ANSWER, "stop", 400, 12)) for r in requests])
        start = time.monotonic()
        output = rewrite(rows, config, path)
        seconds = time.monotonic() - start
    assert (output.facts["ok"], output.facts["requests_sent"]) == (CACHED_ROWS, 0)
    return {"seconds": seconds}


def distilabel(url: str, concurrency: int, calls: int) -> dict[str, float]:
    """OpenAILLM's own asynchronous generation, batches as large as the concurrency."""
    from distilabel.models import OpenAILLM

    llm = OpenAILLM(model="loopback", base_url=url, api_key="none", generation_kwargs={})
    llm.load()
    asked = [messages(t) for t in texts(calls)]
    start = _now()
    for at in range(0, calls, concurrency):
        llm.generate(inputs=asked[at : at + concurrency], max_new_tokens=512)
    return _measured(calls, start)


def curator(url: str, concurrency: int, calls: int) -> dict[str, float]:
    """A curator LLM on the openai backend, its cache in a fresh folder."""
    os.environ.update(CURATOR_DISABLE_RICH_DISPLAY="1", TELEMETRY_ENABLED="false")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CURATOR_CACHE_DIR"] = folder
        if litellm := find_spec("litellm"):
            # It ships the vocabulary that tiktoken would download.
            shipped = Path(str(litellm.origin)).parent / "litellm_core_utils" / "tokenizers"
            os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(shipped))
        from bespokelabs import curator as library

        llm = library.LLM(
            model_name="loopback",
            backend="openai",
            backend_params={
                "base_url": url,
                "api_key": "none",
                "max_concurrent_requests": concurrency,
                "max_requests_per_minute": 10**6,
                "max_tokens_per_minute": 10**9,
            },
        )
        asked = [messages(t) for t in texts(calls)]
        start = _now()
        found = llm(asked)
        measured = _measured(calls, start)
        assert len(getattr(found, "dataset", found)) == calls
        return measured


def run_one(system: str, url: str, concurrency: int) -> dict[str, float]:
    """Measure one system in this process."""
    calls = int(SECONDS * concurrency / LATENCY_S)
    match system:
        case "bare":
            return asyncio.run(bare(url, concurrency, calls))
        case "openai" | "openai+aiohttp":
            return asyncio.run(plain_openai(url, concurrency, calls, system != "openai"))
        case "srllm":
            return srllm(url, concurrency, calls)
        case "distilabel":
            return distilabel(url, concurrency, calls)
        case "curator":
            return curator(url, concurrency, calls)
    raise ValueError(system)


def main() -> None:
    """Measure all systems in turn and write the result file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--distilabel-python", help="python of an environment with distilabel")
    parser.add_argument("--curator-python", help="python of one with bespokelabs-curator")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--cached", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
        return
    if given.one:
        system, url, concurrency = given.one
        print("RESULT " + json.dumps(run_one(system, url, int(concurrency))))
        return
    if given.cached is not None:
        print("RESULT " + json.dumps(cached(given.cached)))
        return
    pythons = dict.fromkeys(("bare", "openai", "openai+aiohttp", "srllm"), sys.executable)
    for name in ("distilabel", "curator"):
        if python := getattr(given, f"{name}_python"):
            pythons[name] = python
        else:
            print(f"{name}: left out; give --{name}-python")
    found: dict[str, list[dict[str, float]]] = {}
    server = subprocess.Popen(
        [sys.executable, __file__, "--serve"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout
    url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
    server_cpu = []
    for _ in range(REPEATS):
        for concurrency in CONCURRENCIES:
            for system, python in pythons.items():
                before = _server_cpu(server)
                command = [python, __file__, "--one", system, url, str(concurrency)]
                result = _run(command)
                if result is None:
                    continue
                calls = SECONDS * concurrency / LATENCY_S
                server_cpu.append(1000 * (_server_cpu(server) - before) / calls)
                found.setdefault(f"{system} {concurrency}", []).append(result)
                print(f"{system:16} {concurrency:4} {result['rate']:8.1f}/s", flush=True)
    server.kill()
    reruns = []
    for examples in CACHED_EXAMPLES:
        command = [sys.executable, __file__, "--cached", str(examples)]
        seconds = [r["seconds"] for _ in range(REPEATS) if (r := _run(command))]
        row = {"rows": CACHED_ROWS, "examples": examples}
        reruns.append({**row, "seconds": round(statistics.median(seconds), 2)})
    cores = os.cpu_count()
    results = {
        "machine": f"{platform.machine()}, {cores} cores, Python {platform.python_version()}",
        "latency_s": LATENCY_S,
        "repeats": REPEATS,
        "server_cpu_ms_per_call": round(statistics.median(server_cpu), 3),
        "systems": [_row(name, runs) for name, runs in found.items()],
        "cached_reruns": reruns,
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def _row(name: str, runs: list[dict[str, float]]) -> dict[str, Any]:
    system, concurrency = name.rsplit(" ", 1)
    ideal = int(concurrency) / LATENCY_S
    rates = [r["rate"] for r in runs]
    return {
        "system": system,
        "concurrency": int(concurrency),
        "rate": round(statistics.median(rates), 1),
        "least": round(min(rates), 1),
        "most": round(max(rates), 1),
        "of_ideal": round(statistics.median(rates) / ideal, 3),
        "cpu_ms_per_call": round(statistics.median(r["cpu_ms"] for r in runs), 3),
    }


def _server_cpu(server: "subprocess.Popen[str]") -> float:
    assert server.stdin
    assert server.stdout
    server.stdin.write("\n")
    server.stdin.flush()
    return float(server.stdout.readline())


def _run(command: list[str]) -> dict[str, float] | None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            result: dict[str, float] = json.loads(line[7:])
            return result
    print(f"{' '.join(command[2:4])} failed: {done.stderr.strip()[-300:]}", flush=True)
    return None


if __name__ == "__main__":
    main()
