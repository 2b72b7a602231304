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
        additional_special_tokens=list(special),
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


def save_qwen2_vl(place: Path) -> None:
    """Save a Qwen2-VL of two layers: positions in three dimensions, all images of a batch in one row of patches."""
    marks = ("<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>")
    tokenizer = small_tokenizer(*marks)
    image_processor = transformers.Qwen2VLImageProcessor(
        size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56}, patch_size=14, merge_size=2, temporal_patch_size=2
    )
    template = TEMPLATE.replace("<image>", "<|vision_start|><|image_pad|><|vision_end|>")
    videos = transformers.Qwen2VLVideoProcessor()
    transformers.Qwen2VLProcessor(image_processor, tokenizer, videos, chat_template=template).save_pretrained(place)
    names = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
    torch.manual_seed(0)
    config = transformers.Qwen2VLConfig(
        text_config={
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 64,
            "eos_token_id": 1,
            "pad_token_id": 1,
            "bos_token_id": None,
            "initializer_range": 0.4,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [1, 1, 2]},
        },
        vision_config={
            "depth": 2,
            "embed_dim": 32,
            "hidden_size": 32,
            "num_heads": 4,
            "mlp_ratio": 2,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
        },
        **{name: tokenizer.convert_tokens_to_ids(mark) for name, mark in zip(names, marks, strict=True)},
    )
    transformers.Qwen2VLForConditionalGeneration(config).save_pretrained(place)
