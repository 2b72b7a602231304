"""Small models with random weights, saved as people save theirs: nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

WORDS = "yes no Yes No is there a mass fracture in the left right lung image says none seen . ? user assistant :"
TEMPLATE = (
    "{% for m in messages %}{{ m['role'] }} : {% for c in m['content'] %}"
    "{% if c['type'] == 'image' %}<image> {% else %}{{ c['text'] }} {% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}assistant : {% endif %}"
)


def small_tokenizer(*special: str) -> transformers.PreTrainedTokenizerFast:
    """Return a tokenizer of a few words that knows these special tokens."""
    vocabulary = {word: index for index, word in enumerate(["<unk>", "<end>", *special, *WORDS.split()])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        eos_token="<end>",
        pad_token="<end>",
        extra_special_tokens={"image_token": "<image>"} if "<image>" in special else {},
        additional_special_tokens=[word for word in special if word != "<image>"],
    )


def save_llava(place: Path) -> None:
    """Save a Llava of two layers that looks at 28 x 28 pixels in patches of 14."""
    tokenizer = small_tokenizer("<image>")
    image_processor = transformers.CLIPImageProcessor(
        size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}, do_center_crop=True
    )
    processor = transformers.LlavaProcessor(
        image_processor=image_processor,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    )
    processor.save_pretrained(place)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(0)
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**small, image_size=28, patch_size=14, projection_dim=32),
        text_config=transformers.LlamaConfig(
            **small,
            vocab_size=len(tokenizer),
            num_key_value_heads=2,
            max_position_embeddings=64,
            eos_token_id=1,
            bos_token_id=None,
            initializer_range=0.4,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1,
        eos_token_id=1,
    )
    transformers.LlavaForConditionalGeneration(config).save_pretrained(place)


def save_idefics3(place: Path) -> None:
    """Save an Idefics3 of two layers, the family of SmolVLM: images have padding, masks and marks around them."""
    tokenizer = small_tokenizer("<image>", "<fake_token_around_image>", "<global-img>", "<end_of_utterance>")
    image_processor = transformers.Idefics3ImageProcessor(
        size={"longest_edge": 28}, max_image_size={"longest_edge": 28}, do_image_splitting=False
    )
    processor = transformers.Idefics3Processor(image_processor, tokenizer, image_seq_len=1, chat_template=TEMPLATE)
    processor.save_pretrained(place)
    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    torch.manual_seed(0)
    config = transformers.Idefics3Config(
        vision_config={**small, "image_size": 28, "patch_size": 14},
        text_config={
            "model_type": "llama",
            **small,
            "vocab_size": len(tokenizer),
            "num_key_value_heads": 2,
            "max_position_embeddings": 64,
            "eos_token_id": 1,
            "pad_token_id": 1,
            "bos_token_id": None,
            "initializer_range": 0.4,
        },
        scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        pad_token_id=1,
    )
    transformers.Idefics3ForConditionalGeneration(config).save_pretrained(place)
