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
        settings = cls._settings(configuration)
        shown = {name: {"classes": ["badge", "badge-secondary"]} for name in settings}
        return [
            RenderedStringTemplateContent(
                content_block_type="string_template",
                string_template={
                    "template": cls._sentence(configuration),
                    "params": settings,
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
        settings = cls._settings(configuration)
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

    @classmethod
    def _settings(cls, configuration: Any) -> dict[str, str]:
        """Settings as they are read; what was known beside the rows is too long for a sentence."""
        # The other base of every class is a model of the library with these fields.
        fields: dict[str, Any] = getattr(cls, "__fields__", {})
        given = {name: field.default for name, field in fields.items()} | configuration.kwargs
        return {
            name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            for name, value in given.items()
            if f"${name}" in cls.figures and not isinstance(value, dict)
        }
