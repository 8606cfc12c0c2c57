"""Recipes: those that come with srllm, changes by --set, and mistakes in one sentence."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from srllm_data.errors import ConfigError
from srllm_train.recipe import Recipe, load_recipe, names

SMALLEST = {"base": "smollm2", "system": "Rewrite this."}


def test_every_recipe_that_comes_with_srllm_is_valid():
    assert names() == ["embedded", "modern", "smoke", "sr-llm", "sr-llm-prefix"]
    for name in names():
        recipe = load_recipe(name)
        assert recipe.seed == 1
        assert load_recipe(name) == recipe


def test_the_papers_recipe_has_the_papers_settings():
    recipe = load_recipe("sr-llm")
    assert (recipe.method, recipe.quantize, recipe.rank, recipe.alpha) == ("lora", "nf4", 64, 16)
    assert (recipe.dropout, recipe.learning_rate, recipe.epochs) == (0.2, 2e-4, 1)


def test_a_file_is_a_recipe_too(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(SMALLEST))
    assert load_recipe(str(path)).rank == 16
    assert load_recipe(str(path), ["rank=3"]).rank == 3


@pytest.mark.parametrize(
    ("change", "setting", "value"),
    [
        ("epochs=2", "epochs", 2),
        ("learning_rate=1e-4", "learning_rate", 1e-4),
        ("learning_rate=.5", "learning_rate", 0.5),
        ("max_steps=null", "max_steps", None),
        ("packing=true", "packing", True),
        ("targets=[q_proj, v_proj]", "targets", ["q_proj", "v_proj"]),
        ("targets=all-linear", "targets", "all-linear"),
        ("base=models/mine", "base", "models/mine"),
        ("system=Rewrite: no insults", "system", "Rewrite: no insults"),
        ("system=Keep #tags and [brackets", "system", "Keep #tags and [brackets"),
        ("system='2'", "system", "2"),
        ("system=a=b", "system", "a=b"),
    ],
)
def test_a_change_is_read_as_yaml_and_a_text_as_it_is(change, setting, value):
    assert getattr(load_recipe("smoke", [change]), setting) == value


def test_a_setting_inside_another_is_changed_alone():
    recipe = load_recipe("smoke", ["dpo.beta=0.3", "limits.max_empty=0.5"])
    assert (recipe.dpo.beta, recipe.dpo.batch) == (0.3, 2)
    assert (recipe.limits.max_empty, recipe.limits.max_repeated) == (0.5, 0.02)


@settings(deadline=None)
@given(
    st.floats(min_value=1e-12, max_value=1, exclude_max=True),
    st.integers(min_value=1, max_value=10**6),
)
def test_numbers_come_through_set_as_they_are(rate, steps):
    recipe = load_recipe("smoke", [f"learning_rate={rate!r}", f"max_steps={steps}"])
    assert (recipe.learning_rate, recipe.max_steps) == (rate, steps)


@settings(deadline=None)
@given(st.sampled_from(sorted(Recipe.model_fields)), st.text(max_size=20))
def test_any_change_gives_a_recipe_or_one_sentence(name, text):
    with suppress(ConfigError):
        load_recipe("smoke", [f"{name}={text}"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["epocs=2"], "--set epocs=2: Extra inputs"),
        (["rank=0"], "--set rank=0: Input should be greater"),
        (["rank=two"], "--set rank=two: Input should be a valid integer"),
        (["dpo.batch=0"], "--set dpo.batch=0: Input"),
        (["scheduler=sometimes"], "--set scheduler=sometimes: Input should be 'constant'"),
        (["country=Sweden"], "--set country=Sweden: String should match"),
        (["rank"], "--set rank is no change; write it as name=value"),
        (["=3"], "--set =3 is no change"),
        (["dpo.=3"], "is no change"),
        (["base.name=x"], "base has no settings in it"),
        (["quantize=nf4", "method=full"], "quantize needs method lora or prefix"),
        (["attention=varlen"], "attention varlen needs packing: true"),
        (["method=prefix", "packing=true"], "method prefix needs packing and gradient"),
        (["method=prefix", "gradient_checkpointing=true"], "method prefix needs packing and"),
    ],
)
def test_a_mistake_names_the_setting(changes, said):
    with pytest.raises(ConfigError) as error:
        load_recipe("smoke", changes)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("base: [", "cannot be read"),
        ("- base", "holds no settings"),
        ("", "holds no settings"),
        ("base: smollm2", "system: Field required"),
    ],
)
def test_a_file_that_is_no_recipe_is_named(tmp_path, text, said):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=rf"mine\.yaml.* {said}|mine\.yaml: {said}"):
        load_recipe(str(path))


def test_a_name_that_is_no_recipe_gets_the_list():
    with pytest.raises(ConfigError, match="no recipe 'smok'; name one of embedded, modern, smoke"):
        load_recipe("smok")
