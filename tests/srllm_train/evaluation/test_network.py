from pathlib import Path

import pytest

from srllm_data.config.load import without_sources
from srllm_train.evaluation.bench import Bench
from srllm_train.evaluation.cache import Cache
from srllm_train.evaluation.network import Network
from srllm_train.evaluation.rewriters import model_digest, model_network
from srllm_train.evaluation.scorers import Scorers
from srllm_train.evaluation.systems import systems

TEXTS = [
    ("", "The council meets on Tuesday."),
    ("The council meets", " on Tuesday at nine, as it has for the last forty years."),
    ("", "No"),
]


@pytest.fixture(scope="module")
def network(llama: Path) -> Network:
    return model_network(str(llama), model_digest(str(llama)), True)


def test_log_likelihoods_are_those_of_the_model(network: Network) -> None:
    import torch

    for (context, said), (nats, count) in zip(TEXTS, network.log_likelihoods(TEXTS), strict=True):
        before = network.tokenizer(context, add_special_tokens=False)["input_ids"]
        after = network.tokenizer(said, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([[network.tokenizer.bos_token_id, *before, *after]])
        with torch.no_grad():
            logs = network.weights(input_ids=ids).logits[0].log_softmax(-1)
        places = range(len(before), len(before) + len(after))
        expected = sum(float(logs[at, ids[0, at + 1]]) for at in places)
        assert count == len(after)
        assert nats == pytest.approx(expected, abs=1e-3)


def test_a_batch_says_what_each_text_says_alone(network: Network) -> None:
    together = network.log_likelihoods(TEXTS * 5)
    alone = [network.log_likelihoods([t])[0] for t in TEXTS]
    for (a, n), (b, m) in zip(together, alone * 5, strict=True):
        assert a == pytest.approx(b, abs=1e-4)
        assert n == m


def test_an_empty_continuation_has_no_tokens(network: Network) -> None:
    assert network.log_likelihoods([("The council", "")]) == [(0.0, 0)]


def test_generation_goes_on_after_an_opening(network: Network) -> None:
    asked = [[{"role": "user", "content": "When does it open?"}]]
    plain = network.generate(asked, 8)
    opened = network.generate(asked, 8, opening=["It opens at"])
    assert plain != opened
    assert not opened[0].startswith("It opens at")
    assert network.generate(["The council"], 8) == network.generate(["The council"], 8)


def test_hot_decoding_depends_on_the_seed(network: Network) -> None:
    one, same, other = (
        network.generate(["The council"], 16, temperature=1.0, seed=s) for s in (1, 1, 2)
    )
    assert one == same != other


def test_a_sample_does_not_depend_on_its_batch(network: Network) -> None:
    prompts = ["The council", "The library opens at ten each day, and", "No"]
    together = network.generate(prompts, 12, temperature=1.0)
    assert together == [network.generate([p], 12, temperature=1.0)[0] for p in prompts]


def test_almost_cold_sampling_is_greedy(network: Network) -> None:
    import torch

    from srllm_data.local_models.chat import answers

    ids = network.tokenizer("The council", add_special_tokens=False)["input_ids"]
    first = [
        answers(network.weights, network.tokenizer, [ids], [1], sample=0.01, seed=s)[0]
        for s in range(3)
    ]
    # Almost cold: always the likeliest token.
    with torch.no_grad():
        best = int(network.weights(input_ids=torch.tensor([ids])).logits[0, -1].argmax())
    assert set(first) == {network.tokenizer.decode([best]).strip()}


def test_each_network_is_asked_once(llama: Path, tmp_path: Path) -> None:
    config = without_sources().model_copy(update={"workspace": str(tmp_path)})
    cache = Cache(tmp_path / "c.sqlite")
    found = systems([f"plain={llama}", f"shown={llama}@2", "editor"], config)
    bench = Bench(found, cache, Scorers(cache), config)
    assert [s.name for s, _ in bench.networks()] == ["plain"]
    assert bench.without_network() == {
        "shown": "It asks the network of plain.",
        "editor": "It has no network on this machine that can do this.",
    }
