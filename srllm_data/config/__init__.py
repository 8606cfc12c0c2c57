"""The typed configuration: one YAML file, overridden by environment variables.

``SRLLM_<SECTION>__<KEY>`` overrides one key (``SRLLM_CLEAN__MIN_WORDS=5``). Secrets are read
from the environment only and are no part of this model. Relative paths are relative to the
folder of the configuration file.
"""

from srllm_data.config.endpoints import (
    EndpointConfig,
    JudgeConfig,
    OtherModelConfig,
    PriceConfig,
    Protocol,
    RaterConfig,
    RewriteConfig,
)
from srllm_data.config.labels import ClassifierConfig, LabelConfig
from srllm_data.config.load import ENV_PREFIX, Config, load_config, without_sources
from srllm_data.config.rows import (
    CleanConfig,
    ColumnsConfig,
    DeduplicateConfig,
    EngineConfig,
    GatherConfig,
    RedactConfig,
    ReleaseConfig,
    ReviewConfig,
    SourceConfig,
    ValidateConfig,
)
from srllm_data.config.section import Section
from srllm_data.config.train import TrainConfig

__all__ = [
    "ENV_PREFIX",
    "ClassifierConfig",
    "CleanConfig",
    "ColumnsConfig",
    "Config",
    "DeduplicateConfig",
    "EndpointConfig",
    "EngineConfig",
    "GatherConfig",
    "JudgeConfig",
    "LabelConfig",
    "OtherModelConfig",
    "PriceConfig",
    "Protocol",
    "RaterConfig",
    "RedactConfig",
    "ReleaseConfig",
    "ReviewConfig",
    "RewriteConfig",
    "Section",
    "SourceConfig",
    "TrainConfig",
    "ValidateConfig",
    "load_config",
    "without_sources",
]
