"""The Hugging Face Hub: a model card (README.md with metadata) and evaluation results, from what is public of a run.

Nothing is sent anywhere: files are written, and people upload them.
"""

from governance.exchange.hugging_face.hub_datasets import HubDataset
from governance.exchange.hugging_face.metadata import CardMetadata, EvalResult
from governance.exchange.hugging_face.writing import write

__all__ = ["CardMetadata", "EvalResult", "HubDataset", "write"]
