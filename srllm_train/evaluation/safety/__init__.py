"""Parts of the safety suite: own prompts and openings, and what kind of answer a response is."""
