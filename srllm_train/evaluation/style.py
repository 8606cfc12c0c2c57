"""The style classifier and the calibration of fluency: what they learn, and how."""

import re


def normal(text: str) -> str:
    """Words only, in lower case: one side of the pairs is tokenised and the other is not."""
    return " ".join(re.findall(r"\w+", text.lower().replace("'", "").replace("’", "")))
