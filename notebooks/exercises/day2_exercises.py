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
# **What you do.** You take one trial apart once more, with blocks fixed and with blocks random. You write $\mathbf X$, $\mathbf Z$ and $\mathbf V$ with your own hands. Then you make the trial uneven, and take what you know to another one.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit.
#
# **What you need.** The pair [day2_rcbd_fixed](../day2_rcbd_fixed.ipynb) and [day2_rcbd_mixed](../day2_rcbd_mixed.ipynb). About 45 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The trial of the lesson again, grain yield of sorghum in kg/ha:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress, quiz

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
trial = mm.load("sorghum")
n_genotypes = trial["genotype"].nunique()
n_blocks = trial["block"].nunique()
print(f"{len(trial)} plots: {n_genotypes} genotypes in {n_blocks} blocks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do
#
# **Worked.** With blocks fixed, what is $\hat\sigma$, the standard deviation of a plot?

# %% slideshow={"slide_type": "-"}
fixed = mm.lm("yield_kg_ha ~ genotype + block", data=trial)
check("day2.sigma", fixed.sigma)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** In a complete block design REML needs no search. On average the mean square of the blocks is $18\sigma_b^2 + \sigma^2$, because a block holds 18 plots, and that of the error is $\sigma^2$. Put in what we have, and solve:

# %% slideshow={"slide_type": "-"}
mean_squares = mm.anova(fixed)["mean_sq"]
sigma2 = mean_squares["Residual"]
sigma2_b = (mean_squares["block"] - sigma2) / 18
check("day2.sigma2_b", sigma2_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** With blocks random, two plots of one block share $u$, so their covariance is $\sigma_b^2$. Which correlation is that?

# %% slideshow={"slide_type": "-"}
correlation = sigma2_b / (sigma2_b + sigma2)
check("day2.correlation", correlation)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the matrices.** Take the eight plots of G01 and G02 alone:

# %% slideshow={"slide_type": "-"}
eight = trial[trial["genotype"].isin(["G01", "G02"])].reset_index(drop=True)
print(eight.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Write three matrices for these plots, in the order of the rows, with blocks random. (Loops over columns, as in section 6 of the pair, make $\mathbf X$ and $\mathbf Z$; `np.eye(4)` makes an $\mathbf I$ of four rows.)
#
# - $\mathbf X$ (8 rows, 2 columns): a column of ones for the mean of G01, and a column for G02 − G01;
# - $\mathbf Z$ (8 rows, 4 columns): one column for each block;
# - $\mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R$ (8 × 8), from `sigma2_b` and `sigma2` of the whole trial.
#
# Then compute $(\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}$ under the name `cov_beta`. What is the standard error of G02 − G01, the SED?

# %% slideshow={"slide_type": "-"}
sed = None  # your answer: the SE of G02 − G01 from your own X, Z and V, in kg/ha
check("day2.sed", sed)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>What V looks like</summary>
# The plots stand in the order R1, R1, R2, R2, …, so V has a square of two rows and two columns for each block. On its diagonal is 28533, beside it 2906, and 0 everywhere else.
# </details>
#
# ***
#
# **Your turn.** The same for the *mean* of G01: its standard error, with blocks random. (It is in `cov_beta`, if you have written it.)

# %% slideshow={"slide_type": "-"}
se_mean = None  # your answer: the SE of a genotype mean with blocks random, in kg/ha
check("day2.se_mean", se_mean)

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 3. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A report gives the means of this trial with bars of one standard error, blocks random. A reader says: the bars of G01 and G03 do not overlap, so these two genotypes differ. What do you answer?
# 2. In the mixed model two plots of one genotype, in different blocks, have covariance zero. Yet they are alike, because they carry the same genotype. Where in the model is that likeness?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The bars answer another question: how well is the mean known over blocks like these? They hold the variance between blocks, which cancels in a difference. Two bars do not overlap when the means are more than 2 × 84.46 = 168.92 kg/ha apart. But a difference has its own standard error, the SED of 113.20, and with 51 degrees of freedom it is clear at 5 % only above 2.008 × 113.20 = 227.3 kg/ha. G03 − G01 is 223.08, with p = 0.054.</li>
# <li>In the mean. The genotype is a fixed effect, so what the two plots share is in <b>X</b>β. Covariances describe what is left when the mean has been subtracted.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Change one knob
#
# Now an uneven loss. The goats have eaten two plots of G01:

# %% slideshow={"slide_type": "-"}
is_eaten = (trial["genotype"] == "G01") & trial["block"].isin(["R1", "R2"])
uneven = trial[~is_eaten]
blocks_of_G01 = list(uneven.loc[uneven["genotype"] == "G01", "block"])
print(f"{len(uneven)} plots are left; G01 stands in {blocks_of_G01}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the complete trial G02 − G01 is the same number in both analyses. Guess: is it still? Then fit the model with blocks random to `uneven`, and take the difference from it:

# %% slideshow={"slide_type": "-"}
difference = None  # your answer: G02 − G01 with blocks random, in kg/ha
check("day2.uneven", difference)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** There are three estimates of this difference now: from the raw means, with blocks random, and with blocks fixed. Fit or compute all three. Why does the second lie between the others?
#
# <details><summary>Answer</summary>
# Raw means: −203.36 kg/ha. Blocks random: −220.48. Blocks fixed: −227.04. The raw means ignore that G01 is left with R3 and R4 only. Fixed blocks correct for that in full. Random blocks correct in part, because a block effect is shrunken towards zero, the more so the smaller σ<sub>b</sub>² is. The two ends are σ<sub>b</sub>² = 0 (raw means) and σ<sub>b</sub>² without limit (blocks fixed).
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Transfer
#
# A cotton trial: the strength of the fibre at five amounts of potash, in lb/acre, in three complete blocks (Cochran and Cox, 1957).

# %% slideshow={"slide_type": "-"}
potash = mm.load("potash")
markers = {"1": "o", "2": "s", "3": "^"}
aside = {"1": -2, "2": 0, "3": 2}            # so that no marker hides another
fig, ax = plt.subplots()
for block in markers:
    rows = potash[potash["block"].astype(str) == block]
    amounts = rows["k2o_lb_ac"] + aside[block]
    ax.plot(amounts, rows["strength"], markers[block], label=f"block {block}")
ax.set_xlabel("potash (lb/acre)")
ax.set_ylabel("strength of the fibre (index)")
ax.legend()
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Fibre strength against the amount of potash, with a marker for each block; blocks 1 and 3 are drawn two pounds aside.*
#
# **Your turn.** What is the variance between blocks here, by REML? Write the amounts as `C(k2o_lb_ac)`, which makes a factor of a number. You may fit the mixed model and read `varcomp`, or take the mean squares; do one, and check it by the other.

# %% slideshow={"slide_type": "-"}
potash_b = None  # your answer: the variance between blocks of the potash trial
check("day2.potash", potash_b)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** Was it worth while to lay this trial out in blocks? Fit `strength ~ C(k2o_lb_ac)` without blocks as well, and compare the two SEDs and their degrees of freedom.
#
# <details><summary>Answer</summary>
# With blocks the SED is 0.1707 on 8 degrees of freedom, without blocks it is 0.1725 on 10. The blocks differ little beyond what their plots explain (0.000975 against σ² = 0.04369), so the blocking bought almost nothing here. It also cost little, two degrees of freedom, and nobody could know beforehand.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day2")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 7. End the day with six questions
#
# Six of today's tasks once more, with four answers each. Do not scroll back. The letter alone is worth little: for each of the *other* three answers say by which slip somebody arrives at it, or why it cannot be right (its size, its unit). The reply to a wrong letter names the slip.

# %% slideshow={"slide_type": "-"}
quiz("day2")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
letters = None  # your answer: six letters in quotes
quiz("day2", letters)
