# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="The pair is taught as one double hour, and not by switching at every section: switching would show the answers. Plan: the fixed one from the title to section 11 (58 minutes); then this one, 1 to 3 short, 4 to 11, and 12 to 14 once for both (60 minutes).\nThe tables of section 9 of both are shown together. Read the question aloud and ask what 'random' may mean for a piece of land. Board: the model of the twin stands on the left half; today we fill the right half.\nWith 50 minutes: section 4 runs without talking (later cells need its names, 4 minutes); do not type section 7 live, run it (3); leave the slider of section 13 and leave out the factor-2 cell of section 11 (2). Sections 15 and 16 are homework (1)." slideshow={"slide_type": "slide"}
# # Analyse a field trial in blocks: blocks random
#
# **The question.** A field is never even, so we lay our plots out in blocks, and the blocks turn out to yield differently. Suppose our blocks are only a sample of the blocks we could have used. What can we then say about the genotypes, how surely, and about which land?
#
# **What you can do afterwards**
#
# - write one model in three ways: for one plot, as a distribution, with matrices;
# - estimate two variances, first from mean squares and then by REML, and the means by generalised least squares;
# - predict the block effects, and say by how much they shrink and why;
# - say what changes when blocks become random, what does not, and until when.
#
# **What you need.** [Start here](00_start_here.ipynb), and the twin of this notebook, [day2_rcbd_fixed](day2_rcbd_fixed.ipynb). **Time.** In class a double hour for the pair, 60 minutes for each notebook; the parts called *For reading* are for you alone. Alone about two and a half hours.

# %% [markdown] notes="Point at the two pictures and ask which of the two a farmer would draw. Do not answer yet." slideshow={"slide_type": "subslide"}
# ![Three small pictures. Left: a field of four rows with eighteen plots each. Middle: a line with four dots, each with a question mark. Right: a bell curve with four dots under it, each with a question mark.](figures/day2_blocks.png)
#
# *The trial (the darker a plot, the higher its yield; the order inside a row is invented), and two ways to think about its four blocks: as four unknown numbers (the twin, [day2_rcbd_fixed](day2_rcbd_fixed.ipynb)), or as four draws from a population of blocks (this notebook). Both notebooks have the same sections, cell for cell; read the twin first.*

# %% [markdown] minutes=1.5 notes="Title one minute, the question only; this section half a minute, run the cells.\nAsk only the new question: are these four blocks interesting in themselves? The discussion is for readers." slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# The trial is that of the twin: 18 sorghum genotypes in Sudan (Omer and others, 2015), grain yield in kg/ha. The tools are the same as well, with one more: `minimize` looks for the lowest point of a function.

# %% slideshow={"slide_type": "skip"}
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from ipywidgets import Dropdown, FloatSlider, IntSlider, interact
from scipy import stats
from scipy.optimize import minimize

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)       # letter sizes and colours of the course
trial = mm.load("sorghum")
genotypes = list(trial["genotype"].cat.categories)
blocks = list(trial["block"].cat.categories)
print(f"{len(trial)} plots, {len(genotypes)} genotypes, {len(blocks)} blocks")
trial.head(3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# One row of the table is one plot, and every block holds every genotype once. Inside each block the genotypes were put on the plots at random. The file does not say where each plot lay, so we shuffle the plots of each block and draw one layout that the trial may have had:

# %% slideshow={"slide_type": "subslide"}
by_block = trial.groupby("block", observed=True)
layout = by_block.sample(frac=1, random_state=2)
reading = plots.show_field(layout, "block", "genotype", highlight="G01")
plt.show()
print(reading)

# %% [markdown] notes="For readers; in class only one question: did anybody choose these four blocks?\nExpect 'random means that the plots were randomised': reply 'that was the genotypes; now we ask about the blocks'. Expect 'four are too few for a population': reply 'right, keep that doubt until section 10'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. A layout that the trial may have had. Each long box is a block, each cell a plot; the four plots of genotype G01 are filled.*
#
# **Discuss.** Did anybody choose these four blocks because they are interesting? Would a second trial use the same four? What did the trial want to learn about: these blocks, or the genotypes?
#
# <details><summary>Answer</summary>
# The genotypes were chosen, and they are of interest. The blocks are four pieces of land out of many that could have served, and the next trial will stand on others. So we may think of a block's effect as a draw from a population of block effects. Such an effect is called <em>random</em>. The word says how we think about the blocks, and not that somebody drew them from a hat.
# </details>

# %% [markdown] minutes=3 notes="The results of the twin in one line each.\nBoard: y\u2081 = \u2026 + u + \u03b5\u2081, y\u2082 = \u2026 + u + \u03b5\u2082, the shared u underlined twice." slideshow={"slide_type": "slide"}
# ## 2. Recall: what we know already
#
# In the twin the blocks were fixed. Each got its own number, and what was left over was taken as independent from plot to plot, with standard deviation $\sigma$. We fit that model again, because today it is the one to compare with:

# %% slideshow={"slide_type": "-"}
fixed = mm.lm("yield_kg_ha ~ genotype + block", data=trial)
se_mean_fixed = fixed.sigma / np.sqrt(4)          # a genotype has four plots
sed_fixed = fixed.se["genotype[T.G02]"]           # of the difference G02 − G01
print(f"blocks fixed: sigma {fixed.sigma:.1f} kg/ha on {fixed.df_resid} df")
print(f"              SE of a genotype mean {se_mean_fixed:.2f} kg/ha")
print(f"              SE of a difference (SED) {sed_fixed:.2f} kg/ha")

# %% [markdown] notes="Hands up for larger, sum, average.\nExpect 'average': reply 'add two dice: do they vary less than one?'" slideshow={"slide_type": "subslide"}
# We need one rule about variances, and [Start here](00_start_here.ipynb) has tried it out. If two plots share the same random number $u$, which has variance $\sigma_b^2$ (*b* for block), and if everything else in them is independent, then their **covariance** is $\sigma_b^2$. What they share is what varies together.
#
# **Predict.** If $u$ has variance $\sigma_b^2$ and the error of a plot has variance $\sigma^2$: is the variance of one plot the larger of the two, their sum, or their average? We let the computer draw very many plots with variances 9 and 16:

# %% slideshow={"slide_type": "-"}
rng = np.random.default_rng(seed=1)
u = rng.normal(scale=3, size=100_000)           # standard deviation 3, variance 9
error = rng.normal(scale=4, size=100_000)       # standard deviation 4, variance 16
print(f"variances: u {np.var(u):.1f}, error {np.var(error):.1f}")
print(f"variance of u + error: {np.var(u + error):.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Their sum: variances of independent parts add, so the variance of a plot will be $\sigma_b^2 + \sigma^2$.

# %% [markdown] minutes=1.5 notes="Everybody types four words; the reasons are for section 12, the numbers are for readers. Count hands for the SED and the SE of a mean only.\nExpect 'everything gets better because the model is better': leave it standing until section 14." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# The blocks will become random. You saw the numbers in the twin; do not look back. For each of the four, type `"smaller"`, `"same"` or `"larger"` than with blocks fixed in place of `None`, and write down, in half a sentence, why. If you did the twin, copy what you guessed there into `twin_guess`.
#
# - `sigma`: how far a plot typically lies from what its genotype and its block let us expect;
# - `SE of a mean`: the standard error of the mean of one genotype;
# - `SED`: the *standard error of a difference* of two such means;
# - `best block`: by how much the best block, R1, lies above the average block. With blocks fixed this was 90 kg/ha.

# %% slideshow={"slide_type": "-"}
my_guess = {
    "sigma": None,
    "SE of a mean": None,
    "SED": None,
    "best block": None,
}
twin_guess = {
    "sigma": None,
    "SE of a mean": None,
    "SED": None,
    "best block": None,
}
print("my guesses:", my_guess)

# %% [markdown] minutes=4 notes="The eye is on the blocks now. Ask how far apart four means of 18 plots would lie by chance alone. Do not explain the shuffling code; say what it does.\nPeople see slopes inside a block: there are none, the points are spread sideways at random." slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# In the twin we looked at the genotypes. Now we look at the blocks, and for that we first subtract from each plot the mean of its genotype (`transform` writes this mean beside every plot; `cat.codes` is the number of its block, 0 to 3). What is left is the block, and the error of the plot:

# %% slideshow={"slide_type": "subslide"}
by_genotype = trial.groupby("genotype", observed=True)["yield_kg_ha"]
genotype_mean = by_genotype.transform("mean")
left_over = trial["yield_kg_ha"] - genotype_mean
block_number = trial["block"].cat.codes            # 0, 1, 2, 3
aside = np.random.default_rng(seed=1).uniform(-0.2, 0.2, size=len(trial))
block_mean = left_over.groupby(trial["block"], observed=True).mean()

fig, ax = plt.subplots(figsize=(9, 3.6))
ax.plot(block_number + aside, left_over, "o", alpha=0.6)
ax.plot([0, 1, 2, 3], block_mean, "_", color="black", markersize=60)
ax.axhline(0, color="grey", linewidth=1)
ax.set_xticks([0, 1, 2, 3], blocks)
ax.set_xlabel("block")
ax.set_ylabel("left over (kg/ha)")
ax.legend(["plot", "mean of the block"], loc="lower left", bbox_to_anchor=(0, 1),
          ncols=2, markerscale=0.4)
plt.show()

# %% [markdown] notes="Expect 'no, it is noise': possible; let the shuffles decide. Board: chance alone gives the variance of a plot/18; a shuffled field has \u03c3_b\u00b2 + \u03c3\u00b2 = 28533 in each plot, so 1585." slideshow={"slide_type": "fragment"}
# *Figure 2. Each plot minus the mean of its genotype, in kg/ha. The black dash is the mean of the block. Inside a block the points are spread sideways at random, only so that they do not hide each other.*
#
# The four block means differ. But each of them carries the errors of 18 plots, so they would differ a little even in a perfectly even field.
#
# **Predict.** Is what we see more than that? We can find out: we shuffle the four yields of each genotype among the four blocks, so that no block is better than another, and take the variance of the four block means. Do this many times. Will the variance that we saw lie above most of these?
#
# `pivot` makes a table with a row for each genotype and a column for each block, and `permuted(…, axis=1)` shuffles each row by itself. `ddof=1` divides by 4 − 1, as `var` of a pandas Series does:

# %% slideshow={"slide_type": "subslide"}
variance_seen = block_mean.var()
wide = trial.pivot(index="genotype", columns="block", values="yield_kg_ha")
shuffler = np.random.default_rng(seed=1)
variances_by_chance = []
for repeat in range(2000):
    shuffled = shuffler.permuted(wide.to_numpy(), axis=1)
    four_means = shuffled.mean(axis=0)
    variances_by_chance.append(four_means.var(ddof=1))
n_that_reach = np.sum(np.array(variances_by_chance) >= variance_seen)
print(f"variance of the four means: {variance_seen:.0f} (kg/ha)²")
print(f"by chance alone, average:   {np.mean(variances_by_chance):.0f} (kg/ha)²")
print(f"shuffles that reach what we saw: {n_that_reach} of 2000")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: yes. The block means vary almost three times as much as chance alone would make them vary, and only about 4 of 100 shuffles come that far; the F test of the blocks in the twin says the same. But a part of what we see *is* chance, and the model has to say how large that part is.

# %% [markdown] minutes=6 notes="Let the print stand for a while, then switch to the twin: which rows are the same, which are gone?\nExpect 'the block rows were forgotten': reply 'find the line that begins with block'." slideshow={"slide_type": "slide"}
# ## 5. Fit first
#
# Fit now, understand afterwards. `mm.lmm` fits a linear mixed model: *mixed*, because some effects are fixed (the genotypes) and some are random (the blocks). The brackets around `1 | block` make the blocks random; read them as "each block shifts all of its plots by a random amount". The printout names its method, **REML**. This is short for *restricted maximum likelihood*: it estimates the variances from that part of the data which does not depend on the means. Day 4 derives it; today take it as given, and see in section 7 that here it gives the answer of the mean squares.

# %% slideshow={"slide_type": "subslide"}
mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
print(mixed.summary(max_rows=6))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the printout from top to bottom.
#
# - **Scaled residuals**: how far a plot lies from what its genotype *and its block* let us expect, in units of $\hat\sigma$. (The hat says *estimated*.)
# - **Random effects**: the four block numbers of the twin have become *one* number, the variance between blocks, $\hat\sigma_b^2$ = 2906 (kg/ha)². Its root, 53.91 kg/ha, says how far a block typically lies from the average block. The residual variance is $\hat\sigma^2$ = 25627 (kg/ha)².
# - **Fixed effects**: `Intercept` is the expected yield of G01 in an average block, 581.86 kg/ha. `genotype[T.G02]` is the difference G02 − G01, −66.52 kg/ha with a standard error of 113.20, as in the twin. No block has a row.
#
# There is no p-value. A test needs degrees of freedom, and with random effects these are not simply rows minus columns. Two people, Kenward and Roger, found a good approximation in 1997; it also makes the standard errors a little larger when the variances are poorly known. `mm.anova` uses it:

# %% slideshow={"slide_type": "-"}
print(mm.anova(mixed))

# %% [markdown] notes="Expect 'we cannot know, the block is new': reply 'what is the average of many draws?'" slideshow={"slide_type": "fragment"}
# For the genotypes F = 5.6880 on 17 and 51 degrees of freedom, exactly as in the twin. The blocks have no row, because they are not in the mean any more.
#
# **Check.** Which yield does the model expect for G02 in a block that it has never seen? Add up coefficients from the printout.
#
# <details><summary>Answer</summary>
# Intercept + G02 = 581.86 − 66.52 = 515.34 kg/ha. A block that we know nothing about counts as average.
# </details>
#
# ***
#
# Why is the F test the same? Write the difference of two plots of one block, one with G02 and one with G01:
#
# $$y_{2j} - y_{1j} = (\mu + g_2 + u_j + \varepsilon_{2j}) - (\mu + g_1 + u_j + \varepsilon_{1j}) = g_2 - g_1 + \varepsilon_{2j} - \varepsilon_{1j}.$$
#
# The block effect $u_j$ has cancelled, and it does not matter what kind of number it was. In a complete trial all comparisons of genotypes can be made inside blocks, so the differences always agree. Their standard error and F agree as long as the variance between blocks is not estimated as zero (section 11).

# %% [markdown] minutes=7 notes="Board: the line for one plot, right of the twin's. Let the class say the row of Z for the first and the last plot.\nWhat confuses: u has no column in X, and V is larger than R. Say: R is what is left when the blocks are known, V is what varies when they are not." slideshow={"slide_type": "slide"}
# ## 6. Open the box
#
# The same model, written three times.
#
# **One plot.** The yield of genotype $i$ in block $j$ is
#
# $$y_{ij} = \mu + g_i + u_j + \varepsilon_{ij}, \qquad u_j \sim N(0, \sigma_b^2), \quad \varepsilon_{ij} \sim N(0, \sigma^2) \text{ independent}.$$
#
# $g_i$ is a fixed number, as before, with $g_1 = 0$. But $u_j$ is now a draw from a population of block effects with mean 0 and standard deviation $\sigma_b$. So the intercept $\mu$ belongs to G01 in an average block.
#
# **The distribution.** Once for these four blocks, as if we could see their effects $\mathbf u$, and once over all blocks that we might have used:
#
# $$\mathbf y \mid \mathbf u \sim N(\mathbf X \boldsymbol\beta + \mathbf Z\mathbf u,\; \mathbf R), \qquad \mathbf y \sim N(\mathbf X \boldsymbol\beta,\; \mathbf V), \quad \mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R.$$
#
# The bar is read "given". The second line is the one that the analysis uses: each yield varies around its cell of $\mathbf X\boldsymbol\beta$, and a cell of $\mathbf V$ says how two plots vary together.
#
# **The matrices.** $\mathbf X$ keeps the columns of the genotypes. $\mathbf Z$ has a column for each block: 1 for its plots, 0 elsewhere. $\mathbf G = \sigma_b^2\mathbf I$ holds the variance of the block effects, $\mathbf R = \sigma^2\mathbf I$ that of the errors. So $\mathbf Z\mathbf G\mathbf Z' = \sigma_b^2\,\mathbf Z\mathbf Z'$. What is $\mathbf Z\mathbf Z'$? First a toy of three plots, two of R1 and one of R2:

# %% slideshow={"slide_type": "-"}
Z_toy = np.array([[1, 0], [1, 0], [0, 1]])     # a row for each plot
print(Z_toy @ Z_toy.T)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Row times row: $\mathbf Z\mathbf Z'$ is 1 where two plots share a block, and 0 where they do not. What $\mathbf V$ makes of this is the question of section 8.
#
# Now the real $\mathbf X$ and $\mathbf Z$, column by column:

# %% slideshow={"slide_type": "subslide"}
y = trial["yield_kg_ha"].to_numpy()
n = len(y)

columns_of_X = [np.ones(n)]                          # the intercept
for genotype in genotypes[1:]:                       # G02 to G18
    columns_of_X.append(trial["genotype"] == genotype)
columns_of_Z = []
for block in blocks:                                 # R1 to R4, all of them
    columns_of_Z.append(trial["block"] == block)
X = np.column_stack(columns_of_X).astype(float)      # True becomes 1, False becomes 0
Z = np.column_stack(columns_of_Z).astype(float)
print(f"X has {X.shape[1]} columns, Z has {Z.shape[1]} columns")

# %% [markdown] notes="Expect 'R1 has no column, as before': reply 'in the twin R1 was the reference; what would a reference be for a draw?' Right: exactly one." slideshow={"slide_type": "fragment"}
# **Predict.** How many cells of a row of $\mathbf Z$ can be 1: at the least, and at the most? Then look:

# %% slideshow={"slide_type": "subslide"}
X_and_Z = np.hstack([X, Z])
names_of_X_and_Z = ["1"] + genotypes[1:] + blocks
reading = plots.show_matrix(
    X_and_Z, trial["block"], labels=(None, names_of_X_and_Z), title="X | Z", split=[18])
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 3. The matrices $\mathbf X$ (left of the thick line) and $\mathbf Z$ (right of it): a filled cell is 1, an empty one 0. Rows are the 72 plots in the order of the file, with a line between blocks.*
#
# You should have said: exactly one, because a plot lies in one block. (The printed sentence counts $\mathbf X$ and $\mathbf Z$ together: one or two in $\mathbf X$, and one in $\mathbf Z$.) R1 has a column as well. How can that be? With fixed blocks a fourth block column would say nothing new. The *rank* counts the columns that say something new:

# %% slideshow={"slide_type": "-"}
rank_X_and_Z = np.linalg.matrix_rank(X_and_Z)
print(f"X:       {X.shape[1]} columns, rank {np.linalg.matrix_rank(X)}")
print(f"X and Z: {X_and_Z.shape[1]} columns, rank {rank_X_and_Z}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: a reference level for a random effect.** $\mathbf X$ and $\mathbf Z$ together have one column too many, and as fixed effects they would have no single answer. As random effects they do: the $u_j$ are not free, because the model says that they scatter around zero with variance $\sigma_b^2$. So no block has to be left out.

# %% [markdown] minutes=12 notes="Type the first cell live. Common wrong road to the SED: \u221a2 \u00d7 84.46 = 119.4. Show the criterion as one function: read its last line aloud, term by term, and stop there; day 4 derives it.\nSatterthwaite's formula and the interval are for readers: say 'between 3 and 51, and nearer to 51', then show emmeans.\nPlug-in is the word to leave behind: we put the estimates in and act as if V were known." slideshow={"slide_type": "slide"}
# ## 7. Write the estimate in ten lines
#
# Two variances are to be estimated. In a complete block design they can be read from the two mean squares of the twin's analysis of variance. Why? A block mean holds $u_j$ and the average of 18 errors, so it varies by $\sigma_b^2 + \sigma^2/18$. The mean square of the blocks is 18 times the variance of the block means. Therefore, on average,
#
# $$E(\mathrm{MS}_b) = 18\,\sigma_b^2 + \sigma^2, \qquad E(\mathrm{MS}_e) = \sigma^2.$$
#
# Put in what we have, and solve for the two variances:

# %% slideshow={"slide_type": "subslide"}
mean_squares = mm.anova(fixed)["mean_sq"]
ms_blocks = mean_squares["block"]
ms_error = mean_squares["Residual"]
sigma2_hat = ms_error
sigma2_b_hat = (ms_blocks - ms_error) / 18
print(f"MS of blocks {ms_blocks:.0f}, MS of error {ms_error:.0f} (kg/ha)²")
print(f"sigma²   {sigma2_hat:.0f} (kg/ha)², root {np.sqrt(sigma2_hat):.2f} kg/ha")
print(f"sigma_b² {sigma2_b_hat:.0f} (kg/ha)², root {np.sqrt(sigma2_b_hat):.2f} kg/ha")


# %% [markdown] slideshow={"slide_type": "fragment"}
# The two variances of section 5. But in an incomplete trial the expectations of the mean squares are less simple, and different mean squares give different answers. For any trial there is a recipe that looks at all the data at once, and this is REML. It chooses the two variances, neither of them negative, that make the following *criterion* smallest:
#
# $$(n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \mathbf r'\mathbf V^{-1}\mathbf r, \qquad \mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}.$$
#
# Read it from the end. The last term is the sum of squared residuals, measured with $\mathbf V$: it is small when the variances are large. $\log|\mathbf V|$ is the price for that: the *determinant* $|\mathbf V|$ is one number for the size of $\mathbf V$, and it grows with the variances. $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$ corrects the price for the means that we fitted; it falls when the variances grow, but less than $\log|\mathbf V|$ rises. So, for variances that are not negative, the sum has a lowest point. ($p$ is the number of columns of $\mathbf X$; where the third term comes from is the story of day 4.)

# %% slideshow={"slide_type": "subslide"}
def reml_criterion(sigma2_b, sigma2):
    V = sigma2_b * Z @ Z.T + sigma2 * np.eye(n)
    V_inverse = np.linalg.inv(V)
    XtViX = X.T @ V_inverse @ X
    beta = np.linalg.solve(XtViX, X.T @ V_inverse @ y)
    r = y - X @ beta
    log_det_V = np.linalg.slogdet(V)[1]              # slogdet: logarithm of |V|
    log_det_XtViX = np.linalg.slogdet(XtViX)[1]
    constant = (n - X.shape[1]) * np.log(2 * np.pi)
    return constant + log_det_V + log_det_XtViX + r @ V_inverse @ r

at_mean_squares = reml_criterion(sigma2_b_hat, sigma2_hat)
print(f"at the values from the mean squares: {at_mean_squares:.4f}")
print(f"no variance between blocks:          {reml_criterion(0, sigma2_hat):.4f}")
print(f"four times as much:                  {reml_criterion(11624, sigma2_hat):.4f}")


# %% [markdown] notes="If somebody expects something better, because REML is the modern method: reply 'better in what? both use the same plots'." slideshow={"slide_type": "fragment"}
# Section 5 told where an optimiser should end: at 2906 and 25627. Let us see whether it gets there without knowing the mean squares. (It works with the logarithms of the variances, so that no variance can become negative.)

# %% slideshow={"slide_type": "subslide"}
def criterion_of_logs(log_variances):
    sigma2_b, sigma2 = np.exp(log_variances)
    return reml_criterion(sigma2_b, sigma2)

start = np.log([5000, 20000])
precision = {"xatol": 1e-8, "fatol": 1e-10}
lowest = minimize(criterion_of_logs, start, method="Nelder-Mead", options=precision)
sigma2_b_reml, sigma2_reml = np.exp(lowest.x)
print(f"lowest criterion {lowest.fun:.4f}")
print(f"at sigma_b² {sigma2_b_reml:.0f} and sigma² {sigma2_reml:.0f} (kg/ha)²")

# %% [markdown] slideshow={"slide_type": "subslide"}
# The same lowest point, 729.7118, at the same variances. In a complete trial REML and the mean squares agree, as long as the mean square of the blocks is the larger of the two. Otherwise the formula gives a negative variance, and REML stops at 0.
#
# With the variances we have $\hat{\mathbf V}$. *Generalised least squares* (GLS) then gives the coefficients. It is least squares that gives less weight to what is less exact, and takes account of what two plots share; with $\mathbf V = \sigma^2\mathbf I$ it is the least squares of the twin. Its formulas are $\hat{\boldsymbol\beta} = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$ and $\mathrm{Var}(\hat{\boldsymbol\beta}) = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}$. Both ask for the true $\mathbf V$. We put the estimate in and act as if $\mathbf V$ were known; the standard errors are then, in general, slightly too small (day 6). Here are the first three rows:

# %% slideshow={"slide_type": "subslide"}
V_hat = sigma2_b_hat * Z @ Z.T + sigma2_hat * np.eye(n)
V_inverse = np.linalg.inv(V_hat)
cov_beta = np.linalg.inv(X.T @ V_inverse @ X)
beta_hat = cov_beta @ X.T @ V_inverse @ y
residuals = y - X @ beta_hat
se = np.sqrt(np.diag(cov_beta))
t = beta_hat / se
table = pd.DataFrame({"estimate": beta_hat, "SE": se, "t": t}, index=mixed.beta.index)
table = table.round({"estimate": 4, "SE": 2, "t": 3})
print(table.head(3).to_string())

# %% [markdown] slideshow={"slide_type": "skip"}
# For reading: all the rows.

# %% slideshow={"slide_type": "skip"}
print(table.to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rows of section 5, with more digits. The genotype differences and their standard errors are those of the twin; the first row is not. What is the mean of G01? Over blocks like these, it is the intercept itself, because an average block has $u = 0$. Its variance has two parts: $\bar y_1 = \mu + \bar u + \bar\varepsilon_1$, each of the two averages over four. So
#
# $$\mathrm{SE}^2 = \frac{\sigma_b^2 + \sigma^2}{4}, \qquad\text{estimated by}\qquad \frac{1}{4}\left(\frac{\mathrm{MS}_b - \mathrm{MS}_e}{18} + \mathrm{MS}_e\right) = \frac{\mathrm{MS}_b + 17\,\mathrm{MS}_e}{72}.$$

# %% slideshow={"slide_type": "-"}
mean_g01 = beta_hat[0]
se_mean = se[0]
se_by_variances = np.sqrt((sigma2_b_hat + sigma2_hat) / 4)
se_by_mean_squares = np.sqrt((ms_blocks + 17 * ms_error) / 72)
print(f"mean of G01 {mean_g01:.3f} kg/ha, SE {se_mean:.2f} kg/ha")
print(f"by the two variances:      SE {se_by_variances:.2f} kg/ha")
print(f"by the two mean squares:   SE {se_by_mean_squares:.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An interval needs degrees of freedom, and now two mean squares are in the formula, one on 3 and one on 51 degrees of freedom. *Satterthwaite's* formula gives a number for the sum of two mean squares. It is close to the df of the part that dominates the sum: here this is $17\,\mathrm{MS}_e$, so the answer will be nearer to 51 than to 3.
#
# $$\mathrm{df} = \frac{(\mathrm{MS}_b + 17\,\mathrm{MS}_e)^2}{\mathrm{MS}_b^2/3 + (17\,\mathrm{MS}_e)^2/51}$$

# %% slideshow={"slide_type": "-"}
part_error = 17 * ms_error
df_mean = (ms_blocks + part_error) ** 2 / (ms_blocks**2 / 3 + part_error**2 / 51)
t_star = stats.t.ppf(0.975, df_mean)
lower = mean_g01 - t_star * se_mean
upper = mean_g01 + t_star * se_mean
print(f"t {t_star:.3f} on {df_mean:.2f} df: from {lower:.1f} to {upper:.1f} kg/ha")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two functions do this for any model. `mm.emmeans` makes the means (*estimated marginal means*), and `mm.contrast` a comparison with weights by name. Their degrees of freedom are those of Kenward and Roger; in a complete trial with $\hat\sigma_b^2$ above zero they are Satterthwaite's:

# %% slideshow={"slide_type": "-"}
print(mm.emmeans(mixed, "genotype", at={"genotype": ["G01", "G02"]}))
print()
print(mm.contrast(mixed, {"genotype[T.G02]": 1}))

# %% [markdown] notes="Let the class say the question for each of the two. Expect 'larger SE, so the mixed model is worse': reply 'it answers a larger question'." slideshow={"slide_type": "subslide"}
# Two standard errors, and two different questions:
#
# - 84.46 belongs to the mean of a genotype over blocks like these; $\hat\sigma_b^2$ is in it;
# - 113.20 belongs to the *difference* of two genotypes, the **SED**. It is $\sqrt{2\hat\sigma^2/4}$, as in the twin, because the blocks have cancelled. So it is *not* $\sqrt 2$ times the SE of a mean: two means share their blocks, and their covariance $\sigma_b^2/4$ counts twice, $2(\sigma_b^2 + \sigma^2)/4 - 2\sigma_b^2/4 = 2\sigma^2/4$.
#
# > **Common slip: taking ML for REML.** Plain maximum likelihood (ML) gives 46.69 and 138.64 kg/ha for the two standard deviations. Both variances are ¾ of those of REML, because ML does not count what the means have cost. Between blocks this is one of 4 degrees of freedom. Inside blocks it is 17 of 4 · 17, so 3 · 17 = 51 are left, and that is ¾ as well.

# %% [markdown] minutes=5 notes="The central picture of the day. Point at one cell and ask for the two plots behind it.\nExpect 'same genotype, so they vary together': reply 'is g random or fixed?' Right: \u03c3_b\u00b2 and 0." slideshow={"slide_type": "slide"}
# ## 8. See the covariance of the data
#
# $\mathbf V$ has a row and a column for each plot. On the diagonal stands the variance of a plot, elsewhere the covariance of two plots. We cut out a corner of $\hat{\mathbf V}$: three plots of R1 and three of R2.
#
# **Predict.** What stands in the cell of two plots of the same block? And in that of two plots of the same genotype?

# %% slideshow={"slide_type": "subslide"}
corner = [0, 1, 2, 18, 19, 20]            # G01, G02, G03 in R1, then in R2
plot_names = trial["block"].astype(str) + " " + trial["genotype"].astype(str)
symbols = {
    sigma2_b_hat + sigma2_hat: r"$\hat\sigma_b^2 + \hat\sigma^2$",
    sigma2_b_hat: r"$\hat\sigma_b^2$",
    0: "0",
}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4.2))
plots.show_matrix(
    V_hat[np.ix_(corner, corner)], trial["block"][corner], symbols,
    labels=list(plot_names[corner]), ax=left, title="A corner")
reading = plots.show_matrix(
    V_hat, trial["block"], ax=right, title="All 72 plots, (kg/ha)²")
plt.show()
print(reading)
correlation = V_hat[0, 1] / V_hat[0, 0]        # G01 and G02, both in R1
print(f"correlation of two plots of a block: {correlation:.3f}")

# %% [markdown] notes="Expect 'the model forgot the genotype': reply 'where did you see G01 in the printout?' Expect 'covariance 0 means that they are different': reply 'it means that they do not vary together'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 4. The estimated covariance matrix of the plots, blocks random: a corner with symbols, and the whole. White is zero. `np.ix_` picks rows and columns.*
#
# You should have said: $\hat\sigma_b^2$ for two plots of the same block, 0 for two plots of the same genotype in different blocks. Divide the covariance by the variance of a plot, 2906 / 28533, and you get their *correlation*, 0.102. In words: **10 % of the variance of a plot is shared by its block.** This share is called the intraclass correlation (ICC). It is small, so the squares are pale.
#
# **Discuss.** G01 stands in R1 and in R2. Same genotype, yet covariance 0. Why? And where did the shared soil of a block go?
#
# <details><summary>Answer</summary>
# The genotype is in the mean: it moves both plots, but it is a fixed number and does not vary. The shared soil is a random draw now. It is in <b>V</b>, as σ<sub>b</sub>² between the plots of one block.
# </details>

# %% [markdown] minutes=0.5 notes="A habit for life. Show the table, and that of the twin beside it; the code is for readers.\nThe routes differ in the later digits of the variances: three optimisers stopped at three places." slideshow={"slide_type": "slide"}
# ## 9. Agree by four routes
#
# A number counts when a second route has given it, too. We compare our own lines, `mm.lmm`, the Python library statsmodels, and the printout of R's `lmer` (from the package lme4). The last column is typed as R prints it:

# %% slideshow={"slide_type": "subslide"}
with warnings.catch_warnings(action="ignore"):     # statsmodels comments on its search
    model = smf.mixedlm("yield_kg_ha ~ genotype", data=trial, groups="block")
    by_statsmodels = model.fit()

def eight_numbers(beta, se, three_more):
    beta, se = np.array(beta), np.array(se)
    return [beta[0], beta[1], beta[17], se[0], se[1]] + three_more

routes = pd.DataFrame(index=[
    "G01", "G02 − G01", "G18 − G01", "SE of G01", "SED of genotypes",
    "sigma_b²", "sigma²", "REML criterion"])
routes["our lines"] = eight_numbers(
    beta_hat, se, [sigma2_b_hat, sigma2_hat, at_mean_squares])
variances = list(mixed.varcomp["variance"])
routes["mm.lmm"] = eight_numbers(
    mixed.beta, mixed.se, variances + [mixed.criterion])
sigma2_b_statsmodels = by_statsmodels.cov_re.iloc[0, 0]
routes["statsmodels"] = eight_numbers(
    by_statsmodels.fe_params, by_statsmodels.bse_fe,
    [sigma2_b_statsmodels, by_statsmodels.scale, -2 * by_statsmodels.llf])
assert np.allclose(routes["our lines"], routes["mm.lmm"], rtol=1e-4)
assert np.allclose(routes["our lines"], routes["statsmodels"], rtol=1e-4)
r_prints = [
    "581.86", "-66.52", "448.28", "84.46", "113.20", "2906", "25627", "729.7"]
print(routes.round(1).assign(R=r_prints).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four routes, one answer. (`assert` does nothing when its condition is true, and stops the cell when it is not.)

# %% [markdown] minutes=4 notes="Prediction, not estimation: u is a random variable. In the twin the same four deviations are taken at face value.\nExpect 'shrinking is cheating': reply 'sow 18 other plots on the soil of R1, in the same year: 90 above, or less?'" slideshow={"slide_type": "slide"}
# ## 10. Meet the blocks
#
# The model has estimated the variance between blocks. It can also *predict* the effect of each block: the *best linear unbiased predictor*, **BLUP**, is
#
# $$\hat{\mathbf u} = \mathbf G\mathbf Z'\mathbf V^{-1}(\mathbf y - \mathbf X\hat{\boldsymbol\beta}),$$
#
# with the estimated variances put in. Read it from the right: the residuals, weighted by $\mathbf V^{-1}$, collected block by block, and multiplied by the variance of a block effect. Beside it we put the deviation of each block mean as it was measured:

# %% slideshow={"slide_type": "-"}
u_hat = sigma2_b_hat * Z.T @ V_inverse @ residuals
yield_of_block = trial.groupby("block", observed=True)["yield_kg_ha"].mean()
deviations = (yield_of_block - y.mean()).to_numpy()
block_table = pd.DataFrame({
    "measured": deviations,
    "predicted": u_hat,
    "ratio": u_hat / deviations,
}, index=blocks)
print(block_table.round({"measured": 2, "predicted": 2, "ratio": 3}).to_string())
factor_by_formula = 18 * sigma2_b_hat / (18 * sigma2_b_hat + sigma2_hat)
print(f"18 sigma_b² / (18 sigma_b² + sigma²) = {factor_by_formula:.3f}")

# %% [markdown] notes="Hands up. Expect '\u03c3\u00b2, it is the larger one': reply 'relative to its size'." slideshow={"slide_type": "subslide"}
# R1 was measured 90.18 kg/ha above the average block, and the model believes in 60.52. It takes the rest for chance, because a block mean carries the errors of its 18 plots.
#
# > **Common slip: "balanced data do not shrink".** In a balanced trial all blocks shrink *by the same factor*, here 0.671, but they do shrink. As long as plots have an error of their own, only an infinite $\sigma_b^2$, or infinitely many plots in a block, would leave them alone.
#
# **Predict.** $\hat\sigma_b^2$ = 2906 rests on four blocks, which is 3 degrees of freedom. We leave out each block in turn and fit again. Which of the two variances will move more, relative to its size?

# %% slideshow={"slide_type": "-"}
for block in blocks:
    rest = trial[trial["block"] != block]
    refit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=rest)
    between, within = refit.varcomp["variance"]
    print(f"without {block}: sigma_b² {between:5.0f}, sigma² {within:5.0f} (kg/ha)²")


# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: $\hat\sigma_b^2$. It goes from 216 to 4708, a factor of more than twenty, while $\hat\sigma^2$ changes by a factor of two. A trial with four blocks says more about its plots than about its blocks.

# %% [markdown] minutes=4 notes="Ask for the prediction before you move the slider: what happens to V, what to the dots?\nSlider only; Figure 6 is for readers. Move to 0.5: the blocks are gone. Move to 3. Say: with large block differences the block effects of the two analyses agree; about a genotype mean they agree least.\nBoard: \u03c3\u0302_b\u00b2 = (F_b \u2212 1) \u00b7 MS_e/18, so 0 when F_b is below 1." slideshow={"slide_type": "slide"}
# ## 11. Turn one knob
#
# Now we change the data, as in the twin. We multiply the differences between the blocks by a factor: 1 is the trial as it was, 0 is a perfectly even field, 3 is a very uneven one. Everything else stays. Then we fit the model anew. (`cat.codes` is the number of the block of each plot, 0 to 3. A list of such numbers in brackets picks: `deviations[…]` holds the deviation of the right block for each of the 72 plots.)
#
# **Predict.** Below we turn the factor from 0.5 to 3. Will a corner of $\hat{\mathbf V}$ change? Will the predicted block effects leave the block differences in the data, and at which factor do they come closest to them, relative to the size of the effect?

# %% slideshow={"slide_type": "-"}
def with_block_differences(factor):
    deviation_of_plot = deviations[trial["block"].cat.codes]
    more = (factor - 1) * deviation_of_plot
    return trial.assign(yield_kg_ha=y + more)

factor = 2
data_now = with_block_differences(factor)
refit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=data_now)
between, within = refit.varcomp["variance"]
print(f"factor {factor}: sigma_b² {between:.0f}, sigma² {within:.0f} (kg/ha)²")


# %% [markdown] notes="Expect 'the dots keep the same distance in kg': reply 'what is the ratio at 1, and at 3?'" slideshow={"slide_type": "fragment"}
# With factor 2 the variance between blocks has grown more than fivefold, and $\hat\sigma^2$ is what it was. (Why not fourfold? The mean square of the blocks did grow fourfold. But the mean square of the error, which is subtracted from it, stayed.) The next cell draws both sides: on the left the corner of $\hat{\mathbf V}$, on the right the blocks, as they are in the data (rings) and as the model predicts them (dots).

# %% slideshow={"slide_type": "skip"}
def draw_factor(factor, ax_V, ax_blocks):
    refit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)",
                   data=with_block_differences(factor))
    V_now = refit.V.to_numpy()[np.ix_(corner, corner)]
    predicted = refit.ranef()["estimate"]
    plots.show_matrix(V_now, trial["block"][corner], ax=ax_V, title="Corner of V")
    ax_blocks.plot(factor * deviations, blocks, "o", color="grey", markersize=10,
                   markerfacecolor="white", label="in the data")
    ax_blocks.plot(predicted, blocks, "o", markersize=4, label="predicted")
    ax_blocks.set_xlim(-290, 290)
    ax_blocks.set_xlabel("block, from the average (kg/ha)")
    ax_blocks.set_title(f"factor {factor:.1f}")
    ax_blocks.invert_yaxis()
    R1_in_data = factor * deviations[0]
    R1_predicted = predicted[0].round(6) + 0           # + 0 turns -0.0 into 0.0
    between, within = refit.varcomp["variance"]
    return (f"factor {factor:.1f}: R1 in the data {R1_in_data:.1f}, predicted "
            f"{R1_predicted:.1f} kg/ha;\n            sigma_b² {between:.0f}, "
            f"sigma² {within:.0f}, SE of a mean {refit.se.iloc[0]:.2f} kg/ha")


# %% [markdown] slideshow={"slide_type": "subslide"}
# And the slider. `interact` calls the function `picture` whenever the slider moves (the `;` at the end keeps its name from being printed):

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def picture(factor):
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    sentence = draw_factor(factor, left, right)
    right.legend()
    plt.show()
    print(sentence)

interact(picture, factor=FloatSlider(
    value=1, min=0, max=3, step=0.1, continuous_update=False));

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. Left: a corner of $\hat{\mathbf V}$ in (kg/ha)². Right: the blocks, in the data (rings) and predicted (dots), in kg/ha. The darkest blue is always the diagonal of that picture, so compare the numbers.*
#
# The same for three positions of the slider, side by side:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.6), height_ratios=[3, 2])
three_factors = [0.5, 1, 3]
for position in range(3):
    factor = three_factors[position]
    print(draw_factor(factor, axes[0, position], axes[1, position]))
plt.show()


# %% [markdown] notes="Expect 'then F is on 54 df': reply 'mm.anova keeps 51: Kenward and Roger do not take the zero as known'." slideshow={"slide_type": "fragment"}
# *Figure 6. Block differences multiplied by 0.5, 1 and 3: above the corner of $\hat{\mathbf V}$, below the blocks in the data (rings) and predicted (dots). Each $\hat{\mathbf V}$ has its own colour scale, the darkest is its diagonal; so compare the numbers.*
#
# You should have said: $\hat{\mathbf V}$ changes. In this model the block differences are in $\mathbf V$, and the covariance inside a block grows with them. The larger the factor, the closer the dots come to their rings, relative to the size of the effect: at factor 3 the model believes 260.6 of 270.5 kg/ha. So with large block differences the *block effects* of the two analyses nearly agree. About a genotype *mean* they agree least there: its SE has grown to 125.67 kg/ha, while blocks fixed would still say 80.04.
#
# At factor 0.5 the rings are apart, but all dots lie at zero: $\hat\sigma_b^2 = 0$. The blocks then differ no more than their plots would make them differ. The mean squares would give a negative variance, REML stops at zero, and the 3 degrees of freedom of the blocks go to the error, so $\hat\sigma^2$ is 25286 in place of 25627. So here even the SED of the two analyses is not the same: $\sqrt{2\hat\sigma^2/4}$ is a little smaller with blocks random.

# %% [markdown] minutes=5 notes="Taught once, for both notebooks. Expect 'the SED grows too': reply 'is the block still in the difference?'\nCollect the reasons before you run the cell; then read three rows aloud: SED, SE of a mean, what you may say. The table of reasons and Figure 7 are for reading.\nExpect '\u03c3 grows, the blocks are no longer explained': reply 'does the block stand in \u03c3 or in \u03c3_b?' Expect 'the SE of a mean falls, fewer coefficients': reply 'would the next four blocks give the same mean?' Expect 'the best block stays 90': reply 'how much of it is the luck of 18 plots?'\nBoard, the ladder for G01: 80.0 (these four blocks), 84.5 (average of blocks like these), 100.2 (one new block), 188.9 (one new plot)." slideshow={"slide_type": "slide"}
# ## 12. What is the same, what differs
#
# Now we put the two analyses side by side. `fixed` was fitted in section 2, `mixed` in section 5. The function takes the same numbers from either of them.
#
# **Predict.** You gave four answers in section 3: smaller, the same or larger. Write the reason beside each of them before you read the last column.

# %% slideshow={"slide_type": "skip"}
def numbers_of(fit):
    mean = mm.emmeans(fit, "genotype").iloc[0]               # the row of G01
    test = mm.anova(fit).loc["genotype"]
    return {
        "G02 − G01": fit.beta["genotype[T.G02]"],
        "SED": fit.se["genotype[T.G02]"],
        "sigma": fit.sigma,
        "F of genotypes": test["f"],
        "its second df": test["den_df"],
        "mean of G01": mean["mean"],
        "SE of a mean": mean["se"],
        "df of a mean": mean["df"],
        "interval, lower end": mean["lower"],
        "interval, upper end": mean["upper"],
        "intercept": fit.beta["Intercept"],
        "columns of X": fit.X.shape[1],
    }


# %% [markdown] slideshow={"slide_type": "fragment"}
# Five more rows are not in both fits by the same name, so we add them one by one. One of them needs a word: how sure are we of G01 in *one* new block? That block is one draw, so its variance $\hat\sigma_b^2$ is added to that of the mean. `np.isclose` compares the two columns:

# %% slideshow={"slide_type": "subslide"}
comparison = pd.DataFrame({
    "blocks fixed": numbers_of(fixed),
    "blocks random": numbers_of(mixed),
})
mixed_by_ml = mixed.refit(reml=False)
sigma_b_by_ml, sigma_by_ml = mixed_by_ml.varcomp["sd"]
sigma_fixed_by_ml = np.sqrt(np.sum(fixed.residuals**2) / n)
variance_new = se_mean**2 + sigma2_b_hat
comparison.loc["best block"] = [deviations[0], u_hat[0]]
comparison.loc["G01 in a new block"] = [np.nan, beta_hat[0]]
comparison.loc["its SE"] = [np.nan, np.sqrt(variance_new)]
comparison.loc["covariance in a block"] = [0, V_hat[0, 1]]
comparison.loc["sigma by ML"] = [sigma_fixed_by_ml, sigma_by_ml]
equal = np.isclose(comparison["blocks fixed"], comparison["blocks random"])
comparison["verdict"] = np.where(equal, "same", "differs")
print(comparison.to_string(float_format="{:.3f}".format, na_rep="none"))
print(f"(sigma_b by ML: {sigma_b_by_ml:.2f})")

# %% [markdown] notes="Ask which standard error belongs into a report, and for which question.\nExpect 'the mixed model is more careful': reply 'it answers a question about more land'. Expect 'the bars overlap, so no difference': reply 'the comparison has its own bar, at the right'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# You should have said: $\sigma$ and the SED are the same, the SE of a mean and the best block are not. All that compares genotypes is the same, because blocks cancel in it. A single mean is the same number as well, but its SE, its degrees of freedom and its interval differ, and so do the blocks.
#
# **Discuss.** The SE of a mean is larger with blocks random. What does this analysis know about a mean that the other one leaves out? For whom does it matter?
#
# <details><summary>Answer</summary>
# It knows that other blocks would have given another mean: σ<sub>b</sub>²/4 is added to the variance, and the SE grows from 80.04 to 84.46 kg/ha. It matters for whoever speaks about the average of land outside the trial. For one new field even this is too little, because that field is one draw: √(84.46² + 2906) = 100.2. Whoever compares genotypes needs the SED, 113.20, and that is the same.
# </details>
#
# ***
#
# Here are the means with their standard errors, in the order of the means. The helper `plots.show_intervals` draws what the twin draws line by line:

# %% slideshow={"slide_type": "subslide"}
in_order = list(by_genotype.mean().sort_values().index)
emm_fixed = mm.emmeans(fixed, "genotype").set_index("genotype").loc[in_order]
emm_mixed = mm.emmeans(mixed, "genotype").set_index("genotype").loc[in_order]
sed = comparison.loc["SED", "blocks random"]
analyses = {
    "blocks fixed": (emm_fixed["mean"], emm_fixed["se"], sed),
    "blocks random": (emm_mixed["mean"], emm_mixed["se"], sed),
}
reading = plots.show_intervals(in_order, analyses, unit="mean ± SE (kg/ha)")
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 7. Genotype means ± one standard error in kg/ha, in the order of the means, blocks fixed (full circles) and random (open squares). The two bars at the right have the length of the SED, one for each analysis; they are equally long.*

# %% [markdown] notes="For readers." slideshow={"slide_type": "skip"}
# The same table once more, with the reasons. The last column says until when the two analyses agree. Remember that $\hat\sigma_b^2$ can be zero (section 11). All rows are for a model that holds genotype and block and nothing else: a covariate that differs between the plots of a block, and whose block means differ as well, breaks the agreement; a second factor that is balanced over blocks and genotypes does not.
#
# | quantity | blocks fixed | blocks random | why | the two agree |
# |---|---|---|---|---|
# | G02 − G01 | $\bar y_2 - \bar y_1$ | the same | both stood in all blocks, so block effects cancel | as long as both stand in the same blocks |
# | SED | $\sqrt{2\hat\sigma^2/4}$ | the same | what cancels in the difference cancels in its variance | as long as every remaining block is complete and $\hat\sigma_b^2 > 0$ |
# | $\hat\sigma$, F of genotypes and its df | differences inside blocks | the same | all comparisons can be made inside blocks | as long as every remaining block is complete and $\hat\sigma_b^2 > 0$ |
# | mean of G01 | $\bar y_1$ | the same | every genotype stood in every block | as long as every remaining block is complete |
# | SE of a mean | $\sqrt{\hat\sigma^2/4}$ | $\sqrt{(\hat\sigma_b^2 + \hat\sigma^2)/4}$ | other blocks would give another mean | never, unless $\mathrm{MS}_b = \mathrm{MS}_e$ exactly |
# | df of a mean | $72 - 21$ | Satterthwaite | $\hat\sigma_b^2$ rests on four blocks | by accident |
# | interval of a mean | mean ± $t$·SE | mean ± $t$·SE | another SE and other df; here larger SE and fewer df | by accident |
# | R1 above the average | $\bar y_{R1} - \bar y$ | $\dfrac{18\hat\sigma_b^2}{18\hat\sigma_b^2 + \hat\sigma^2}$ of it | a part of it is chance | only if $\hat\sigma_b^2$ is infinite |
# | intercept | G01 in R1 | G01 in an average block | R1 is the reference, or nothing is | by accident |
# | G01 in a new block | no answer | the intercept | a new block has no coefficient; a new draw has mean 0 | |
# | its SE | none | $\sqrt{\mathrm{SE}^2 + \hat\sigma_b^2}$, here 100.2 | one new block is one draw, and not an average of blocks | |
# | covariance in a block | 0 | $\hat\sigma_b^2$ | shared soil is in the mean, or in $\mathbf V$ | only if $\hat\sigma_b^2 = 0$ |
# | columns of $\mathbf X$ | $1 + 17 + 3$ | $1 + 17$ | block columns are in $\mathbf Z$ | never |
# | $\sigma$ by ML | $\sqrt{\mathrm{RSS}/72}$ | $\sqrt{\mathrm{RSS}/(72-4)}$ as long as $\hat\sigma_b^2 > 0$ | ML does not count what genotypes cost. But with blocks random the four block means speak of $\sigma_b^2$, so only the $72 - 4$ differences inside blocks are left for $\sigma^2$ | only if all block means are equal |
# | **what you may say** | **these four blocks** | **blocks like these** | the error speaks of what varies in the model | |

# %% [markdown] minutes=4 notes="Taught once, for both: four minutes for the goats; recovery and the pigs are for reading. Name recovery in one sentence.\nBefore the first run: hands up, how many of the 17 differences will still agree? And if the goats had eaten a plot of G01? (With seed = 3 they do: 0 of 17.) Static picture only; the slider is for readers.\nExpect 'none, the trial is unbalanced now': reply 'which differences feel the lost plot?' Right: 16. Expect 'both the same': reply 'how much of R1's 90 does each believe?'" slideshow={"slide_type": "slide"}
# ## 13. Break it: lose some plots
#
# The equalities rest on the layout: every genotype stands once in every block. (They also need a variance between blocks that is not estimated as zero.) Goats visit the trial, as in the twin. The knobs are *how many* plots they eat (none to half of the trial) and *where*:
#
# - `"at random"`, but never the last plot of a genotype;
# - `"one block"`: first all of R4, then all of R3;
# - `"half of every block"`: each block keeps 9 genotypes, and other ones in each block.

# %% slideshow={"slide_type": "skip"}
block_number = trial["block"].cat.codes               # 0 to 3
genotype_number = trial["genotype"].cat.codes         # 0 to 17

# one block: sort by block, from R4 down to R1
last_block_first = trial.sort_values("block", ascending=False, kind="stable")
# half of every block: number the plots of each block 0 to 17, starting with another
# genotype in each block (% 18 goes from 17 on to 0); lose the high numbers first
turn = (genotype_number - 5 * block_number) % 18
last_turn_first = trial.assign(turn=turn).sort_values(
    "turn", ascending=False, kind="stable")
print("one block, lost first:          ", list(last_block_first.index[:6]))
print("half of every block, lost first:", list(last_turn_first.index[:6]))

# %% [markdown] slideshow={"slide_type": "skip"}
# These are the numbers of the rows, in the order in which they are lost (`kind="stable"` leaves rows that tie in the order of the file). At random we go through the plots in a shuffled order, and spare the last plot of each genotype. `seed` chooses the shuffle; any whole number will do. An unknown pattern loses nothing, and the three names are printed:

# %% slideshow={"slide_type": "skip"}
seed = 1

def random_order(seed):
    lost = []
    plots_left = trial["genotype"].value_counts()
    for plot in np.random.default_rng(abs(int(seed))).permutation(n):
        genotype = trial["genotype"][plot]
        if plots_left[genotype] > 1:
            plots_left[genotype] = plots_left[genotype] - 1
            lost.append(int(plot))
    return lost

orders_of_loss = {
    "at random": random_order(seed),
    "one block": list(last_block_first.index),
    "half of every block": list(last_turn_first.index),
}

def lose_plots(number, pattern):
    if pattern not in orders_of_loss:
        print("pattern is one of:", list(orders_of_loss))
        return trial
    number = int(min(max(number, 0), 36))             # never more than half the trial
    return trial.drop(index=orders_of_loss[pattern][:number])

print("at random, lost first:          ", orders_of_loss["at random"][:6])


# %% [markdown] slideshow={"slide_type": "skip"}
# The next function fits both models to what is left, and returns the 17 differences from G01 with their SEDs, and the variance between blocks:

# %% slideshow={"slide_type": "skip"}
def both_analyses(data):
    fit_fixed = mm.lm("yield_kg_ha ~ genotype + block", data=data)
    fit_mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=data)
    differences = pd.DataFrame({
        "fixed": fit_fixed.beta, "random": fit_mixed.beta,
        "SED fixed": fit_fixed.se, "SED random": fit_mixed.se})
    differences = differences.filter(like="genotype", axis=0)
    differences.index = genotypes[1:]                         # G02 to G18
    return differences, fit_mixed.varcomp["variance"][0]

def show_rows(table):
    print("none" if table.empty else table.to_string())

differences, sigma2_b_now = both_analyses(trial)
gap = differences["fixed"] - differences["random"]
print(f"no plot lost: largest gap between the analyses {gap.abs().max():.2f} kg/ha")

# %% [markdown] notes="Expect 'again 16': reply 'in how many of the differences is G01?' Then, on G18: which of the two analyses takes the 90 kg/ha of R1 at face value?" slideshow={"slide_type": "subslide"}
# No plot lost, no gap. Now the goats eat one plot. With `seed = 1` it is that of G18 in R1, the best block. So the mean of the three plots that are left is too low, and both analyses move G18 up.
#
# **Predict.** You know from the twin how many differences agree. Suppose that the goats had eaten a plot of *G01* instead: how many of the 17 would agree then? (We run what the goats really did; then check your answer with `seed = 3`.)

# %% slideshow={"slide_type": "-"}
number_lost = 1
pattern = "at random"

left_in_field = lose_plots(number_lost, pattern)
gone = trial.drop(index=left_in_field.index)
print("lost plots:")
show_rows(gone[["genotype", "block"]])
differences, sigma2_b_now = both_analyses(left_in_field)
differences["gap"] = differences["fixed"] - differences["random"]
changed = differences[differences["gap"].abs() > 0.005]
n_agree = len(differences) - len(changed)
print(f"{n_agree} of {len(differences)} differences agree; the others:")
show_rows(changed.round(2))


# %% [markdown] slideshow={"slide_type": "subslide"}
# 16 differences agree; only that of G18 has changed. The analysis with blocks fixed moves G18 up by more, by 11.22 kg/ha, because it adds back the full effect of R1 and the other one a shrunken effect. Had G01 lost a plot, you should have said: none of the 17 agrees, because each of them is a difference from G01. Both analyses estimate a genotype by the mean of its plots, after the effect of the block has been subtracted from each plot, and they differ in that effect only:
#
# $$\hat g_i - \hat g_1 = \text{mean of } (y_{ij} - \text{block } j) \;-\; \text{mean of } (y_{1j} - \text{block } j).$$
#
# The fixed analysis subtracts the measured block effect, the mixed analysis the shrunken one. Two genotypes that stand in the *same blocks* have the same subtracted, and it cancels. (This is exact, however many other plots are lost, as long as the model holds genotype and block and nothing else. A covariate that differs from plot to plot would, as a rule, break it.)
#
# Now turn both knobs. The bars are the gaps in kg/ha, in the order of the means. Below the picture are three dials: the largest gap in units of its SED, the ratio of the average SEDs (fixed to random), and the variance between blocks.

# %% slideshow={"slide_type": "skip"}
def draw_gaps(number, pattern, ax):
    differences, sigma2_b_now = both_analyses(lose_plots(number, pattern))
    gap = differences["fixed"] - differences["random"]
    compared = [name for name in in_order if name in gap.index]     # all but G01
    ax.barh(compared, gap[compared], color="grey")
    ax.axvline(0, color="black", linewidth=1)
    ax.set_xlim(-130, 130)
    ax.set_xlabel("gap, fixed − random (kg/ha)")
    ax.set_title(f"{number} lost, {pattern}", fontsize=10)
    relative_gap = (gap / differences["SED fixed"]).abs().max()
    ratio = differences["SED fixed"].mean() / differences["SED random"].mean()
    return {
        "largest gap, in SEDs": f"{relative_gap:.2f}",
        "SED fixed / SED random": f"{ratio:.3f}",
        "sigma_b², (kg/ha)²": f"{sigma2_b_now:.0f}",
    }


# %% [markdown] slideshow={"slide_type": "subslide"}
# The two knobs, *how many* and *where*:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def goats(number, pattern):
    fig, ax = plt.subplots(figsize=(6, 4.2))
    dials = draw_gaps(number, pattern, ax)
    plt.show()
    print(pd.Series(dials).to_string())

how_many = IntSlider(value=12, min=0, max=36, continuous_update=False)
where = Dropdown(options=["at random", "one block", "half of every block"])
interact(goats, number=how_many, pattern=where);

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 8. The gap between the two analyses in each difference from G01, in kg/ha; no bar means no gap.*
#
# The same for three positions of the knobs, side by side:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(1, 3, figsize=(9, 4.2), sharey=True)
dials = pd.DataFrame({
    "none lost": draw_gaps(0, "at random", axes[0]),
    "12 at random": draw_gaps(12, "at random", axes[1]),
    "half of every block": draw_gaps(36, "half of every block", axes[2]),
})
plt.show()
print(dials.to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 9. The gap between the two analyses in each difference from G01, in kg/ha, for a complete trial, after 12 plots lost at random, and when each block holds half of the genotypes.*
#
# A dozen lost plots hardly matter: the largest gap is here a tenth of an SED, and with other seeds up to about a quarter. But when every block holds only half of the genotypes, the analyses differ by up to half an SED. The ratio says that random blocks have the smaller SED there. (It can also fall a little below 1, because each analysis estimates its own $\sigma^2$.)
#
# > **Common slip: "fixed or random, the estimates are the same".** They are, when the genotypes that you compare stand in the same blocks. One lost plot is a counter-example.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: which plots count?
#
# Where does the mixed analysis get more from? Take the smallest example: two genotypes and six plots. G01 is without R4, G18 is without R3:

# %% slideshow={"slide_type": "skip"}
only_two = trial[trial["genotype"].isin(["G01", "G18"])]
lost_G01 = (only_two["genotype"] == "G01") & (only_two["block"] == "R4")
lost_G18 = (only_two["genotype"] == "G18") & (only_two["block"] == "R3")
six = only_two[~lost_G01 & ~lost_G18]                # ~ means not
six_wide = six.pivot(index="block", columns="genotype", values="yield_kg_ha")
print(six_wide.to_string(na_rep="-"))
d_within = (six_wide["G18"] - six_wide["G01"]).mean()       # only R1 and R2 have both
d_between = six_wide.loc["R4", "G18"] - six_wide.loc["R3", "G01"]
print(f"inside blocks: {d_within:.3f} kg/ha, between blocks: {d_between:.3f} kg/ha")

# %% [markdown] notes="Board: the two lines of the formula, with 1/SED\u00b2 called 'information'.\nExpect 'why not simply average all plots?': reply 'that is w = 2/3, right if blocks do not differ at all'." slideshow={"slide_type": "skip"}
# There are two sources now. *Inside blocks* R1 and R2 each compare the two genotypes directly. *Between blocks* the plot of G18 in R4 is compared with that of G01 in R3; if the loss had nothing to do with the yields, this is a fair comparison as well, only a less exact one, because two block effects are in it. With blocks fixed, it is worth nothing. With blocks random, each source is weighted by how exact it is:
#
# $$\frac{1}{\mathrm{SED}^2} = \frac{1}{\mathrm{SED}_\text{within}^2} + \frac{1}{\mathrm{SED}_\text{between}^2}, \qquad \hat d = w\, d_\text{within} + (1-w)\, d_\text{between}, \quad w = \frac{\mathrm{SED}^2}{\mathrm{SED}_\text{within}^2}.$$
#
# This is called the **recovery of inter-block information**. We use the variances of the whole trial, and compare with GLS (`mm.gls`) on the six plots:

# %% slideshow={"slide_type": "skip"}
variance_within = 2 * sigma2_hat / 2                     # two differences, averaged
variance_between = 2 * (sigma2_b_hat + sigma2_hat)       # two plots, two blocks
w = variance_between / (variance_within + variance_between)
d_combined = w * d_within + (1 - w) * d_between
print(f"w = {w:.3f}, combined {d_combined:.3f} kg/ha")

X_six = np.column_stack([np.ones(6), six["genotype"] == "G18"]).astype(float)
V_six = mm.build_V_cs(sigma2_b_hat, sigma2_hat, six["block"])
beta_six, cov_six, residuals_six = mm.gls(X_six, six["yield_kg_ha"].to_numpy(), V_six)
sed_six = np.sqrt(cov_six[1, 1])
sed_within = np.sqrt(variance_within)
print(f"GLS on six plots: {beta_six[1]:.3f} kg/ha, SED {sed_six:.1f} kg/ha")
print(f"inside blocks:    {d_within:.3f} kg/ha, SED {sed_within:.1f} kg/ha")

# %% [markdown] slideshow={"slide_type": "skip"}
# The weighted mean of the two sources *is* the GLS estimate, with a smaller SED. With fixed blocks $w = 1$; the larger $\sigma_b^2$, the closer is $w$ to 1.
#
# Is this worth having? The SED above takes the variances as known, but they are estimated, and $\hat\sigma_b^2$ rests on four blocks. In the trial with half blocks we ask for the average SED of the 17 differences, first as if the variances were known, then with the correction of Kenward and Roger:

# %% slideshow={"slide_type": "skip"}
half = lose_plots(36, "half of every block")
half_fixed = mm.lm("yield_kg_ha ~ genotype + block", data=half)
half_mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=half)
corrected = []
for name in half_mixed.beta.index[1:]:
    corrected.append(mm.contrast(half_mixed, {name: 1})["se"].iloc[0])
sed_half_fixed = half_fixed.se.filter(like="genotype").mean()
sed_half_mixed = half_mixed.se.filter(like="genotype").mean()
print(f"blocks fixed:                     {sed_half_fixed:.2f} kg/ha")
print(f"blocks random, variances 'known': {sed_half_mixed:.2f} kg/ha")
print(f"blocks random, corrected:         {np.mean(corrected):.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "skip"}
# Here the correction takes the gain back: with four blocks we know $\sigma_b^2$ too badly to profit from it. Recovery pays in trials with *many small* blocks, and breeding trials are often of that kind.
#
# ### For reading: pigs in rooms
#
# Blocks are not always strips of land. In a feeding trial with pigs (synthetic data, see `data/README.md` in the project folder) six diets were compared in three rooms, with five pens for each diet in each room and three days of sampling. The response is the dry matter of the faeces in %. The star in the formula stands for both factors and their interaction. Rooms fixed, then random:

# %% slideshow={"slide_type": "skip"}
pigs = mm.load("pigs_rooms")
rooms_fixed = mm.lm("dry_matter_pct ~ diet * day + room", data=pigs)
rooms_random = mm.lmm("dry_matter_pct ~ diet * day + (1 | room)", data=pigs)
two_rows = pd.DataFrame({
    "rooms fixed": mm.emmeans(rooms_fixed, "diet").iloc[0],        # the row of diet A
    "rooms random": mm.emmeans(rooms_random, "diet").iloc[0],
})
print(two_rows.T.to_string(float_format="{:.3f}".format))
print(rooms_random.varcomp[["group", "variance"]].round(2).to_string(index=False))

# %% [markdown] notes="Expect 'the mixed model lost power': reply 'compare two diets: the SED has not changed'. Board: SE\u00b2 = \u03c3_b\u00b2/3 + \u03c3\u00b2/45." slideshow={"slide_type": "skip"} tags=["discuss"]
# **Discuss.** The mean is the same, 17.61 %. The standard error has grown from 0.894 to 2.191, and the degrees of freedom have fallen from 250 to 2.7. In the sorghum trial the SE grew by less than 6 %. Why is it so much here? Which interval would you show to an adviser who speaks for farms in general? And is it enough for one farmer?
#
# <details><summary>Answer</summary>
# The variance between rooms, 12.00, is a third of that between the observations in a room, 36.00. A diet mean averages 45 observations but only three rooms, so SE² = 12/3 + 36/45 = 4.8, and the rooms dominate. So do their degrees of freedom: three rooms have 2. The wide interval is the one for the adviser: it speaks of the average over rooms like these. The rooms of one farmer are a new draw: for one room the SE is √(4.8 + 12) = 4.1, and the interval is wider still. To make the adviser's shorter, you need more rooms, not more pigs. (The model also takes the three days of a pen as independent, which they are not; day 6.)
# </details>

# %% [markdown] minutes=1.5 notes="Ask who had three directions right. Return to 'everything gets better': which number did? Read the three sentences of the card aloud, or let a student do it." slideshow={"slide_type": "slide"}
# ## 14. Wrap up
#
# Your guesses of both notebooks beside the results:

# %% slideshow={"slide_type": "-"}
four_rows = ["sigma", "SE of a mean", "SED", "best block"]
wrap_up = comparison.loc[four_rows, ["blocks fixed", "blocks random"]].round(2)
wrap_up.insert(0, "my guess", [str(my_guess[name]) for name in four_rows])
wrap_up.insert(0, "twin guess", [str(twin_guess[name]) for name in four_rows])
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the same, larger, the same, smaller.
#
# ![Two square pictures and a row of means. Left: a covariance matrix with a coloured diagonal only. Right: the same with a pale coloured square for each block. Below: the genotype means with error bars from both analyses, and two bars of equal length for the standard error of a difference.](figures/pair.png)
#
# *The whole day in one picture: $\hat{\mathbf V}$ and the genotype means, blocks fixed and blocks random.*
#
# **To take away**
#
# 1. With blocks random, the block differences are in $\mathbf V$: two plots of a block share $\sigma_b^2$, here 10 % of the variance of a plot.
# 2. In a complete trial with genotype and block in the model, as long as $\hat\sigma_b^2$ is above zero, nothing changes that compares genotypes; here the SE of a mean grows from 80.0 to 84.5 kg/ha, because it now speaks of blocks like these.
# 3. Blocks are predicted, and shrink, because a part of what was measured is chance; four blocks say little about $\sigma_b^2$.

# %% [markdown] minutes=0.5 notes="Homework. Number 2 is the one to begin with next time.\nNumber 3: expect 'large gaps, a quarter of the trial is gone'." slideshow={"slide_type": "slide"}
# ## 15. On your own
#
# 1. **Do.** Start the optimiser of section 7 at three other places: `np.log([50, 200])`, `np.log([100000, 1000])` and `np.log([10000, 10])`. Does it come back each time? Compare `lowest.fun`, the criterion where it stopped.
# 2. **Explain.** In two sentences, to a fellow student: why is the SE of a mean larger with blocks random, although the SED is not?
# 3. **Change one knob.** In section 13, lose 18 plots with the pattern `"one block"`. Guess first: which gaps will there be? And what will $\hat\sigma_b^2$ be?
# 4. **Transfer.** `mm.load("potash")` is a cotton trial: the strength of the fibre at five amounts of potash, in three blocks. Fit `strength ~ C(k2o_lb_ac) + (1 | block)` (`C(…)` makes a factor of a number). Is $\hat\sigma_b^2$ larger or smaller than $\hat\sigma^2$? What is the correlation of two plots of a block?
#
# <details><summary>Answers</summary>
# <ol>
# <li>From the first two it comes back to 2906 and 25627, criterion 729.7118. From the third it stops near σ_b² = 0 and σ² = 28533 with 732.1755, which is higher, so this is not the lowest point: seen in logarithms, the criterion is nearly flat where σ_b² is close to 0, and the search got stuck there. So start at sensible values, and more than once. (If one variance is many thousand times the other, <b>V</b> can no longer be inverted, and Python says <em>Singular matrix</em>.)</li>
# <li>A mean carries the luck of its blocks, and with blocks random this luck counts as variance. In a difference both genotypes had the same luck, so it cancels.</li>
# <li>All gaps are 0 (up to rounding), because three complete blocks are left. The variance between blocks is 4351, that of the three blocks R1, R2 and R3.</li>
# <li>Much smaller: 0.000975 against 0.04369. The correlation is 0.022; these blocks hardly differ.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day2_exercises](exercises/day2_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Point to day 3; a short course goes on with day 4." slideshow={"slide_type": "slide"}
# ## 16. In practice and further reading
#
# In practice you write one line. These four lines fit the same model:
#
# ```
# mmteach      mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
# statsmodels  smf.mixedlm("yield_kg_ha ~ genotype", data=trial, groups="block").fit()
# R            lmer(yield_kg_ha ~ genotype + (1 | block), data = trial)
# SAS          proc mixed; class genotype block; model yield = genotype; random block; run;
# ```
#
# **Next:** [day3_covariance_structure](day3_covariance_structure.ipynb), with other layouts and the other pictures that they make of $\mathbf V$. Who is in a hurry goes on to [day4_reml_from_scratch](day4_reml_from_scratch.ipynb), where the REML criterion of section 7 is derived.
#
# ### Further reading
#
# - Omer, Abdalla, Mohammed and Singh (2015), Communications in Biometry and Crop Science 10, 82–95: the trial.
# - Kenward and Roger (1997), *Small sample inference for fixed effects from restricted maximum likelihood*, Biometrics 53, 983–997.
# - Bates, Mächler, Bolker and Walker (2015), *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67(1).
# - Gelman (2005), *Analysis of variance: why it is more important than ever*, Annals of Statistics 33, 1–53.
