# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Ten to fifteen minutes, best before the first day: everybody's machine is checked at the end.\nIf the room is short of time, do sections 1 and 2 only." slideshow={"slide_type": "slide"}
# # Start here: check your machine, get a first result
#
# This course is about data in groups: plots in blocks, pupils in schools, days of the same person. Observations of one group have something in common. Mixed models say how much.
#
# **What you do.** Check this computer, fit a first mixed model, and see how a lesson works.
#
# **What you need.** Nothing yet. Time: 15 minutes.

# %% [markdown] minutes=2 notes="Everybody runs the first cell now. Walk around and look for the word ATTENTION.\nThe remedy stands in the line below it." slideshow={"slide_type": "slide"}
# ## 1. Check this computer
#
# A notebook is made of cells. Click into the next one and press **Shift + Enter**: the cell runs, and its output appears below it. This one asks the course's doctor:

# %% slideshow={"slide_type": "-"}
from mmteach.course.checkup import doctor

doctor()

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each line should begin with OK. A line with ATTENTION names its remedy just below. `doctor(details=True)` adds the versions; send these lines along when you ask for help.
#
# If a box asks you to *Select Kernel*, press **Select**: you were quicker than the notebook, which was still starting. The name of the kernel at the top right tells when it is ready.

# %% [markdown] minutes=4 notes="Do not explain REML today. The picture is the message: who shares something with whom.\nThe true values are known because the data are simulated: 100 between schools, 225 within." slideshow={"slide_type": "slide"}
# ## 2. Get a first result in one minute
#
# Twelve pupils, four in each of three schools, sat a test (the scores are simulated). Do pupils of one school resemble each other? First the tools and the data:

# %% slideshow={"slide_type": "-"}
import matplotlib.pyplot as plt

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
pupils = mm.load("schools")
plt.rcParams.update(plots.STYLE)
print(pupils.groupby("school", observed=True).score.agg(["count", "mean"]).round(1))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The school means differ, but each rests on four pupils. A mixed model splits the variance of the scores in two: a part between schools, $\sigma_b^2$, and a part within schools, $\sigma^2$. The formula reads: the score has one mean (`1`), and each school shifts its pupils by a random amount (`(1 | school)`). Before you run the next cell, **guess**: which of the two is larger?

# %% slideshow={"slide_type": "-"}
fit = mm.lmm("score ~ 1 + (1 | school)", data=pupils)
between, within = fit.varcomp.variance
print(f"between schools {between:.1f}, within schools {within:.1f} points²")
print(f"share of the schools in the variance of a score: {between / (between + within):.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# These two numbers say how any two pupils vary together. The picture has a row and a column for each pupil; a cell holds the covariance of two pupils:

# %% slideshow={"slide_type": "subslide"}
reading = plots.show_matrix(fit.V, pupils.school, title="Covariance of twelve scores (points²)")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. On the diagonal the variance of a score, elsewhere the covariance of two pupils; white is zero.* Pupils of one school share its effect, so their scores vary together. Pupils of different schools share nothing. This square pattern is the heart of the course: you will meet it every day, in many shapes.

# %% [markdown] minutes=3 notes="Show the guess-then-run habit once, slowly. A wrong guess that was written down teaches more than a right one that was not." slideshow={"slide_type": "slide"}
# ## 3. Learn how a lesson works
#
# Each lesson is a notebook of about an hour. It runs from top to bottom.
#
# - **Guess, then run.** Where you read *predict* or *guess*, stop. Write your answer down, then run the cell. Learning happens where the two differ.
# - **Change one knob.** Change one number in a cell, run it again, and write down what moved. You cannot break anything: *Kernel → Restart Kernel and Run All Cells* puts all back.
# - **Check yourself.** Answers are folded away. Try it here:
#
# **Check.** A second course has one pupil in each school. Can it tell $\sigma_b^2$ from $\sigma^2$?
#
# <details><summary>Answer</summary>
# No. The two parts appear only as a sum. Groups must hold more than one observation, at least some of them.
# </details>
#
# Now a guess of your own. Suppose the part between schools were zero. What would stand in the cells beside the diagonal? Type your number, then run:

# %% slideshow={"slide_type": "-"}
my_guess = 50
beside = mm.build_V_cs(0, within, pupils.school)[0, 1]
verdict = "right" if my_guess == beside else "not yet, change it and run again"
print(f"guessed {my_guess}, found {beside:.0f}: {verdict}")

# %% [markdown] minutes=2 notes="Point to day 2: the pair is the core. Days 8 and 9 can be left out of a short course." slideshow={"slide_type": "slide"}
# ## 4. See where the days lead
#
# | lesson | what it answers |
# |---|---|
# | day 1, linear model | What is a linear model, as a distribution? Estimates and intervals by hand |
# | [day2_rcbd_fixed](day2_rcbd_fixed.ipynb) and [day2_rcbd_mixed](day2_rcbd_mixed.ipynb) | One field trial, blocks fixed and blocks random: what changes, what does not? |
# | day 3, covariance structure | Which data made this covariance matrix? Nested, crossed, split plots, slopes |
# | [day4_reml_from_scratch](day4_reml_from_scratch.ipynb) | Where does REML come from, and why not maximum likelihood? |
# | [day5_shrinkage_blups](day5_shrinkage_blups.ipynb) | Why do predictions shrink, and by how much? |
# | day 6, inference | Degrees of freedom, tests, means and contrasts: which for what? |
# | day 7, checking and choosing | Does the model fit? Which effects belong in it? |
# | day 8, beyond Gaussian | What if the response is a count or a proportion? |
# | day 9, how software does it | How does software fit a million rows? |
#
# Lessons with a link are ready to open. The two notebooks of day 2 have the same sections: open both in tabs and switch between them.
#
# Three days have exercises with answers that check themselves: [day 2](exercises/day2_exercises.ipynb), [day 4](exercises/day4_exercises.ipynb) and [day 5](exercises/day5_exercises.ipynb). Worked solutions, for afterwards: [day 2](solutions/day2_solutions.ipynb), [day 4](solutions/day4_solutions.ipynb) and [day 5](solutions/day5_solutions.ipynb).

# %% [markdown] minutes=2 notes="No need to read it now: say that it exists and where." slideshow={"slide_type": "slide"}
# ## 5. Keep this table of names
#
# One model, $\mathbf y = \mathbf X\boldsymbol\beta + \mathbf Z\mathbf u + \boldsymbol\varepsilon$, and four languages for its parts. `fit` is a fitted model, `y` the response, `x` a fixed effect, `block` a grouping factor.
#
# | what | here | R (lme4) | statsmodels | SAS (proc mixed) |
# |---|---|---|---|---|
# | fit, blocks random | `fit = mm.lmm("y ~ x + (1 \| block)", data)` | `fit <- lmer(y ~ x + (1 \| block), data)` | `fit = smf.mixedlm("y ~ x", data, groups="block").fit()` | `model y = x; random block;` |
# | fit, blocks fixed | `mm.lm("y ~ x + block", data)` | `lm(y ~ x + block, data)` | `smf.ols("y ~ x + block", data).fit()` | `model y = x block;` |
# | random intercepts and slopes | `(1 + x \| block)` | `(1 + x \| block)` | `groups="block", re_formula="~x"` | `random int x / subject=block type=un;` |
# | fixed effects $\boldsymbol\beta$ and their matrix $\mathbf X$ | `fit.beta`, `fit.X` | `fixef(fit)`, `getME(fit, "X")` | `fit.fe_params`, `fit.model.exog` | `model y = ... / solution` |
# | random effects $\mathbf u$, predicted | `fit.ranef()` | `ranef(fit)` | `fit.random_effects` | `random ... / solution` |
# | their matrix $\mathbf Z$ | `fit.Z`, `mm.build_Z` | `getME(fit, "Z")` | `fit.model.exog_re` | built from `random` |
# | variances $\sigma_b^2$ and $\sigma^2$ | `fit.varcomp` | `VarCorr(fit)` | `fit.cov_re`, `fit.scale` | covariance parameters |
# | residual variance $\sigma^2$ | `fit.sigma2` | `sigma(fit)^2` | `fit.scale` | `Residual` |
# | relative standard deviation $\theta = \sigma_b/\sigma$ | `fit.theta` | `getME(fit, "theta")` | root of `fit.cov_re / fit.scale` | not shown |
# | covariance of $\mathbf u$, $\mathbf G$ | `fit.G`, `mm.build_G` | from `VarCorr(fit)` | from `fit.cov_re` | `random ... / g` |
# | covariance of $\boldsymbol\varepsilon$, $\mathbf R$ | `fit.R`, `mm.build_R` | $\sigma^2\mathbf I$ | $\sigma^2\mathbf I$ | `repeated ... / r` |
# | covariance of the data, $\mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R$ | `fit.V`, `mm.build_V` | from its parts | from its parts | `random ... / v` |
# | REML criterion | `fit.criterion` | `REMLcrit(fit)` | `-2 * fit.llf` | `-2 Res Log Likelihood` |
# | F tests of the fixed terms | `mm.anova(fit)` | `anova(fit, ddf="Kenward-Roger")` with lmerTest | `fit.wald_test_terms()` (chi-squared) | type 3 tests, `ddfm=kr` |
# | means of a factor | `mm.emmeans(fit, "x")` | `emmeans(fit, "x")` | by hand | `lsmeans x;` |

# %% [markdown] minutes=2 notes="Let somebody type a wrong name on purpose. Errors in this course are written to be read." slideshow={"slide_type": "slide"}
# ## 6. Find help
#
# Every function explains itself: `help(mm.build_V)` shows the equation, the units and an example. In JupyterLab, **Shift + Tab** inside the brackets does the same. Errors are written to be read. The next cell misspells a name on purpose:

# %% slideshow={"slide_type": "-"}
try:
    mm.load("sorgum")
except KeyError as error:
    print(error.args[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The dictionary `data/README.md` explains every data set: what was measured, in which unit, by whom. The project's `README.md` tells how to install, teach from and add to the course. If a cell misbehaves: restart the kernel, run all cells, and ask the doctor of section 1 again.
#
# **Next:** the pair of day 2, beginning with [day2_rcbd_fixed](day2_rcbd_fixed.ipynb). It assumes a first course in regression.
