"""The commands of `stackedmm`: each file registers its own, `main` runs them."""
