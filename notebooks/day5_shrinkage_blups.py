# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Show the picture, read the question aloud, and let everybody write down two seats before a word is said on method. Nearly all will take the topmost dot.\nWith 50 minutes: section 2 in one sentence (1), the slider of section 9 is left out (2), the first cell of section 8 runs without talking (2), the two pictures of section 10 are for reading (2), section 11 without the last discussion (2)." slideshow={"slide_type": "slide"}
# # Predict random effects, and choose what to promote
#
# **The question.** You have tested 35 entries of crimson clover, some in two years and some in one only. Two of them may go to next year's trial. Should you take the two with the largest means?
#
# **What you can do afterwards**
#
# - tell the estimate of a fixed effect from the prediction of a random one;
# - set up Henderson's equations with numpy and solve them;
# - compute by how much a prediction shrinks, in balanced and in unbalanced data;
# - choose among candidates with unequal information, and say how sure the choice is.
#
# **What you need.** [day2_rcbd_mixed](day2_rcbd_mixed.ipynb) for $\mathbf X, \mathbf Z, \mathbf G, \mathbf R, \mathbf V$; REML (day 4) may stay a black box. **Time.** In class 56 minutes; alone about two and a half hours.

# %% [markdown] notes="Ask which dots they trust less, and why. Do not name an entry." slideshow={"slide_type": "subslide"}
# ![Thirty-five dots in a row, ordered by their height, from about 12 to 61. Filled dots were grown in two years, open squares in one year; the highest of all is an open square.](figures/day5_blups.png)
#
# *Raw means of 35 clover entries, in order. Filled: four plots in two years; open: two plots in one year.*

# %% [markdown] minutes=3 notes="Say clearly that the clover data are synthetic, and why.\nAsk: what is the experimental unit? A plot." slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# Biomass of crimson clover was measured on 35 entries (varieties and breeding lines) in two *site-years*, 24AL and 25AL, each with two blocks. **These clover data are synthetic.** The plot values of the real trial are not public. Ours were built to reproduce its published statistics: they show what the analysis does, and they say nothing about any variety.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ipywidgets import FloatLogSlider, interact
from scipy.stats import norm

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)
clover = mm.load("clover")
by_entry = clover.groupby("entry", observed=True)
entries = pd.DataFrame({
    "raw mean": by_entry["biomass"].mean(),
    "plots": by_entry.size(),
    "years": by_entry["site_year"].nunique(),     # nunique: how many different ones
})
print(f"{len(clover)} plots, {len(entries)} entries")
print("entries by number of years:")
print(entries["years"].value_counts().to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# One row of `clover` is one plot. In a site-year an entry has one plot in each of the two blocks, so 23 entries have four plots, and 12 entries, seen in one year only, have two. (The printed analysis does not say in which unit the biomass was measured.)

# %% [markdown] minutes=2 notes="One minute of memory: what were the four numbers of the sorghum blocks, and what happened to them?\nWrite 0.671 on the board and leave it there." slideshow={"slide_type": "slide"}
# ## 2. Recall: four blocks that shrank
#
# On day 2 the blocks of the sorghum trial became random. Block R1 was measured some way above the average block, and the model believed in a part of that only:

# %% slideshow={"slide_type": "-"}
sorghum = mm.load("sorghum")
sorghum_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=sorghum)
block_means = sorghum.groupby("block", observed=True)["yield_kg_ha"].mean()
measured = block_means - block_means.mean()
predicted = sorghum_fit.ranef().set_index("level")["estimate"]
blocks = pd.DataFrame({"measured": measured, "predicted": predicted})
blocks["factor"] = blocks["predicted"] / blocks["measured"]
print(blocks.round({"measured": 2, "predicted": 2, "factor": 3}).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# R1 was measured 90.18 kg/ha above the average, and 60.52 were predicted, a part of 0.671. The same part of every block is kept. Today we ask where this factor comes from, what becomes of it when the data are unequal, and what it is good for.

# %% [markdown] minutes=4 notes="Let them find an entry with circles only, and one with squares only.\nThen everybody types two names, without discussion. Who has C10? Usually a large majority." slideshow={"slide_type": "slide"}
# ## 3. Look at the data, and commit to a choice
#
# We draw every plot above the name of its entry, and put the entries in the order of their raw means. `map` looks up the place of an entry in this order:

# %% slideshow={"slide_type": "subslide"}
in_order = entries.sort_values("raw mean").index
place = pd.Series(range(35), index=in_order)
good_year = clover[clover["site_year"] == "24AL"]
poor_year = clover[clover["site_year"] == "25AL"]

fig, ax = plt.subplots(figsize=(9, 3.8))
ax.plot(good_year["entry"].map(place), good_year["biomass"], "o", label="24AL")
ax.plot(poor_year["entry"].map(place), poor_year["biomass"], "s",
        markerfacecolor="white", label="25AL")
ax.plot(place, entries["raw mean"][in_order], "_", color="black",
        markersize=12, label="mean of the entry")
ax.set_xticks(place, in_order, rotation=90)
ax.set_xlabel("entry")
ax.set_ylabel("biomass")
ax.legend(loc="upper left")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Biomass of each plot by entry, in the order of the raw means (black dashes).*
#
# Now you are the breeder: two entries may go to next year's trial. Here are the eight with the largest raw means:

# %% slideshow={"slide_type": "-"}
print(entries.nlargest(8, "raw mean").round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Commit to a choice.** Type the names of your two entries in the brackets, such as `["C02", "C09"]`, and run the cell:

# %% slideshow={"slide_type": "-"}
my_choice = []
print("my choice:", my_choice)

# %% [markdown] minutes=4 notes="Read the variances aloud, from the largest to the smallest. Which of them is about the order of the entries changing from year to year?\nExpect 'the entries differ, the picture shows it': reply 'how much of that is plots?'" slideshow={"slide_type": "slide"}
# ## 4. Fit first
#
# We think of the entries as draws from all entries that the breeders could have sent, so they are random. So are the blocks. And so is the *interaction* of entry and site-year: how far an entry is better or worse in one particular year than it is on average. The colon in `entry:site_year` makes one level for each entry in each year:

# %% slideshow={"slide_type": "subslide"}
formula = "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
fit = mm.lmm(formula, data=clover)
print(fit.summary())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the random effects, by their standard deviations (column `sd`):
#
# - `entry`, 4.163: so far does an entry typically lie from the average entry, over years;
# - `entry:site_year`, 7.677: so far does it depart from its own average in one year;
# - `rep`, 2.410: the blocks;
# - `Residual`, 11.96: the plots of a block, beyond all that.
#
# And the fixed effects: the average entry is expected at 50.027 in 24AL and 11.592 lower in 25AL. So 24AL was the good year. No entry has a row of its own.
#
# **Check.** Which is the larger problem for the breeder: that the entries hardly differ, or that their order changes with the year?
#
# <details><summary>Answer</summary>
# That the order changes: the variance of the interaction, 58.935, is more than three times the variance between entries, 17.335. What an entry shows in one year is to a large part the matter of this one year.
# </details>

# %% [markdown] slideshow={"slide_type": "skip"}
# **For reading.** The two fixed effects are not independent. If 24AL was measured too high, the difference 25AL − 24AL came out too low:

# %% slideshow={"slide_type": "skip"}
covariance_of_two = fit.cov_beta.iloc[0, 1]
correlation = covariance_of_two / (fit.se.iloc[0] * fit.se.iloc[1])
print(f"correlation of the two estimates: {correlation:.3f}")

# %% [markdown] minutes=4 notes="The row on 'right on average' is the one they get wrong. Take time for it.\nBoard: E(\u03b2\u0302) = \u03b2, and E(\u00fb \u2212 u) = 0: where do the two differ?" slideshow={"slide_type": "slide"}
# ## 5. Tell BLUE from BLUP
#
# The model holds two kinds of unknown numbers, and we ask two different things about them. The answer for a fixed number is the BLUE, the *best linear unbiased estimator*; the answer for a draw is the BLUP, the *best linear unbiased predictor* of day 2.
#
# | | BLUE | BLUP |
# |---|---|---|
# | is about | a fixed number in $\boldsymbol\beta$ | a draw, a cell of $\mathbf u$ |
# | we say | *estimate* | *predict* |
# | formula | $\hat{\boldsymbol\beta} = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$ | $\hat{\mathbf u} = \mathbf G\mathbf Z'\mathbf V^{-1}(\mathbf y - \mathbf X\hat{\boldsymbol\beta})$ |
# | *linear* | a weighted sum of the data | a weighted sum of the data |
# | *unbiased*: right on average over | repeated trials, with the same $\boldsymbol\beta$ | all levels that might have been drawn |
# | *best* | smallest variance of $\hat{\boldsymbol\beta}$ | smallest variance of the error $\hat{\mathbf u} - \mathbf u$ |
# | a level without data | no answer | 0, with the full variance |
#
# Both formulas ask for the true $\mathbf G$ and $\mathbf R$. We put the REML estimates in and act as if they were true. The standard errors of $\hat{\boldsymbol\beta}$ are then, as a rule, a little too small (day 6). Those of $\hat{\mathbf u}$ can be much too small, when a variance is poorly known; at a boundary estimate they are even zero.

# %% [markdown] notes="Expect 'over many trials with C10': reply 'if C10 is truly great, and we shrink it every time?' Right: over all entries that might have come." slideshow={"slide_type": "subslide"} tags=["discuss"]
# **Discuss.** "A BLUP is unbiased, so the BLUP of one excellent entry is right on average." On average over what?
#
# <details><summary>Answer</summary>
# Over all entries that might have been drawn, and not over repeated trials with this one. If an entry is truly excellent, its BLUPs in repeated trials would be too low on average, because every time they are pulled towards the mean. In return the errors are smaller over the whole population, and before the trial nobody knows who is excellent.
# </details>

# %% [markdown] minutes=9 notes="Board: the two wishes, and their sum. Differentiate with the class: it is one line. Expect 'at 12.31, that is what we measured': reply 'and what does the second wish cost there?' For the first row expect '1, 1, 1, 1': reply 'count students, not schools'.\nThen fill the 4 by 4 matrix with the class: how many students in a school, how many in all?" slideshow={"slide_type": "slide"}
# ## 6. Solve Henderson's equations by hand
#
# How can one believe in a *part* of what was measured? Take the three schools of day 4, four students in each, with their estimated variances. School S3 lies above the mean of all:

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
school_fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
sigma2_b = school_fit.varcomp["variance"][0]
sigma2 = school_fit.varcomp["variance"][1]
mean_of_all = school_fit.beta["Intercept"]
mean_of_S3 = schools[schools["school"] == "S3"]["score"].mean()
distance_of_S3 = mean_of_S3 - mean_of_all
print(f"sigma_b² {sigma2_b:.2f}, sigma² {sigma2:.2f} points²")
print(f"S3 lies {distance_of_S3:.2f} points above the mean of all")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Which effect $u$ shall we give to S3? We have two wishes. First, $u$ should be close to the $d$ = 12.31 points that we measured: the further away, the larger the residuals of the four students. Each of the four pays $(d - u)^2$, and we measure this against what is usual for students, $4(d - u)^2/\sigma^2$. Second, $u$ should be no larger than effects of schools usually are: $u^2$, measured against what is usual for schools, $u^2/\sigma_b^2$. We cannot have both, so we make the sum of the two as small as possible.
#
# **Predict.** Where is the lowest point of the sum: at 0, at 12.31, or between?

# %% slideshow={"slide_type": "subslide"}
u_values = np.linspace(-2, 16, 361)
first_wish = 4 * (distance_of_S3 - u_values) ** 2 / sigma2
second_wish = u_values**2 / sigma2_b
both_wishes = first_wish + second_wish
lowest = u_values[np.argmin(both_wishes)]         # argmin: where it is smallest

fig, ax = plt.subplots(figsize=(7, 3.3))
ax.plot(u_values, first_wish, "--", label="close to what was measured")
ax.plot(u_values, second_wish, ":", label="no larger than usual")
ax.plot(u_values, both_wishes, color="black", label="the sum")
ax.plot(lowest, both_wishes.min(), "o", color="black")
ax.set_xlabel("effect u of school S3 (points)")
ax.set_ylabel("cost")
ax.set_ylim(0, 5)
ax.legend()
plt.show()
print(f"lowest point of the sum at {lowest:.2f} points")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. The two wishes and their sum; low is good.*
#
# Between: at about 9.1. The derivative of the sum is $-8(d-u)/\sigma^2 + 2u/\sigma_b^2$. Set it to zero, multiply by $\sigma^2/2$, write $\lambda = \sigma^2/\sigma_b^2$, and solve:
#
# $$(4 + \lambda)\,u = 4\,d, \qquad u = \frac{4}{4 + \lambda}\, d.$$

# %% slideshow={"slide_type": "-"}
lambda_schools = sigma2 / sigma2_b
factor = 4 / (4 + lambda_schools)
print(f"lambda {lambda_schools:.3f}, factor {factor:.3f}")
print(f"effect of S3: {factor * distance_of_S3:.2f} points")

# %% [markdown] slideshow={"slide_type": "subslide"}
# This is shrinkage, in one line. But it took the mean of all schools as given. Henderson asked for everything at once: the $\boldsymbol\beta$ *and* the $\mathbf u$ that make the same sum smallest, over all rows and all effects,
#
# $$(\mathbf y - \mathbf X\boldsymbol\beta - \mathbf Z\mathbf u)'\mathbf R^{-1}(\mathbf y - \mathbf X\boldsymbol\beta - \mathbf Z\mathbf u) + \mathbf u'\mathbf G^{-1}\mathbf u.$$
#
# Set the derivatives to zero, and there is one equation for each effect:
#
# $$\begin{bmatrix} \mathbf X'\mathbf R^{-1}\mathbf X & \mathbf X'\mathbf R^{-1}\mathbf Z \\ \mathbf Z'\mathbf R^{-1}\mathbf X & \mathbf Z'\mathbf R^{-1}\mathbf Z + \mathbf G^{-1} \end{bmatrix} \begin{bmatrix} \hat{\boldsymbol\beta} \\ \hat{\mathbf u} \end{bmatrix} = \begin{bmatrix} \mathbf X'\mathbf R^{-1}\mathbf y \\ \mathbf Z'\mathbf R^{-1}\mathbf y \end{bmatrix}$$
#
# They are called **Henderson's mixed model equations**. For the schools $\mathbf R = \sigma^2\mathbf I$ and $\mathbf G = \sigma_b^2\mathbf I$, so we multiply everything by $\sigma^2$; then $\sigma^2\mathbf G^{-1}$ is $\lambda$ on the diagonal.
#
# **Predict.** There will be four equations, for the mean and three schools. What are the four numbers in the *first row*, $\mathbf X'\mathbf X$ and $\mathbf X'\mathbf Z$? (Count students.)

# %% slideshow={"slide_type": "subslide"}
y = schools["score"].to_numpy()
X = np.ones((12, 1))                      # the mean
Z = mm.build_Z(schools["school"])         # a column for each school
X_and_Z = np.hstack([X, Z])
left = X_and_Z.T @ X_and_Z
left[1, 1] = left[1, 1] + lambda_schools
left[2, 2] = left[2, 2] + lambda_schools
left[3, 3] = left[3, 3] + lambda_schools
right = X_and_Z.T @ y
names = ["mean", "S1", "S2", "S3"]
equations = pd.DataFrame(left, index=names, columns=names)
equations["right side"] = right
print(equations.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: 12, 4, 4, 4, the students in all and in each school. On the right are the sums of their scores. The only trace of "random" is the $\lambda$ = 1.407 on the diagonal of the schools. Now solve, and compare with the formula of the BLUP in section 5 and with the library:

# %% slideshow={"slide_type": "-"}
solution = np.linalg.solve(left, right)
V = mm.build_V_cs(sigma2_b, sigma2, schools["school"])
residuals = y - mean_of_all
by_V = sigma2_b * Z.T @ np.linalg.inv(V) @ residuals
routes = pd.DataFrame({
    "Henderson": solution,
    "GZ'V⁻¹r": np.append(mean_of_all, by_V),
    "mm.henderson": mm.henderson(school_fit).solution.to_numpy(),
}, index=names)
print(routes.round(3).to_string())

# %% [markdown] notes="Expect 'yes, four equations for four unknowns': reply 'how many school means do we have?' Who says 'it can be solved' is right: in many ways." slideshow={"slide_type": "subslide"}
# One solution by three routes: a mean of 54.457 points, S1 and S2 below it, S3 9.109 above. (And $\mathbf V$, with its 12 rows, was not needed: four equations were enough. This is why Henderson's way made large problems possible.)
#
# **Predict.** Leave $\lambda$ out. Do the equations still have one single solution? The *rank* counts the equations that say something new:

# %% slideshow={"slide_type": "-"}
without_lambda = X_and_Z.T @ X_and_Z
print("rank with lambda:   ", np.linalg.matrix_rank(left), "of 4")
print("rank without lambda:", np.linalg.matrix_rank(without_lambda), "of 4")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: no, they have many. (And `np.linalg.solve` may return one of them without a word.) Without $\lambda$ these are the equations of *fixed* school effects, where three school means cannot fix four numbers, so that one school must become the reference. $\lambda$ pulls every school a little towards zero, and that is enough for one answer.

# %% [markdown] minutes=5 notes="The one-school case of section 6 is the derivation for r = 4: let somebody repeat it with r.\nThen the lost plots: how many factors will there be? Expect 'four, one for each block': reply 'which letters of the formula differ between blocks?'" slideshow={"slide_type": "slide"}
# ## 7. Find the factor in unequal groups
#
# What we did for four students works for any number $r$ of rows. Let $\bar d_j$ be the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over the rows of group $j$: how far it lies, on average, from what the fixed effects let us expect of its rows. In a model with one random intercept and independent errors of equal variance
#
# $$\hat u_j = \frac{r}{r + \lambda}\,\bar d_j, \qquad \lambda = \frac{\sigma^2}{\sigma_b^2}.$$
#
# With a single mean in the fixed part $\bar d_j$ is $\bar y_j - \hat\mu$; and where every group holds the same treatments, as in section 2, it is the deviation of the raw mean as well. Otherwise it is not, in general: a block that has lost its best genotypes has a low mean for that reason alone, and $\mathbf X\hat{\boldsymbol\beta}$ takes this into account.
#
# **Predict.** The last four plots of block R4 are lost. How many different factors will the blocks have? Which block keeps the smallest part?

# %% slideshow={"slide_type": "subslide"}
sorghum = mm.load("sorghum")
lost_four = sorghum.iloc[:-4]                     # all rows but the last four
lost_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=lost_four)
ratio = lost_fit.sigma2 / lost_fit.varcomp["variance"][0]
expected = lost_fit.predict(groups="population")      # X beta_hat, for each plot
difference = lost_four["yield_kg_ha"] - expected
by_block = difference.groupby(lost_four["block"], observed=True)
table = pd.DataFrame({"plots": by_block.size(), "mean d": by_block.mean()})
table["factor"] = table["plots"] / (table["plots"] + ratio)
table["factor × d"] = table["factor"] * table["mean d"]
table["BLUP"] = lost_fit.ranef().set_index("level")["estimate"]
print(table.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: two factors, and the smallest for R4, which has 14 plots where the others have 18. Factor times $\bar d$ is the BLUP in every row.
#
# > **Common slip: taking the deviation of the raw mean.** It is right when all groups hold the same treatments. R4 has lost four *particular* genotypes, so its raw mean is not comparable with the others; $\bar d_j$ is.
#
# The factor has a plain meaning. A measured deviation has (with $\boldsymbol\beta$ known) the variance $\sigma_b^2 + \sigma^2/r$: the true part, and the error of a mean of $r$ rows. The factor is the true part's share,
#
# $$\frac{r}{r + \lambda} = \frac{\sigma_b^2}{\sigma_b^2 + \sigma^2/r}.$$

# %% [markdown] minutes=5 notes="This is where heritability and shrinkage turn out to be one number.\nBreeders in the room will have met it as H squared on an entry-mean basis.\nExpect '35 factors': reply 'in what do two entries of the same years differ, in this formula?' Expect 'one year keeps more, it was the good one': reply 'is a yield in the formula?'" slideshow={"slide_type": "slide"}
# ## 8. Shrink the clover entries
#
# The mean of a clover entry carries more than one random part: its own effect, the interactions of its years, and the errors of its plots. (Every block holds all entries of its year, so the blocks cancel. With lost plots the formula is only nearly right; `ranef()` has the exact value.) The factor is again the share of the true part:
#
# $$\text{factor} = \frac{\sigma_g^2}{\sigma_g^2 + \sigma_{gy}^2/\text{years} + \sigma^2/\text{plots}},$$
#
# with $\sigma_g^2$ for entries (genotypes) and $\sigma_{gy}^2$ for the interaction of entry and year. Breeders call such a share the *heritability* of an entry mean.
#
# **Predict.** How many different factors will there be? Will an entry of one year keep more or less than an entry of two?

# %% slideshow={"slide_type": "subslide"}
variances = fit.varcomp.set_index("group")["variance"]
of_years = variances["entry:site_year"] / entries["years"]
of_plots = variances["Residual"] / entries["plots"]
entries["factor"] = variances["entry"] / (variances["entry"] + of_years + of_plots)
print(entries.groupby("years")["factor"].agg(["min", "max"]).round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: two, and more for two years. The column `min` is the smallest and `max` the largest factor of the entries with so many years; they are equal. Does the formula give the BLUPs? As in section 7 we need $\bar d$, the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over the plots of an entry; that is the raw mean, minus what was expected of the average entry in the years of this entry:

# %% slideshow={"slide_type": "subslide"}
effects = fit.ranef()
effects_of_entries = effects[effects["group"] == "entry"].set_index("level")
entries["BLUP"] = effects_of_entries["estimate"]
expected_clover = fit.predict(groups="population")
by_entry_expected = expected_clover.groupby(clover["entry"], observed=True)
entries["expected"] = by_entry_expected.mean()         # in the years of this entry
entries["d"] = entries["raw mean"] - entries["expected"]
entries["factor × d"] = entries["factor"] * entries["d"]
columns = ["raw mean", "plots", "years", "expected", "d", "factor",
           "factor × d", "BLUP"]
rounded = entries[columns].round({"raw mean": 1, "expected": 1, "d": 1})
print(rounded.head(10).round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The formula gives the BLUP in every row (and in the other 25). Both factors are small, 0.210 for two years and 0.117 for one. Even four plots in two years say little about an entry, as long as its rank changes so much from year to year.
#
# > **Common slip: the factor of section 7 in a model with several random terms.** It counts plots only. For an entry with four plots $r/(r + \sigma^2/\sigma_g^2)$ would keep 0.327, because it forgets that the interaction moves the mean as well.

# %% slideshow={"slide_type": "-"}
ratio_clover = variances["Residual"] / variances["entry"]
print(f"plots only, 4 plots: {4 / (4 + ratio_clover):.3f}")

# %% [markdown] minutes=7 notes="Move the slider to both ends before you show the static picture.\nIn the printed table the last two columns are the ones to talk about: what the winner promises, and what it holds. Expect 'errors average out, so the winner is as good as it looks': reply 'do they average out for the one that you picked because it was highest?'" numbers_from={"100": "our own choice", "400": "our own choice"} slideshow={"slide_type": "slide"}
# ## 9. Turn one knob: what shrinkage is good for
#
# Is it wise to believe in a part only? We need to know the truth, so we make it: eight groups with true effects of variance 100, and plots with variance 400. The true ratio $\sigma_b^2/\sigma^2$ is therefore 0.25. The groups have unequal numbers of plots. The function shrinks the raw deviations as a model would that believes in a certain `ratio` (so $\lambda$ is 1/ratio):

# %% slideshow={"slide_type": "skip"}
n_plots = np.array([1, 1, 2, 4, 4, 8, 16, 16])
rng = np.random.default_rng(seed=15)
truth = rng.normal(scale=10, size=8)
raw = truth + rng.normal(scale=20, size=8) / np.sqrt(n_plots)
group_names = [f"n = {number}" for number in n_plots]

def draw_shrinkage(ratio, ax):
    shrunken = n_plots / (n_plots + 1 / ratio) * raw
    for row in range(8):
        ax.plot([raw[row], shrunken[row]], [row, row], color="grey", linewidth=1)
    ax.plot(raw, range(8), "o", color="grey", markerfacecolor="white", label="raw")
    ax.plot(shrunken, range(8), "o", markersize=4, label="shrunken")
    ax.plot(truth, range(8), "|", color="black", markersize=14, label="truth")
    ax.axvline(0, color="grey", linewidth=1)
    ax.set_xlim(-45, 45)
    ax.set_yticks(range(8), group_names)
    ax.set_xlabel("deviation")
    ax.set_title(f"ratio {ratio:.2f}")


# %% [markdown] slideshow={"slide_type": "-"}
# **Predict.** The slider sets the ratio in which the *model* believes. What do you see at its left end, 0.01, and at its right end, 10? And at 0.25: which groups are pulled in by the largest part of their raw deviation?

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def picture(ratio):
    fig, ax = plt.subplots(figsize=(6, 3.6))
    draw_shrinkage(ratio, ax)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    plt.show()

interact(picture, ratio=FloatLogSlider(
    value=0.25, base=10, min=-2, max=1, step=0.1, continuous_update=False));

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Raw deviations (rings), shrunken ones (dots) and the truth (black bars) of eight groups; n is the number of plots.*
#
# The same for three positions of the slider:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.6), sharey=True)
draw_shrinkage(0.01, axes[0])
draw_shrinkage(0.25, axes[1])
draw_shrinkage(10, axes[2])
axes[2].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 4. The same groups, shrunken by models that believe in a ratio of 0.01, 0.25 (the truth) and 10.*
#
# You should have said: a model that believes in a small ratio takes all groups for equal, one that believes in a large ratio believes everything that was measured. At 0.25 the groups with few plots are pulled in by the largest part: with one plot a group loses four fifths of its raw deviation, with 16 plots one fifth.
#
# One draw proves nothing, so we repeat the trial 10,000 times. In each we pick a *winner*, once by the raw deviation and once by the BLUP (with the true ratio). What does the winner promise, and what is it truly worth?
#
# **Predict.** Is the winner by raw deviation truly as good as it looks? Which of the two winners is better in truth?

# %% slideshow={"slide_type": "subslide"}
def repeat_trials(n_plots):
    n_trials = 10_000
    rng = np.random.default_rng(seed=10)
    truths = rng.normal(scale=10, size=(n_trials, 8))
    errors = rng.normal(scale=20, size=(n_trials, 8)) / np.sqrt(n_plots)
    raws = truths + errors
    blups = n_plots / (n_plots + 4) * raws            # lambda = 400/100 = 4
    trials = np.arange(n_trials)
    results = {}
    for name, values in [("raw", raws), ("BLUP", blups)]:
        winner = values.argmax(axis=1)                # the best of each trial
        results[name] = {
            "typical error": np.std(values - truths),
            "winner promises": values[trials, winner].mean(),
            "winner is worth": truths[trials, winner].mean(),
        }
    return pd.DataFrame(results).T

print(f"10000 trials; plots: {n_plots}")
print(repeat_trials(n_plots).round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# A row for each way to choose. The winner by raw deviation promises 23.4 on average and is worth 8.6: whoever has the largest raw deviation was probably good *and* lucky, and with one plot luck is cheap. This is the **winner's curse**; it is at work every time an outstanding line turns ordinary in the next trial. The winner by BLUP keeps what it promises, 10.2 against 10.1, and it *is* better. (We knew the true ratio here. With an estimated one, from few groups, a BLUP can promise too much as well, but less than the raw deviation.) And the typical error is smaller, too.
#
# (Give all groups the same number of plots: put `n_plots = np.full(8, 4)`, eight times 4, in front of the last two lines. Then both pick the same winner, but only the BLUP is honest about its worth.)

# %% [markdown] minutes=4 notes="Ask for the two reasons of a crossover before showing the table: fewer plots, other years.\nC08 is the friendly case: it climbs, because its only year was the poor one. Expect 'those with the largest means move most': reply 'what do C26 and C16 do?'" slideshow={"slide_type": "slide"}
# ## 10. Follow the ranks
#
# Back to clover. Unequal factors change the order of the entries, and here there is a second cause: the raw mean of an entry depends on the years in which it happened to be grown.
#
# **Predict.** Which entries will move most, those of one year or those of two?

# %% slideshow={"slide_type": "subslide"}
rank_raw = entries["raw mean"].rank(ascending=False)        # 1 is the best
rank_BLUP = entries["BLUP"].rank(ascending=False)
entries["rank, raw"] = rank_raw.astype(int)                 # whole numbers
entries["rank, BLUP"] = rank_BLUP.astype(int)
entries["places up"] = entries["rank, raw"] - entries["rank, BLUP"]
largest_moves = entries["places up"].abs().nlargest(8).index
columns_of_ranks = ["years", "raw mean", "expected", "BLUP", "rank, raw",
                    "rank, BLUP", "places up"]
print(entries.loc[largest_moves, columns_of_ranks].round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: those of one year. C10 was number 1 by its raw mean and is number 9 by its BLUP. Its 61.3 came from the good year alone, where 50.0 is expected of everybody, and of the difference a part of 0.117 is kept. C08 is the friendly case: it was seen in the poor year only, and climbs. Its 45.6 looks modest, until you compare it with the 38.4 that was expected there.
#
# All entries in two pictures: on the left the way from raw mean to BLUP, on the right the ranks. (We add each BLUP to the mean of both site-years, so that it can be compared with the raw mean.)

# %% slideshow={"slide_type": "subslide"}
mean_of_both_years = fit.beta["Intercept"] + fit.beta["site_year[T.25AL]"] / 2
entries["predicted"] = mean_of_both_years + entries["BLUP"]
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 4.4))
for name in entries.index:
    entry = entries.loc[name]
    if entry["years"] == 2:
        line = "o-"
        color = "grey"
    else:
        line = "s--"
        color = "black"
    left_ax.plot(["raw mean", "BLUP"], [entry["raw mean"], entry["predicted"]],
                 line, color=color, markersize=4, linewidth=1)
    right_ax.plot(["raw mean", "BLUP"], [entry["rank, raw"], entry["rank, BLUP"]],
                  line, color=color, markersize=4, linewidth=1)
left_ax.set_ylabel("biomass")
right_ax.set_ylabel("rank (1 is best)")
right_ax.invert_yaxis()
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. Each line is an entry, from its raw mean to its BLUP: biomass (left) and rank (right). Grey circles: two years; black squares and broken lines: one year.*
#
# On the left everything is drawn together; on the right the grey lines, entries of two years, do not cross each other, because they all keep the same part. The black lines cross many.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: how narrow may the BLUPs be?
#
# How far do the entries spread, by plots, by raw means, and by BLUPs?

# %% slideshow={"slide_type": "skip"}
print(f"SD of the plots:      {clover['biomass'].std():.1f}")
print(f"SD of the raw means:  {entries['raw mean'].std():.1f}")
print(f"SD of the BLUPs:      {entries['BLUP'].std():.1f}")
variance_of_blups = (entries["factor"] * variances["entry"]).mean()
print(f"SD of true effects, as estimated: {np.sqrt(variances['entry']):.1f}")
print(f"SD that BLUPs should then have:   {np.sqrt(variance_of_blups):.1f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Every step narrows the distribution, and the BLUPs end up narrower than the true effects are *expected* to be. It must be so: a BLUP that keeps the part $f$ of what was measured has the variance $f\sigma_g^2$, or nearly.
#
# > **Common slip: the variance of the BLUPs for the variance of the effects.** What shrinkage took away is missing from it. The variance of the raw means is no better, because interaction and error are in it. REML estimates the variance; the BLUPs follow from it.
#
# ### For reading: and with fixed entries?
#
# What does an analysis say in which everything is fixed, entries and interaction, too? We ask for the mean of each entry over both site-years:

# %% slideshow={"slide_type": "skip"}
all_fixed = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", data=clover)
marginal = mm.emmeans(all_fixed, "entry").set_index("entry")
no_answer = marginal["mean"].isna()                # isna: is it missing?
print(f"{no_answer.sum()} of {len(marginal)} entries have no mean")
print(marginal.loc[["C09", "C10"], ["mean", "se"]].round(1).to_string())

# %% [markdown] slideshow={"slide_type": "skip"}
# Twelve entries get no answer (NaN), C10 among them: with a number of its own for every entry in every year, nothing in the data speaks about C10 in 25AL. The mixed model answers, because it takes C10 for one of many like it.

# %% [markdown] minutes=6 notes="This is the decision of section 3. Ask who wants to change the vote before you run the second cell. Expect 'about half': reply 'how much of an entry mean is the entry?'\nEnd on the discussion: not promoted is not the same as thrown away." slideshow={"slide_type": "slide"}
# ## 11. Decide
#
# A prediction without its uncertainty decides little. `ranef()` has a column `sd`, the *conditional standard deviation* (SD): what is left of the standard deviation of $u$ once the data are known (with the variances and the fixed effects at their estimates, as if these were true). Before the trial it was 4.2 for every entry, $\hat\sigma_g$.
#
# **Predict.** We draw the BLUPs in order, with intervals of ± 1.96 conditional SDs. How many of the 35 intervals will exclude zero: most, about half, or hardly any?

# %% slideshow={"slide_type": "subslide"}
entries["sd"] = effects_of_entries["sd"]
ordered = entries.sort_values("BLUP")
two_years = ordered["years"] == 2
position = pd.Series(range(35), index=ordered.index)

z = norm.ppf(0.975)                               # 1.96, for 95 %
fig, ax = plt.subplots(figsize=(9, 3.6))
ax.errorbar(position[two_years], ordered["BLUP"][two_years],
            z * ordered["sd"][two_years], fmt="o", label="two years")
ax.errorbar(position[~two_years], ordered["BLUP"][~two_years],
            z * ordered["sd"][~two_years], fmt="s", color="black",
            markerfacecolor="white", label="one year")
ax.axhline(0, color="grey", linewidth=1)
ax.set_xticks(position, ordered.index, rotation=90)
ax.set_xlabel("entry")
ax.set_ylabel("BLUP ± 1.96 SD (biomass)")
ax.legend(loc="upper left")
plt.show()
excludes_zero = ordered["BLUP"].abs() > z * ordered["sd"]
print(f"BLUP ± {z:.2f} SD; intervals that exclude zero:", excludes_zero.sum())
print(ordered.groupby("years")["sd"].mean().round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. BLUPs of the clover entries in order, with intervals of ± 1.96 conditional SDs. (`~` means not.)*
#
# You should have said: hardly any. There is none. The data have reduced the SD of an entry from 4.2 to 3.9 after one year and to 3.7 after two, and that is little. (They would be 95 % intervals if the variances were known. Here they are estimates from one trial; in trials simulated with these values such intervals hold the true effect in fewer than 70 % of the cases, because $\hat\sigma_g^2$ often comes out far too small; in about 3 of 10 such trials it is zero, and then every interval has no width.)
#
# Yet two seats must be filled. Who gets them, by raw means and by BLUPs?

# %% slideshow={"slide_type": "-"}
print("by raw mean:", list(entries.nlargest(2, "raw mean").index))
print("by BLUP:    ", list(entries.nlargest(2, "BLUP").index))

# %% [markdown] slideshow={"slide_type": "subslide"}
# They agree on C26 and disagree on the second seat: C10 or C16? How sure is the exchange? The inverse of Henderson's left side (in its first form, not multiplied by $\sigma^2$) holds the variances and covariances of the prediction errors $\hat{\mathbf u} - \mathbf u$, so it gives the standard deviation of the *difference* of two predictions. `norm.cdf(z)` is the chance that a standard normal number is below `z`:

# %% slideshow={"slide_type": "-"}
C16 = ("entry", "C16", "Intercept")               # the names of rows and columns
C10 = ("entry", "C10", "Intercept")
inverse = mm.henderson(fit).inverse
variance_of_difference = (
    inverse.loc[C16, C16] + inverse.loc[C10, C10] - 2 * inverse.loc[C16, C10])
sd_of_difference = np.sqrt(variance_of_difference)
difference_of_two = entries["BLUP"]["C16"] - entries["BLUP"]["C10"]
chance = norm.cdf(difference_of_two / sd_of_difference)
print(f"C16 minus C10: {difference_of_two:.2f} with SD {sd_of_difference:.2f}")
print(f"chance that C16 is truly the better one: {chance:.2f}")

# %% [markdown] notes="Three honest positions: take the better bet; say that the data cannot tell; test C10 again because it is uncertain.\nAll three can be defended. What cannot be defended is 'C10 because 61.3'." slideshow={"slide_type": "fragment"} tags=["discuss"]
# By raw means C10 gets the seat, by BLUPs C16, although its raw mean is smaller. The BLUP is the better bet, and no more than a bet, with a chance of 61 %. (The chance takes the variances as known.) That is all this trial can say.
#
# **Discuss.** Would you promote C10 after all? Would you throw it away? What if a third entry could be tested once more, cheaply?
#
# <details><summary>Answer</summary>
# For two safe seats take the two largest BLUPs. C10 was seen in one year only: its interval is wider, so a small extra trial teaches more about it than about an entry with four plots. Not promoted is not the same as thrown away. But to promote C10 <em>because it measured 61.3</em> means betting that one good year was no luck.
# </details>

# %% [markdown] minutes=1.5 notes="Ask who would vote differently now, and what convinced them: the table of section 9, or the years." slideshow={"slide_type": "slide"}
# ## 12. Wrap up
#
# Your choice of section 3, and what the trial says about it:

# %% slideshow={"slide_type": "-"}
print("you chose:     ", my_choice)
print("the BLUPs take:", list(entries.nlargest(2, "BLUP").index))
print(entries.loc[["C10", "C16", "C26"], ["rank, raw", "rank, BLUP"]].to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **To take away**
#
# 1. A BLUP is the part of a measured deviation that the model believes in. With one random intercept this part is $r/(r + \lambda)$ of the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$.
# 2. With one random intercept and equal information there is one factor for all, and the order stays. Unequal information: ranks may change, because little information is believed less.
# 3. The largest raw mean was probably good *and* lucky. Its BLUP says what to expect of it next year, as far as the variances are known.

# %% [markdown] minutes=0.5 notes="Homework. Number 3 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 13. On your own
#
# 1. **Do.** Suppose that $\sigma_b^2$ of the schools were ten times as large. Copy the cell that builds `left` to the end of the notebook, write `lambda_schools / 10` for `lambda_schools` in it, and add the line `print(np.linalg.solve(left, right))`. How large is the effect of S3 now, and why?
# 2. **Explain.** To a fellow student, in two sentences: why may an entry with a smaller raw mean have the larger BLUP?
# 3. **Change one knob.** In section 9 give the first group one plot, and all others 16: `n_plots = np.array([1, 16, 16, 16, 16, 16, 16, 16])`. How much does the winner by raw deviation promise, and what is it worth? Guess first: will the difference be larger or smaller than before?
# 4. **Transfer.** In the barley trial, `mm.load("barley")`, make the genotypes random: `yield_t_ha ~ fungicide + (1 | genotype) + (1 | block/fungicide)`. How many different factors do the genotypes have, and how many of the best ten by raw mean are also among the best ten by BLUP?
#
# <details><summary>Answers</summary>
# <ol>
# <li>11.89 of the 12.31 points that were measured: λ is 0.141, so the factor is 4/4.141 = 0.966. If schools usually differ a lot, a large difference is no surprise. (The mean stays, because the schools are equal.)</li>
# <li>Its mean rests on more plots, or comes from a poorer year. The model compares it with what was to be expected in its years, and believes more in what more plots have shown.</li>
# <li>Smaller: it promises 18.8 and is worth 10.8. Only one group is uncertain, so luck wins less often.</li>
# <li>One factor, 0.862, because the trial is balanced, with 8 plots of each genotype. So the order stays, and all ten are the same.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day5_exercises](exercises/day5_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Robinson's paper reads well on a train." slideshow={"slide_type": "slide"}
# ## 14. In practice and further reading
#
# In practice the predictions are one line:
#
# ```
# mmteach      fit.ranef()
# statsmodels  fit.random_effects
# R            ranef(fit)
# SAS          random rep entry entry*site_year / solution;
# ```
#
# **Next:** [day5_slopes_and_levels](day5_slopes_and_levels.ipynb), where an effect is a *line*, with an intercept and a slope, and where groups lie in groups.
#
# ### Further reading
#
# - Henderson (1975), *Best linear unbiased estimation and prediction under a selection model*, Biometrics 31, 423–447.
# - Robinson (1991), *That BLUP is a good thing: the estimation of random effects*, Statistical Science 6, 15–32.
# - Efron and Morris (1977), *Stein's paradox in statistics*, Scientific American 236(5), 119–127: shrinkage with baseball players.
