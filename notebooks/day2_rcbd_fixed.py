# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Open both notebooks of the pair in two tabs: every section has a twin.\nShow the picture and promise that each part of it will be computed within the hour.\nWith 50 minutes: leave sections 4, 9, 15 and 16 for reading, and show of section 11 the static picture only." slideshow={"slide_type": "slide"}
# # Analyse a field trial in blocks: blocks fixed
#
# ![Two square pictures and a row of means. Left: a covariance matrix with a coloured diagonal only. Right: the same with a coloured square for each block. Below: the genotype means with error bars from both analyses, and two bars of equal length for the standard error of a difference.](figures/pair.png)
#
# *One sorghum trial, two analyses. The squares show which plots vary together, according to each model. The row below shows the genotype means with their standard errors. This notebook builds the analysis on the left. Its twin, `day2_rcbd_mixed`, has the same sections and builds the one on the right.*

# %% [markdown] notes="Read the aims aloud; ask who has fitted a model with blocks before." slideshow={"slide_type": "subslide"}
# **What you do.** You fit a linear model in which genotypes and blocks are both fixed effects. Then you rebuild every number of its printout from two matrices.
#
# **What you can do afterwards**
#
# - write one model in three ways: for one plot, as a distribution, with matrices;
# - compute the estimates, their standard errors, t and p by hand;
# - say what the model assumes about plots of the same block;
# - tell the standard error of a mean from the standard error of a difference.
#
# **What you need.** `day1_linear_model`, or a first course in regression. In class: 60 minutes.

# %% [markdown] minutes=4 notes="Let the class explain the layout before you name it.\nPeople mix up treatment structure and design structure: the first is what we chose to compare, the second is how the land was divided." slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# The trial compared sorghum genotypes in Sudan (Omer and others, 2015). The yield of each plot is given in kg/ha. First the tools:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from ipywidgets import FloatSlider, interact
from scipy import stats

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
trial = mm.load("sorghum")
plt.rcParams.update(plots.STYLE)
genotypes, blocks = trial.genotype.cat.categories, trial.block.cat.categories
trial.head(3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One row is one plot. A block is a piece of land that is as even as possible. Inside each block the genotypes were given to the plots by lot. The file does not tell where each plot lay, so the sketch draws the lots anew:

# %% slideshow={"slide_type": "subslide"}
layout = trial.groupby("block", observed=True).sample(frac=1, random_state=2)
reading = plots.show_field(layout, "block", "genotype", highlight="G01")
plt.show()
print(reading)

# %% [markdown] notes="Two minutes in pairs, then collect.\nExpect 'the block is the experimental unit': ask what received a genotype by lot." slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. A possible layout of the trial. Each long box is a block, each cell a plot; the plots of genotype G01 are filled.*
#
# **Discuss.** What was given to what, and by lot? What is the treatment structure? What is the design structure? Why is this called a *randomised complete block design*?
#
# <details><summary>Answer</summary>
# A genotype was given to a plot, so the plot is the experimental unit. The treatment structure is one factor, genotype, with no grouping among its levels. The design structure is plots within blocks. <em>Complete</em>: every block holds every genotype. <em>Randomised</em>: lots were drawn in each block anew.
# </details>

# %% [markdown] minutes=4 notes="One genotype alone first: a mean, an SD, an SE.\nThe point is the small number of plots behind that SD." slideshow={"slide_type": "slide"}
# ## 2. Recall: what we know already
#
# The simplest model has one mean and independent errors: $y_i \sim N(\mu, \sigma^2)$. Here $\sigma$ is the standard deviation of a plot around its mean. Its estimate from $r$ plots gives the standard error of the mean, $s/\sqrt{r}$. Take one genotype alone and forget the blocks:

# %% slideshow={"slide_type": "-"}
g01 = trial.yield_kg_ha[trial.genotype == "G01"]
se_alone = g01.std() / np.sqrt(len(g01))
print(f"G01, {len(g01)} plots: mean {g01.mean():.1f} kg/ha, SD {g01.std():.1f}, SE {se_alone:.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four plots say little about $\sigma$: this estimate rests on 3 degrees of freedom. A model for the whole trial pools what all the plots say about $\sigma$.
#
# **Check.** Would the standard error of G02, found in the same way, be the same?
#
# <details><summary>Answer</summary>
# No. Every genotype would get its own SD, from its own four plots. A common $\sigma$ is an assumption of the model. It is checked on day 7.
# </details>

# %% [markdown] minutes=2 notes="Everybody types three numbers before going on. Do not comment on them yet." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# Guess three quantities, in kg/ha, before the model shows them. Type your numbers over ours:
#
# - $\sigma$: how far a plot lies from what genotype and block let us expect;
# - the standard error of a genotype mean;
# - the standard error of a difference of two genotype means, SED for short.

# %% slideshow={"slide_type": "-"}
guess = {"sigma": 100, "SE of a mean": 50, "SED": 60}
print("My guesses, in kg/ha:", ", ".join(f"{name} {value}" for name, value in guess.items()))

# %% [markdown] minutes=4 notes="Ask for the block first: which marker tends to stand on top?\nThen for the genotypes: which ones would you plant?" slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# Each genotype has one plot in each block. We sort the genotypes by their mean and give each block its own marker:

# %% slideshow={"slide_type": "subslide"}
reading = plots.show_points(
    trial.yield_kg_ha, trial.genotype, trial.block, sort=True, unit="yield (kg/ha)")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Yield of every plot, with a marker for the block and a line at the mean of the genotype.*
#
# **Check.** If the blocks did not differ, for about how many genotypes would R1 hold the best plot?
#
# <details><summary>Answer</summary>
# For one in four. Compare with the sentence below the figure.
# </details>

# %% [markdown] minutes=5 notes="Let the print stand for a while. Ask for the meaning of the intercept before telling it.\nMost will say: the overall mean." slideshow={"slide_type": "slide"}
# ## 5. Fit first
#
# Fit now, understand afterwards. Genotype and block enter as categories. Yield is the response:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lm("yield_kg_ha ~ genotype + block", data=trial)
print(fit.summary())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the printout block by block.
#
# - **Residuals**: the smallest, the quartiles and the largest distance of a plot from what genotype and block let us expect, in kg/ha.
# - **Fixed effects**: `Intercept` is the expected yield of G01 in block R1. `genotype[T.G02]` is the difference G02 − G01, an estimated −66.52 kg/ha. `block[T.R2]` is the difference R2 − R1. G01 and R1 have no row, because they are what the others are compared with.
# - **The last lines**: plots scatter by about 160.1 kg/ha around their expectation. $R^2$ is the share of the variation that genotypes and blocks explain. F compares the whole model with a single mean.
#
# Which part of the model earns that F? The analysis of variance tells genotypes and blocks apart:

# %% slideshow={"slide_type": "-"}
mm.anova(fit)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each row weighs a mean square against that of the residuals, 25627, by their ratio F. Genotypes: F = 5.6880 on 17 and 51 degrees of freedom. *Type II* says what each row was adjusted for: here the other factor. In a complete trial all types agree (day 6).
#
# **Check.** What does the model expect for G18 in block R2?
#
# <details><summary>Answer</summary>
# Intercept + G18 + R2 = 672.03 + 448.28 − 150.83 kg/ha.
# </details>

# %% [markdown] minutes=8 notes="Write the scalar line on the board and let the class fill the matrices for the first and the last plot.\nSwitch to the twin here: only the block term changes its letter." slideshow={"slide_type": "slide"}
# ## 6. Open the box
#
# **One plot.** The yield of genotype $i$ in block $j$ is
#
# $$y_{ij} = \beta_0 + g_i + b_j + \varepsilon_{ij}, \qquad \varepsilon_{ij} \sim N(0, \sigma^2).$$
#
# $g_i$ is what genotype $i$ adds, $b_j$ is what block $j$ adds. Both are fixed numbers that we estimate, with $g_1 = b_1 = 0$.
#
# **The distribution.** All plots at once, with their errors independent:
#
# $$\mathbf y \sim N(\mathbf X \boldsymbol\beta,\; \mathbf V), \qquad \mathbf V = \sigma^2 \mathbf I.$$
#
# **The matrices.** $\mathbf y$ holds the yields. $\boldsymbol\beta$ holds $\beta_0$, the $g_i$ and the $b_j$. $\mathbf X$ holds a row for each plot and a column for each number in $\boldsymbol\beta$: 1 where the number counts, 0 where it does not. By hand:

# %% slideshow={"slide_type": "subslide"}
y, n = trial.yield_kg_ha.to_numpy(), len(trial)
dummies = [trial.genotype == g for g in genotypes[1:]] + [trial.block == b for b in blocks[1:]]
X = np.column_stack([np.ones(n), *dummies])
print(f"X has {X.shape[0]} rows, {X.shape[1]} columns and rank {np.linalg.matrix_rank(X)}")

# %% [markdown] notes="The slip is in many lecture notes, the printed 'otherwise' line reads 1.\nAsk: what would X look like if 'else' were 1?" slideshow={"slide_type": "fragment"}
# > **Common slip: the last dummy.** A dummy variable is 1 for its level *and 0 for every other level*. Some notes end their list of dummies with "1, else". With that, the last column would be 1 for every plot: a second intercept.
#
# **Predict.** How many cells of a row of $\mathbf X$ can be 1, at the least and at the most? Then look:

# %% slideshow={"slide_type": "subslide"}
names = ["1", *genotypes[1:], *blocks[1:]]
reading = plots.show_matrix(X, trial.block, labels=(None, names), title="X", split=[18])
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. The columns of $\mathbf X$, with a thick line before those of the blocks; a filled cell is 1, an empty one 0. Rows are the plots in the order of the file, with a line between blocks. The first column belongs to the intercept. G01 and R1 have no column, so the plot of G01 in R1 has a single 1.*

# %% [markdown] minutes=6 notes="Type these lines live. The only new thing is the triangular system.\nDraw attention to df: rows minus columns." slideshow={"slide_type": "slide"}
# ## 7. Write the estimate in ten lines
#
# Least squares makes the sum of squared residuals as small as possible. The solution is $\hat{\boldsymbol\beta} = (\mathbf X'\mathbf X)^{-1}\mathbf X'\mathbf y$. A computer does not form that inverse. It writes $\mathbf X = \mathbf Q\mathbf T$, where $\mathbf Q'\mathbf Q = \mathbf I$ and $\mathbf T$ is triangular, and solves $\mathbf T\hat{\boldsymbol\beta} = \mathbf Q'\mathbf y$:

# %% slideshow={"slide_type": "subslide"}
Q, T = np.linalg.qr(X)
beta = np.linalg.solve(T, Q.T @ y)
residuals = y - X @ beta
df = n - X.shape[1]
sigma2 = residuals @ residuals / df
print(f"sigma {np.sqrt(sigma2):.2f} kg/ha on {df} df; "
      f"dividing by n = {n} instead: {np.sqrt(residuals @ residuals / n):.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: dividing by n.** The residual sum of squares over $n$ is the *maximum likelihood* estimate of $\sigma^2$. It gives $\sigma$ = 134.73 kg/ha, which is too small: it forgets that the model has spent 21 coefficients. Divide by the degrees of freedom.
#
# The uncertainty of the coefficients is $\mathrm{Var}(\hat{\boldsymbol\beta}) = \sigma^2(\mathbf X'\mathbf X)^{-1} = \sigma^2\,\mathbf T^{-1}\mathbf T^{-1\prime}$. Its diagonal gives the standard errors, and these give t and p. Put them into the table of section 5:

# %% slideshow={"slide_type": "subslide"}
T_inverse = np.linalg.inv(T)
cov_beta = sigma2 * T_inverse @ T_inverse.T
se = np.sqrt(np.diag(cov_beta))
t, p = beta / se, 2 * stats.t.sf(abs(beta / se), df)
own = pd.DataFrame({"estimate": beta, "SE": se, "t": t, "p": p}, fit.beta.index)
p_text = lambda p: f"{p:.6f}" if p > 1e-4 else f"{p:.2e}"
print(own.to_string(formatters=[*["{:.3f}".format] * 3, p_text]))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same table, with more digits. (A few estimates end in 5 in the third decimal. Programs round these up or down.) Now the means. A genotype mean is a sum of coefficients: the intercept, the effect of the genotype, and the average of the block effects. Write the weights into the rows of a matrix $\mathbf L$. Then $\mathbf L\hat{\boldsymbol\beta}$ holds the means, and $\mathbf L\,\mathrm{Var}(\hat{\boldsymbol\beta})\,\mathbf L'$ their variances. `mm.emmeans` writes such an $\mathbf L$ by itself; the name means *estimated marginal means*. `mm.contrast` takes the weights of a comparison by name:

# %% slideshow={"slide_type": "subslide"}
L = np.column_stack([np.ones(18), np.eye(18)[:, 1:], np.full((18, 3), 1 / 4)])
means, se_mean = L @ beta, np.sqrt(np.diag(L @ cov_beta @ L.T))
print(f"By hand, G01: {means[0].round(6):.2f} kg/ha, SE {se_mean[0]:.2f} = sigma √(1/4)\n"
      f"By hand, SED: {se[1]:.2f} = sigma √(2/4)\n")
print(mm.emmeans(fit, "genotype", at={"genotype": ["G01", "G02"]}))
print(mm.contrast(fit, {"genotype[T.G02]": 1}))
assert np.allclose([se_mean[0], se[1]], np.sqrt([sigma2 / 4, 2 * sigma2 / 4]))

# %% [markdown] notes="Three standard errors, three questions. Let the class say the question for each." slideshow={"slide_type": "fragment"}
# Three standard errors answer three questions. 86.46 belongs to one genotype in one block. 80.04 belongs to a mean over these four blocks. 113.20 belongs to a comparison, the reason why the trial was laid out. It is the SED.

# %% [markdown] minutes=5 notes="The central picture of the day. Switch between the two tabs several times.\nPoint at one cell and ask for the two plots behind it." slideshow={"slide_type": "slide"}
# ## 8. See the covariance of the data
#
# $\mathbf V$ has a row and a column for each plot. On the diagonal stands the variance of a plot, elsewhere the covariance of two plots. We cut out a corner: three plots of R1 and three of R2. **Predict** what stands in the cell of two plots of the same block. Then run:

# %% slideshow={"slide_type": "subslide"}
V = mm.build_R(sigma2, n)
corner = [0, 1, 2, 18, 19, 20]   # rows: G01, G02, G03 in R1, then in R2
names = trial.block[corner].astype(str) + " " + trial.genotype[corner].astype(str)
symbols = {sigma2: r"$\sigma^2$", 0: "0"}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2))
plots.show_matrix(V[np.ix_(corner, corner)], trial.block[corner], symbols, labels=list(names),
                  ax=left, title="A corner of V")
reading = plots.show_matrix(V, trial.block, ax=right, title="The whole V (kg²/ha²)")
plt.show()
print(reading)

# %% [markdown] notes="The answer 'so blocks are ignored' is the useful mistake: they are in the mean." slideshow={"slide_type": "fragment"} tags=["discuss"]
# *Figure 4. The covariance matrix of the all-fixed model: the corner with symbols, the whole with colours for values in kg²/ha². White is zero.*
#
# **Discuss.** Plots of one block share their soil. Yet the model says that their covariance is 0. Where did the shared soil go?
#
# <details><summary>Answer</summary>
# Into the mean. $b_j$ moves all plots of block $j$ up or down together. Given these four numbers, what is left over is taken as independent.
# </details>

# %% [markdown] minutes=3 notes="A habit for life: no number counts before a second route has produced it." slideshow={"slide_type": "slide"}
# ## 9. Agree by four routes
#
# The ten lines above, `mm.lm`, the library statsmodels, and the printout of R's `lm` should tell the same story. The R values are typed as R prints them:

# %% slideshow={"slide_type": "subslide"}
ols = smf.ols("yield_kg_ha ~ genotype + block", data=trial).fit()
pick = [0, 1, 17, 18]      # the rows Intercept, G02, G18 and R2
def line(beta, se, sigma):
    return [*np.asarray(beta)[pick], *np.asarray(se)[pick], sigma]
names = ["G01 in R1", "G02 − G01", "G18 − G01", "R2 − R1", *["its SE"] * 4, "sigma"]
routes = pd.DataFrame({"own": line(beta, se, np.sqrt(sigma2)),
                       "mm.lm": line(fit.beta, fit.se, fit.sigma),
                       "statsmodels": line(ols.params, ols.bse, np.sqrt(ols.mse_resid))}, names)
R = "672.03 -66.52 448.28 -150.83 86.46 113.20 113.20 53.36 160.1".split()
print(routes.round(6).assign(R=R).to_string(float_format="{:.2f}".format))
assert np.allclose(routes.T, routes.own) and np.allclose(routes.own, np.array(R, float), atol=0.02)

# %% [markdown] minutes=4 notes="Deviations from the mean of the blocks are easier to discuss than differences from R1.\nIn the twin these four numbers shrink." slideshow={"slide_type": "slide"}
# ## 10. Meet the blocks
#
# The model gave the blocks as differences from R1. Their deviations from the average block say the same and treat the four alike. Their mean square says how far they lie apart; it is the one of the analysis of variance:

# %% slideshow={"slide_type": "subslide"}
raw = np.r_[0, beta[18:]] - beta[18:].sum() / 4
ms_blocks = 18 * (raw @ raw) / 3
print(pd.Series(raw, blocks).to_string(float_format="{:.2f}".format))
print(f"mean square: blocks {ms_blocks:.0f}, residuals {sigma2:.0f}, F {ms_blocks / sigma2:.4f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# R1 yields 90.18 kg/ha more than the average block, as measured. The fixed analysis takes this number at face value. Part of it is chance, though: a block mean rests on 18 plots, and each carries its own error.
#
# > **Common slip: "the effect of R1 is zero".** In the table of section 5, R1 has no row. That is a choice of reference, not a result. Another reference level changes the coefficients; the deviations above stay the same.

# %% [markdown] minutes=3 notes="Let somebody predict before moving the slider: what happens to V?\nNothing: that is the point." slideshow={"slide_type": "slide"}
# ## 11. Turn one knob
#
# Suppose the blocks differed more, or less. The slider multiplies the block differences in the data by a factor. 1 is the trial as it was, 0 is a field with even soil. The model is then fitted anew. **Predict** for each half of the picture: will it change?

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def with_block_differences(factor, left, right):
    changed = trial.assign(yield_kg_ha=y + (factor - 1) * raw[trial.block.cat.codes])
    refit = mm.lm("yield_kg_ha ~ genotype + block", data=changed)
    b = np.r_[0, refit.beta.iloc[18:]]
    V_now = mm.build_R(refit.sigma2, 6)
    plots.show_matrix(V_now, trial.block[corner], ax=left, title="Corner of V")
    reading = plots.show_shrinkage(blocks, factor * raw, b - b.mean(), "kg/ha", limit=280, ax=right)
    right.set_title(f"Blocks, factor {factor:.1f}")
    return f"Factor {factor:.1f}: G02 − G01 {refit.beta.iloc[1].round(6):.2f} kg/ha; {reading}"

@interact(factor=FloatSlider(value=1, min=0, max=3, step=0.1, continuous_update=False))
def picture(factor):
    reading = with_block_differences(factor, *plt.subplots(1, 2, figsize=(9, 3.6))[1])
    plt.show()
    print(reading)


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. Left: a corner of $\mathbf V$, values in kg²/ha². Right: block deviations in kg/ha, as put into the data (circles) and as estimated (dots).* The same for three positions of the slider, side by side:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.4), height_ratios=[3, 2])
readings = [with_block_differences(factor, *pair) for factor, pair in zip((0, 1, 3), axes.T)]
plt.show()
print(*readings, sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. Block differences multiplied by 0, 1 and 3.* $\mathbf V$ does not move, and neither do the comparisons of genotypes. The block effects follow the data all the way: circle and dot lie on top of each other. In this model, block differences live in the mean.

# %% [markdown] minutes=4 notes="Return to the guesses after the table.\nThe twin makes the same table from the other side." slideshow={"slide_type": "slide"}
# ## 12. What is the same, what differs
#
# Now the other analysis, `mixed`: the brackets take the blocks out of $\mathbf X$ and into $\mathbf V$. `mm.emmeans` gives a mean with its SE and degrees of freedom, `mm.contrast` a difference with the SED. The last column compares the two analyses by computation.
#
# Two entries are checked by hand. If blocks are a random sample of blocks, with variance $\sigma_b^2$ between them, a block mean varies by $\sigma_b^2 + \sigma^2/18$. Hence the mean square of blocks estimates $18\sigma_b^2 + \sigma^2$: solve for $\sigma_b^2$. The degrees of freedom follow from Satterthwaite's formula for a sum of mean squares:

# %% slideshow={"slide_type": "subslide"}
mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
u = mixed.ranef().estimate
def report(fit, *block_numbers):
    mean = mm.emmeans(fit, "genotype").iloc[0]
    change = mm.contrast(fit, {"genotype[T.G02]": 1}).iloc[0]
    return [change.estimate, change.se, fit.sigma, *mean[["mean", "se", "df"]], *block_numbers]
names = ["G02 − G01", "SED", "sigma", "mean of G01", "SE of a mean", "df of a mean",
         "R1, from the average", "covariance in a block"]
same = pd.DataFrame({"blocks fixed": report(fit, raw[0], V[0, 1]),
                     "blocks random": report(mixed, u[0], mixed.V.iloc[0, 1])}, names).round(4)
same["verdict"] = np.where(np.isclose(*same.to_numpy().T), "same", "differs")
print(same.to_string(float_format="{:.2f}".format))
df_mean = (ms_blocks + 17 * sigma2) ** 2 / (ms_blocks**2 / 3 + (17 * sigma2) ** 2 / df)
print(f"by hand: sigma_b² {(ms_blocks - sigma2) / 18:.2f} kg²/ha², df of a mean {df_mean:.2f}")

# %% [markdown] notes="Ask which standard error belongs into a report, and for which question." slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Discuss.** The SED is the same, the standard error of a mean is not. Which of the two does a breeder need who chooses between genotypes? And one who promises a yield to a farmer?
#
# <details><summary>Answer</summary>
# Choosing needs the SED, and here the two analyses agree. A promise is about land outside the trial. The SE with fixed blocks speaks of these four blocks only. The SE with random blocks speaks of blocks like these. Neither speaks of another year or another region.
# </details>
#
# *Figure 7 (next cell). Genotype means plus and minus one standard error under both analyses, in kg/ha. The bars at the right are as long as the SED.*

# %% slideshow={"slide_type": "subslide"}
both = {}
for name, model in {"blocks fixed": fit, "blocks random": mixed}.items():
    means, difference = mm.emmeans(model, "genotype"), mm.contrast(model, {"genotype[T.G02]": 1})
    both[name] = means["mean"], means.se, difference.se.iloc[0]
reading = plots.show_intervals(genotypes, both, unit="yield (kg/ha)")
plt.show()
print(reading)


# %% [markdown] minutes=4 notes="Before running: which equality dies first?\nHands up for estimates, SED, sigma." slideshow={"slide_type": "slide"}
# ## 13. Break it: lose some plots
#
# The equalities rest on balance: every genotype stands once in every block. Goats visit the trial and eat $k$ plots. **Predict:** which of the equalities (differences, SED, $\sigma$) dies first? The function below makes both analyses for any rows of the data:

# %% slideshow={"slide_type": "subslide"}
def compare(data):
    fixed = mm.lm("yield_kg_ha ~ genotype + block", data=data)
    mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=data)
    differences = fixed.beta.iloc[1:18] - mixed.beta.iloc[1:]   # those from G01
    seds = fixed.se.iloc[1:18] - mixed.se.iloc[1:]
    return differences.rename(lambda name: name[-4:-1]), seds, fixed.sigma - mixed.sigma

gaps = [np.max(abs(gap)) for gap in compare(trial)]
print("All plots there; largest gap between the analyses, in kg/ha: "
      "differences {:.2f}, SED {:.2f}, sigma {:.2f}".format(*gaps))

# %% [markdown] slideshow={"slide_type": "fragment"}
# With all plots in place the gaps are zero. Now lose 1, 4 and 12 plots. Turn the two knobs: `seed` chooses which plots, `lost` how many:

# %% slideshow={"slide_type": "subslide"}
seed, lost = 1, (1, 4, 12)
order = np.random.default_rng(seed).permutation(len(trial))
print("first plot lost:", *trial.loc[order[0], ["genotype", "block"]])
gaps = {k: compare(trial.drop(index=order[:k])) for k in lost}
bars = pd.DataFrame({f"{k} lost": gap[0] for k, gap in gaps.items()})
bars.plot.barh(subplots=True, layout=(1, 3), figsize=(9, 4.4), sharey=True, legend=False,
               xlabel="gap (kg/ha)", color=plots.BLUE)
plt.gca().invert_yaxis()
plt.show()
for k, (differences, seds, sigma) in gaps.items():
    print(f"{k} lost: {np.sum(abs(differences) > 0.01)} of 17 differences changed, by up to "
          f"{abs(differences).max():.2f}; SED by up to {abs(seds).max():.2f}, "
          f"sigma by {abs(sigma):.2f} kg/ha")

# %% [markdown] notes="The equality of the differences survives for genotypes that kept all plots. Seed 3 hits G01: then all change at once." slideshow={"slide_type": "fragment"}
# *Figure 8. Gap between the two analyses (fixed minus mixed) in each difference from G01, after 1, 4 and 12 lost plots.* No bar means no gap. A difference dies as soon as one of its two genotypes has lost a plot; the others stay equal. SED and $\sigma$ drift apart a little in all comparisons at once.
#
# Why? Our first lost plot is that of G18 in R1, the best block. The mean of its other three plots is too low, and both analyses correct it. The fixed one corrects by the full block difference, the mixed one by the shrunken difference.
#
# > **Common slip: "both formulas give the same point estimates".** The least squares formula and the one with $\mathbf V^{-1}$ give the same treatment differences in balanced, or more generally orthogonal, layouts. One lost plot is a counter-example.

# %% [markdown] minutes=2 notes="Read the computed sentences aloud; ask who came within 20 % of sigma." slideshow={"slide_type": "slide"}
# ## 14. Wrap up
#
# Your guesses beside the estimates, and the lesson in computed sentences:

# %% slideshow={"slide_type": "-"}
for name, found in same.loc[["sigma", "SE of a mean", "SED"], "blocks fixed"].items():
    print(f"{name}: guessed {guess[name]}, found {found:.1f} kg/ha, {guess[name] / found - 1:+.0%}")
print(f"Blocks fixed: {X.shape[1]} columns in X; covariance of two plots of a block {V[0, 1]:.0f}")
print("{same} quantities are the same, {differs} differ.".format(**same.verdict.value_counts()))

# %% [markdown] minutes=1 notes="Hand out as homework; number 3 is the one to discuss next time." slideshow={"slide_type": "slide"}
# ## 15. On your own
#
# 1. **Do.** Make G18 the reference: reorder the columns of $\mathbf X$ so that G18 has none. Which standard errors change, and which do not?
# 2. **Explain.** In two sentences, to a colleague: why is 80.04 smaller than 86.46, although both belong to G01?
# 3. **Change one knob.** Take away a whole block: `compare(trial[trial.block != "R4"])`. Which equalities survive? Guess first.
# 4. **Transfer.** `mm.load("potash")` holds a cotton trial in blocks. Fit `strength ~ C(k2o_lb_ac) + block`. Find $\sigma$ and the SED by the ten lines.
#
# <details><summary>Answers</summary>
# <ol>
# <li>The intercept gets another meaning; its SE and the SED stay as they are. The differences are new, but each is an old one minus another old one.</li>
# <li>A mean over four blocks averages the errors of plots in all of them. A statement on one block leans on the estimated effect of that block, and this is uncertain too.</li>
# <li>All of them. What is left is complete and balanced again. It is the <em>uneven</em> loss that matters.</li>
# <li>The residual keeps 8 degrees of freedom: plots, minus rates, minus blocks, plus one. With three blocks the SED is $\sigma\sqrt{2/3}$.</li>
# </ol>
# </details>
#
# More of these, with answers that check themselves: [day2_exercises](exercises/day2_exercises.ipynb).

# %% [markdown] minutes=1 notes="Point to the twin, or to day 3 for those who have done both." slideshow={"slide_type": "slide"}
# ## 16. In practice and further reading
#
# In practice you write one line. The equal sign between the systems is what this lesson has shown:
#
# ```
# mmteach      mm.lm("yield_kg_ha ~ genotype + block", data=trial)
# statsmodels  smf.ols("yield_kg_ha ~ genotype + block", data=trial).fit()
# R            lm(yield_kg_ha ~ genotype + block, data = trial)
# SAS          proc glm; class genotype block; model yield = genotype block; run;
# ```
#
# Next: the twin notebook, `day2_rcbd_mixed`, section by section. There the block columns leave $\mathbf X$ and enter $\mathbf V$.
#
# ### Further reading
#
# - Omer, Abdalla, Mohammed and Singh (2015), Communications in Biometry and Crop Science 10, 82–95: the trial.
# - Stroup, Ptukhina and Garai (2024), *Generalized Linear Mixed Models*, 2nd ed., chapter 1: models as distributions.
# - Gelman (2005), *Analysis of variance: why it is more important than ever*, Annals of Statistics 33, 1–53.
