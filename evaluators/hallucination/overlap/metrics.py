"""What is measured of words that answers share with their references. Imports nothing heavy."""

from __future__ import annotations

from functools import partial

from governance.evidence.model import MetricDescriptor

_share = partial(
    MetricDescriptor,
    low=0,
    high=1,
    direction="higher",
    does_not_show=(
        "Whether the answer is right: 'no effusion' and 'effusion' share most words, and a right answer in other words "
        "shares few. Read it beside the coverage of findings."
    ),
)
_LIN = "Lin, Text Summarization Branches Out, ACL (2004) 74; package rouge-score"

ROUGE_1 = _share(
    name="rouge_1",
    title="ROUGE-1",
    formula="mean over answers of F1 of single words that answer and reference share",
    explanation="How many words an answer shares with its reference.",
    source=_LIN,
)
ROUGE_2 = _share(
    name="rouge_2",
    title="ROUGE-2",
    formula="mean over answers of F1 of pairs of words that answer and reference share",
    explanation="How many pairs of neighbouring words an answer shares with its reference.",
    source=_LIN,
)
ROUGE_L = _share(
    name="rouge_l",
    title="ROUGE-L",
    formula="mean over answers of F1 of the longest common subsequence of words",
    explanation="How long the longest run of words is that answer and reference share in the same order.",
    source=_LIN,
)
METEOR = _share(
    name="meteor_without_synonyms",
    title="METEOR without synonyms",
    formula="mean over answers of METEOR with the stages exact word and stem, and without the stage of synonyms",
    explanation="How well words of an answer can be matched with those of its reference, equal stems included.",
    source="Banerjee and Lavie, ACL Workshop (2005) 65; package nltk; WordNet, which synonyms need, is not shipped",
)
BLEU = _share(
    name="bleu",
    title="BLEU",
    formula="brevity penalty * geometric mean of the shares of 1 to 4 words in a row found in the references",
    explanation="How many runs of one to four words of all answers together are in their references.",
    source="Papineni et al., ACL (2002) 311; package sacrebleu (Post, WMT (2018) 186), smoothing exp",
)
BERTSCORE = _share(
    name="bertscore_f1",
    title="BERTScore F1",
    low=-1,
    formula="mean over answers of F1 of greedy matches of token embeddings by cosine, no idf, not rescaled",
    explanation="How similar the words of an answer are to those of its reference in the eyes of an encoder.",
    source="Zhang et al., ICLR (2020), BERTScore",
)
BY_WORDS = (ROUGE_1, ROUGE_2, ROUGE_L, METEOR)
ALL = (*BY_WORDS, BLEU, BERTSCORE)
