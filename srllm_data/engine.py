"""Where the parts of a row-wise stage are computed: this process, several, or a Ray cluster."""

import os
from collections.abc import Callable, Iterator
from typing import Any

from srllm_data.config import EngineConfig
from srllm_data.errors import ConfigError

Job = tuple[Any, ...]


def map_parts(function: Callable[..., int], jobs: list[Job], config: EngineConfig) -> Iterator[int]:
    """Call ``function(*job)`` for each job and yield the results as they come.

    Results must not depend on the engine: each job writes its own part.
    """
    if config.name == "ray":
        yield from _ray(function, jobs, config.workers)
    elif min(config.workers, len(jobs)) > 1:
        yield from _processes(function, jobs, config.workers)
    else:
        for job in jobs:
            yield function(*job)


def _processes(function: Callable[..., int], jobs: list[Job], workers: int) -> Iterator[int]:
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, as_completed

    spawn = multiprocessing.get_context("spawn")
    count = min(workers, len(jobs))
    with ProcessPoolExecutor(count, spawn, _share_cores, (count,)) as pool:
        futures = [pool.submit(function, *job) for job in jobs]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _share_cores(workers: int) -> None:
    """Models in several processes that each use every core slow each other down tenfold."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def _ray(function: Callable[..., int], jobs: list[Job], workers: int) -> Iterator[int]:
    try:
        import ray
    except ImportError:
        raise ConfigError(
            "engine.name is 'ray' but Ray is not installed; run pip install 'srllm[ray]'."
        ) from None
    ray.init(ignore_reinit_error=True, num_cpus=workers, include_dashboard=False)
    remote = ray.remote(function)
    waiting = [remote.remote(*job) for job in jobs]
    while waiting:
        done, waiting = ray.wait(waiting)
        yield ray.get(done[0])
