# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="The pair is taught as one double hour, and not by switching at every section: switching would show the answers. Plan: the fixed one from the title to section 11 (58 minutes); then the twin, 1 to 3 short, 4 to 11, and 12 to 14 once for both (60 minutes).\nIn section 11 show the static picture only; sections 12 to 16 are half a minute each, because 12 to 14 are taught once, in the twin.\nRead the question aloud and ask who has ever fitted a model with blocks. Board: leave the left half free for this model, the right half for the twin.\nWith 50 minutes: section 4 runs without talking (later cells need its names, 4 minutes); leave out the interval in section 7 (2), section 9 (0.5) and the toy of section 6 (2). A class that needs the toy leaves out section 11 instead.\nThe two tables of section 9 are shown together, at the end of the double hour." slideshow={"slide_type": "slide"}
# # Analyse a field trial in blocks: blocks fixed
#
# **The question.** A field is never even, so we lay our plots out in blocks, and the blocks turn out to yield differently. Suppose each block gets a number of its own in the model. What can we then say about the genotypes, how surely, and about which land?
#
# **What you can do afterwards**
#
# - write one model in three ways: for one plot, as a distribution, with matrices;
# - compute the estimates, their standard errors, t, p and an interval by hand;
# - say what this model assumes about two plots of the same block;
# - choose between the standard error of a mean and the standard error of a difference.
#
# **What you need.** [Start here](00_start_here.ipynb) and [day 1](day1_linear_model.ipynb), or a first course with regression and matrices. **Time.** In class a double hour for the pair, 60 minutes for each notebook; the parts called *For reading* are for you alone. Alone about two and a half hours.

# %% [markdown] notes="Point at the two pictures and ask which of the two a farmer would draw. Do not answer yet." slideshow={"slide_type": "subslide"}
# ![Three small pictures. Left: a field of four rows with eighteen plots each. Middle: a line with four dots, each with a question mark. Right: a bell curve with four dots under it, each with a question mark.](figures/day2_blocks.png)
#
# *The trial (the darker a plot, the higher its yield; the order inside a row is invented), and two ways to think about its four blocks: as four unknown numbers (this notebook), or as four draws from a population of blocks (the twin, [day2_rcbd_mixed](day2_rcbd_mixed.ipynb)). Both notebooks have the same sections, cell for cell; read this one first.*

# %% [markdown] minutes=7 notes="Title two minutes, this section five. Let the class explain the layout before you name it.\nPeople mix up treatment structure and design structure: the first is what we chose to compare, the second is how the land was divided." slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# The trial compared 18 sorghum genotypes in Sudan (Omer and others, 2015). The response is the grain yield of each plot in kg/ha. First the tools, then the data. (`plots` is the part of `mmteach` that draws. It has nothing to do with the plots of a field.)

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from ipywidgets import Dropdown, FloatSlider, IntSlider, interact
from scipy import stats

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
# One row of the table is one plot. A block is a piece of land that is as even as possible, and every block holds every genotype once. Inside each block the genotypes were put on the plots at random. The file does not say where each plot lay, so we shuffle the plots of each block (`sample(frac=1)`) and draw one layout that the trial may have had:

# %% slideshow={"slide_type": "subslide"}
by_block = trial.groupby("block", observed=True)
layout = by_block.sample(frac=1, random_state=2)
reading = plots.show_field(layout, "block", "genotype", highlight="G01")
plt.show()
print(reading)

# %% [markdown] notes="Two minutes in pairs, then collect. Pace: do not go on before 'plot' has been said.\nExpect 'the block is the experimental unit': reply 'what received a genotype at random, a block or a plot?' Expect 'complete means that nothing is missing': reply 'complete means that each block holds all genotypes'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. A layout that the trial may have had. Each long box is a block, each cell a plot; the four plots of genotype G01 are filled.*
#
# **Discuss.** Which unit received a genotype at random? Which unit was measured? What did the trial compare, and how was the land divided? Why is this called a *randomised complete block design*?
#
# <details><summary>Answer</summary>
# A genotype was given to a plot at random, so the plot is the <em>experimental unit</em>. The yield was measured on the plot, so it is the <em>observational unit</em> as well. The <em>treatment structure</em> is one factor with 18 genotypes. The <em>design structure</em> is plots within blocks. <em>Complete</em>: every block holds every genotype. <em>Randomised</em>: the order was drawn anew in each block.
# </details>

# %% [markdown] minutes=4 notes="One genotype alone first: a mean, a standard deviation, a standard error. Board: \u03c3/\u221ar, estimated by s/\u221ar.\nThe point is the small number of plots behind that standard deviation." slideshow={"slide_type": "slide"}
# ## 2. Recall: what we know already
#
# In the simplest model there is one mean, and the errors are independent: $y_i \sim N(\mu, \sigma^2)$. Here $\sigma$ is the standard deviation of a plot around its mean. From $r$ plots we estimate it by $s$. The *standard error* (SE) of the mean, the standard deviation of this estimate, is $\sigma/\sqrt r$, and we estimate it by $s/\sqrt r$. Take the plots of genotype G01 alone, and forget the blocks:

# %% slideshow={"slide_type": "-"}
g01 = trial.loc[trial["genotype"] == "G01", "yield_kg_ha"]
g02 = trial.loc[trial["genotype"] == "G02", "yield_kg_ha"]
se_g01 = g01.std() / np.sqrt(len(g01))
print(f"G01: {len(g01)} plots, mean {g01.mean():.1f}, SD {g01.std():.1f} kg/ha")
print(f"     standard error of the mean {se_g01:.1f} kg/ha")

# %% [markdown] notes="Hands up for 'nearly the same'. Most say yes.\nExpect 'yes, it is the same field': reply 'same field, but only four plots each'." slideshow={"slide_type": "subslide"}
# The standard error seems to be 82 kg/ha, if we believe these four plots. But four plots say little about $\sigma$: the estimate rests on 3 *degrees of freedom* (df), the number of independent pieces of information behind it.
#
# **Predict.** If we do the same with the four plots of G02, will the standard error be nearly the same?

# %% slideshow={"slide_type": "-"}
se_g02 = g02.std() / np.sqrt(len(g02))
print(f"G02: standard error of the mean {se_g02:.1f} kg/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# No: it is half as large. Each genotype gets its own standard deviation from its own four plots, and such estimates vary a lot. That is why we want *one* model for the whole trial: it assumes that $\sigma$ is the same for all genotypes, and then all 72 plots together say what it is. (Whether one $\sigma$ is enough is a question for day 7.)

# %% [markdown] minutes=3 notes="Everybody types four numbers before going on. Write three guesses of the room on the board; do not comment on them.\nExpect guesses far too small: the yields lie around 700 kg/ha and people think of 5 %." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# Before the model speaks, guess four numbers, all in kg/ha. If you cannot guess sizes, guess at least the order of the first three. Type your numbers in place of `None`.
#
# - `sigma`: how far a plot typically lies from what its genotype and its block let us expect;
# - `SE of a mean`: the standard error of the mean of one genotype (four plots, one in each block; two genotypes alone gave 82 and 39, the model will give one number for all);
# - `SED`: the *standard error of a difference* of two such means;
# - `best block`: by how much the best block, R1, lies above the average block.

# %% slideshow={"slide_type": "-"}
my_guess = {
    "sigma": None,
    "SE of a mean": None,
    "SED": None,
    "best block": None,
}
print("my guesses in kg/ha:", my_guess)

# %% [markdown] minutes=4 notes="Ask for the block first: which marker tends to lie on top? Then for the genotypes: which ones would you plant?\nPace: one minute for the figure, one for the question." slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# We put the genotypes in the order of their means and give each block its own marker. `groupby` makes one group of rows for each genotype:

# %% slideshow={"slide_type": "subslide"}
by_genotype = trial.groupby("genotype", observed=True)["yield_kg_ha"]
means = by_genotype.mean().sort_values()
in_order = list(means.index)                    # from the lowest mean to the highest
markers = {"R1": "o", "R2": "s", "R3": "^", "R4": "D"}

fig, ax = plt.subplots(figsize=(9, 3.6))
for block in blocks:
    plots_of_block = trial[trial["block"] == block].set_index("genotype")
    yields = plots_of_block.loc[in_order, "yield_kg_ha"]
    ax.plot(in_order, yields, markers[block], alpha=0.8, label=block)
ax.plot(in_order, means, "_", color="black", markersize=18, label="mean")
ax.set_xlabel("genotype, in the order of the means")
ax.set_ylabel("yield (kg/ha)")
ax.legend(ncols=5, loc="upper left")
plt.show()

# %% [markdown] notes="Expect 'nine': reply 'how many blocks compete for the first place?' Chance alone gives some block ten or more of the 18 in about 2 of 100 trials." slideshow={"slide_type": "fragment"}
# *Figure 2. Yield of each plot in kg/ha; the marker tells the block, the black dash is the mean of the genotype.*
#
# The genotypes differ a lot, and so do the plots of one genotype. Look at R1 (circles): it often lies on top.
#
# **Predict.** If the blocks did not differ at all, for about how many of the 18 genotypes would R1 hold the best plot? Then count:

# %% slideshow={"slide_type": "subslide"}
best_plots = trial.loc[by_genotype.idxmax()]       # the best plot of each genotype
n_best = (best_plots["block"] == "R1").sum()
print(f"Block R1 holds the best plot for {n_best} of {len(genotypes)} genotypes.")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: for one in four, that is for 4 or 5. R1 holds the best plot more than twice as often, and chance alone seldom does this. So the model should know about the blocks.

# %% [markdown] minutes=7 notes="Let the print stand for a while. Ask for the meaning of the intercept before you tell it.\nExpect 'the overall mean': reply 'then where are G01 and R1?'" slideshow={"slide_type": "slide"}
# ## 5. Fit first
#
# Fit now, understand afterwards. `mm.lm` fits a linear model by least squares. On the left of `~` stands the response, on the right stand the two factors. The table has one row for each coefficient, so we print six of them (`max_rows=6`); all come in section 7.

# %% slideshow={"slide_type": "subslide"}
fixed = mm.lm("yield_kg_ha ~ genotype + block", data=trial)
print(fixed.summary(max_rows=6))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read the printout from top to bottom.
#
# - **Residuals**: what is left of a plot when the model has said its expected yield. Half of the plots lie between −81.58 and 78.47 kg/ha.
# - **Fixed effects**: one row for each number in the model. `Intercept` is the expected yield of G01 in R1, 672.03 kg/ha. `genotype[T.G02]` is the difference G02 − G01, −66.52 kg/ha. The `T` stands for *treatment coding*: each level is compared with the first one, which has no row.
# - **Residual standard deviation**: this is $\hat\sigma$ = 160.1 kg/ha. The hat says *estimated*.
# - **R-squared**: genotypes and blocks explain 67 % of the variation between plots.
#
# Is there any difference between the genotypes? That is a question about 17 coefficients at once, and an F test answers it:

# %% slideshow={"slide_type": "-"}
print(mm.anova(fixed))

# %% [markdown] notes="Expect 'we cannot add them, they are differences': reply 'differences from which row?'" slideshow={"slide_type": "fragment"}
# A row is a source of variation. `sum_sq` is its sum of squares, and `mean_sq` is this divided by `num_df`, the degrees of freedom of the source. F is the mean square of the row divided by that of the residuals. (*Type II*: each factor is tested beside the other one.) For the genotypes F = 5.6880 on 17 and 51 degrees of freedom: the genotypes differ far more than chance would let them. For the blocks F = 3.0411.
#
# **Check.** Which yield does the model expect for G02 in R1? And for G02 in R2, if the coefficient of R2 is −150.83 kg/ha?
#
# <details><summary>Answer</summary>
# In R1: Intercept + G02 = 672.03 − 66.52 = 605.5 kg/ha. In R2: the same − 150.83 = 454.7 kg/ha.
# </details>

# %% [markdown] minutes=9 notes="Board: the line for one plot. Let the class say the row of X for the first plot (G01 in R1) and for the last (G18 in R4) before it is computed.\nDo the toy on the board before the real X." slideshow={"slide_type": "slide"}
# ## 6. Open the box
#
# The same model, written three times.
#
# **One plot.** The yield of genotype $i$ in block $j$ is
#
# $$y_{ij} = \mu + g_i + \beta_j + \varepsilon_{ij}, \qquad \varepsilon_{ij} \sim N(0, \sigma^2) \text{ independent}.$$
#
# $g_i$ is what genotype $i$ adds and $\beta_j$ is the block effect, what block $j$ adds. Both are fixed numbers that we do not know. ($\beta_j$ with an index is the effect of one block; the bold $\boldsymbol\beta$ below is the whole list of fixed numbers.) Because $g_1 = 0$ and $\beta_1 = 0$, the intercept $\mu$ belongs to G01 in R1.
#
# **The distribution.** All 72 plots at once, with their expected yields in the vector $\mathbf X\boldsymbol\beta$:
#
# $$\mathbf y \sim N(\mathbf X \boldsymbol\beta,\; \mathbf V), \qquad \mathbf V = \sigma^2 \mathbf I.$$
#
# Read it plot by plot: each yield is normally distributed around its own cell of $\mathbf X\boldsymbol\beta$. The table $\mathbf V$ has a row and a column for each plot. Its diagonal holds the variances, its other cells the covariances of two plots. $\mathbf I$ is 1 on the diagonal and 0 elsewhere; so here each variance is $\sigma^2$ and each covariance 0.
#
# **The matrices.** $\boldsymbol\beta$ holds all the unknown numbers, one below the other: $\mu$, the $g_i$, the $\beta_j$. $\mathbf X$ has a row for each plot and a column for each of these numbers. A cell is 1 where the number counts for the plot, and 0 where it does not.
#
# How do the two give the expected yields? *Row times column*: multiply each cell of a row of $\mathbf X$ by its number in $\boldsymbol\beta$, and add up. Python writes this product as `@`. First a toy of two plots of one block, one with G01 and one with G02:

# %% slideshow={"slide_type": "-"}
X_toy = np.array([[1, 0], [1, 1]])         # a row for each plot
beta_toy = np.array([580, -65])            # G01, and G02 − G01
print(f"beta {beta_toy}, X times beta {X_toy @ beta_toy}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The plot of G01 gets 1 · 580 + 0 · (−65) = 580 kg/ha, that of G02 gets 1 · 580 + 1 · (−65) = 515 kg/ha.
#
# Three more signs will come. The *transpose* $\mathbf A'$ (`A.T`) turns rows into columns. $\mathbf A\mathbf B$ (`A @ B`) is each row of $\mathbf A$ times each column of $\mathbf B$. The *inverse* $\mathbf A^{-1}$ (`np.linalg.inv(A)`) undoes $\mathbf A$: $\mathbf A^{-1}\mathbf A = \mathbf I$, and `np.eye(3)` makes an $\mathbf I$ of three rows.
#
# Now the real $\mathbf X$, column by column:

# %% slideshow={"slide_type": "subslide"}
y = trial["yield_kg_ha"].to_numpy()
n = len(y)

columns_of_X = [np.ones(n)]                          # the intercept
for genotype in genotypes[1:]:                       # G02 to G18
    columns_of_X.append(trial["genotype"] == genotype)
for block in blocks[1:]:                             # R2 to R4
    columns_of_X.append(trial["block"] == block)
X = np.column_stack(columns_of_X).astype(float)      # True becomes 1, False becomes 0
print(f"X has {X.shape[0]} rows and {X.shape[1]} columns")

# %% [markdown] notes="Expect 'always three: intercept, genotype, block': reply 'and which column is 1 for G01?' Right: one to three." slideshow={"slide_type": "fragment"}
# **Predict.** How many cells of a row of $\mathbf X$ can be 1: at the least, and at the most? Say which plots have the fewest. Then look:

# %% slideshow={"slide_type": "subslide"}
names_of_X = ["1"] + genotypes[1:] + blocks[1:]
reading = plots.show_matrix(
    X, trial["block"], labels=(None, names_of_X), title="X", split=[18])
plt.show()
print(reading)

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 3. The matrix $\mathbf X$: a filled cell is 1, an empty one 0. Rows are the 72 plots in the order of the file, with a line between blocks. The thick line stands before the three columns of the blocks.*
#
# You should have said: at least one, at most three. The plot of G01 in R1 has a single 1, in the column of the intercept, because neither G01 nor R1 has a column.
#
# Students often want to give them a column, too. What happens then? The *rank* counts the columns that say something new:

# %% slideshow={"slide_type": "-"}
column_G01 = trial["genotype"] == "G01"
column_R1 = trial["block"] == "R1"
X_with_more = np.column_stack([X, column_G01, column_R1]).astype(float)
print(f"X:               {X.shape[1]} columns, rank {np.linalg.matrix_rank(X)}")
rank_with_more = np.linalg.matrix_rank(X_with_more)
print(f"with G01 and R1: {X_with_more.shape[1]} columns, rank {rank_with_more}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: a column for every level.** With two more columns the rank is still 21. The columns of all genotypes add up to the column of ones, and so do those of all blocks; so two columns say nothing new, and least squares no longer has a single answer. That is why each factor leaves one level out, the reference level.

# %% [markdown] minutes=12 notes="Type the first three cells live, line by line; run the others and talk. Board: X'X \u03b2\u0302 = X'y, which is X'(y \u2212 X\u03b2\u0302) = 0; and Var(Ay) = A V A'.\nDraw attention to df: rows minus columns. Programs solve the equations by a more exact route (the QR decomposition); the numbers are the same." slideshow={"slide_type": "slide"}
# ## 7. Write the estimate in ten lines
#
# *Least squares* chooses the $\boldsymbol\beta$ for which the sum of the squared residuals is smallest. That $\hat{\boldsymbol\beta}$ solves the *normal equations*
#
# $$\mathbf X'\mathbf X\,\hat{\boldsymbol\beta} = \mathbf X'\mathbf y, \qquad\text{so}\qquad \hat{\boldsymbol\beta} = (\mathbf X'\mathbf X)^{-1}\mathbf X'\mathbf y.$$
#
# `np.linalg.solve(A, b)` gives the solution of $\mathbf A\mathbf x = \mathbf b$:

# %% slideshow={"slide_type": "subslide"}
XtX = X.T @ X                            # .T is the transpose, @ multiplies matrices
Xty = X.T @ y
beta_hat = np.linalg.solve(XtX, Xty)
print(f"G01 in R1:  {beta_hat[0]:.4f} kg/ha")
print(f"G02 − G01: {beta_hat[1]:.4f} kg/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The intercept and the first difference of section 5, with more digits. Now $\sigma$. First the residuals, what is left of each plot, and their sum of squares:

# %% slideshow={"slide_type": "subslide"}
residuals = y - X @ beta_hat
rss = residuals @ residuals              # residual sum of squares
p = X.shape[1]                           # coefficients that we have estimated
df = n - p
print(f"residual sum of squares {rss:.0f} (kg/ha)²")
print(f"degrees of freedom {n} − {p} = {df}")

# %% [markdown] notes="Expect 'n, because a variance is a mean of squares': reply 'what would the residuals be with 72 coefficients?'" slideshow={"slide_type": "fragment"}
# **Predict.** The estimate of $\sigma^2$ is this sum of squares, divided by something. Divided by $n$ = 72 or by the 51 degrees of freedom: which gives the larger $\hat\sigma$, and which one did the printout show?

# %% slideshow={"slide_type": "subslide"}
sigma_hat = np.sqrt(rss / df)
sigma_divided_by_n = np.sqrt(rss / n)
sigma2_hat = sigma_hat**2
print(f"divided by df: sigma {sigma_hat:.2f} kg/ha")
print(f"divided by n:  sigma {sigma_divided_by_n:.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "subslide"}
# > **Common slip: dividing by n.** The smaller number, 134.73 kg/ha, is the *maximum likelihood* (ML) estimate. It is too small on average, because the residuals are measured from a mean that was fitted to the same plots: the model has spent 21 coefficients on coming close to them. Divide by the degrees of freedom, and you get the 160.09 kg/ha of the printout.
#
# How well are the coefficients known? Least squares gives $\mathrm{Var}(\hat{\boldsymbol\beta}) = \sigma^2(\mathbf X'\mathbf X)^{-1}$. We do not know $\sigma^2$, so we put its estimate in. The roots of the diagonal are the standard errors; they give t and p. Here are the first three rows:

# %% slideshow={"slide_type": "subslide"}
cov_beta = sigma2_hat * np.linalg.inv(XtX)
se = np.sqrt(np.diag(cov_beta))
t = beta_hat / se
p_value = 2 * stats.t.sf(abs(t), df)      # both tails of the t distribution
table = pd.DataFrame({"estimate": beta_hat, "SE": se, "t": t}, index=fixed.beta.index)
table = table.round({"estimate": 4, "SE": 2, "t": 3})
print(table.head(3).to_string())


# %% [markdown] slideshow={"slide_type": "skip"}
# For reading: all the rows, with p. A very small p is written with its power of ten:

# %% slideshow={"slide_type": "skip"}
def p_as_text(p):
    if p < 1e-4:
        return f"{p:.2e}"
    return f"{p:.6f}"

table["p"] = [p_as_text(p) for p in p_value]
print(table.to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# The rows of section 5, with more digits. Now the mean of G01. *Mean* needs a decision here: over which blocks? We take all four alike, so we give a quarter to each. The weights are 1 for the intercept, 0 for every other genotype, and ¼ for each of R2, R3 and R4 (R1 has its quarter as the reference). For weights $\mathbf w$, the estimate is $\mathbf w'\hat{\boldsymbol\beta}$ and its variance $\mathbf w'\,\mathrm{Var}(\hat{\boldsymbol\beta})\,\mathbf w$:

# %% slideshow={"slide_type": "-"}
weights = np.zeros(p)
weights[0] = 1                            # intercept
weights[18:] = 1 / 4                      # the columns of R2, R3 and R4
mean_g01 = weights @ beta_hat
se_mean = np.sqrt(weights @ cov_beta @ weights)
print(f"mean of G01 {mean_g01:.3f} kg/ha, SE {se_mean:.2f} kg/ha")
print(f"by formula, sigma/√4:      SE {sigma_hat / np.sqrt(4):.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "subslide"}
# An interval needs degrees of freedom. Here this is easy: the only variance in the formula is $\hat\sigma^2$, and it rests on 51. So the 95 % interval is the mean ± $t$ × SE, with $t$ from the t distribution with 51 degrees of freedom (`stats.t.ppf(0.975, df)` gives the value that cuts off the highest fortieth):

# %% slideshow={"slide_type": "-"}
t_star = stats.t.ppf(0.975, df)
lower = mean_g01 - t_star * se_mean
upper = mean_g01 + t_star * se_mean
print(f"t {t_star:.3f} on {df} df: from {lower:.1f} to {upper:.1f} kg/ha")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two functions do this for any model. `mm.emmeans` makes the means (*estimated marginal means*), and `mm.contrast` a comparison with weights by name:

# %% slideshow={"slide_type": "-"}
print(mm.emmeans(fixed, "genotype", at={"genotype": ["G01", "G02"]}))
print()
print(mm.contrast(fixed, {"genotype[T.G02]": 1}))

# %% [markdown] notes="Let the class say the question for each of the three. Expect 'the smallest is the best': reply 'best for which question?'" slideshow={"slide_type": "subslide"}
# Three standard errors, and three different questions:
#
# - 86.46 belongs to one genotype in one block, G01 in R1;
# - 80.04 belongs to the mean of a genotype over these four blocks;
# - 113.20 belongs to the *difference* of two genotypes, the reason why the trial was laid out. It is the *standard error of a difference*, **SED** for short: $\sqrt{2\hat\sigma^2/4}$, because two means of four plots are compared.

# %% [markdown] minutes=6 notes="The central picture of the day. Point at one cell and ask for the two plots behind it.\nExpect 'the block covariance': reply 'which letter in our model is random?' Right: 0 and 0." slideshow={"slide_type": "slide"}
# ## 8. See the covariance of the data
#
# $\mathbf V$ has a row and a column for each plot. On the diagonal stands the variance of a plot, elsewhere the covariance of two plots. We cut out a corner of $\hat{\mathbf V}$: three plots of R1 and three of R2.
#
# **Predict.** What stands in the cell of two plots of the same block? And in that of two plots of the same genotype?

# %% slideshow={"slide_type": "subslide"}
V_hat = sigma2_hat * np.eye(n)
corner = [0, 1, 2, 18, 19, 20]            # G01, G02, G03 in R1, then in R2
plot_names = trial["block"].astype(str) + " " + trial["genotype"].astype(str)
symbols = {sigma2_hat: r"$\hat\sigma^2$", 0: "0"}

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

# %% [markdown] notes="Expect 'the model ignores the blocks': the useful mistake. Reply 'then why did R2 have a row in the printout?'" slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 4. The estimated covariance matrix of the plots, blocks fixed: a corner with symbols, and the whole. White is zero. `np.ix_` picks rows and columns.*
#
# You should have said: 0 in both cells. In this model the errors are the only thing that varies, and they are independent.
#
# **Discuss.** The plots of one block share their soil, their water and their weeds. Yet the model says that their covariance is 0. Where did the shared soil go?
#
# <details><summary>Answer</summary>
# Into the mean. The block effect moves all plots of block <em>j</em> up or down together, but it is a fixed number. Once the four numbers are in <b>X</b>β, what is left over is taken as independent.
# </details>

# %% [markdown] minutes=0.5 notes="A habit for life. Show the table of both notebooks together, at the end of the double hour; the code is for readers.\nIf somebody asks why R shows fewer digits: R prints them so, the numbers inside are as long as ours." slideshow={"slide_type": "slide"}
# ## 9. Agree by four routes
#
# A number counts when a second route has given it, too. We compare our own lines, `mm.lm`, the Python library statsmodels, and the printout of R's `lm`. The last column is typed as R prints it:

# %% slideshow={"slide_type": "subslide"}
by_statsmodels = smf.ols("yield_kg_ha ~ genotype + block", data=trial).fit()

def eight_numbers(beta, se, sigma):
    beta, se = np.array(beta), np.array(se)
    return [beta[0], beta[1], beta[17], beta[18], se[0], se[1], se[18], sigma]

routes = pd.DataFrame(index=[
    "G01 in R1", "G02 − G01", "G18 − G01", "R2 − R1",
    "SE of G01 in R1", "SED of genotypes", "SED of blocks", "sigma"])
routes["our lines"] = eight_numbers(beta_hat, se, sigma_hat)
routes["mm.lm"] = eight_numbers(fixed.beta, fixed.se, fixed.sigma)
routes["statsmodels"] = eight_numbers(
    by_statsmodels.params, by_statsmodels.bse, np.sqrt(by_statsmodels.mse_resid))
assert np.allclose(routes["our lines"], routes["mm.lm"])
assert np.allclose(routes["our lines"], routes["statsmodels"])
r_prints = [
    "672.03", "-66.52", "448.28", "-150.83", "86.46", "113.20", "53.36", "160.1"]
print(routes.round(4).assign(R=r_prints).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four routes, one answer. (`assert` does nothing when its condition is true, and stops the cell when it is not.)

# %% [markdown] minutes=3 notes="Ask which land the four numbers speak of. Leaving out a block is for readers; say the result.\nExpect 'R1 is good soil': reply 'this year, with these plots; how sure are you of the 90?'" slideshow={"slide_type": "slide"}
# ## 10. Meet the blocks
#
# The printout gave the blocks as differences from R1. It is fairer to compare all four with the average block:

# %% slideshow={"slide_type": "-"}
differences_from_R1 = np.array([0, beta_hat[18], beta_hat[19], beta_hat[20]])
deviations = differences_from_R1 - differences_from_R1.mean()
block_table = pd.DataFrame({
    "from R1": differences_from_R1,
    "from the average block": deviations,
}, index=blocks)
print(block_table.round(2).to_string())
ms_blocks = 18 * np.sum(deviations**2) / 3           # 18 plots a block, 3 df
print(f"mean square of blocks {ms_blocks:.0f}, F {ms_blocks / sigma2_hat:.4f}")

# %% [markdown] notes="Reply to wrong hands: 'which block had the widest scatter?' Of the residual sum of squares 45 % lies in R1 (586 613 of 1 306 996)." slideshow={"slide_type": "subslide"}
# R1 yielded 90.18 kg/ha more than the average block, and the model takes this number at face value. F = 3.0411 is the F of the blocks in section 5.
#
# > **Common slip: "the effect of R1 is zero".** In the printout R1 has no row, but that is a choice of reference and not a result. With another reference the coefficients change; the deviations from the average block stay the same.
#
# **Predict.** We leave out each block in turn and fit again. Look at Figure 2: in which block do markers lie farthest from the dashes? So leaving out which block will move $\hat\sigma$ = 160 kg/ha most, and in which direction?

# %% slideshow={"slide_type": "-"}
for block in blocks:
    rest = trial[trial["block"] != block]
    refit = mm.lm("yield_kg_ha ~ genotype + block", data=rest)
    print(f"without {block}: sigma {refit.sigma:.1f} kg/ha on {refit.df_resid} df")


# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: leaving out R1, and downwards. Without it $\hat\sigma$ falls by more than a fifth, to 124.2 kg/ha, because the plots of R1 are the most uneven. Even an estimate on 51 degrees of freedom moves when a quarter of the trial is taken away.

# %% [markdown] minutes=1.5 notes="Static picture only, a minute and a half. Ask first: what happens to V? Nothing: that is the point." slideshow={"slide_type": "slide"}
# ## 11. Turn one knob
#
# Now we change the data. We multiply the differences between the blocks by a factor: 1 is the trial as it was, 0 is a perfectly even field, 3 is a very uneven one. Everything else stays. Then we fit the model anew. (`cat.codes` is the number of the block of each plot, 0 to 3. A list of such numbers in brackets picks: `deviations[…]` holds the deviation of the right block for each of the 72 plots.)
#
# **Predict.** Below we turn the factor from 0.5 to 3. Will a corner of $\hat{\mathbf V}$ change? Will the estimated block effects leave the block differences in the data?

# %% slideshow={"slide_type": "-"}
def with_block_differences(factor):
    deviation_of_plot = deviations[trial["block"].cat.codes]
    more = (factor - 1) * deviation_of_plot
    return trial.assign(yield_kg_ha=y + more)

factor = 2
data_now = with_block_differences(factor)
refit = mm.lm("yield_kg_ha ~ genotype + block", data=data_now)
print(f"factor {factor}: sigma {refit.sigma:.2f} kg/ha, "
      f"R2 − R1 {refit.beta['block[T.R2]']:.2f} kg/ha")


# %% [markdown] notes="Expect 'V grows with the blocks': reply 'where do the blocks stand, in X or in V?'" slideshow={"slide_type": "fragment"}
# With factor 2 the difference between R2 and R1 is twice as large, and $\hat\sigma$ is what it was. Is it so at other factors? The next cell draws both sides: on the left the corner of $\hat{\mathbf V}$, on the right the blocks, as they are in the data (rings) and as the model estimates them (dots).

# %% slideshow={"slide_type": "skip"}
def draw_factor(factor, ax_V, ax_blocks):
    refit = mm.lm("yield_kg_ha ~ genotype + block", data=with_block_differences(factor))
    V_now = refit.sigma2 * np.eye(6)
    estimated = np.append(0, refit.beta.iloc[18:21])       # 0 for R1, then R2 to R4
    estimated = estimated - estimated.mean()
    plots.show_matrix(V_now, trial["block"][corner], ax=ax_V, title="Corner of V")
    ax_blocks.plot(factor * deviations, blocks, "o", color="grey", markersize=10,
                   markerfacecolor="white", label="in the data")
    ax_blocks.plot(estimated, blocks, "o", markersize=4, label="estimated")
    ax_blocks.set_xlim(-290, 290)
    ax_blocks.set_xlabel("block, from the average (kg/ha)")
    ax_blocks.set_title(f"factor {factor:.1f}")
    ax_blocks.invert_yaxis()
    R1_in_data = factor * deviations[0]
    R1_estimated = estimated[0].round(6) + 0           # + 0 turns -0.0 into 0.0
    return (f"factor {factor:.1f}: R1 in the data {R1_in_data:.1f}, estimated "
            f"{R1_estimated:.1f} kg/ha; sigma² {refit.sigma2:.0f}")


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
# *Figure 5. Left: a corner of $\hat{\mathbf V}$ in (kg/ha)². Right: the blocks, in the data (rings) and estimated (dots), in kg/ha.*
#
# The same for three positions of the slider, side by side:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 3, figsize=(9, 5.6), height_ratios=[3, 2])
three_factors = [0.5, 1, 3]
for position in range(3):
    factor = three_factors[position]
    print(draw_factor(factor, axes[0, position], axes[1, position]))
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. Block differences multiplied by 0.5, 1 and 3: above the corner of $\hat{\mathbf V}$, below the blocks in the data (rings) and estimated (dots).*
#
# You should have said: $\hat{\mathbf V}$ does not move, because in this model the block differences are in the mean and $\mathbf V$ holds $\sigma^2$ alone. The dots do not leave their rings: the estimates follow the data all the way.

# %% [markdown] minutes=0.5 notes="Taught once, in the twin; say so and go on. For a class that sees only this notebook: six minutes, hands before the cell is run, then three rows aloud: SED, SE of a mean, what you may say.\nExpect 'all of them': reply 'what can random blocks do to a difference inside a block?'" slideshow={"slide_type": "slide"}
# ## 12. What is the same, what differs
#
# Would the results change if the blocks were random, a sample of blocks that we might have used? That is the model of the twin, where it is taken apart; here we only announce its results. `(1 | block)` takes the block columns out of $\mathbf X$ and gives the model a variance between blocks, $\sigma_b^2$, instead. `mm.lmm` estimates the variances by *restricted maximum likelihood* (REML), that is from the part of the data that does not depend on the means; day 4 derives it.
#
# Nothing about random blocks has been taught yet, but one line helps. Write G02 − G01 inside block $j$ with the line of section 6:
#
# $$y_{2j} - y_{1j} = (\mu + g_2 + \beta_j + \varepsilon_{2j}) - (\mu + g_1 + \beta_j + \varepsilon_{1j}).$$
#
# What becomes of $\beta_j$? And what becomes of it in $y_{1j}$ alone?
#
# **Predict.** So which will change when $\beta_j$ is replaced by a random draw: the SED, the SE of a mean, or both? (For $\sigma$ and the best block you can only guess; the twin gives the reasons.)

# %% slideshow={"slide_type": "skip"}
mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)

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
# Five more rows are not in both fits by the same name, so we add them one by one. One of them needs a word: how sure are we of G01 in *one* new block? That block is one draw, so its variance $\hat\sigma_b^2$ is added to that of the mean. `ranef()` holds the predicted block effects, `varcomp` the estimated variances, and `refit(reml=False)` fits once more by maximum likelihood (ML, section 7). `np.isclose` compares the two columns:

# %% slideshow={"slide_type": "subslide"}
comparison = pd.DataFrame({
    "blocks fixed": numbers_of(fixed),
    "blocks random": numbers_of(mixed),
})
predicted = mixed.ranef()["estimate"]
in_new_block = mixed.beta["Intercept"]
variance_new = mixed.se["Intercept"]**2 + mixed.varcomp["variance"][0]
by_ml = mixed.refit(reml=False).sigma
comparison.loc["best block"] = [deviations[0], predicted[0]]
comparison.loc["G01 in a new block"] = [np.nan, in_new_block]
comparison.loc["its SE"] = [np.nan, np.sqrt(variance_new)]
comparison.loc["covariance in a block"] = [0, mixed.V.iloc[0, 1]]
comparison.loc["sigma by ML"] = [sigma_divided_by_n, by_ml]
equal = np.isclose(comparison["blocks fixed"], comparison["blocks random"])
comparison["verdict"] = np.where(equal, "same", "differs")
print(comparison.to_string(float_format="{:.3f}".format, na_rep="none"))

# %% [markdown] notes="Ask which standard error belongs into a report, and for which question.\nExpect 'always the smaller': reply 'who pays when the farmer gets less?' Expect 'the bars overlap, so no difference': reply 'the bars are one SE; the comparison has its own, at the right'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# You should have said: the SED stays and the SE of a mean changes, because $\beta_j$ cancels in a difference, and it does not in a single mean. $\sigma$ stays as well, because it is measured by differences inside blocks. The best block changes, because the mixed model takes a part of its 90 kg/ha for chance (section 10 of the twin). All that compares genotypes is the same. A single mean is the same number as well, but its SE, its degrees of freedom and its interval differ, and so do the blocks.
#
# **Discuss.** Which standard error does a breeder need who chooses between two genotypes? And one who promises a yield to a farmer?
#
# <details><summary>Answer</summary>
# Choosing needs the SED, 113.20 kg/ha, and here the two analyses agree. A recommendation is about the <em>average</em> of land outside the trial: with random blocks its SE is 84.46; 80.04 speaks of these four blocks only. A promise for <em>one</em> field is harder still, because that field is one draw: √(84.46² + 2906) = 100.2, where 2906 is the estimated variance between blocks, the row <em>covariance in a block</em>. None of them speaks of another year or another region: for that the trial would have to contain years and regions.
# </details>
#
# ***
#
# Here are the means with their standard errors, in the order of Figure 2. `errorbar` draws a bar of one SE up and one down; at the right stands a bar as long as the SED:

# %% slideshow={"slide_type": "subslide"}
places = np.arange(len(in_order))
emm_fixed = mm.emmeans(fixed, "genotype").set_index("genotype").loc[in_order]
emm_mixed = mm.emmeans(mixed, "genotype").set_index("genotype").loc[in_order]

fig, ax = plt.subplots(figsize=(9, 3.6))
ax.errorbar(places - 0.15, emm_fixed["mean"], emm_fixed["se"],
            fmt="o", label="blocks fixed")
ax.errorbar(places + 0.15, emm_mixed["mean"], emm_mixed["se"],
            fmt="s", markerfacecolor="white", label="blocks random")
sed = comparison.loc["SED", "blocks fixed"]
ax.errorbar(19, 900, sed / 2, color="black", capsize=5, elinewidth=2)
ax.text(19, 900 - 0.7 * sed, "SED", ha="center", va="top")
ax.set_xticks(places, in_order)
ax.set_xlabel("genotype, in the order of the means")
ax.set_ylabel("mean ± SE (kg/ha)")
ax.legend(loc="upper left")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 7. Genotype means ± one standard error in kg/ha, blocks fixed (full circles) and random (open squares). The bar at the right is as long as the SED, which is the same in both analyses.*

# %% [markdown] notes="For reading, as the whole section; it is taught in the twin." slideshow={"slide_type": "skip"}
# The most important rows once more, with the reasons. The last column says until when the two analyses agree; the hats mean estimates, and $\hat\sigma_b^2$ can be zero. All rows are for a model that holds genotype and block and nothing else: a covariate that differs between the plots of a block, and whose block means differ as well, breaks the agreement; a second factor that is balanced over blocks and genotypes does not. (The table of the twin explains the other rows.)
#
# | quantity | blocks fixed | blocks random | why | the two agree |
# |---|---|---|---|---|
# | G02 − G01 | $\bar y_2 - \bar y_1$ | the same | both stood in all blocks, so block effects cancel | as long as both stand in the same blocks |
# | SED | $\sqrt{2\hat\sigma^2/4}$ | the same | what cancels in the difference cancels in its variance | as long as every remaining block is complete and $\hat\sigma_b^2 > 0$ |
# | $\hat\sigma$, F of genotypes and its df | differences inside blocks | the same | all comparisons can be made inside blocks | as long as every remaining block is complete and $\hat\sigma_b^2 > 0$ |
# | mean of G01 | $\bar y_1$ | the same | every genotype stood in every block | as long as every remaining block is complete |
# | SE of a mean | $\sqrt{\hat\sigma^2/4}$ | $\sqrt{(\hat\sigma_b^2 + \hat\sigma^2)/4}$ | other blocks would give another mean | never, unless the mean squares of blocks and of residuals (section 5) are exactly equal |
# | R1 above the average | $\bar y_{R1} - \bar y$ | a part of it | the rest is taken for chance (section 10 of the twin) | only if $\hat\sigma_b^2$ is infinite |
# | SE of G01 in a new block | none | $\sqrt{\mathrm{SE}^2 + \hat\sigma_b^2}$, here 100.2 | one new block is one draw, and not an average of blocks | |
# | covariance in a block | 0 | $\hat\sigma_b^2$ | shared soil is in the mean, or in $\mathbf V$ | only if $\hat\sigma_b^2 = 0$ |
# | **what you may say** | **these four blocks** | **blocks like these** | the error speaks of what varies in the model | |

# %% [markdown] minutes=0.5 notes="Taught once, in the twin; here for a lone reader. The six plots and the pigs are for reading.\nBefore the first run: hands up, how many of the 17 differences will still agree? And if the goats had eaten a plot of G01? (With seed = 3 they do: 0 of 17.)" slideshow={"slide_type": "slide"}
# ## 13. Break it: lose some plots
#
# The equalities rest on the layout: every genotype stands once in every block. (They also need a variance between blocks that is not estimated as zero.) Goats visit the trial. The knobs are *how many* plots they eat (none to half of the trial) and *where*:
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

# %% [markdown] notes="Expect 'none, the trial is unbalanced now': the usual answer, and wrong. Reply 'which differences feel the lost plot?'" slideshow={"slide_type": "subslide"}
# No plot lost, no gap. Now the goats eat one plot. With `seed = 1` it is that of G18 in R1.
#
# **Predict.** Of the 17 differences from G01, how many will still be the same in both analyses?

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
# You should have said: 16. Only the difference that contains G18 has changed. Two genotypes that stand in the *same blocks* have the same difference in both analyses, because each block adds the same to both. (This is exact, however many other plots are lost, as long as the model holds genotype and block and nothing else. A covariate that differs from plot to plot would, as a rule, break it.)
#
# G18 now stands in R2, R3 and R4 only, without R1, the best block. Its raw mean is too low, and both analyses correct it. The fixed one corrects by the full block differences, the other one by block differences that are, as a rule, *shrunken*, pulled towards zero (in the complete trial 60.523 in place of 90.176 kg/ha for R1). That makes the gap.
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
# A dozen lost plots hardly matter: the largest gap is here a tenth of an SED, and with other seeds up to about a quarter. But when every block holds only half of the genotypes, the analyses differ by up to half an SED. (Try `"one block"` with 18 plots: a whole block is gone, the rest is complete, and all gaps are zero again. It is the *uneven* loss that matters.)
#
# > **Common slip: "fixed or random, the estimates are the same".** They are, when the genotypes that you compare stand in the same blocks. One lost plot is a counter-example.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: which plots count?
#
# Why do the two analyses differ, and which one knows more? Take the smallest example: two genotypes and six plots. G01 is without R4, G18 is without R3:

# %% slideshow={"slide_type": "skip"}
only_two = trial[trial["genotype"].isin(["G01", "G18"])]
lost_G01 = (only_two["genotype"] == "G01") & (only_two["block"] == "R4")
lost_G18 = (only_two["genotype"] == "G18") & (only_two["block"] == "R3")
six = only_two[~lost_G01 & ~lost_G18]                # ~ means not
six_wide = six.pivot(index="block", columns="genotype", values="yield_kg_ha")
print(six_wide.to_string(na_rep="-"))
by_pairs = (six_wide["G18"] - six_wide["G01"]).mean()    # a missing plot is skipped
print(f"mean of the two differences inside blocks: {by_pairs:.3f} kg/ha")

# %% [markdown] notes="Expect 'six plots give the better estimate': reply 'what does the plot in R3 say, if R3 has a number of its own?'" slideshow={"slide_type": "skip"}
# **Predict.** We fit the model with fixed blocks to all six plots, and then only to the four plots of R1 and R2. Will the estimate of G18 − G01 be the same?

# %% slideshow={"slide_type": "skip"}
four = six[six["block"].isin(["R1", "R2"])]
with_six = mm.lm("yield_kg_ha ~ genotype + block", data=six)
with_four = mm.lm("yield_kg_ha ~ genotype + block", data=four)
print(f"six plots:  G18 − G01 = {with_six.beta['genotype[T.G18]']:.3f} kg/ha")
print(f"four plots: G18 − G01 = {with_four.beta['genotype[T.G18]']:.3f} kg/ha")

# %% [markdown] slideshow={"slide_type": "skip"}
# They say the same, 666.265 kg/ha, the mean of the two differences. A plot without a partner in its block is used up by the effect of its block, and says nothing about the genotypes. Blocks fixed means: *only comparisons inside blocks count*. With blocks random the two lonely plots count a little as well; this is called the *recovery of inter-block information*, and the twin shows how it works.
#
# What do lost plots cost? With half blocks, half of the plots have to pay for the same 21 coefficients:

# %% slideshow={"slide_type": "skip"}
half = lose_plots(36, "half of every block")
half_fixed = mm.lm("yield_kg_ha ~ genotype + block", data=half)
average_sed = half_fixed.se.filter(like="genotype").mean()
t_half = stats.t.ppf(0.975, half_fixed.df_resid)
print(f"complete: {fixed.df_resid} df, t {t_star:.3f}, SED {sed:.2f} kg/ha")
print(f"halves:   {half_fixed.df_resid} df, t {t_half:.3f}, "
      f"average SED {average_sed:.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "skip"}
# The SED grows because there are fewer plots, and the t value because there are fewer degrees of freedom.
#
# ### For reading: pigs in rooms
#
# Blocks are not always strips of land. In a feeding trial with pigs (synthetic data, see `data/README.md` in the project folder) six diets were compared in three rooms, with five pens for each diet in each room and three days of sampling. The response is the dry matter of the faeces in %. The star in the formula stands for both factors and their interaction. Rooms fixed:

# %% slideshow={"slide_type": "skip"}
pigs = mm.load("pigs_rooms")
rooms_fixed = mm.lm("dry_matter_pct ~ diet * day + room", data=pigs)
print(mm.emmeans(rooms_fixed, "diet", at={"diet": ["A"]}))

# %% [markdown] notes="Expect 'yes, 250 degrees of freedom are a lot': reply 'of what? How many rooms did we see?'" slideshow={"slide_type": "skip"} tags=["discuss"]
# The mean of diet A lies between 15.8 and 19.4 %, on 250 degrees of freedom.
#
# **Discuss.** A farmer asks what diet A would do in *his* rooms. Is this interval an answer?
#
# <details><summary>Answer</summary>
# No. Rooms are fixed, so the interval speaks of these three rooms only. In the twin the rooms are random, and the SE of the same mean is 2.19 in place of 0.89, on 2.7 degrees of freedom: the interval goes from 10.2 to 25.0 %. But this speaks of the <em>average</em> over rooms like these. The rooms of one farmer are a new draw: for one room the SE is √(4.8 + 12) = 4.1, wider still. Three rooms say little about rooms in general. (The model also takes the three days of a pen as independent, which they are not; day 6.)
# </details>

# %% [markdown] minutes=0.5 notes="Taught once, in the twin. Ask who came within a fifth of sigma. Read the three sentences of the card aloud, or let a student do it.\nWho guessed far too small? Most of us: fields are more uneven than we think." slideshow={"slide_type": "slide"}
# ## 14. Wrap up
#
# Your guesses beside the results:

# %% slideshow={"slide_type": "-"}
four_rows = ["sigma", "SE of a mean", "SED", "best block"]
wrap_up = comparison.loc[four_rows, ["blocks fixed", "blocks random"]].round(2)
wrap_up.insert(0, "my guess", [str(my_guess[name]) for name in four_rows])
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The order of the first three should have been: `sigma`, then the SED, then the SE of a mean. A difference of two means of four plots has $\sqrt{2/4}$ of $\sigma$, a single mean $\sqrt{1/4}$, the half.
#
# ![Two square pictures and a row of means. Left: a covariance matrix with a coloured diagonal only. Right: the same with a pale coloured square for each block. Below: the genotype means with error bars from both analyses, and two bars of equal length for the standard error of a difference.](figures/pair.png)
#
# *The whole day in one picture: $\hat{\mathbf V}$ and the genotype means, blocks fixed and blocks random.*
#
# **To take away**
#
# 1. With blocks fixed, the block differences are in the mean: $\mathbf X$ has a column for every block but one, and $\mathbf V = \sigma^2\mathbf I$.
# 2. In a complete trial the block effects cancel in every comparison of genotypes; for two of them the standard error is the SED, $\sqrt{2\hat\sigma^2/4}$ = 113.2 kg/ha.
# 3. The standard error of a mean, 80.0 kg/ha, speaks of these four blocks and of no other land.

# %% [markdown] minutes=0.5 notes="Homework. Number 2 is the one to begin with next time.\nNumber 3: expect 'large gaps, a quarter of the trial is gone'." slideshow={"slide_type": "slide"}
# ## 15. On your own
#
# 1. **Do.** Compare the best with the lowest genotype, G18 with G17. Write a vector of 21 weights and compute the difference and its standard error by the two formulas of section 7.
# 2. **Explain.** In two sentences, to a fellow student: why is 80.04 smaller than 86.46, although both belong to G01?
# 3. **Change one knob.** In section 13, lose 18 plots with the pattern `"one block"`. Guess first: which gaps will there be? What is the SED of `mm.lm` for what is left? (Fit it to `data=lose_plots(18, "one block")` and look at `.se["genotype[T.G02]"]`.)
# 4. **Transfer.** `mm.load("potash")` is a cotton trial: the strength of the fibre at five amounts of potash, in three blocks. Fit `strength ~ C(k2o_lb_ac) + block` (`C(…)` makes a factor of a number). Find $\hat\sigma$, its df and the SED.
#
# <details><summary>Answers</summary>
# <ol>
# <li>Weights: 1 at place 17 (G18), −1 at place 16 (G17), 0 elsewhere. The difference is 744.94 kg/ha, its SE is the SED, 113.20 kg/ha.</li>
# <li>80.04 belongs to a mean over four blocks, where the uncertainty of the single block effects averages out. 86.46 is about one block, R1, so the uncertainty of its block effect is in it.</li>
# <li>All gaps are 0: three complete blocks are left. The SED is 128.28 kg/ha on 34 df, because each mean has three plots and σ is estimated anew.</li>
# <li>σ = 0.2090 on 8 df (15 plots − 5 amounts − 3 blocks + 1). The SED is σ√(2/3) = 0.1707.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day2_exercises](exercises/day2_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Point to the twin." slideshow={"slide_type": "slide"}
# ## 16. In practice and further reading
#
# In practice you write one line. These four lines fit the same model:
#
# ```
# mmteach      mm.lm("yield_kg_ha ~ genotype + block", data=trial)
# statsmodels  smf.ols("yield_kg_ha ~ genotype + block", data=trial).fit()
# R            lm(yield_kg_ha ~ genotype + block, data = trial)
# SAS          proc glm; class genotype block; model yield = genotype block; run;
# ```
#
# **Next:** the twin, [day2_rcbd_mixed](day2_rcbd_mixed.ipynb), section by section. There the block columns leave $\mathbf X$ and their differences enter $\mathbf V$.
#
# ### Further reading
#
# - Omer, Abdalla, Mohammed and Singh (2015), Communications in Biometry and Crop Science 10, 82–95: the trial.
# - Stroup, Ptukhina and Garai (2024), *Generalized Linear Mixed Models*, 2nd ed., chapter 1: models as distributions.
# - Gelman (2005), *Analysis of variance: why it is more important than ever*, Annals of Statistics 33, 1–53.
