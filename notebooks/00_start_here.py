# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Twenty minutes, best before the first day: everybody's machine is checked at the beginning.\nIf the room is short of time, do sections 1 to 3 only and show figure 2." slideshow={"slide_type": "slide"}
# # Start here: how this course works
#
# Students of one school, plots of one field, days of one person: observations that come in groups have something in common. If we ignore it, we believe too much or too little. **Mixed models** say how much the members of a group share, and this course takes them apart until nothing in them is hidden.
#
# **Today** you check your computer, see how a lesson works, and take a first taste: do students of one school resemble each other?
#
# **What you need.** Nothing yet. **Time.** In class 20 minutes, alone about 30 minutes.

# %% [markdown] minutes=3 notes="Everybody runs the first cell now. Walk around and look for the word ATTENTION; the remedy stands in the line below it." slideshow={"slide_type": "slide"}
# ## 1. Check this computer
#
# A notebook is made of *cells*: some hold text, some hold code. Click into the next cell and press **Shift + Enter**: the cell runs, and its output appears below it. This one asks the course's doctor:

# %% slideshow={"slide_type": "-"}
from mmteach.course import doctor

doctor()

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each line should begin with OK. A line with ATTENTION names its remedy just below. `doctor(details=True)` adds the versions; send these lines along when you ask for help.
#
# If a box asks you to *Select Kernel*, press **Select**. The kernel is the program that runs your cells; it was still starting.

# %% [markdown] minutes=3 notes="Show the guess-then-run habit once, slowly. Then let everybody turn the knob.\nExpect: some change the number and forget to run the cell." slideshow={"slide_type": "slide"}
# ## 2. Learn how a lesson works
#
# Every lesson goes in the same small steps:
#
# 1. **Guess.** Where you read *Predict*, stop. Say your answer aloud or write it down. A wrong guess that you have written down teaches more than a right one that you have not.
# 2. **Run** the next cell.
# 3. **See.** The text after the cell says what the output means, and what you should have said.
#
# If the outputs are already there when you open a lesson, hide them first: *Edit → Clear Outputs of All Cells*.
#
# Some useful habits:
#
# - **Order.** Cells are meant to run from top to bottom. The number in brackets, `[3]`, says which cell ran when; `[*]` means that it is still running. If something is odd, use *Kernel → Restart Kernel and Run All Cells*.
# - **Knobs.** A number that stands alone on its line is there for you to change. Change it, run the cell again, and write down what moved.
# - **The original.** What you type stays in your file, and JupyterLab saves it by itself every two minutes. *Edit → Undo* takes back a change. An untouched copy of a lesson, for instance of day 4, comes beside yours, with today's date in its name, when you run these two lines in a cell: `import sys` and then `!"{sys.executable}" -m mmteach start --copies-only --fresh day4`.
# - **The file to open** ends in `.ipynb`. (In the project folder each lesson has a text file beside it, which ends in `.py`. It is for authors, and your own copy does without it.)
#
# Try it. **Predict** what the next cell prints, then run it. Change the knob to 100 and run it again:

# %% slideshow={"slide_type": "-"}
knob = 7
print("ten times the knob is", 10 * knob)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Check yourself.** Answers are folded away. Click on the little triangle:
#
# **Check.** A cell shows `[5]`, and the one above it shows `[6]`. Which one ran last?
#
# <details><summary>Answer</summary>
# The upper one. The number counts the runs, so the upper cell was run again after the lower one.
# </details>

# %% [markdown] minutes=5 notes="Do not explain the method today. The message is: two variances, and the one between schools rests on three schools.\nExpect the guess 'schools differ more': reply 'look at the spread of the dots inside a school'." slideshow={"slide_type": "slide"}
# ## 3. Take a first taste
#
# Twelve students, four in each of three schools, sat a test. The scores are simulated, so somebody knows the truth; we do not look it up. First the tools:
#
# - `numpy` (short: `np`) calculates with arrays of numbers, `matplotlib.pyplot` (`plt`) draws;
# - `mmteach` (`mm`) is the package of this course; `mm.load` fetches a data set as a table;
# - `plots` is the part of `mmteach` that draws. Its setting `plots.STYLE` only gives all pictures the same letter sizes.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)
students = mm.load("schools")
students.head(3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each row is one student. Now the mean of each school. `groupby` makes one group of rows for each school; `observed=True` says that only schools that occur in the table shall be groups:

# %% slideshow={"slide_type": "-"}
by_school = students.groupby("school", observed=True)
school_means = by_school["score"].mean()
print(school_means.round(1).to_string())
largest_difference = school_means.max() - school_means.min()
print(f"largest difference: {largest_difference:.1f} points")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The school means differ by up to 23.5 points. But each of them rests on four students only. Let us see all twelve:

# %% slideshow={"slide_type": "subslide"}
fig, ax = plt.subplots(figsize=(6, 3))
ax.plot(students["score"], students["school"], "o", label="student")
ax.plot(school_means, school_means.index, "|", color="black", markersize=18,
        label="mean of the school")
ax.set_xlabel("score (points)")
ax.set_ylabel("school")
ax.invert_yaxis()
ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. The scores of twelve students in three schools, in points; the bar is the mean of the school.*
#
# A score can differ from another one for two reasons: the students come from different schools, or they are different students. A mixed model splits the variance of a score into these two parts: the variance *between* schools, $\sigma_b^2$, and the variance *within* schools, $\sigma^2$.
#
# **Predict.** Look at Figure 1. Which part is larger?

# %% slideshow={"slide_type": "-"}
fit = mm.lmm("score ~ 1 + (1 | school)", data=students)
between, within = fit.varcomp["variance"]
share = between / (between + within)
print(f"variance between schools: {between:.1f} points²")
print(f"variance within schools:  {within:.1f} points²")
print(f"share of the schools:     {share:.2f}")

# %% [markdown] notes="One minute. Expect 'yes, the computer found it': reply 'what if a fourth school had joined?'" slideshow={"slide_type": "fragment"} tags=["discuss"]
# The part within schools is larger, although the schools differ a lot. Of the variance of a score, 42 % is shared by all students of the school; the rest is the student's own.
#
# How did we ask for this? `mm.lmm` fits a *linear mixed model*. Read the formula aloud: *the score has one mean* (`1`), *and each school shifts all of its students by a random amount* (`(1 | school)`). How the two variances are found is the story of day 4.
#
# **Discuss.** Would you trust the number 102.6 if you had to bet on it?
#
# <details><summary>Answer</summary>
# Better not. It rests on three schools, and three of anything say little about how much such things vary. A good part of the course is about how sure we are.
# </details>

# %% [markdown] minutes=5 notes="The picture is the message: who shares something with whom. Board: two students, one shared arrow, two own arrows.\nExpect 325 for two students of one school: reply 'is what each has alone shared?'" numbers_from={"225": "the square of 15, in the next cell"} slideshow={"slide_type": "slide"}
# ## 4. See what two students share
#
# When two quantities tend to be high together and low together, they *vary together*. The measure of this is the **covariance**: take the deviation of each from its mean, multiply the two, and average the products over many pairs. The covariance of a quantity with itself is its variance. If two quantities have nothing to do with each other, high meets low as often as high, and the products average to zero.
#
# Let us make many pairs of students, with two variances of our own choice; they have nothing to do with the twelve students above. Both students of a pair share the shift of their school (variance 100), and each has a part of his or her own (variance 225):

# %% slideshow={"slide_type": "-"}
rng = np.random.default_rng(seed=1)
n_pairs = 100_000
school_shift = rng.normal(scale=10, size=n_pairs)              # SD 10, variance 100
first = school_shift + rng.normal(scale=15, size=n_pairs)      # SD 15, variance 225
second = school_shift + rng.normal(scale=15, size=n_pairs)     # the same school
print(f"variance of a student: {np.var(first):.0f} points²")

# %% [markdown] notes="Expect 'near 0, they are two people': reply 'which part do both carry?'" numbers_from={"225": "the square of 15, in the cell above"} slideshow={"slide_type": "fragment"}
# The variance of a student is 100 + 225, apart from a little chance: variances of independent parts add.
#
# **Predict.** And the covariance of the two students of a pair: near 0, near 100, or near 325?

# %% slideshow={"slide_type": "-"}
deviation_of_first = first - first.mean()
deviation_of_second = second - second.mean()
covariance = np.mean(deviation_of_first * deviation_of_second)
print(f"covariance of two students of one school: {covariance:.0f} points²")

stranger = np.roll(second, 1)          # the second student of another pair
deviation_of_stranger = stranger - stranger.mean()
covariance = np.mean(deviation_of_first * deviation_of_stranger)
print(f"covariance of two students of two schools: {covariance:.1f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: near 100. Students of different schools share nothing, and their covariance is zero; what is left of it here is chance. **What two students share is what varies together**, and its variance is their covariance. Remember this sentence: it is the key to every picture in this course.
#
# Now back to our twelve students. Put all variances and covariances, as the model estimates them, into one square table: a row and a column for each student, and in each cell the covariance of the two. This table is the **covariance matrix** of the data, and its name is $\mathbf V$. `imshow` draws a table of numbers as a picture, on a scale that is linear and begins at zero (`vmin=0`):

# %% slideshow={"slide_type": "subslide"}
V = fit.V.to_numpy()
fig, ax = plt.subplots(figsize=(4.6, 3.6))
picture = ax.imshow(V, cmap="YlGnBu", vmin=0)
fig.colorbar(picture, label="covariance (points²)")
ax.set_xlabel("student")
ax.set_ylabel("student")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. The estimated covariance matrix of twelve scores, in points². Students 0 to 3 are in school S1, 4 to 7 in S2, 8 to 11 in S3.*
#
# Three squares, one for each school. From now on a helper draws such pictures, `plots.show_matrix`. It adds the names of the groups and the numbers, and gives back a sentence that says what the picture shows; we print it, so that you can compare it with what you see. (A helper is no secret: `plots.show_matrix??` in a cell shows its code.)

# %% slideshow={"slide_type": "subslide"}
title = "Covariance of 12 scores (points²)"
reading = plots.show_matrix(V, students["school"], title=title)
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. The same matrix on the same scale, drawn by the helper, which rounds the numbers; white is zero.*
#
# On the diagonal is the variance of a score, 247 = 102.6 + 144.4 points². Beside it, inside a school, is 102.6: what two students of one school share. Outside there is zero. You will meet this pattern of squares every day, in many shapes.
#
# **Predict.** Suppose the schools did not differ at all, so that $\sigma_b^2 = 0$. What would be in the cells beside the diagonal? Set your number, then run:

# %% slideshow={"slide_type": "-"}
my_guess = None

V_without_schools = mm.build_V_cs(0, within, students["school"])
print("you guessed", my_guess, "and the model says", round(V_without_schools[0, 1]))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Zero: the students of a school would share nothing, and only the diagonal would be left. (`mm.build_V_cs` builds $\mathbf V$ from the two variances and the groups.)

# %% [markdown] minutes=1 notes="Point to day 2: the pair is the core, and day 1 prepares it. Days 8 and 9 can be left out of a short course." slideshow={"slide_type": "slide"}
# ## 5. See where the days lead
#
# | lesson | what it answers |
# |---|---|
# | [day1_linear_model](day1_linear_model.ipynb) | What is a linear model, as a distribution? Estimates and intervals by hand |
# | [day2_rcbd_fixed](day2_rcbd_fixed.ipynb) and [day2_rcbd_mixed](day2_rcbd_mixed.ipynb) | One field trial, blocks fixed and blocks random: what changes, what does not? |
# | [day3_covariance_structure](day3_covariance_structure.ipynb) | Which data made this covariance matrix? Nested, crossed, split plots, slopes |
# | [day4_reml_from_scratch](day4_reml_from_scratch.ipynb) and [day4_reml_in_use](day4_reml_in_use.ipynb) | How are the variances estimated, and why not by plain maximum likelihood? Which of the numbers may you trust, and compare? |
# | [day5_shrinkage_blups](day5_shrinkage_blups.ipynb) and [day5_slopes_and_levels](day5_slopes_and_levels.ipynb) | Why do predictions shrink, and by how much? What if the effect is a line, or lies in a group of a group? |
# | [day6_inference](day6_inference.ipynb) | Degrees of freedom, tests, means and contrasts: which for what? |
# | [day7_checking_and_choosing](day7_checking_and_choosing.ipynb) | Does the model fit? Which effects belong in it? |
# | day 8, beyond Gaussian *(planned)* | What if the response is a count or a proportion? |
# | day 9, how software does it *(planned)* | How does software fit a million rows? |
#
# Lessons with a link are ready to open. The two notebooks of day 2 have the same sections. Read the one with blocks fixed first, then the other one beside it. If you learn from other notes as well, and something in them does not fit, look into [other_notes](other_notes.ipynb): thirteen slips that are often printed.
#
# Seven days have exercises with answers that check themselves, and a quiz at their end: [day 1](exercises/day1_exercises.ipynb), [day 2](exercises/day2_exercises.ipynb), [day 3](exercises/day3_exercises.ipynb), [day 4](exercises/day4_exercises.ipynb), [day 5](exercises/day5_exercises.ipynb), [day 6](exercises/day6_exercises.ipynb) and [day 7](exercises/day7_exercises.ipynb). Worked solutions, for afterwards: [day 1](solutions/day1_solutions.ipynb), [day 2](solutions/day2_solutions.ipynb), [day 3](solutions/day3_solutions.ipynb), [day 4](solutions/day4_solutions.ipynb), [day 5](solutions/day5_solutions.ipynb), [day 6](solutions/day6_solutions.ipynb) and [day 7](solutions/day7_solutions.ipynb). Copies of your own come when you run, in a cell, `import sys` and then `!"{sys.executable}" -m mmteach start --copies-only --solutions`.

# %% [markdown] minutes=1 notes="Let somebody type another wrong name on purpose. Errors in this course are written to be read." slideshow={"slide_type": "slide"}
# ## 6. Find help
#
# Every function explains itself: `help(mm.build_V_cs)` shows the equation, the units and an example. In JupyterLab, **Shift + Tab** inside the brackets does the same. Errors are written to be read. The next cell misspells a name on purpose. (`try` runs a line that may fail, and `except` says what to do with the error, so that the notebook goes on.)

# %% slideshow={"slide_type": "-"}
try:
    mm.lmm("scores ~ 1 + (1 | school)", data=students)
except KeyError as error:
    print(error.args[0])

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the project folder the file `data/README.md` explains every data set: what was measured, in which unit, by whom. If a cell misbehaves, restart the kernel and run all cells; if that does not help, ask the doctor of section 1.
#
# **Next:** [day1_linear_model](day1_linear_model.ipynb). It needs a first course in statistics with regression. (Whoever is at home with the linear model and with matrices may begin with the pair of day 2, [day2_rcbd_fixed](day2_rcbd_fixed.ipynb).) What follows here is for looking things up; come back when you need it.

# %% [markdown] minutes=1 notes="No need to read it now: say that it exists, and where." slideshow={"slide_type": "skip"}
# ## 7. Appendix: names in four languages
#
# One model, $\mathbf y = \mathbf X\boldsymbol\beta + \mathbf Z\mathbf u + \boldsymbol\varepsilon$, and four languages for its parts. `fit` is a fitted model, `y` the response, `x` a fixed effect, `block` a grouping factor. Matrices are explained on day 1.
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
# | F tests of the fixed terms | `mm.anova(fit)` | `anova(fit, type=2, ddf="Kenward-Roger")` with lmerTest | `fit.wald_test_terms()` (chi-squared) | tests of type 3 (others in unbalanced data), `ddfm=kr` |
# | means of a factor | `mm.emmeans(fit, "x")` | `emmeans(fit, "x")` | by hand | `lsmeans x;` |

# %% [markdown] minutes=1 notes="For looking up." slideshow={"slide_type": "skip"}
# ## 8. Appendix: words
#
# The words of the course, each in one sentence. Where a lesson uses one for the first time, it explains it again.
#
# - **balanced**: every combination of the factors holds the same number of observations.
# - **BLUE**: *best linear unbiased estimator*, the estimate of a fixed effect with the smallest variance among those that are linear in the data and right on average.
# - **BLUP**: *best linear unbiased predictor*, the same for a random effect; as a rule it lies closer to zero than the deviation that was measured.
# - **conditional mode**: the value of a random effect that is most probable given the data; in the models of days 1 to 7 it is the BLUP.
# - **contrast**: a weighted sum of means whose weights add up to zero, such as a difference of two means.
# - **covariance**: the average product of two deviations from their means; for two plots of a block it is the variance of what they share.
# - **crossed**: two factors are crossed when levels of one occur together with all (or many) levels of the other, like genotypes and blocks.
# - **df**: *degrees of freedom*, the number of independent pieces of information behind an estimate of a variance.
# - **fixed effect**: an unknown number in the mean that is not thought of as a draw, such as the effect of a genotype, or a slope.
# - **GLS**: *generalised least squares*, least squares that takes account of observations with different variances and with covariances.
# - **ICC**: *intraclass correlation*, the correlation of two observations of one group, $\sigma_b^2 / (\sigma_b^2 + \sigma^2)$.
# - **Kenward–Roger**: a method for tests and intervals in mixed models; it finds degrees of freedom and makes standard errors a little larger where the variances are poorly known.
# - **ML**: *maximum likelihood*, choosing the values under which the data are most probable; it does not count what the means have cost, so its variances are, as a rule, too small on average.
# - **nested**: a factor is nested in another when each of its levels occurs within one level of the other only, like pens within rooms.
# - **orthogonal**: two sets of effects are orthogonal when the estimates of the one do not change if the other is left out of the model.
# - **random effect**: a number that is thought of as a draw from a population, like the effect of a block.
# - **REML**: *restricted maximum likelihood*, which estimates the variances from that part of the data which does not depend on the means.
# - **Satterthwaite**: a formula for the degrees of freedom of a sum of several estimated variances.
# - **SE**: *standard error*, the standard deviation of an estimate.
# - **SED**: *standard error of a difference* of two means.
# - **shrinkage**: pulling an estimate towards the mean, the more so the less is known about it.
