"""What conditions cost beside the forward pass of the network that sees their images."""

from __future__ import annotations

import functools

import torch

from benchmarks.robustness.imagenet_c_sheet import pictures
from benchmarks.robustness.speed import THREADS, seconds_per_image
from evaluators.robustness.condition_descriptors import imagenet_c

NETWORK, BATCH, SEVERITY = "resnet50", 16, 3


def main() -> None:
    """Print the cost of each condition as a share of a forward pass of ResNet-50."""
    import timm

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(THREADS)
    batch = torch.cat(pictures()).repeat(BATCH // 2, 1, 1, 1).to(device)
    seeds = torch.arange(BATCH, device=device)
    network = timm.create_model(NETWORK, pretrained=False).eval().to(device, memory_format=torch.channels_last)
    inputs = (batch / 255).contiguous(memory_format=torch.channels_last)
    forward = seconds_per_image(functools.partial(_finished, network, inputs), BATCH)
    print(f"\nConditions at severity {SEVERITY} beside {NETWORK} on {device.type}, batches of {BATCH} x 224 x 224 x 3")
    print(f"  {'forward pass':<20} {forward * 1e3:>8.2f} ms an image")
    total = 0.0
    for descriptor in imagenet_c.ALL:
        condition = descriptor.load()
        spent = seconds_per_image(functools.partial(_finished, condition, batch, SEVERITY, seeds), BATCH)
        total += spent
        print(f"  {descriptor.name:<20} {spent * 1e3:>8.2f} ms an image, {spent / forward:>6.1%} of the forward pass")
    mean = total / len(imagenet_c.ALL)
    print(f"  {'mean':<20} {mean * 1e3:>8.2f} ms an image, {mean / forward:>6.1%} of the forward pass")


def _finished(function: object, *given: object) -> None:
    with torch.inference_mode():
        function(*given)
    if torch.cuda.is_available():
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
