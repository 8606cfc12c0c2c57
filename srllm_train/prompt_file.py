"""The prompt template with which ``rewrite`` asks a model as its training did."""

from srllm_data.local_models.chat import turns
from srllm_train.recipe import Recipe

#: Beside the weights.
PROMPT = "prompt.md"


def template(recipe: Recipe, weights: str) -> str:
    """A template for ``rewrite.prompt`` that says word for word what training said.

    weights: their digest. The request ledger tells requests apart by it, so that a model which is
    trained anew and served under the same name is asked anew.
    """
    system, user = turns(recipe.system, "{{plain}}", ["{{words}}"] if recipe.marks else ())
    text, _, marked = user["content"].partition("\n\n")
    parts = {
        "System": system["content"],
        "User": text,
        "Marked": marked,
        "Answer": f"text by weights {weights[:12]}",
    }
    return "\n\n".join(f"# {name}\n\n{said}" for name, said in parts.items() if said) + "\n"
