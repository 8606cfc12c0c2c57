"""Errors that a user can act on.

Every message is one sentence that names the file, row or setting and says what to do.
"""

import re


class SrllmError(Exception):
    """Base of every error that reaches a user as one sentence instead of a traceback."""

    exit_code = 1


class ConfigError(SrllmError):
    """The configuration is missing, malformed or contradicts itself."""

    exit_code = 2


class SourceError(SrllmError):
    """A source cannot be read; other sources go on unless this one is required."""


class StoreError(SrllmError):
    """The workspace cannot be read or written (permissions, full disk, altered files)."""


class AccountingError(SrllmError):
    """A stage lost or invented rows; its output is not kept."""


class ProviderError(SrllmError):
    """The endpoint that rewrites or labels cannot be used at all (no key, refused login)."""


class QualityError(SrllmError):
    """A critical expectation failed, so no release is made."""

    exit_code = 3


def not_installed(what: str, missing: ImportError) -> SrllmError:
    """That ``what``, such as training, needs a package, and how to install it."""
    return SrllmError(
        f"{what} needs {missing.name}, which is not installed; run 'pip install "
        "srllm[train,local]' in a checkout of srllm."
    )


def shown(address: str) -> str:
    """``address`` without what may be secret in a URL: user, password, query."""
    if "://" not in address:
        return address
    return re.sub("://[^/?#]*@", "://", address).partition("?")[0].rstrip("/")
