"""How our own expectations read on the library's pages: the plain sentence, then the figures."""

from typing import Any, ClassVar

from great_expectations.render import (
    AtomicPrescriptiveRendererType,
    LegacyRendererType,
    RenderedAtomicContent,
    RenderedStringTemplateContent,
    renderedAtomicValueSchema,
)
from great_expectations.render.renderer.renderer import renderer


class Says:
    """Mixed into an expectation; figures: what follows the sentence, with its settings as $name."""

    figures: ClassVar[str] = ""

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> list[Any]:
        configuration = configuration or result.expectation_config
        shown = {n: {"classes": ["badge", "badge-secondary"]} for n in _settings(configuration)}
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={
                    "template": cls._sentence(configuration),
                    "params": _settings(configuration),
                    "styling": {"params": shown},
                },
            )
        ]

    @classmethod
    @renderer(renderer_type=AtomicPrescriptiveRendererType.SUMMARY)
    def _prescriptive_summary(
        cls, configuration: Any = None, result: Any = None, runtime_configuration: Any = None
    ) -> Any:
        configuration = configuration or result.expectation_config
        settings = _settings(configuration)
        content = {
            "template": cls._sentence(configuration),
            "params": {
                n: {"schema": {"type": "string"}, "value": value} for n, value in settings.items()
            },
            "schema": {"type": "com.superconductive.rendered.string"},
        }
        return RenderedAtomicContent(
            name=AtomicPrescriptiveRendererType.SUMMARY,
            value=renderedAtomicValueSchema.load(content),
            value_type="StringValueType",
        )

    @classmethod
    def _sentence(cls, configuration: Any) -> str:
        said = str(configuration.meta["says"]).replace("$", "$$")
        severity = getattr(configuration.severity, "value", configuration.severity)
        return f"{said[0].upper()}{said[1:]} ({severity}). {cls.figures}"


def _settings(configuration: Any) -> dict[str, str]:
    """The settings as they are read; what was known beside the rows is too long for a sentence."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in configuration.kwargs.items()
        if not isinstance(value, dict)
    }
