"""Attention over packed rows by torch's own variable-length kernel, without padding."""

import inspect
from typing import Any

#: How the kernel of this torch is told to look back only; read once, as compilers cannot read it.
_how: dict[str, Any] = {}


def register() -> None:
    """Make ``attn_implementation="varlen"`` known to transformers."""
    from torch.nn.attention import varlen
    from transformers import AttentionInterface, AttentionMaskInterface

    takes = inspect.signature(varlen.varlen_attn).parameters
    _how.update({"window_size": (-1, 0)} if "window_size" in takes else {"is_causal": True})
    if "scale" in takes:
        _how["scale"] = None

    AttentionInterface.register("varlen", _attend)
    AttentionMaskInterface.register("varlen", _mask)


def _mask(*args: Any, attention_mask: Any = None, **kwargs: Any) -> Any:
    """No mask for packed rows, which their lengths keep apart; the usual one for padded rows."""
    from transformers import masking_utils

    usual: Any = masking_utils.sdpa_mask

    if attention_mask is None:
        return None
    return usual(*args, attention_mask=attention_mask, **kwargs)


def _attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[Any, None]:
    """Causal attention inside each packed row; query, key, value: (1, heads, tokens, size)."""
    import torch
    from transformers.integrations import sdpa_attention

    usual: Any = sdpa_attention.sdpa_attention_forward
    starts = kwargs.get("cu_seq_lens_q")
    if starts is None:
        # Rows are padded: an answer is generated.
        found, _ = usual(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
        return found, None
    if not query.is_cuda:
        rows = zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        parts = [
            usual(
                module,
                *(t[:, :, a:b] for t in (query, key, value)),
                None,
                scaling=scaling,
                is_causal=True,
            )[0]
            for a, b in rows
        ]
        return torch.cat(parts, dim=1), None
    from torch.nn.attention import varlen

    kernel: Any = varlen.varlen_attn
    how = _how | {"scale": scaling} if "scale" in _how else _how
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = (t.repeat_interleave(groups, dim=1) for t in (key, value))
    # The kernel computes in 16 bits only, and unlike sdpa it is not known to autocast.
    half, kept = query.dtype, value.dtype
    if half == torch.float32:
        half = torch.get_autocast_dtype("cuda") if torch.is_autocast_enabled() else torch.bfloat16
    q, k, v = (t[0].transpose(0, 1).to(half) for t in (query, key, value))
    longest = kwargs["max_length_q"]
    found = kernel(q, k, v, starts, starts, longest, longest, **how)
    return found.unsqueeze(0).to(kept), None
