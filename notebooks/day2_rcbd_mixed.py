# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Open both notebooks of the pair in two tabs: every section has a twin.\nShow the picture: the left square is known by now, the right one is today's.\nWith 50 minutes: leave sections 4, 9, 15 and 16 for reading, and show of section 11 the static picture only." slideshow={"slide_type": "slide"}
# # Analyse a field trial in blocks: blocks random
#
# ![Two square pictures and a row of means. Left: a covariance matrix with a coloured diagonal only. Right: the same with a coloured square for each block. Below: the genotype means with error bars from both analyses, and two bars of equal length for the standard error of a difference.](figures/pair.png)
#
# *One sorghum trial, two analyses. The squares show which plots vary together, according to each model. The row below shows the genotype means with their standard errors. This notebook builds the analysis on the right. Its twin, `day2_rcbd_fixed`, has the same sections and builds the one on the left.*

# %% [markdown] notes="Read the aims aloud; ask what 'random' may mean for a block of land." slideshow={"slide_type": "subslide"}
# **What you do.** You fit a mixed model: genotypes are fixed effects, blocks are random effects. Then you rebuild every number of its printout from four matrices.
#
# **What you can do afterwards**
#
# - write one model in three ways: for one plot, as a distribution, with matrices;
# - estimate two variances by REML in ten lines, and the means by generalised least squares;
# - predict the block effects, and say by how much they shrink and why;
# - say what changes when blocks become random, and what does not.
#
# **What you need.** The twin notebook, `day2_rcbd_fixed`. In class: 60 minutes.

# %% [markdown] minutes=4 notes="Same data, same sketch: go fast.\nSpend the time on the new question: are these blocks interesting in themselves?" slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# The same sorghum trial in Sudan (Omer and others, 2015), yields in kg/ha. The tools are those of the twin notebook, with an optimiser in place of the t distribution:

# %% slideshow={"slide_type": "skip"}
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from ipywidgets import FloatSlider, interact
from scipy.optimize import minimize

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
trial = mm.load("sorghum")
plt.rcParams.update(plots.STYLE)
genotypes, blocks = trial.genotype.cat.categories, trial.block.cat.categories
trial.head(3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One row is one plot. The genotypes were given by lot to the plots of each block. The file does not tell where each plot lay, so the sketch draws the lots anew:

# %% slideshow={"slide_type": "subslide"}
layout = trial.groupby("block", observed=True).sample(frac=1, random_state=2)
reading = plots.show_field(layout, "block", "genotype", highlight="G01")
plt.show()
print(reading)

# %% [markdown] notes="Two minutes in pairs, then collect.\nNo answer is wrong; look for 'would we use the same blocks again?'" slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. A possible layout of the trial. Each long box is a block, each cell a plot; the plots of genotype G01 are filled.*
#
# **Discuss.** Did anybody choose these four blocks because they are interesting? Would a second trial use the same ones? How many blocks of this kind might there be? What did the trial want to learn about?
#
# <details><summary>Answer</summary>
# The genotypes were chosen and are of interest. The blocks are four pieces of land out of many that could have served. The next trial will stand on others. It is natural to think of a block's effect as drawn from a population of such effects.
# </details>

# %% [markdown] minutes=4 notes="The results of the twin in one line each. Have the other tab ready." slideshow={"slide_type": "slide"}
# ## 2. Recall: what we know already
#
# In the twin notebook blocks were fixed: each got its own number, and $\mathbf V = \sigma^2 \mathbf I$. Here $\sigma$ is the standard deviation of a plot around its expected yield. The main results again:

# %% slideshow={"slide_type": "-"}
twin = mm.lm("yield_kg_ha ~ genotype + block", data=trial)
print(f"Blocks fixed: sigma {twin.sigma:.1f} kg/ha on {twin.df_resid} df; "
      f"SED {twin.se.iloc[1]:.2f}; SE of a mean {twin.sigma / np.sqrt(4):.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One rule about variances is needed today. If two plots share the same random number $u$ with variance $\sigma_b^2$, and their errors are independent, then their covariance is $\sigma_b^2$: what they share is what varies together.
#
# **Check.** And the variance of one plot, if $u$ has variance $\sigma_b^2$ and the error has variance $\sigma^2$?
#
# <details><summary>Answer</summary>
# Variances of independent parts add: $\sigma_b^2 + \sigma^2$.
# </details>

# %% [markdown] minutes=2 notes="Everybody types three words before going on. Do not comment on them yet." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# The blocks will become random. Will these quantities be smaller, the same, or larger than with fixed blocks? Type your words over ours:
#
# - $\sigma$, the standard deviation of a plot;
# - the standard error of a genotype mean;
# - the standard error of a difference of two genotype means, SED for short.

# %% slideshow={"slide_type": "-"}
guess = {"sigma": "larger", "SE of a mean": "smaller", "SED": "smaller"}
print("Random against fixed, I guess:", ", ".join(f"{k} {word}" for k, word in guess.items()))

# %% [markdown] minutes=4 notes="Now the eye is on the blocks: what is left of a plot after its genotype is taken off?\nAsk how far apart four means of 18 plots would lie by chance alone." slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# Take the mean of its genotype off each plot: these are the residuals of a model with genotypes alone. What is left is the block and the error of the plot. We give each block its own marker:

# %% slideshow={"slide_type": "subslide"}
left_over = mm.lm("yield_kg_ha ~ genotype", data=trial).residuals
reading = plots.show_points(left_over, trial.block, trial.block, unit="left over (kg/ha)")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Each plot minus the mean of its genotype, sorted by block, with a line at the mean of the block.*
#
# **Check.** The four block means differ. Would they differ in a field with perfectly even soil?
#
# <details><summary>Answer</summary>
# Yes, a little. Each mean carries the errors of its 18 plots. So a part of what we see is chance, and the model has to say how large that part is.
# </details>

# %% [markdown] minutes=5 notes="Let the print stand for a while. Compare with the other tab: which rows are the same, which are gone?" slideshow={"slide_type": "slide"}
# ## 5. Fit first
#
# Fit now, understand afterwards. Genotype enters as before. The brackets around `1 | block` make the blocks random: each block shifts all of its plots by a random amount:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
print(fit.summary())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Read the printout block by block.
#
# - **Scaled residuals**: the distance of a plot from what its genotype *and its block* let us expect, in units of $\sigma$.
# - **Random effects**: four block numbers have become one, the variance between blocks, 2906 kg²/ha². Its root, 53.91 kg/ha, says how far a block typically lies from the average block. The residual variance is 25627 kg²/ha².
# - **Fixed effects**: `Intercept` is the expected yield of G01 in an average block, 581.86 kg/ha. `genotype[T.G02]` is the difference G02 − G01, as before: −66.52 kg/ha, with the same standard error of 113.20. No block has a row.
#
# Neither is there a p-value: a test needs degrees of freedom, and with random effects they need thought (day 6). The method of Kenward and Roger finds them:

# %% slideshow={"slide_type": "-"}
mm.anova(fit)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Genotypes: F = 5.6880 on 17 and 51 degrees of freedom, the values of the twin. Genotypes are compared within blocks, so their test does not notice what the blocks are. Blocks have no row: they are not in the mean any more.
#
# **Check.** What does the model expect for G18 in a block it has never seen?
#
# <details><summary>Answer</summary>
# Intercept + G18 = 581.86 + 448.28 kg/ha. An unseen block counts as average.
# </details>

# %% [markdown] minutes=8 notes="Write the scalar line on the board and let the class fill the matrices for the first and the last plot.\nSwitch to the twin here: only the block term has changed its letter." slideshow={"slide_type": "slide"}
# ## 6. Open the box
#
# **One plot.** The yield of genotype $i$ in block $j$ is
#
# $$y_{ij} = \beta_0 + g_i + u_j + \varepsilon_{ij}, \qquad u_j \sim N(0, \sigma_b^2), \quad \varepsilon_{ij} \sim N(0, \sigma^2).$$
#
# $g_i$ is a fixed number, with $g_1 = 0$. $u_j$ is a draw from a population of blocks with standard deviation $\sigma_b$. The draws and the errors are independent.
#
# **The distribution.** Given the block effects, and over all blocks that might have been:
#
# $$\mathbf y \mid \mathbf u \sim N(\mathbf X \boldsymbol\beta + \mathbf Z\mathbf u,\; \mathbf R), \qquad \mathbf y \sim N(\mathbf X \boldsymbol\beta,\; \mathbf V), \quad \mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R.$$
#
# **The matrices.** $\mathbf X$ keeps the columns of the genotypes. $\mathbf Z$ has a column for every block: 1 for its plots, 0 elsewhere. $\mathbf G = \sigma_b^2\mathbf I$ and $\mathbf R = \sigma^2\mathbf I$ hold the variances. By hand:

# %% slideshow={"slide_type": "subslide"}
y, n = trial.yield_kg_ha.to_numpy(), len(trial)
X = np.column_stack([np.ones(n), *[trial.genotype == g for g in genotypes[1:]]])
Z = np.column_stack([trial.block == b for b in blocks]).astype(float)
print(f"X: {X.shape[1]} columns, rank {np.linalg.matrix_rank(X)}; Z: {Z.shape[1]} columns")

# %% [markdown] notes="Collect the notations the students have met, on the board.\nAgree on one for the week." slideshow={"slide_type": "fragment"}
# > **Common slip: many letters for one thing.** Notes and programs write $u$ or $b$ for the block effects, $\sigma_u$ or $\sigma_b$ for their standard deviation, and mix up $\mathbf R$ with $\mathbf V$. Here $\mathbf u$ is always the random effects and $\sigma_b$ their standard deviation. $\mathbf R$ is the residual part, and $\mathbf V$ the whole.
#
# **Predict.** How many cells of a row of $\mathbf Z$ can be 1, at the least and at the most? Then look:

# %% slideshow={"slide_type": "subslide"}
names, XZ = ["1", *genotypes[1:], *blocks], np.hstack([X, Z])
reading = plots.show_matrix(XZ, trial.block, labels=(None, names), title="X | Z", split=[18])
plt.show()
print(reading)


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Left of the thick line the columns of $\mathbf X$, right of it those of $\mathbf Z$; a filled cell is 1, an empty one 0. Rows are the plots in the order of the file, with a line between blocks. Each row of $\mathbf Z$ has one 1, for a plot lies in one block. R1 now has a column too: a random effect needs no reference level.*

# %% [markdown] minutes=6 notes="Type these lines live, term by term. Why REML looks like this is the story of day 4.\nThe optimiser works on logarithms, so that no variance can turn negative." slideshow={"slide_type": "slide"}
# ## 7. Write the estimate in ten lines
#
# If $\mathbf V$ were known, generalised least squares would give $\hat{\boldsymbol\beta} = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$. It is not known. REML chooses the two variances that make this criterion smallest, with $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}$ and $p$ columns in $\mathbf X$:
#
# $$(n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \mathbf r'\mathbf V^{-1}\mathbf r$$

# %% slideshow={"slide_type": "subslide"}
def criterion(log_variances):
    sigma2_b, sigma2 = np.exp(log_variances)
    V = sigma2_b * Z @ Z.T + sigma2 * np.eye(n)
    XtVi = np.linalg.solve(V, X).T                                 # X'V^-1
    beta = np.linalg.solve(XtVi @ X, XtVi @ y)
    r = y - X @ beta
    log_dets = np.linalg.slogdet(V)[1] + np.linalg.slogdet(XtVi @ X)[1]
    return (n - X.shape[1]) * np.log(2 * np.pi) + log_dets + r @ np.linalg.solve(V, r)

start = np.log([5000, 20000])
best = minimize(criterion, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
sigma2_b, sigma2 = np.exp(best.x)
print(f"REML criterion {best.fun:.1f}; sigma_b² {sigma2_b:.0f}, sigma² {sigma2:.0f} kg²/ha², "
      f"their roots {np.sqrt(sigma2_b):.2f} and {np.sqrt(sigma2):.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: whose residual?** Some notes write the REML criterion with the residual of the *ML* estimate of $\boldsymbol\beta$. Look into the function: $\hat{\boldsymbol\beta}$ is computed anew from each $\mathbf V$ that the optimiser tries. It is the generalised least squares estimate for *that* $\mathbf V$.
#
# With the variances in hand, $\mathbf V$ is known, and generalised least squares gives the coefficients and $\mathrm{Var}(\hat{\boldsymbol\beta}) = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}$. Put them into the table of section 5:

# %% slideshow={"slide_type": "subslide"}
V = mm.build_V(Z, mm.build_G(sigma2_b, 4), mm.build_R(sigma2, n))
beta, cov_beta, residuals = mm.gls(X, y, V)
se = np.sqrt(np.diag(cov_beta))
print(pd.DataFrame({"estimate": beta, "SE": se, "t": beta / se}, fit.beta.index).round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same table, with one more digit. Now the means. The mean of G01 over blocks like these is the intercept itself, that of G02 is the intercept plus its effect. `mm.emmeans` makes such means (*estimated marginal means*) and finds their degrees of freedom. `mm.contrast` takes the weights of a comparison by name. In the last line, the same model by plain maximum likelihood:

# %% slideshow={"slide_type": "subslide"}
print(f"By hand, G01: {beta[0].round(6):.2f} kg/ha, SE {se[0]:.2f} = √((sigma_b² + sigma²)/4)\n"
      f"By hand, SED: {se[1]:.2f} = sigma √(2/4)\n")
print(mm.emmeans(fit, "genotype", at={"genotype": ["G01", "G02"]}))
print(mm.contrast(fit, {"genotype[T.G02]": 1}))
ml = fit.refit(reml=False).varcomp.variance
print(f"\nML: sigma_b {np.sqrt(ml[0]):.2f}, sigma {np.sqrt(ml[1]):.2f} kg/ha; "
      f"its variances over those of REML {ml[0] / sigma2_b:.2f} and {ml[1] / sigma2:.2f}")
assert np.allclose([se[0], se[1]], np.sqrt([(sigma2_b + sigma2) / 4, 2 * sigma2 / 4]))

# %% [markdown] notes="Three standard errors in the twin, two here. Let the class say the question for each." slideshow={"slide_type": "fragment"}
# Two standard errors answer two questions. 84.46 belongs to a mean over blocks like these: the block variance is in it. 113.20 belongs to a comparison. Both genotypes of a comparison stood in every block, so what the blocks add drops out.
#
# Their degrees of freedom differ, too. The comparison has 51, those of $\sigma^2$. The mean has 45.905: its variance contains $\sigma_b^2$, and only four blocks tell us about that.
#
# > **Common slip: taking ML for REML.** Maximum likelihood gives 46.69 and 138.64 kg/ha, each variance 0.75 times that of REML. It forgets that $\mathbf X$ has spent 18 coefficients. In this balanced layout the loss is one block out of four.

# %% [markdown] minutes=5 notes="The central picture of the day. Switch between the two tabs several times.\nPoint at one cell and ask for the two plots behind it." slideshow={"slide_type": "slide"}
# ## 8. See the covariance of the data
#
# $\mathbf V$ has a row and a column for each plot. On the diagonal stands the variance of a plot, elsewhere the covariance of two plots. We cut out a corner: three plots of R1 and three of R2. **Predict** what stands in the cell of two plots of the same block. Then run:

# %% slideshow={"slide_type": "subslide"}
corner = [0, 1, 2, 18, 19, 20]   # rows: G01, G02, G03 in R1, then in R2
names = trial.block[corner].astype(str) + " " + trial.genotype[corner].astype(str)
symbols = {sigma2_b + sigma2: r"$\sigma^2+\sigma_b^2$", sigma2_b: r"$\sigma_b^2$", 0: "0"}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2))
plots.show_matrix(V[np.ix_(corner, corner)], trial.block[corner], symbols, labels=list(names),
                  ax=left, title="A corner of V")
reading = plots.show_matrix(V, trial.block, ax=right, title="The whole V (kg²/ha²)")
plt.show()
print(reading)

# %% [markdown] notes="The same genotype in two blocks has covariance 0: genotype is in the mean.\nMany expect the opposite." slideshow={"slide_type": "fragment"} tags=["discuss"]
# *Figure 4. The covariance matrix of the mixed model: the corner with symbols, the whole with colours for values in kg²/ha². White is zero.*
#
# **Discuss.** Find the cell of G01 in R1 and G01 in R2. Same genotype, yet covariance 0. Why? And where did the shared soil of a block go?
#
# <details><summary>Answer</summary>
# The genotype is in the mean: it moves both plots, but it is a fixed number and does not vary. The shared soil is a random draw now. It sits in $\mathbf V$, as $\sigma_b^2$ between plots of the same block.
# </details>

# %% [markdown] minutes=3 notes="A habit for life: no number counts before a second route has produced it." slideshow={"slide_type": "slide"}
# ## 9. Agree by four routes
#
# Our own criterion, `mm.lmm`, the library statsmodels, and the printout of R's `lmer` should tell the same story. The R values are typed as R prints them:

# %% slideshow={"slide_type": "subslide"}
with warnings.catch_warnings(action="ignore"):     # statsmodels comments on its search
    reml = smf.mixedlm("yield_kg_ha ~ genotype", data=trial, groups="block").fit()
def line(beta, se, *others):
    return [*np.asarray(beta)[[0, 1, 17]], *np.asarray(se)[[0, 1]], *others]
names = ["G01", "G02 − G01", "G18 − G01", "SE", "SED", "sigma_b²", "sigma²", "REML criterion"]
search = reml.cov_re.iloc[0, 0], reml.scale, -2 * reml.llf
routes = pd.DataFrame({"own": line(beta, se, sigma2_b, sigma2, best.fun),
                       "mm.lmm": line(fit.beta, fit.se, *fit.varcomp.variance, fit.criterion),
                       "statsmodels": line(reml.fe_params, reml.bse_fe, *search)}, names)
R = "581.86 -66.52 448.28 84.46 113.20 2906 25627 729.7".split()
print(routes.round(6).assign(R=R).to_string(float_format="{:.2f}".format))
assert np.allclose(routes.T, routes.own, rtol=1e-4)
assert np.allclose(routes.own, np.array(R, float), rtol=2e-4)

# %% [markdown] minutes=4 notes="Prediction, not estimation: u is a random variable.\nIn the twin the same four deviations stand unshrunk." slideshow={"slide_type": "slide"}
# ## 10. Meet the blocks
#
# The model estimates the variance of the blocks. It can also predict the effect of each block, by $\hat{\mathbf u} = \mathbf G\mathbf Z'\mathbf V^{-1}(\mathbf y - \mathbf X\hat{\boldsymbol\beta})$: the *best linear unbiased predictor*, BLUP. `fit.ranef()` holds it under `estimate`. Beside it stand the deviation of the block mean as measured, and the formula worked out by hand:

# %% slideshow={"slide_type": "subslide"}
u = mm.build_G(sigma2_b, 4) @ Z.T @ np.linalg.solve(V, residuals)
raw = (trial.groupby("block", observed=True).yield_kg_ha.mean() - y.mean()).to_numpy()
print(fit.ranef().assign(measured=raw, by_hand=u, ratio=u / raw).round(3).to_string(index=False))
print(f"the factor by formula: {18 * sigma2_b / (18 * sigma2_b + sigma2):.3f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# R1 was measured 90.18 kg/ha above the average block. The model believes in 60.52. The rest it takes for chance: a block mean rests on 18 plots, each with its own error.
#
# > **Common slip: "balanced data do not shrink".** It is said that BLUP and measured effect agree when the data are balanced. They do not. Balance makes all blocks shrink *by the same factor*, here 0.671. Only an infinite $\sigma_b^2$, or infinitely many plots in a block, would leave them alone.

# %% [markdown] minutes=3 notes="Let somebody predict before moving the slider: what happens to V, what to the arrows?\nAt ratio 0 the blocks vanish; far to the right we are back in the twin." slideshow={"slide_type": "slide"}
# ## 11. Turn one knob
#
# Everything about the blocks hangs on one ratio, $\sigma_b^2/\sigma^2$. The slider sets it and leaves $\sigma^2$ alone. It starts near the value of the trial. **Predict** for each half of the picture: how will it change?

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def with_ratio(ratio, left, right):
    V_now = mm.build_V_cs(ratio * sigma2, sigma2, trial.block)
    u_now = ratio * sigma2 * Z.T @ np.linalg.solve(V_now, residuals)
    change = mm.gls(X, y, V_now).beta[1].round(6)
    V_corner = V_now[np.ix_(corner, corner)]
    plots.show_matrix(V_corner, trial.block[corner], ax=left, title="Corner of V")
    reading = plots.show_shrinkage(blocks, raw, u_now, unit="kg/ha", limit=110, ax=right)
    right.set_title(f"Blocks, ratio {ratio:.2f}")
    return f"Ratio {ratio:.2f}: G02 − G01 {change:.2f} kg/ha; {reading}"

@interact(ratio=FloatSlider(value=0.11, min=0, max=1, step=0.01, continuous_update=False))
def picture(ratio):
    reading = with_ratio(ratio, *plt.subplots(1, 2, figsize=(9, 3.6))[1])
    plt.show()
    print(reading)


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. Left: a corner of $\mathbf V$, values in kg²/ha². Right: block deviations in kg/ha, as measured (circles) and as predicted (dots).* The same for three positions of the slider, side by side:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.4), height_ratios=[3, 2])
readings = [with_ratio(ratio, *pair) for ratio, pair in zip((0.01, sigma2_b / sigma2, 1), axes.T)]
plt.show()
print(*readings, sep="\n")


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. The ratio at 0.01, at its estimate 0.11, and at 1.* The larger the ratio, the more the plots of a block vary together, and the more of its measured deviation a block keeps. The comparisons of genotypes do not move. In this model, block differences live in $\mathbf V$.

# %% [markdown] minutes=4 notes="Return to the guesses after the table.\nThe twin makes the same table from the other side." slideshow={"slide_type": "slide"}
# ## 12. What is the same, what differs
#
# Now the other analysis, `twin`, fitted in section 2: its blocks are in $\mathbf X$. `mm.emmeans` gives a mean with its SE and degrees of freedom, `mm.contrast` a difference with the SED. The last column compares the two analyses by computation.
#
# Two entries are checked by hand. Over a random sample of blocks a block mean varies by $\sigma_b^2 + \sigma^2/18$. Hence the twin's mean square of blocks estimates $18\sigma_b^2 + \sigma^2$: solve for $\sigma_b^2$. The degrees of freedom follow from Satterthwaite's formula for a sum of mean squares:

# %% slideshow={"slide_type": "subslide"}
def report(fit, *block_numbers):
    mean = mm.emmeans(fit, "genotype").iloc[0]
    change = mm.contrast(fit, {"genotype[T.G02]": 1}).iloc[0]
    return [change.estimate, change.se, fit.sigma, *mean[["mean", "se", "df"]], *block_numbers]
names = ["G02 − G01", "SED", "sigma", "mean of G01", "SE of a mean", "df of a mean",
         "R1, from the average", "covariance in a block"]
same = pd.DataFrame({"blocks fixed": report(twin, raw[0], 0),
                     "blocks random": report(fit, u[0], V[0, 1])}, names).round(4)
same["verdict"] = np.where(np.isclose(*same.to_numpy().T), "same", "differs")
print(same.to_string(float_format="{:.2f}".format))
ms_blocks, s2 = mm.anova(twin).mean_sq[["block", "Residual"]]
df_mean = (ms_blocks + 17 * s2) ** 2 / (ms_blocks**2 / 3 + (17 * s2) ** 2 / twin.df_resid)
print(f"by hand: sigma_b² {(ms_blocks - s2) / 18:.2f} kg²/ha², df of a mean {df_mean:.2f}")

# %% [markdown] notes="Ask which standard error belongs into a report, and for which question." slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Discuss.** The SED is the same, the standard error of a mean is larger. What does the mixed analysis know about a mean that the fixed one leaves out? For whom does it matter?
#
# <details><summary>Answer</summary>
# It knows that other blocks would have given another mean: $\sigma_b^2/4$ is added to its variance. It matters for whoever speaks about land outside the trial. Whoever compares genotypes within the trial needs the SED, and it is the same.
# </details>
#
# *Figure 7 (next cell). Genotype means plus and minus one standard error under both analyses, in kg/ha. The bars at the right are as long as the SED.*

# %% slideshow={"slide_type": "subslide"}
both = {}
for name, model in {"blocks fixed": twin, "blocks random": fit}.items():
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

# %% [markdown] minutes=2 notes="Read the computed sentences aloud; ask who had three words right." slideshow={"slide_type": "slide"}
# ## 14. Wrap up
#
# Your guesses beside the estimates, and the lesson in computed sentences:

# %% slideshow={"slide_type": "-"}
for name, before, now, verdict in same.loc[["sigma", "SE of a mean", "SED"]].itertuples():
    word = "same" if verdict == "same" else "larger" if now > before else "smaller"
    print(f"{name}: guessed {guess[name]}, found {word} ({before:.1f} and {now:.1f} kg/ha)")
print(f"Blocks random: {X.shape[1]} columns in X; plots of a block: covariance {V[0, 1]:.0f}, "
      f"correlation {V[0, 1] / V[0, 0]:.3f}")
print("{same} quantities are the same, {differs} differ.".format(**same.verdict.value_counts()))

# %% [markdown] minutes=1 notes="Hand out as homework; number 3 is the one to discuss next time." slideshow={"slide_type": "slide"}
# ## 15. On your own
#
# 1. **Do.** Start `minimize` at other variances, for instance `np.log([50, 200])`. Does it come back to the same place? Print `best.nfev` to see how long it walked.
# 2. **Explain.** In two sentences, to a colleague: why is the SE of a mean larger with blocks random, while the SED is not?
# 3. **Change one knob.** Take away a whole block: `compare(trial[trial.block != "R4"])`. Which equalities survive? Guess first.
# 4. **Transfer.** `mm.load("potash")` holds a cotton trial in blocks. Fit `strength ~ C(k2o_lb_ac) + (1 | block)`. Is the block variance larger or smaller than the residual variance?
#
# <details><summary>Answers</summary>
# <ol>
# <li>It comes back: the criterion has one valley here. Not every data set is so kind (day 4).</li>
# <li>A mean carries the luck of its blocks, and the mixed analysis counts that luck as variance. In a difference both genotypes had the same luck, so it cancels.</li>
# <li>All of them, up to the last digits of the optimiser. What is left is complete and balanced again. It is the <em>uneven</em> loss that matters.</li>
# <li>Smaller, by far. Compare the mean squares of blocks and of residuals to see it without any optimiser.</li>
# </ol>
# </details>
#
# More of these, with answers that check themselves: [day2_exercises](exercises/day2_exercises.ipynb).

# %% [markdown] minutes=1 notes="Point to day 3: which data made this V?" slideshow={"slide_type": "slide"}
# ## 16. In practice and further reading
#
# In practice you write one line. The equal sign between the systems is what this lesson has shown:
#
# ```
# mmteach      mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
# statsmodels  smf.mixedlm("yield_kg_ha ~ genotype", data=trial, groups="block").fit()
# R            lmer(yield_kg_ha ~ genotype + (1 | block), data = trial)
# SAS          proc mixed; class genotype block; model yield = genotype; random block; run;
# ```
#
# Next: `day3_covariance_structure`, where other layouts make other squares in $\mathbf V$.
#
# ### Further reading
#
# - Omer, Abdalla, Mohammed and Singh (2015), Communications in Biometry and Crop Science 10, 82–95: the trial.
# - Bates, Mächler, Bolker and Walker (2015), *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67(1).
# - Gelman (2005), *Analysis of variance: why it is more important than ever*, Annals of Statistics 33, 1–53.
# - Gelman and Hill (2006), *Data Analysis Using Regression and Multilevel/Hierarchical Models*, page 245: five meanings of "random".
