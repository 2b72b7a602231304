"""Speed of conditions on batches beside the packages that corrupt images one by one, and beside a forward pass."""

from __future__ import annotations


def main() -> None:
    """Print all tables."""
    from benchmarks.robustness import forward_pass, imagenet_c_speed, medmnistc_speed

    imagenet_c_speed.main()
    medmnistc_speed.main()
    forward_pass.main()
