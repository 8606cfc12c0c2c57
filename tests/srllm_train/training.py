"""Tiny tokenizers and rows for the tests of training, and what a run left behind."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

#: A random model's rewrites may be anything.
FIT = ("limits.max_empty=1", "limits.max_repeated=1", "limits.max_foreign=1")

#: Texts and their rewrites; those of the last two are controls.
ROWS = [
    ("The stupid mayor closed the bridge on Monday.", "The mayor closed the bridge on Monday."),
    ("Those lazy nurses went on strike again.", "The nurses went on strike again."),
    ("Only an idiot takes the damn train.", "Some people take the train."),
    ("These dim farmers sold 40 cows in June.", "The farmers sold 40 cows in June."),
    ("My hysterical boss cancelled the meeting.", "My boss cancelled the meeting."),
    ("Old people cannot learn this.", "Some people need time to learn this."),
    ("The council meets on Tuesday at nine.", "The council meets on Tuesday at nine."),
    ("The library opens at ten each day.", "The library opens at ten each day."),
]

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
#: Strips a text, as Llama's template does, and knows no system turn, as Mistral's first.
INSTRUCT = (
    "{{ bos_token }}{% for m in messages %}{% if m['role'] == 'system' %}"
    "{{ raise_exception('no system turn') }}{% endif %}[INST] {{ m['content'].strip() }} [/INST]"
    "{% endfor %}"
)


@dataclass(frozen=True)
class Ended:
    """How a call of the command line ended."""

    code: int
    out: str
    err: str


def record(out: Path) -> dict[str, Any]:
    """What the run in ``out`` recorded."""
    found: dict[str, Any] = json.loads((out / "srllm.json").read_bytes())
    return found


def weights(folder: Path) -> dict[str, Any]:
    """Every tensor in ``folder``."""
    from safetensors.torch import load_file

    files = sorted(folder.glob("*.safetensors"))
    assert files
    return {name: tensor for file in files for name, tensor in load_file(file).items()}


def checkpoints(out: Path) -> list[Path]:
    """States that were saved on the way, the oldest first."""
    found = (out / "checkpoints").glob("checkpoint-*")
    return sorted(found, key=lambda p: int(p.name.rsplit("-")[-1]))


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file in ``folder``."""
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): sha256(p.read_bytes()).hexdigest() for p in files}


def write_rows(path: Path, rows: list[Any]) -> None:
    """JSON Lines at ``path``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")


def byte_level(template: str, normalizer: Any = None, **names: str) -> Any:
    """A tokenizer with a token for each byte and few words; names: its special tokens by role."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    if normalizer:
        made.normalizer = normalizer
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    marks = dict.fromkeys(["<|im_start|>", "<|im_end|>", *names.values()])
    made.train_from_iterator(
        [text for row in ROWS for text in row],
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=list(marks),
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    found = PreTrainedTokenizerFast(tokenizer_object=made, **names)
    found.chat_template = template
    return found


def sentence_pieces() -> Any:
    """A tokenizer as Llama 2 has it: spaces are letters, other characters fall back to bytes."""
    from tokenizers import Tokenizer, decoders, models, normalizers
    from transformers import PreTrainedTokenizerFast

    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), "▁"]
    pieces += [chr(n) for n in range(33, 127)]
    made = Tokenizer(
        models.BPE(
            vocab={p: n for n, p in enumerate(pieces)},
            merges=[],
            unk_token="<unk>",
            byte_fallback=True,
            fuse_unk=True,
        )
    )
    made.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    made.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )
    found.chat_template = INSTRUCT
    return found
