# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Read the question aloud; collect two or three answers to 'what do we believe when we fit a regression?' and leave them on the board until section 11.\nWith 50 minutes: section 4 runs without talking, but Figure 2 stays on the wall (2.5 minutes; later cells need its names); leave out the question which models are linear and what follows it in section 7 (2.5), section 9 (0.5), the slip of section 10 (1.5) and the four panels of section 11 (2 minutes; its table stays); sections 14 and 15 are homework (1). Figure 7 and the guesses of section 13 stay: they are what the hour leads to.\nThe parts called For reading are never shown in class." slideshow={"slide_type": "slide"}
# # Say what a linear model assumes
#
# **The question.** You have fitted regressions and tested means. Software printed estimates, standard errors, F and p. All of these numbers rest on a few assumptions about the data. Which are they, where do they stand in the model, and what happens to the numbers when one of them is wrong?
#
# **What you can do afterwards**
#
# - write one model in three ways: for one row, as a distribution, with matrices;
# - treat a predictor as a number or as a category, and say what changes;
# - compute a mean, its standard error and its interval by hand;
# - fill in the degrees of freedom of an analysis of variance before you have data;
# - name four assumptions, and see what one broken assumption does to a result.
#
# **What you need.** [Start here](00_start_here.ipynb), and a first course in statistics with regression. **Time.** In class 60 minutes; the parts called *For reading* are for you alone. Alone about two hours.

# %% [markdown] notes="Half a minute. Ask what the two pictures have in common, and wait; do not answer yet." slideshow={"slide_type": "subslide"}
# ![Two sketches. Left: a rising line with a small bell curve at each of five places along a scale. Right: six short dashes at different heights, one for each of six letters, each with the same bell curve.](figures/day1_model.png)
#
# *Two sketches of a linear model. Left, the predictor is a number on a scale; right, it is a category. The sketches show no data.*

# %% [markdown] minutes=7 notes="Title one and a half minutes, this section five. Let the class answer for the cotton first, then for the pigs.\nA unit is found by asking: what was given the treatment, independently of the others?" slideshow={"slide_type": "slide"}
# ## 1. Set up two experiments
#
# **Cotton.** Does potash (a fertiliser) change the strength of cotton fibres? Five rates of potash were given to fifteen plots of land, three plots for each rate (Cochran and Cox, 1957). First the tools, then the data. (`pandas` keeps tables, `scipy.stats` knows the distributions, and `statsmodels` is another package that fits models.)

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)       # letter sizes and colours of the course
potash = mm.load("potash")
n_rates = potash["k2o_lb_ac"].nunique()
print(f"{len(potash)} plots, {n_rates} rates of potash")
print(potash.head(3).to_string())

# %% [markdown] numbers_from={"450": "the design of the trial: 90 pens of five pigs"} slideshow={"slide_type": "fragment"}
# One row of the table is one plot of land. `k2o_lb_ac` is the rate in pounds per acre (lb/acre), `strength` an index of the strength of the fibres. The field was in fact divided into three blocks; today we leave them out, as if each rate had been given to three plots anywhere in the field. (Blocks are the subject of day 2.)
#
# **Pigs.** Does the diet change how dry the faeces of pigs are? Here 450 pigs lived in pens of five. Each pen was given one of six diets, A to F, at random. In each pen one pig was observed, on three days:

# %% slideshow={"slide_type": "-"}
pigs = mm.load("pigs_crd")
n_pens = pigs["pen"].nunique()
print(f"{len(pigs)} rows: {n_pens} pens on {pigs['day'].nunique()} days")
print(pigs.head(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The response is the dry matter in percent of the fresh mass. Everything we say about it is in this unit, so a difference in % is a difference in percentage points, and not a part of the mean. **These values are synthetic.** The trial was real and its analysis was printed, but its data are not public. So values were made by a program in such a way that every printed statistic comes out. They are good for learning the analysis, but they say nothing about diets.
#
# We draw the 90 pens, fifteen in a row. `drop_duplicates("pen")` keeps one row of each pen:

# %% slideshow={"slide_type": "subslide"}
pens = pigs.drop_duplicates("pen")
fig, ax = plt.subplots(figsize=(8, 2.6))
for number, diet in enumerate(pens["diet"]):     # number runs from 0 to 89
    pen_row = number // 15                       # whole part of number / 15
    place = number % 15                          # and what is left over
    weight = "bold" if diet == "A" else "normal"
    colour = "lightgrey" if diet == "A" else "white"
    box = {"boxstyle": "square", "facecolor": colour, "edgecolor": "grey"}
    ax.text(place, pen_row, diet, ha="center", va="center", weight=weight, bbox=box)
ax.set_xlim(-0.7, 14.7)
ax.set_ylim(5.7, -0.7)
ax.axis("off")
plt.show()
print(pens["diet"].value_counts().sort_index().to_string())

# %% [markdown] notes="Two minutes in pairs, then collect. Pace: do not go on before 'pen' has been said.\nExpect 'the pig is the experimental unit': reply 'could two pigs of one pen be given two diets?' Expect 'the day is part of the design': reply 'is it something that we want to compare?' Expect 'a row is an experimental unit': reply 'true for the cotton; how many rows has a pen?' Expect 'were the days drawn at random, too?': reply 'no; a day cannot be moved, and every pen has all three'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. The ninety pens and their diets, in the order of their numbers; diet A is shaded. The rows are only for drawing: they are no blocks.*
#
# **Discuss.** Four questions, to both experiments:
#
# 1. Which thing was given a treatment at random, independently of the others? This is the **experimental unit**.
# 2. On which thing was one value measured, so that it makes one row? This is the **observational unit**.
# 3. What do we want to compare? This is the **treatment structure**.
# 4. How were the experimental units arranged before that? This is the **design structure**.
#
# <details><summary>Answer</summary>
# Cotton: the plot is the experimental unit and the observational unit. The treatment structure is one factor with five rates. The design structure, as we treat it today, is fifteen plots without any grouping: a <em>completely randomised design</em>.<br>
# Pigs: the pen is the experimental unit, because all five pigs of a pen eat the same diet. The observational unit is the pig of a pen on one day. The treatment structure is six diets on three days, every diet with every day. The design structure is again completely randomised: ninety pens, not grouped.
# </details>

# %% [markdown] minutes=3.5 notes="Board: y = mean + error; s/\u221ar. Draw the 15 dots on a line.\nThis is the whole model of the day, for one group." slideshow={"slide_type": "slide"}
# ## 2. Recall: one diet on one day
#
# We begin as small as possible: the pens of diet A, on day 1 only. So each pen counts once.

# %% slideshow={"slide_type": "-"}
is_A = pigs["diet"] == "A"
is_day_1 = pigs["day"] == "1"
small = pigs.loc[is_A & is_day_1, "dry_matter_pct"]    # & means: both are true
r = len(small)
mean_small = small.mean()
sd_small = small.std()
se_small = sd_small / np.sqrt(r)
print(f"{r} pens, mean {mean_small:.2f} %")
print(f"standard deviation {sd_small:.2f} %")
print(f"standard error of the mean {se_small:.2f} %")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two different numbers, and both are called *standard*:
#
# - The **standard deviation** (SD), 6.87 %, says how far *one pen* typically lies from the mean. It is the root of the variance: the squared deviations are added and divided by $r - 1$ = 14. This 14 is the number of **degrees of freedom** (df), the number of independent pieces of information behind an estimate of a variance. Fifteen deviations add up to zero, so only fourteen of them are free.
# - The **standard error** (SE), 1.77 %, says how far *the mean of fifteen pens* typically lies from the true mean. It is the standard deviation of an estimate: if the trial were repeated many times, the mean would vary with about this SD. Its formula is $s/\sqrt r$, where $s$ is the SD of the sample.
#
# Behind both is a model: $y_i = \mu + \varepsilon_i$. Here $\mu$ (mu) is one fixed number, the same for each pen, and $\varepsilon_i$ (epsilon) is an *error*, which chance draws anew for every pen. A **statistical model** always has these two parts: a *deterministic* one, which says what we expect, and a *random* one, which says how the data vary around it.

# %% [markdown] minutes=1.5 notes="Everybody types three numbers before going on. Write two or three guesses on the board; do not comment.\nExpect df of 269 or 267: reply nothing now; come back in section 8." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# Soon one model will take all 270 rows: six diets, three days. It has one $\sigma$ (sigma), the SD of a row around what is expected for it. Guess three numbers and type them in place of `None`, without the sign %. Leave `None` where you do not know.
#
# - `sigma`: diet A on day 1 gave 6.87 %. What will all rows together say?
# - `SE of a diet mean`: the mean of one diet over all three days, 45 rows. (Fifteen rows gave 1.77 %.)
# - `error df`: the degrees of freedom behind this standard error. You have 270 rows.

# %% slideshow={"slide_type": "-"}
my_guess = {
    "sigma": None,
    "SE of a diet mean": None,
    "error df": None,
}
print("my guess:", my_guess)

# %% [markdown] minutes=2.5 notes="Half a minute of silence for each figure. Ask first for direction, then for scatter.\nExpect 'B is the best diet': reply 'by how much, against which scatter?'" slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# First the cotton, one dot for each plot:

# %% slideshow={"slide_type": "-"}
fig, ax = plt.subplots(figsize=(6, 3))
ax.plot(potash["k2o_lb_ac"], potash["strength"], "o", alpha=0.8)
ax.set_xlabel("potash (lb/acre)")
ax.set_ylabel("strength (index)")
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 2. Strength of the cotton fibres at five rates of potash; a dot is a plot.*
#
# More potash, weaker fibres, as far as we see. Now the pigs. `cat.codes` is the number of the diet in each row, 0 for A to 5 for F; we move each day a little to the side:

# %% slideshow={"slide_type": "-"}
diets = list(pigs["diet"].cat.categories)
diet_means = pigs.groupby("diet", observed=True)["dry_matter_pct"].mean()
markers = {"1": "o", "2": "s", "3": "^"}
aside = {"1": -0.2, "2": 0, "3": 0.2}

fig, ax = plt.subplots(figsize=(8, 3.4))
for day in ["1", "2", "3"]:
    rows = pigs[pigs["day"] == day]
    positions = rows["diet"].cat.codes + aside[day]
    ax.plot(positions, rows["dry_matter_pct"], markers[day], alpha=0.5, markersize=4,
            label="day " + day)
centres = np.arange(6)
ax.hlines(diet_means, centres - 0.3, centres + 0.3, color="black", label="mean")
ax.set_xticks(centres, diets)
ax.set_xlabel("diet")
ax.set_ylabel("dry matter (%)")
ax.legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Dry matter of the faeces by diet; the marker tells the day, the black dash is the mean of a diet over the three days. Each row of the table is one mark.*
#
# The means differ by a few percent; the rows of one diet differ far more. Whether the diets differ *more than chance would let them* cannot be seen by eye. That is what the model is for.

# %% [markdown] minutes=4.5 notes="Put Figure 2 on the wall again for the Predict, and hold a ruler to it. Then read the printout aloud, block by block.\nExpect '0.005 is nothing': reply '0.005 per what?' Expect 'the intercept is the mean': reply 'at which rate does the line have this height?'" slideshow={"slide_type": "slide"}
# ## 5. Fit first: potash as a number
#
# Go back to Figure 2, and draw a straight line through it in your mind.
#
# **Predict.** By how much does the line fall when the rate rises by 100 lb/acre: by about 0.05, about 0.5, or about 5? And so per *one* lb/acre?
#
# `mm.lm` fits a linear model. On the left of `~` is the response, on the right the predictor. It uses *least squares*: of all lines it takes the one with the smallest sum of squared vertical distances to the dots.

# %% slideshow={"slide_type": "fragment"}
as_number = mm.lm("strength ~ k2o_lb_ac", data=potash)
print(as_number.summary())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the printout from top to bottom.
#
# - **Residuals**: a *residual* is a measured value minus the value that the model expects for it. Half of the plots lie between −0.04 and 0.12 of the line.
# - **Fixed effects**: one row for each unknown number in the deterministic part. `Intercept` is the height of the line at 0 lb/acre, 8.1369. (No plot had less than 36 lb/acre, so this is a height where nobody has measured.) `k2o_lb_ac` is the *slope*.
# - **t** is the estimate divided by its standard error: how many standard errors it lies from zero. **p** is the probability of a t at least so far from zero if the true slope were zero.
# - **Residual standard deviation**: $\hat\sigma$ = 0.2171, on 15 − 2 = 13 degrees of freedom, because the line has cost two estimates. The hat says *estimated*.
# - **R-squared**: the line takes away 48 % of the squared deviations from the mean.
#
# The slope has too few digits here. We print more:

# %% slideshow={"slide_type": "-"}
slope = as_number.beta["k2o_lb_ac"]
se_slope = as_number.se["k2o_lb_ac"]
t_slope = slope / se_slope
p_slope = 2 * stats.t.sf(abs(t_slope), df=13)      # sf: upper tail, times 2: both
print(f"slope {slope:.5f}, SE {se_slope:.5f} per lb/acre")
print(f"t {t_slope:.3f}, p {p_slope:.4f}")
print(f"for 100 lb/acre more: {100 * slope:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: by about 0.5 for 100 lb/acre, so by about 0.005 per lb/acre. This is how a slope is read, **per unit**: *one lb/acre more goes with an expected strength that is lower by 0.00501*. The size of a slope says nothing before you know the unit: in kilograms per hectare it would be another number for the same line.

# %% [markdown] minutes=5.5 notes="Collect the guesses before running. Board: 15 \u2212 5 = 10.\nExpect 'four numbers, 11 degrees of freedom': reply 'how many means will the picture have?' Expect 'six, the slope and five means': reply 'could the data tell them apart?' Expect 'the slope is still there': reply 'between which two rates?'\nExpect 'sigma must fall, the fit is better': reply 'the sum of squares falls, but by what is it divided?' (In another trial sigma rises; here it falls a little.)" slideshow={"slide_type": "slide"}
# ## 6. Number or category?
#
# A straight line is a strong claim: each lb/acre costs the same. We may also say less, and give each rate a mean of its own. Then the rate is a *category*, and 36, 54, … are only its names. `C(…)` in a formula makes a category of a number.
#
# **Predict.** How many numbers must be estimated now, and how many degrees of freedom are left for $\sigma$? And is the slope still among the estimates?

# %% slideshow={"slide_type": "fragment"}
as_category = mm.lm("strength ~ C(k2o_lb_ac)", data=potash)
print(as_category.summary())

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: five numbers, 15 − 5 = 10 degrees of freedom, and no slope. But no row of the table is called 36! `Intercept`, 7.8500, *is* the mean of the first rate; each other row is a *difference from it*. `[T.54]` says that 54 lb/acre lies 0.2033 above 36 lb/acre. (`T` is for *treatment coding*.) Add, and you have the five means:

# %% slideshow={"slide_type": "-"}
by_rate = potash.groupby("k2o_lb_ac")["strength"]
rate_means = by_rate.mean()
print(rate_means.round(3).to_string())
first_two = as_category.beta["Intercept"] + as_category.beta["C(k2o_lb_ac)[T.54]"]
print(f"Intercept + [T.54] = {first_two:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both models in one picture:

# %% slideshow={"slide_type": "subslide"}
rates = rate_means.index.to_numpy()
line = as_number.beta["Intercept"] + slope * rates
fig, ax = plt.subplots(figsize=(6, 3))
ax.plot(potash["k2o_lb_ac"], potash["strength"], "o", color="grey", label="plot")
ax.plot(rates, line, label="number: a line")
ax.plot(rates, rate_means, "k_", markersize=22, markeredgewidth=2,
        label="category: five means")
ax.set_xlabel("potash (lb/acre)")
ax.set_ylabel("strength (index)")
ax.legend(ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 4. The same fifteen plots under two models: potash as a number (line) and as a category (black dashes).*
#
# Do the rates differ at all? This is a question about four differences at once, so one t is not enough, and we ask with an **F test**:

# %% slideshow={"slide_type": "-"}
print(mm.anova(as_category))

# %% [markdown] slideshow={"slide_type": "fragment"}
# F compares how far the five means lie apart with how far the plots of one rate lie apart; if the rates did not matter, F would be near 1. Here F = 4.1001, on 4 degrees of freedom (four differences) and 10 (for $\sigma$), and p = .0320. (In the table, `num_df` belongs to the differences, `den_df` to $\sigma$; the row `Residual` is the *error*. How F comes about by hand: section 10.) With a single coefficient, F is t²: in section 5 it was 12.01, and that is (−3.466)².

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: is the line enough?
#
# The line is a special case of the five means: it is what we get if the five means happen to lie on a line. So we can ask what the three additional numbers bring. The sum of squared residuals (RSS, *residual sum of squares*) falls, because five free means can always come at least as close to the dots. The question is whether it falls by more than chance:

# %% slideshow={"slide_type": "skip"}
rss_line = np.sum(as_number.residuals**2)
rss_means = np.sum(as_category.residuals**2)
gain_per_number = (rss_line - rss_means) / 3       # 13 − 10 = 3 numbers more
error_variance = rss_means / 10
f_fit = gain_per_number / error_variance
p_fit = stats.f.sf(f_fit, 3, 10)
print(f"RSS: line {rss_line:.4f}, five means {rss_means:.4f}")
print(f"F {f_fit:.3f} on 3 and 10 df, p {p_fit:.3f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# F = 1.240 is near 1: the three numbers bring hardly more than chance would. This is the *lack-of-fit test*, and it found no lack of fit. It has not proved that the line is right: with fifteen plots a moderate bend would easily go unseen. (Three plots for each rate make the test possible, because their scatter shows $\sigma$ whatever the curve is.)

# %% [markdown] minutes=9.5 notes="Do the toy on the board first: three rows, two columns, one row times one column. Do not hurry here, all later days need it.\nExpect 'X holds the data': reply 'which letter is the strength, and which the rate?' For the row of X expect '36 has the row 1 1 0 0 0': reply 'which number counts for it?' Right: 1 0 0 0 0." slideshow={"slide_type": "slide"}
# ## 7. Open the box
#
# The same model, written three times.
#
# **One row.** The strength of plot $i$, which was given $x_i$ lb/acre, is
#
# $$y_i = \beta_0 + \beta_1 x_i + \varepsilon_i, \qquad \varepsilon_i \sim N(0, \sigma^2) \text{ independent}.$$
#
# Read: the *deterministic* part is a line with intercept $\beta_0$ and slope $\beta_1$ (beta); the *random* part $\varepsilon_i$ is drawn from a normal distribution with mean 0 and variance $\sigma^2$, for each plot independently of the others.
#
# **All rows, with matrices.** Put the fifteen strengths one below the other: this list is the vector $\mathbf y$. Put the unknown numbers one below the other, too: the vector $\boldsymbol\beta$. What connects them is a table $\mathbf X$, called a *matrix*, with a row for each plot and a column for each unknown number. A cell of $\mathbf X$ says by how much this number is multiplied for this plot. A toy with three plots and invented numbers:

# %% slideshow={"slide_type": "subslide"}
X_toy = np.array([
    [1, 40],                       # first plot:  1 times β0 + 40 times β1
    [1, 60],                       # second plot
    [1, 90],                       # third plot
])
beta_toy = np.array([8, -0.01])    # intercept and slope, invented
expected_toy = X_toy @ beta_toy    # @ multiplies a matrix and a vector
print(expected_toy)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The product `@` goes *row times column*: multiply each cell of a row of $\mathbf X$ by its number in $\boldsymbol\beta$, and add up. The first plot has 1 · 8 + 40 · (−0.01) = 7.6. So $\mathbf X\boldsymbol\beta$ is the list of the expected values, one for each plot.
#
# **The distribution.** Chance adds an error to each expected value:

# %% slideshow={"slide_type": "-"}
sigma_toy = 0.2
rng = np.random.default_rng(seed=1)
trial_1 = expected_toy + rng.normal(scale=sigma_toy, size=3)
trial_2 = expected_toy + rng.normal(scale=sigma_toy, size=3)
print("expected:", expected_toy)
print("trial 1: ", trial_1.round(2))
print("trial 2: ", trial_2.round(2))

# %% [markdown] slideshow={"slide_type": "subslide"}
# With $\boldsymbol\varepsilon$ for the list of the errors, all rows at once are
#
# $$\mathbf y = \mathbf X\boldsymbol\beta + \boldsymbol\varepsilon.$$
#
# So a model is a machine that makes data. To say what it makes, we need the expected values and, as in the first notebook, the table of the variances and covariances, $\mathbf V$.

# %% [markdown] notes="Expect 'sixteen': reply 'how many different ones?' Expect 'four, each plot has its own': reply 'how many sigmas has the model?' Expect 'four cells, the diagonal too': reply 'right, if the shared part comes on top, as with 100 + 225 in the first notebook'." slideshow={"slide_type": "fragment"}
# **Predict.** Take four plots. Their errors are independent and have one variance. How many different numbers does their $\mathbf V$ hold, and where? And which cells would change if plots 1 and 2 shared something?

# %% slideshow={"slide_type": "fragment"}
sigma2_hat = as_number.sigma**2
V_hat = sigma2_hat * np.eye(4)        # np.eye: 1 on the diagonal, 0 elsewhere
symbols = {sigma2_hat: r"$\hat\sigma^2$", 0: "0"}     # what to write for which number
four = [1, 2, 3, 4]                                  # each plot is a group of its own
fig, ax = plt.subplots(figsize=(4, 3.2))
plots.show_matrix(V_hat, four, symbols, labels=["1", "2", "3", "4"], ax=ax,
                  title="Covariance of four plots")
plt.show()
print(f"sigma² {sigma2_hat:.4f}, covariance of two plots {V_hat[0, 1]:.0f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. The estimated covariance matrix of four plots of cotton, as symbols; the variance is 0.0471. White is zero.*
#
# You should have said: two, $\sigma^2$ on the diagonal and 0 elsewhere. If plots 1 and 2 shared something, the two cells where they meet would hold the variance of what they share, as they did for two students of one school. (If it came on top of their own errors, it would be added to their two cells of the diagonal as well: then four cells change. If it is a part of the $\sigma^2$ that they have, the diagonal stays.) So the model is, as a distribution,
#
# $$\mathbf y \sim N(\mathbf X\boldsymbol\beta,\; \mathbf V), \qquad \mathbf V = \sigma^2\mathbf I.$$
#
# Read: *the data are drawn from a normal distribution with the expected values* $\mathbf X\boldsymbol\beta$ *and the covariance matrix* $\sigma^2\mathbf I$. In a formula of mathematics `~` says "is drawn from"; in a formula for the computer it stands between the response and its predictors. $\mathbf I$, with 1 on the diagonal and 0 elsewhere, is the *identity matrix*. (Many texts write $\boldsymbol\Sigma$ for our $\mathbf V$.)
#
# And the category? The model is the same, only $\mathbf X$ has other columns. Each difference from 36 lb/acre gets a column, which is 1 for the plots of its rate and 0 for all others.
#
# **Predict.** Which row of $\mathbf X$ has a plot with 36 lb/acre, and which one a plot with 144? Five cells each.

# %% slideshow={"slide_type": "fragment"}
first_plots = potash.drop_duplicates("k2o_lb_ac").index        # one plot of each rate
X_number = as_number.X.loc[first_plots]
X_category = as_category.X.loc[first_plots]
X_category = X_category.rename(columns={
    "C(k2o_lb_ac)[T.54]": "54", "C(k2o_lb_ac)[T.72]": "72",
    "C(k2o_lb_ac)[T.108]": "108", "C(k2o_lb_ac)[T.144]": "144"})
print("number:")
print(X_number.astype(int).to_string(index=False))
print("category:")
print(X_category.astype(int).to_string(index=False))

# %% [markdown] notes="Expect 'b is linear when you take logs': reply 'then the errors are transformed as well; it is another model'.\nExpect 'a is a curve, so not linear': reply 'write its X: which columns?'" slideshow={"slide_type": "subslide"} tags=["discuss"]
# You should have said: 1 0 0 0 0 for 36 lb/acre, and 1 0 0 0 1 for 144. The first column belongs to the intercept.
#
# *Linear* speaks of the numbers in $\boldsymbol\beta$, and not of a straight line: a model is linear when the expected values can be written as $\mathbf X\boldsymbol\beta$, with an $\mathbf X$ that is known.
#
# **Discuss.** Which of these are linear models? *a*: $\beta_0 + \beta_1 x + \beta_2 x^2$. *b*: $\alpha\, e^{\beta x}$. *c*: $\beta_0 + \beta_1\log x$. *d*: one mean for each rate.
#
# <details><summary>Answer</summary>
# <em>a</em>, <em>c</em> and <em>d</em>. In <em>a</em> the matrix has the columns 1, x and x²; in <em>c</em> 1 and log x; both draw a curve and are linear all the same. In <em>b</em> the unknown β is inside the exponent, so no column can be written before β is known.
# </details>
#
# ***
#
# One more pair of words. This is the **general** linear model: many kinds of $\mathbf X$, but normal errors. The **generalised** linear model allows other distributions, for counts or proportions (day 8, *planned*).
#
# **Check.** By mistake the column of 144 lb/acre holds 1 for its own plots and 1 for all others as well. What does this column say?
#
# <details><summary>Answer</summary>
# Nothing new: it is the column of the intercept once more. A column can tell its plots from the others only if the others have 0.
# </details>

# %% [markdown] minutes=6.5 notes="Type the first two cells live, line by line. Board: \u03c3\u0302 = \u221a(RSS/df), SE = \u03c3\u0302/\u221a45, mean \u00b1 t\u00b7SE.\nFor t expect 'larger, there are more data': reply 'which side of 1.96, and when do you have to pay for not knowing sigma?'" slideshow={"slide_type": "slide"}
# ## 8. Write estimate and interval in ten lines
#
# Now the pigs. Every diet on every day gets a mean of its own: that is six times three, 18 means. Least squares makes them the plain averages of their 15 rows, because the average has the smallest sum of squared distances. `transform("mean")` puts the mean of its group into each row:

# %% slideshow={"slide_type": "-"}
by_cell = pigs.groupby(["diet", "day"], observed=True)["dry_matter_pct"]
expected = by_cell.transform("mean")
residuals = pigs["dry_matter_pct"] - expected
rss = np.sum(residuals**2)                       # residual sum of squares
n = len(pigs)
p = by_cell.ngroups                              # means that we have estimated
df = n - p
sigma_hat = np.sqrt(rss / df)
print(f"RSS {rss:.1f}, degrees of freedom {n} − {p} = {df}")
print(f"sigma {sigma_hat:.4f} %")

# %% [markdown] slideshow={"slide_type": "subslide"}
# So $\hat\sigma$ = 7.0036 %: a row typically lies 7 percentage points from the mean of its diet on its day. There is one $\hat\sigma$ for all groups, because the model assumes one.
#
# > **Common slip: RSS divided by n.** It gives a smaller number (6.766 %), which is too small on average, because the residuals are measured from means that were fitted to the same rows. Each of the 18 means has cost one degree of freedom, as $r - 1$ in section 2 paid for one.
#
# Now the mean of diet A over the three days, and its standard error. The model says that the 45 rows are independent, so the formula of section 2 holds, with the $\hat\sigma$ of all rows:

# %% slideshow={"slide_type": "-"}
rows_of_A = pigs.loc[is_A, "dry_matter_pct"]
mean_A = rows_of_A.mean()
n_A = len(rows_of_A)
se_A = sigma_hat / np.sqrt(n_A)
print(f"{n_A} rows, mean of A {mean_A:.2f} %, SE {se_A:.6f} %")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An interval is *estimate ± t × SE*. If $\sigma$ were known, t would be 1.96. Because it is estimated, t is larger: it comes from the *t distribution*, which depends on the degrees of freedom.
#
# **Predict.** With the 14 degrees of freedom of section 2, t is 2.14. With 252, will it be above 2.14, between 1.96 and 2.14, or below 1.96?

# %% slideshow={"slide_type": "fragment"}
t_14 = stats.t.ppf(0.975, 14)          # 2.5 % lie above it
t_star = stats.t.ppf(0.975, df)
lower = mean_A - t_star * se_A
upper = mean_A + t_star * se_A
print(f"normal: {stats.norm.ppf(0.975):.2f}, 14 df: {t_14:.2f}, {df} df: {t_star:.6f}")
print(f"95 % confidence interval of diet A: {lower:.5f} to {upper:.4f} %")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: between. The more degrees of freedom, the better $\sigma$ is known, and the closer t comes to 1.96.
#
# This is a **confidence interval**, CI for short: an interval made by a rule that catches the true mean in 95 of 100 repetitions of the whole trial, *if the model is true*. Keep this last condition in mind.
#
# `mm.lm` fits the same model to all rows, and `mm.emmeans` makes the means (*estimated marginal means*) with their intervals. The star in `diet * day` means both factors and their *interaction*, so that each diet may have a mean of its own on each day:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lm("dry_matter_pct ~ diet * day", data=pigs)
means = mm.emmeans(fit, "diet")
print(means)
of_A = means.set_index("diet").loc["A"]
assert np.allclose([of_A["lower"], of_A["upper"]], [lower, upper])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The row of A is our row, and there are five more. (`assert` does nothing when its condition is true, and stops the cell when it is not.) The note below the table says what we did: the mean of a diet is *averaged over the days*. (If a diet has the same number of rows on each day, this is the plain mean of its rows, however many rows the other diets have. If not, it is still the average of the three means, one for each day, and then the two differ as a rule.)

# %% [markdown] notes="Expect 'they overlap, so they do not differ': the usual answer. Reply 'which standard error belongs to a difference?'\nBoard: two half bars have the length 2 times t times SE, the difference needs only \u221a2 times t times SE." slideshow={"slide_type": "skip"}
# ### For reading: intervals that overlap
#
# **Predict.** The intervals of B (21.53 to 25.64) and C (18.08 to 22.19) overlap. May we conclude that p is above .05 for the difference B − C?

# %% slideshow={"slide_type": "skip"}
difference = diet_means["B"] - diet_means["C"]
se_difference = np.sqrt(2 * sigma_hat**2 / n_A)    # the variances of two means add
t_difference = difference / se_difference
p_difference = 2 * stats.t.sf(abs(t_difference), df)
ratio = se_difference / se_A
print(f"B − C: {difference:.2f} %, SE of the difference {se_difference:.3f} %")
print(f"t {t_difference:.2f}, p {p_difference:.3f}")
print(f"SE of the difference / SE of a mean: {ratio:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# You should have said: no. Here p = .020.
#
# > **Common slip: overlapping intervals as a test.** These two means are independent and have one SE. So their intervals cease to overlap when the means differ by 2 · t · SE. But the *standard error of the difference* is here $\sqrt2$ · SE, so the difference needs only 1.41 · t · SE to reach p = .05. (With means that share a block or a room the factor is another one: day 2.) Ask about the difference itself. (We chose B and C *after* seeing the means; with six diets there are 15 pairs, and some pairs look good by chance. Day 6 deals with that.)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: why least squares?
#
# Another way to choose the numbers of a model is **maximum likelihood** (ML): take those under which the data would be most probable. The *likelihood* is the density of the data, read as a function of the numbers; we use its logarithm. Let us try three slopes for the cotton. For each slope the best intercept makes the residuals average to zero:

# %% slideshow={"slide_type": "skip"}
x = potash["k2o_lb_ac"]
y = potash["strength"]
sigma_now = as_number.sigma
for slope_now in [-0.004, slope, -0.006]:
    intercept_now = y.mean() - slope_now * x.mean()
    left_over = y - intercept_now - slope_now * x
    rss_now = np.sum(left_over**2)
    log_likelihood = np.sum(stats.norm.logpdf(left_over, scale=sigma_now))
    print(f"slope {slope_now:.5f}: RSS {rss_now:.4f}, "
          f"log-likelihood {log_likelihood:.3f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# The smallest sum of squares has the largest likelihood. This is no accident: the logarithm of the normal density is a constant minus a squared distance divided by $2\sigma^2$, so ML and least squares choose the same $\boldsymbol\beta$. For $\sigma$ they do not agree:

# %% slideshow={"slide_type": "skip"}
residuals_line = as_number.residuals
rss_of_line = np.sum(residuals_line**2)
for divisor in [15, 13]:
    sigma_try = np.sqrt(rss_of_line / divisor)
    log_likelihood = np.sum(stats.norm.logpdf(residuals_line, scale=sigma_try))
    print(f"RSS/{divisor}: sigma {sigma_try:.4f}, log-likelihood {log_likelihood:.3f}")

sigma_ml = np.sqrt(rss / n)
print(f"pigs: sigma by ML {sigma_ml:.3f} %, RSS/df gives {sigma_hat:.3f} %")

# %% [markdown] slideshow={"slide_type": "skip"}
# ML prefers RSS/n, the estimate of the slip above, which is too small on average. (How to keep the likelihood and mend this is the story of day 4.)
#
# There is a second reason for least squares, which needs no normal distribution: if the errors have mean zero, are uncorrelated and have one variance, then no other estimate that is a weighted sum of the data and right on average varies less. It is called the *best linear unbiased estimate*, BLUE.

# %% [markdown] minutes=0.5 notes="Half a minute: show the table, say that it is a habit for life. The code is for readers." slideshow={"slide_type": "slide"}
# ## 9. Agree by four routes
#
# A number counts when a second route has given it, too. For statsmodels we need weights: the mean of A over three days is the intercept (A on day 1) plus a third of each difference to days 2 and 3. The last column is typed as R prints it:

# %% slideshow={"slide_type": "-"}
by_statsmodels = smf.ols("dry_matter_pct ~ diet * day", data=pigs).fit()
weights = pd.Series(0.0, index=by_statsmodels.params.index)
weights["Intercept"] = 1
weights["day[T.2]"] = 1 / 3
weights["day[T.3]"] = 1 / 3
test_A = by_statsmodels.t_test(weights.to_numpy())
lower_sm, upper_sm = test_A.conf_int()[0]      # [0]: the first row, here the only one
mean_sm = test_A.effect[0]
se_sm = test_A.sd[0, 0]

routes = pd.DataFrame(index=["sigma", "mean of A", "SE", "lower", "upper"])
routes["our lines"] = [sigma_hat, mean_A, se_A, lower, upper]
routes["mm"] = [fit.sigma, of_A["mean"], of_A["se"], of_A["lower"], of_A["upper"]]
routes["statsmodels"] = [
    np.sqrt(by_statsmodels.mse_resid), mean_sm, se_sm, lower_sm, upper_sm]
assert np.allclose(routes["our lines"], routes["mm"])
assert np.allclose(routes["our lines"], routes["statsmodels"])
r_prints = ["7.003642", "18.46364", "1.044041", "16.40749", "20.5198"]
print(routes.round(5).assign(R=r_prints).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four routes, one answer.

# %% [markdown] minutes=6 notes="The class fills the shell aloud; write it on the board, with symbols first: d \u2212 1, t \u2212 1, (d \u2212 1)(t \u2212 1), N \u2212 dt, N \u2212 1.\nExpect 18 for the interaction: reply 'how many of the 18 means are left when intercept, diets and days are paid?' Expect 'total 270': reply 'what did the mean cost?' Expect 'error 270 \u2212 5 \u2212 2 \u2212 10': reply 'and the intercept?'" slideshow={"slide_type": "slide"}
# ## 10. Fill the shell before the table
#
# An *analysis of variance* (ANOVA) sorts the variation into bins, the *sources*, and asks of each bin whether it is larger than chance would make it. A source comes either from the treatments (diet, day, their interaction) or from the design (later: blocks, pens). How many degrees of freedom each source has is known *before* there are data. This empty table is the **ANOVA shell**.
#
# First the model for one row, pen $k$ of diet $i$ on day $j$:
#
# $$y_{ijk} = \mu + D_i + T_j + (DT)_{ij} + \varepsilon_{ijk}.$$
#
# $D_i$ is what diet $i$ adds, $T_j$ what day $j$ adds, and $(DT)_{ij}$ is their interaction: what diet $i$ adds on day $j$ beyond these two. Each of the three is a source, and the error is the fourth.
#
# **Predict.** Fill the shell for 6 diets, 3 days and 15 pens a diet. A factor with $a$ levels has $a - 1$ (the differences from one of them), an interaction the product of its two factors, and the error what is left. (The error you have met in section 8; does your shell agree?)

# %% slideshow={"slide_type": "-"}
my_shell = {
    "diet": None,
    "day": None,
    "diet:day": None,
    "error": None,
    "total": None,
}
print("my shell:", my_shell)

# %% [markdown] slideshow={"slide_type": "fragment"}
# `mm.anova_shell` fills it from the design alone, and shows how:

# %% slideshow={"slide_type": "fragment"}
print(mm.anova_shell("diet*day", n={"diet": 6, "day": 3, "rep": 15}))

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: 5, 2, 10, 252 and 269. With $d$ diets, $t$ days and $N$ rows: $d - 1$, $t - 1$, $(d - 1)(t - 1)$, $N - dt$ and $N - 1$. The total is one less than the number of rows, because the overall mean is paid first.
#
# Now one bin by hand. The *sum of squares* of the diets adds up, over all rows, the squared distance of the mean of the diet from the overall mean. (With the same number of rows for every diet on every day this simple sum is enough.) Divided by its degrees of freedom it is a *mean square*. If the diets did not differ, this mean square would also estimate $\sigma^2$. So we compare the two:

# %% slideshow={"slide_type": "-"}
overall_mean = pigs["dry_matter_pct"].mean()
ss_diet = np.sum(45 * (diet_means - overall_mean)**2)     # 45 rows for each diet
ms_diet = ss_diet / 5
ms_error = rss / df
f_diet = ms_diet / ms_error
p_diet = stats.f.sf(f_diet, 5, df)                        # the upper tail
print(f"diet:  sum of squares {ss_diet:.1f}, mean square {ms_diet:.2f}")
print(f"error: sum of squares {rss:.1f}, mean square {ms_error:.2f}")
print(f"F {f_diet:.4f}, p {p_diet:.7f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# If all rows are independent, the mean square of the diets is 3.7 times as large as chance alone would make it on average. The whole table:

# %% slideshow={"slide_type": "subslide"}
table = mm.anova(fit)
print(table)
print("p with more digits:")
for source in ["day", "diet", "diet:day"]:
    print(f"  {source:9s}{table.loc[source, 'p']:.7f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (*Type II*: the days are tested with the diets in the model, and the diets with the days; with equal numbers of rows it makes no difference.) F is **a t for many coefficients**: five for the diets, two for the days, ten for the interaction. Diets differ (p = .0033) and days differ. For the interaction F is 1.3723, near 1: these data do not show that the diets differ in another way on each day.
#
# They do not show that there is *no* interaction, either. Look at the difference of B and A day by day:

# %% slideshow={"slide_type": "-"}
cell_means = by_cell.mean().unstack()      # a row for each diet, a column for each day
print((cell_means.loc["B"] - cell_means.loc["A"]).round(2).to_string())
print(f"averaged over the days: {diet_means['B'] - diet_means['A']:.2f} %")

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: a main effect as the effect on every day.** The average difference, 5.12 %, describes the average day. On day 1 the measured difference is 1.39 % only. If there is an interaction, ask day by day; the average answers another question.

# %% [markdown] minutes=3.5 notes="Let them match panels and words before the answer: one minute in pairs. Return to the answers on the board from the beginning.\nExpect 'this panel has no pattern': reply 'follow the markers from five to five'. Expect 'there is an outlier': reply 'to one side only, and more than one?'" slideshow={"slide_type": "slide"}
# ## 11. Four assumptions, four exits
#
# Everything so far follows from $\mathbf y \sim N(\mathbf X\boldsymbol\beta, \sigma^2\mathbf I)$. Each sign in it makes a claim:
#
# | the claim | where it stands | if it is wrong |
# |---|---|---|
# | **linear**: the expected values are $\mathbf X\boldsymbol\beta$ | $\mathbf X\boldsymbol\beta$ | other columns in $\mathbf X$; or another scale for the mean, day 8 *(planned)* |
# | **normal**: errors have a bell curve | $N$ | another distribution, day 8 *(planned)* |
# | **independent**: no two rows share anything | the zeros of $\mathbf I$ | put into $\mathbf V$ what they share, days 2 and 3 |
# | **constant variance**: one $\sigma^2$ for all rows | one $\sigma^2$ on the diagonal | other variances on the diagonal of $\mathbf V$; how to see it, day 7 |
#
# To see what a broken assumption looks like, we make data in which we break exactly one: 60 rows, in pens of five neighbours. We fit a straight line each time, and look at the residuals. (The markers change from pen to pen.)

# %% slideshow={"slide_type": "skip"}
rng = np.random.default_rng(seed=2881)
x_sim = np.linspace(0, 10, 60)
straight = 20 + 2 * x_sim
curved = straight + 0.35 * (x_sim - 5)**2
chance = rng.normal(scale=2, size=60)
pen_shift = np.repeat(rng.normal(scale=3, size=12), 5)   # one draw for five rows
skewed = rng.exponential(scale=2, size=60) - 2           # mean 0, a long upper tail
y_sim = {
    "constant variance": straight + chance * (0.2 + 0.25 * x_sim),
    "linear": curved + chance,
    "independent": straight + pen_shift + rng.normal(scale=1.5, size=60),
    "normal": straight + skewed,
}
hidden = rng.permutation(list(y_sim))                    # the four in a random order

# %% [markdown] slideshow={"slide_type": "subslide"}
# The data were put into the panels in a random order.
#
# **Predict.** Run the next cell, and do not scroll on. Which panel breaks which assumption?

# %% slideshow={"slide_type": "-"}
is_odd_pen = np.arange(60) // 5 % 2 == 1              # every second pen of five rows
fig, axes = plt.subplots(2, 2, figsize=(8, 4.4), sharex=True)
for ax, panel, broken in zip(axes.flat, "ABCD", hidden):      # three lists side by side
    data = pd.DataFrame({"x": x_sim, "y": y_sim[broken]})
    left = mm.lm("y ~ x", data=data).residuals
    ax.plot(x_sim[~is_odd_pen], left[~is_odd_pen], "o", markersize=4)    # ~ means not
    ax.plot(x_sim[is_odd_pen], left[is_odd_pen], "k^", markersize=4)
    ax.axhline(0, color="grey", linewidth=1)
    ax.set_title(panel)
fig.supxlabel("x")
fig.supylabel("residual")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. Residuals of four simulated data sets from a straight line; in each, one assumption is broken. Circles and triangles: pens of five neighbours, in turn.*
#
# (The seed was chosen so that the pictures are clear. With real data they seldom are.)

# %% slideshow={"slide_type": "fragment"}
for panel, broken in zip("ABCD", hidden):
    print(f"{panel}: {broken}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have seen these four:
#
# - *constant variance* broken: the residuals fan out;
# - *linear* broken: they are first above, then below, then above the line;
# - *independent* broken: the five rows of a pen lie together on one side;
# - *normal* broken: many small values below the line, and a few large ones far above it.
#
# One of the four can be judged from the design alone, *without* any data: independence. Ask who shares a pen, a block, a school.

# %% [markdown] minutes=7 notes="The heart of the day. Ask first: how many pens have we, and how many rows? Board: the shell in two storeys.\nExpect 'both F become smaller': reply 'the days are compared inside a pen; does the shift of the pen matter there?' Why does the variance of a row stay the same in Figure 7? Board: 252 \u00b7 49.05 = 84 \u00b7 67.65 + 168 \u00b7 39.75.\nExpect 'nothing changes, the numbers are the same': reply 'would 45 pigs of one pen tell you as much as 45 pens?'" slideshow={"slide_type": "slide"}
# ## 12. Break it: count the pens
#
# Back to the pigs. We took the 45 rows of a diet as independent. But they come from 15 pens, and the same pig was seen three times. What if some pens are wetter than others, on all three days?
#
# You know how to say this: pens are to days what schools are to students. *Each pen shifts all of its rows by a random amount*, `(1 | pen)`. First the shell. A diet was given to a whole pen, so diets must be compared with the differences between pens of one diet; days are compared inside each pen:

# %% slideshow={"slide_type": "-"}
levels = {"diet": 6, "day": 3, "rep": 15}
print(mm.anova_shell("diet*day", blocks="diet:rep", n=levels))

# %% [markdown] slideshow={"slide_type": "fragment"}
# `diet:rep` is a pen. The 252 degrees of freedom have been split: 84 tell how *pens* of one diet differ (6 · (15 − 1)), 168 how the *days* of one pen differ, when the averages of its diet on these days are taken off.
#
# **Predict.** If pens differ, what happens to the F of the diets and to the F of the days: does each become smaller, stay, or become larger? And the standard error of a diet mean?

# %% slideshow={"slide_type": "fragment"}
with_pens = mm.lmm("dry_matter_pct ~ diet * day + (1 | pen)", data=pigs)
sigma2_pen, sigma2_day = with_pens.varcomp["variance"]
print(f"variance between pens: {sigma2_pen:.3f}")
print(f"variance within pens:  {sigma2_day:.3f}")
print(mm.anova(with_pens))
print()
means_with_pens = mm.emmeans(with_pens, "diet")
print(means_with_pens)

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: here the F of the diets becomes smaller, that of the days larger, and the standard error grows.
#
# - **Diets**: F falls from 3.6556 to 2.6505, on 84 degrees of freedom in place of 252; p rises from .0033 to .0283.
# - **Days**: F rises from 8.67 to 10.70. Two days of one pen share the shift of the pen, so it cancels in their difference, and only 39.751 counts as error, in place of 49.05.
# - **Interaction**: it compares differences between days, so it is judged inside the pens, too. F rises from 1.3723 to 1.6933 (p = .0859). It still does not show that diets differ in another way on each day.
# - **The mean of a diet**: its standard error grows from 1.044 to 1.226. Fifteen shifts are averaged and 45 errors, so its variance is the sum of two parts:

# %% slideshow={"slide_type": "-"}
from_pens = sigma2_pen / 15
from_days = sigma2_day / 45
se_with_pens = np.sqrt(from_pens + from_days)
print(f"variance {from_pens:.3f} + {from_days:.3f}, SE {se_with_pens:.3f} %")
print(f"rows taken as independent: SE {se_A:.3f} %")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Why does F fall? All three days of a pen carry its shift, so on average the mean square of the pens is $3\,\sigma_{\text{pen}}^2 + \sigma^2$. The mean square of the diets carries the same shifts, and must be compared with that:

# %% slideshow={"slide_type": "fragment"}
ms_pens = 3 * sigma2_pen + sigma2_day
f_by_hand = ms_diet / ms_pens
print(f"pens: mean square 3 · {sigma2_pen:.3f} + {sigma2_day:.3f} = {ms_pens:.2f}")
print(f"diets: F {ms_diet:.2f} / {ms_pens:.2f} = {f_by_hand:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (*Kenward–Roger* in the heading of the tables names the method that found the degrees of freedom in a model with two variances. How: day 6. The column `sum_sq` there is scaled, so that `mean_sq` divided by 39.751 is F; that is why the diets have a smaller one than in section 10.)
#
# If you do not trust a new formula, use one that you know. Average the three days of each pen, and 90 numbers are left, one for each experimental unit:

# %% slideshow={"slide_type": "-"}
by_pen = pigs.groupby(["pen", "diet"], observed=True)["dry_matter_pct"]
pen_means = by_pen.mean().reset_index()           # 90 rows: pen, diet, mean
simple = mm.lm("dry_matter_pct ~ diet", data=pen_means)
print(mm.anova(simple))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same F, 2.6505 on 5 and 84 degrees of freedom, from a model without any random shift. (It comes out the same because every pen was seen on the same three days, and because the variance between pens was estimated above zero.)
#
# > **Common slip: "45 repetitions".** A diet has 45 rows but only 15 pens. The number of repetitions is the number of *experimental units*; to see a pen three times does not make three pens of it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# Where does the shift of the pen stand in $\mathbf y \sim N(\mathbf X\boldsymbol\beta, \mathbf V)$? $\mathbf X\boldsymbol\beta$ has not changed; $\mathbf V$ has. Three pens, three days each:

# %% slideshow={"slide_type": "-"}
V_alone = fit.sigma**2 * np.eye(9)
V_pens = with_pens.V.to_numpy()[:9, :9]
pen_names = pigs["pen"].astype(str)[:9]
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 3.8))
plots.show_matrix(V_alone, pen_names, ax=left_ax, title="rows independent")
plots.show_matrix(V_pens, pen_names, ax=right_ax, title="rows of a pen share a shift")
plt.show()
print(f"variance of a row: {V_alone[0, 0]:.2f} and {V_pens[0, 0]:.2f}")
print(f"covariance of two days of a pen: {V_alone[0, 1]:.2f} and {V_pens[0, 1]:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 7. The estimated covariance matrix of nine rows (three pens on three days), in %², as we had it and with the shift of the pens. White is zero.*
#
# Here the variance of a row is the same, 49.05. But 9.30 of it is shared by the days of a pen. That is what a mixed model is: **the same mean, a richer V**.

# %% [markdown] minutes=1.5 notes="Ask who came close, and who had 252 df. Then: which of the two columns would you report?" slideshow={"slide_type": "slide"}
# ## 13. Wrap up
#
# Your guesses beside the results, with rows taken as independent and with pens:

# %% slideshow={"slide_type": "-"}
se_pens = means_with_pens["se"].iloc[0]
df_pens = means_with_pens["df"].iloc[0]
wrap_up = pd.DataFrame(index=["sigma", "SE of a diet mean", "error df"])
wrap_up["my guess"] = [str(my_guess.get(name)) for name in wrap_up.index]
wrap_up["rows independent"] = [sigma_hat, se_A, df]
sd_row = np.sqrt(sigma2_pen + sigma2_day)
wrap_up["with pens"] = [sd_row, se_pens, df_pens]
print(wrap_up.round(3).to_string())
smaller_by_root_3 = se_small / np.sqrt(3)
print(f"{se_small:.2f} / √3 = {smaller_by_root_3:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With 15 rows the SE was 1.77 %. With three times as many it is smaller by $\sqrt3$, if the rows are independent, so 1.02 % was a good guess; it is 1.04 % because $\hat\sigma$ of all rows is a little larger than the SD of diet A on day 1. The error has 270 − 18 = 252 degrees of freedom. Both guesses are right for the model, but the model is wrong about the pens: the mean of a diet is less sure, on 84 degrees of freedom. (The square of 7.004 in the last column is the sum of two variances.)
#
# **To take away**
#
# 1. $\mathbf y \sim N(\mathbf X\boldsymbol\beta, \sigma^2\mathbf I)$ says four things: the mean is linear in $\boldsymbol\beta$, the errors are normal, independent, and have one variance.
# 2. A predictor as a number costs one column and claims a straight line; as a category it costs a column for every level but one and claims nothing about the shape.
# 3. Repetitions are experimental units. Rows that share a unit share something, so $\mathbf V$ is not $\sigma^2\mathbf I$.

# %% [markdown] minutes=0.5 notes="Homework. Number 2 is the one to begin with next time; expect 'but sigma is smaller as a category, and adjusted R\u00b2 larger': reply 'by more than chance? F of the lack of fit was 1.24'.\nNumber 3: expect 'a third of 252, 84': reply 'how many means are estimated from two days?'" slideshow={"slide_type": "slide"}
# ## 14. On your own
#
# 1. **Do.** Compute the 95 % confidence interval of diet B by hand, rows taken as independent, as in section 8. Compare with the table there. Then compute it once more with the pens in the model: SE 1.226 on 84 degrees of freedom.
# 2. **Explain.** R² is 0.48 for potash as a number and 0.62 for potash as a category. A fellow student concludes that the category is the better model. Why can R² not decide this?
# 3. **Change one knob.** Leave day 3 out: `two_days = pigs[pigs["day"] != "3"]`. Guess the error df of `diet * day` first, rows taken as independent; then fit, and look at `.df_resid` and `.sigma`.
# 4. **Transfer.** `mm.load("pigs_rooms")` holds the same six diets and three days, but the 90 pens stood in three rooms (also synthetic). Fit `dry_matter_pct ~ diet * day`, rooms left out. What is $\hat\sigma$? Which assumption do you doubt now, and at which two levels?
#
# <details><summary>Answers</summary>
# <ol>
# <li>23.58 ± 1.969 · 1.044: from 21.53 to 25.64 %. With pens: t on 84 df is 1.989, so 23.58 ± 1.989 · 1.226, from 21.15 to 26.02 % (21.14 with the rounded numbers).</li>
# <li>The five means contain the line as a special case, so their residual sum of squares can never be larger, and R² can never be smaller, whatever is true. Ask whether it is smaller by more than chance: the lack-of-fit test at the end of section 6 (F = 1.24, p = .35) does, and it says no.</li>
# <li>180 rows − 12 means = 168 df; σ = 7.145 %.</li>
# <li>σ = 6.676 % on 252 df. Independence: pens of one room share the room, days of one pen share the pen.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day1_exercises](exercises/day1_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Point to the pair of day 2." slideshow={"slide_type": "slide"}
# ## 15. In practice and further reading
#
# In practice you write one line. These four fit the same model:
#
# ```
# mmteach      mm.lm("dry_matter_pct ~ diet * day", data=pigs)
# statsmodels  smf.ols("dry_matter_pct ~ diet * day", data=pigs).fit()
# R            lm(dry_matter_pct ~ diet * day, data = pigs)
# SAS          proc glm; class diet day; model dry_matter_pct = diet day diet*day; run;
# ```
#
# **Next:** the pair of day 2, beginning with [day2_rcbd_fixed](day2_rcbd_fixed.ipynb). There plots share a block, and what they share can go into $\mathbf X$ or into $\mathbf V$.
#
# ### Further reading
#
# - Cochran and Cox (1957), *Experimental Designs*, 2nd ed.: the cotton trial.
# - Stroup, Ptukhina and Garai (2024), *Generalized Linear Mixed Models*, 2nd ed., chapter 1: deterministic and random component.
# - Gelman (2005), *Analysis of variance: why it is more important than ever*, Annals of Statistics 33, 1–53: sources as batches of coefficients.
