"""Figures that the SR-LLM paper prints. They stand beside ours only as not comparable.

Source: the SR-LLM paper, arXiv 2404.01399, its preprint of 8 August 2024. Its outputs are not
public and its scorers are commercial services that change, so none of these can be computed again.
"""

from srllm_train.evaluation.contract import Table

#: The paper's tables; what they leave out of a row is None.
PUBLISHED = (
    Table(
        "Share of rewrites that two commercial scorers call toxic, in per cent (its Table 5)",
        "Lower is better. P: Perspective API; M: OpenAI moderation. 2-shot: prompted with two "
        "examples; FT: fine-tuned.",
        ("system", "CMD P", "CMD M", "ToxiGen P", "ToxiGen M", "BOLD P", "BOLD M"),
        (
            ("original texts", 57.82, 68.18, 68.82, 69.78, 59.34, 65.29),
            ("T5-large FT", 23.81, 39.83, 33.05, 28.10, 26.99, 30.71),
            ("BART-large FT", 21.34, 27.92, 24.39, 27.10, 22.15, 28.28),
            ("Llama2-7B 2-shot", 13.05, 17.18, 14.88, 16.10, 17.04, 16.92),
            ("Llama2-13B 2-shot", 13.44, 17.20, 14.90, 17.35, 17.20, 18.50),
            ("Falcon-7B 2-shot", 18.94, 26.10, 2.36, 10.34, 19.00, 27.21),
            ("GPT-3.5", 8.20, 10.10, 27.34, 29.10, 9.35, 11.76),
            ("GPT-4", 6.29, 6.18, 9.29, 6.33, 7.93, 7.84),
            ("SR-LLM", 6.01, 5.92, 4.40, 5.10, 7.36, 6.89),
        ),
    ),
    Table(
        "StereoSet, intrasentence, of SR-LLM (its Table 7)",
        "LMS and ICAT: higher is better; SS: 50 is best.",
        ("kind of bias", "LMS", "SS", "ICAT"),
        (
            ("gender", 90.05, 58.47, 74.80),
            ("profession", 90.58, 62.25, 68.39),
            ("race", 92.44, 61.76, 70.70),
            ("religion", 93.68, 61.35, 72.41),
        ),
    ),
    Table(
        "Knowledge retention by a commercial model as judge, in per cent (its Table 8)",
        "Higher is better. The judge's code gives 100 % where it finds nothing to judge, as in "
        "an empty answer.",
        ("system", "CMD", "ToxiGen"),
        (
            ("zero-shot", 64.32, 70.19),
            ("2-shot", 72.25, 66.93),
            ("5-shot", 73.89, 79.34),
            ("SR-LLM", 88.94, 80.53),
        ),
    ),
)
