# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 2: exercises
#
# **What you do.** You work through one trial with blocks fixed and with blocks random, by hand where a hand suffices. Then you make the trial uneven, and take what you know to another one.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. Some tasks are worked, to show the form. In the exercises the others say `None`: put your answer there and run the cell again. Write numbers as you like, with or without units. The last cell counts.
#
# **What you need.** The pair `day2_rcbd_fixed` and `day2_rcbd_mixed`. About 30 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The trial of the lesson again, grain yield of sorghum in kg/ha:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
trial = mm.load("sorghum")
counts = trial[["genotype", "block"]].nunique()
print(f"{len(trial)} plots: {counts.genotype} genotypes in {counts.block} blocks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do
#
# **Worked.** With blocks fixed, what is $\sigma$, the standard deviation of a plot?

# %% slideshow={"slide_type": "-"}
fixed = mm.lm("yield_kg_ha ~ genotype + block", trial)
check("day2.sigma", fixed.sigma)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** In a complete block design REML needs no search. The mean square of the blocks has expectation $18\sigma_b^2 + \sigma^2$, for a block holds 18 plots. That of the residual has expectation $\sigma^2$. Equate and solve:

# %% slideshow={"slide_type": "-"}
squares = mm.anova(fixed).mean_sq
sigma2 = squares["Residual"]
sigma2_b = (squares["block"] - sigma2) / 18
check("day2.sigma2_b", sigma2_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** With blocks random, two plots of one block share $u$. Their covariance is $\sigma_b^2$. Which correlation is that?

# %% slideshow={"slide_type": "-"}
correlation = sigma2_b / (sigma2_b + sigma2)
check("day2.correlation", correlation)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** From `sigma2` and `sigma2_b` alone: the standard error of a *difference* of two genotype means. Each genotype has 4 plots.

# %% slideshow={"slide_type": "-"}
sed = None  # your answer: the SE of a difference of two genotype means, kg/ha
check("day2.sed", sed)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The standard error of *one* genotype mean, with blocks random:

# %% slideshow={"slide_type": "-"}
se_mean = None  # your answer: the SE of a genotype mean with blocks random, kg/ha
check("day2.se_mean", se_mean)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 3. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A report gives the means of this trial with bars of one standard error, blocks random. A reader says: the bars overlap, so the genotypes do not differ. What do you answer?
# 2. In the mixed model two plots of one genotype, in different blocks, have covariance zero. Yet they are alike, for they hold the same genotype. Where in the model is that likeness?
#
# <details><summary>Answers</summary>
# <ol>
# <li>Those bars answer another question: how well is the mean known over blocks like these? They hold the variance between blocks, which cancels in a difference. Judge a difference by the SED.</li>
# <li>In the mean. The genotype is a fixed effect, so what the two plots share is in <b>X</b>β. Covariances describe what is left when the mean is taken off.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Change one knob
#
# **Worked.** Leave out each block in turn. Guess first: which changes more, $\sigma^2$ or $\sigma_b^2$?

# %% slideshow={"slide_type": "-"}
for block in trial.block.cat.categories:
    fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", trial[trial.block != block])
    between, within = fit.varcomp.variance
    print(f"without {block}: sigma_b² {between:5.0f}, sigma² {within:5.0f} kg²/ha²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The variance between blocks rests on three blocks in each line, and it shows: from 216 to 4708 kg²/ha². A trial tells much about its plots and little about its blocks.
#
# **Your turn.** Now an uneven loss. The goats have eaten two plots of G01:

# %% slideshow={"slide_type": "-"}
eaten = (trial.genotype == "G01") & trial.block.isin(["R1", "R2"])
uneven = trial[~eaten]
print(f"{len(uneven)} plots are left; G01 stands in", *uneven.block[uneven.genotype == "G01"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the complete trial G02 − G01 is the same number in both analyses. Guess: is it still? Then estimate it with blocks random:

# %% slideshow={"slide_type": "-"}
difference = None  # your answer: G02 − G01 in the uneven trial with blocks random, kg/ha
check("day2.uneven", difference)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** Three estimates of the same difference exist now: of raw means, with blocks random, with blocks fixed. Find all three. Why does the second lie between the others?
#
# <details><summary>Answer</summary>
# Raw means ignore that G01 is left with R3 and R4 only. Fixed blocks correct for that in full, as if each block difference were known from its other plots alone. Random blocks correct in part: a block effect is shrunken towards zero, the more so the smaller σ<sub>b</sub>² is. The two ends are σ<sub>b</sub>² = 0 and σ<sub>b</sub>² without limit.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Transfer
#
# A cotton trial: the strength of the fibre at five amounts of potash, in lb/acre, in complete blocks (Cochran and Cox, 1957).

# %% slideshow={"slide_type": "-"}
potash = mm.load("potash")
reading = plots.show_points(potash.strength, potash.k2o_lb_ac, potash.block, unit="strength")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Fibre strength by amount of potash, with a marker for each block and a line at each mean.*
#
# **Your turn.** What is the variance between blocks here, by REML? Write the amounts as `C(k2o_lb_ac)`, which makes a factor of a number. Try it from the mean squares.

# %% slideshow={"slide_type": "-"}
potash_b = None  # your answer: the variance between blocks of the potash trial
check("day2.potash", potash_b)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** Was it worth while to lay this trial out in blocks? What would you look at?
#
# <details><summary>Answer</summary>
# Compare the two variances. Here the blocks differ little beyond what their plots explain, so the blocking bought little precision. It also cost little, two degrees of freedom. And nobody knew beforehand.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Count
#
# A question counts when its latest answer was right:

# %% slideshow={"slide_type": "-"}
progress("day2")
