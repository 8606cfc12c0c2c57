"""Training: rewriters from releases, and the embedded classifiers of srllm."""

import logging

# It warns of a kernel that nothing here needs, as soon as peft imports it.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
