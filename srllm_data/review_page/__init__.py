"""The page on which a curator decides, row by row: ``srllm review --serve``.

It reads the newest run, writes only the decision log, and answers this machine alone.
"""
