"""Draws the picture at the head of the day-2 pair: ``python -m mmteach.course.figures``."""

import sys
from pathlib import Path


def pair(ax_independent, ax_blocks, ax_means):
    """Draw the two models of V and the genotype means under both; return the readings."""
    import numpy as np

    import mmteach as mm
    from mmteach import plots

    trial = mm.load("sorghum")
    y, n_blocks = trial.yield_kg_ha.to_numpy(), trial.block.nunique()
    n, n_genotypes = len(y), trial.genotype.nunique()
    block_means = trial.groupby("block", observed=True).yield_kg_ha.mean()
    genotype_means = trial.groupby("genotype", observed=True).yield_kg_ha.mean()
    # two-way analysis of variance: in a complete, balanced layout it gives the REML estimates
    expected = (trial.block.map(block_means).astype(float) - y.mean()
                + trial.genotype.map(genotype_means).astype(float))
    sigma2 = ((y - expected) ** 2).sum() / (n - n_genotypes - n_blocks + 1)
    sigma2_b = block_means.var() - sigma2 / n_genotypes

    sed = np.sqrt(2 * sigma2 / n_blocks)
    return [
        plots.show_matrix(mm.build_R(sigma2, n), trial.block, ax=ax_independent,
                          title="V with blocks fixed (kg²/ha²)"),
        plots.show_matrix(mm.build_V_cs(sigma2_b, sigma2, trial.block), trial.block, ax=ax_blocks,
                          title="V with blocks random (kg²/ha²)"),
        plots.show_intervals(
            genotype_means.index,
            {"blocks fixed": (genotype_means, np.sqrt(sigma2 / n_blocks), sed),
             "blocks random": (genotype_means, np.sqrt((sigma2 + sigma2_b) / n_blocks), sed)},
            unit="yield (kg/ha)", ax=ax_means, title="Genotype means ± standard error"),
    ]


def main(folder=None):
    """Write ``pair.png`` into `folder` (default: the lessons' figures) and print its readings."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    from mmteach import plots

    from .lessons import notebooks_folder

    folder = Path(folder) if folder else notebooks_folder() / "figures"
    with plt.rc_context(plots.STYLE):
        figure, axes = plt.subplot_mosaic([["left", "right"], ["below", "below"]],
                                          figsize=(8.4, 6.6), height_ratios=[1.15, 1])
        readings = pair(axes["left"], axes["right"], axes["below"])
        figure.savefig(folder / "pair.png", dpi=110, metadata={"Software": None})
        plt.close(figure)
    print(*readings, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
