# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 4: exercises
#
# **What you do.** You estimate variances by hand, by ML and by REML. You measure the bias of ML, unbalance the schools, and use both criteria for what they are good for.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. Some tasks are worked, to show the form. In the exercises the others say `None`: put your answer there and run the cell again. Write numbers as you like, with or without units. The last cell counts your right answers.
#
# **What you need.** `day4_reml_from_scratch`. About 30 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The scores of 12 students in 3 schools, drawn with $\sigma_b^2 = 100$ and $\sigma^2 = 225$:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import chi2

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
by_school = schools.groupby("school", observed=True).score
print("the truth: sigma_b² 100, sigma² 225")
print(by_school.agg(["size", "mean", "var"]).round(2))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do
#
# **Worked.** With the true variances, what is the variance of the mean of all scores? Any combination $\mathbf a'\mathbf y$ has variance $\mathbf a'\mathbf V\mathbf a$:

# %% slideshow={"slide_type": "-"}
V = mm.build_V_cs(100, 225, schools.school)
a = np.full(12, 1 / 12)
check("day4.var_mean", a @ V @ a)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** The estimates need the scores. The residual variance first: squared distances from the means of the schools, over $n$ minus the number of means:

# %% slideshow={"slide_type": "-"}
rss = ((schools.score - by_school.transform("mean")) ** 2).sum()
sigma2 = rss / (12 - 3)
check("day4.sigma2", sigma2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The variance between schools by REML, from the school means and `sigma2`. The mean square between schools has expectation $4\sigma_b^2 + \sigma^2$.

# %% slideshow={"slide_type": "-"}
sigma2_b = None  # your answer: the variance between schools by REML, points²
check("day4.sigma2_b", sigma2_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The REML criterion at these two variances, without `mm.lmm`. You have $\mathbf V$ from `mm.build_V_cs`; write the criterion yourself, or use `mm.minus2_loglik`.

# %% slideshow={"slide_type": "-"}
criterion = None  # your answer: the REML criterion at its minimum
check("day4.criterion", criterion)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both criteria along $\theta = \sigma_b/\sigma$, each measured from its own minimum. The dotted line is the 95 % quantile of $\chi^2_1$. In large samples a likelihood-ratio test at 5 % rejects the values of $\theta$ where a curve lies above it.
#
# Here the line is a rough guide only. It is not valid at $\theta = 0$, the boundary: were that the truth, the estimate would often be zero itself and the rise with it, so the line would be passed less often than in 5 % of data sets. And with three schools it is shaky everywhere else: where schools differ much, ML's curve passes it at the true $\theta$ two to three times too often.
#
# *Figure 1 (next output). The rise of the ML and the REML criterion above their minima.*

# %% slideshow={"slide_type": "subslide"}
fit, theta = mm.lmm("score ~ 1 + (1 | school)", schools), np.linspace(0, 4, 201)
for one, style in ((fit, "-"), (fit.refit(reml=False), "--")):
    rise = np.array([one.profiled([t]) for t in theta]) - one.criterion
    plt.plot(theta, rise, style, label="REML" if one.reml else "ML")
    print(f"{'REML' if one.reml else 'ML':4} at theta 0: {rise[0]:.2f}, at theta 4: {rise[-1]:.2f}")
plt.axhline(chi2.ppf(0.95, 1), linestyle=":", color=plots.GREY)
plt.xlabel(r"$\theta = \sigma_b / \sigma$")
plt.ylabel("criterion − minimum")
plt.legend()
plt.show()


# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 3. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. Which values of $\theta$ does the REML curve leave open, and what does that say about $\sigma_b$?
# 2. "ML is biased, so I use REML for everything." When does that lead astray?
# 3. Why does the residual variance come out the same by ML and by REML here, though ML forgets the mean?
#
# <details><summary>Answers</summary>
# <ol>
# <li>By the dotted line, which is a rough guide here, all of the picture, from no variance between schools to a σ<sub>b</sub> four times as large as σ. (At zero the F test of the two mean squares is exact; its p-value, 0.06, agrees.) Three schools say little about how much schools differ. And the curve is lopsided, so estimate ± 2 SE would be a poor interval.</li>
# <li>When models with different fixed parts are compared. Their REML criteria are likelihoods of different contrasts. Fit both by ML for the comparison, and report variances from REML.</li>
# <li>The schools are equal and the estimate of σ<sub>b</sub><sup>2</sup> is above zero, so the 9 differences inside the schools fix σ<sup>2</sup>. The mean, the only fixed effect, drops out of each of them: there is nothing to forget, and all the forgetting falls on σ<sub>b</sub><sup>2</sup>. Balance alone is not the reason. The potash trial below is balanced too, but its amounts are compared inside the blocks: there ML divides by 12 where REML divides by 8, and σ<sup>2</sup> comes out at two thirds, 0.0291 instead of 0.0437.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Change one knob
#
# **Worked.** Does ML's bias go away with more students? Draw 20,000 data sets of 3 schools with 40 students each, and average the ML estimates. The truth is 100. Guess first:

# %% slideshow={"slide_type": "-"}
def average_of_ml(J, k):
    """Average ML estimate over 20,000 sets of J schools with k students each."""
    rng = np.random.default_rng(4)
    scores = rng.normal(0, 10, (20_000, J, 1)) + rng.normal(0, 15, (20_000, J, k))
    MS_b = k * scores.mean(-1).var(-1, ddof=1)
    MS_w = scores.var(-1, ddof=1).mean(-1)
    return (((J - 1) / J * MS_b - MS_w) / k).mean()

print("20,000 sets, 3 schools of 40 students")
average = average_of_ml(J=3, k=40)
check("day4.ml_average", average)

# %% [markdown] slideshow={"slide_type": "fragment"}
# It does not: students do not replace schools. What does help? Change the two numbers below as you like (each at least 2, at most a few dozen). This cell is yours to play with, nothing checks it:

# %% slideshow={"slide_type": "-"}
J = 3    # schools
k = 4    # students in each
average_here = average_of_ml(J, k)
print(f"{J} schools of {k} students: ML averages {average_here:.1f}, the truth is 100")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Two students of the last school are absent on the day of the test. What is the variance between schools by REML now? Is the hand formula still good?

# %% slideshow={"slide_type": "-"}
present = schools[:10]
uneven_b = None  # your answer: the variance between schools by REML with two absent, points²
check("day4.uneven", uneven_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** With fewer students the estimate went *up*. Is that a contradiction?
#
# <details><summary>Answer</summary>
# No. Less data makes an estimate less certain, not smaller. The mean of the last school moved when its last two students left, and with three schools one moved mean moves the estimate far.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Transfer
#
# The potash trial: fibre strength at five amounts of potash in complete blocks. Do the amounts differ? Compare a model with one mean and a model with a mean for each amount, blocks random in both.

# %% slideshow={"slide_type": "-"}
potash = mm.load("potash")
one_mean = mm.lmm("strength ~ 1 + (1 | block)", potash)
each_mean = mm.lmm("strength ~ C(k2o_lb_ac) + (1 | block)", potash)
reading = plots.show_points(potash.strength, potash.k2o_lb_ac, potash.block, unit="strength")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Fibre strength by amount of potash, with a marker for each block and a line at each mean.*
#
# **Your turn.** The likelihood-ratio statistic. Both fits are by REML: what has to change first? `fit.refit(...)` and `fit.criterion` are enough.

# %% slideshow={"slide_type": "-"}
statistic = None  # your answer: the likelihood-ratio statistic for the amounts of potash
check("day4.potash", statistic)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** How many degrees of freedom does this statistic have? And why is a chi-squared p-value too optimistic with so few plots?
#
# <details><summary>Answer</summary>
# Four: five means in place of one. The chi-squared distribution holds for many plots. Here ML takes its residual variance from a few degrees of freedom as if it were known, so the statistic comes out too large. The F test of day 6 allows for that.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Count
#
# A question counts when its latest answer was right:

# %% slideshow={"slide_type": "-"}
progress("day4")
