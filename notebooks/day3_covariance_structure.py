# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Show the picture before a word is said, and let people point. Then read the question aloud.\nTitle one and a half minutes.\nWith 50 minutes: of section 2 only the table (2.5 less), in section 3 the map and the guesses (1), of section 10 only the picture (3.5), section 11 is for readers (2), of section 12 only the answers to the game (1). Run the cells of these sections all the same: section 12 needs their names." slideshow={"slide_type": "slide"}
# # Which data made this V?
#
# **The question.** Every way of laying out a trial leaves a pattern in $\mathbf V$, the covariance matrix of the data. Can you read the layout from the pattern? And can you write the formula that makes the right pattern for your own trial? If it is the wrong one, the standard errors are wrong, and a program will seldom tell you.
#
# **What you can do afterwards**
#
# - look at a $\mathbf V$ and say which layout made it, and the other way round;
# - build $\mathbf V$ from $\mathbf Z$, $\mathbf G$ and $\mathbf R$, for any random effects;
# - read and write the brackets of a formula, such as `(1 | block/fungicide)`;
# - tell whether one grouping lies inside another or across it, from the layout and from a table of counts;
# - analyse a trial with two sizes of plots, and say how much is lost by overlooking one.
#
# **What you need.** [Day 1](day1_linear_model.ipynb) (the linear model, ANOVA shells), and the pair of day 2, above all [day2_rcbd_mixed](day2_rcbd_mixed.ipynb). **Time.** In class 60 minutes; the parts called *For reading* are for you alone. Alone about two and a half hours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ![Five square pictures in grey, A to E, above five sketches, 1 to 5. A: three squares of four rows along the diagonal. B: two squares of six rows that become darker towards their lower right corners. C: two pale squares of six rows, each with two dark squares of three inside. D: three squares of four rows, with pale diagonal lines between them. E: six squares of two rows. Sketch 1: two fields of six plots, each in halves. 2: six pots with two plants each. 3: three terraces of four plots, with four water lines across. 4: three blocks of four plots. 5: heights of two plants on six days, as two rising lines.](figures/day3_game.png)
#
# *Five covariance matrices, A to E, and five layouts, 1 to 5, in another order.*

# %% [markdown] minutes=6 notes="Two minutes in pairs, with the picture on the wall; one minute to collect the pairs of which the room is sure. Do not say which are right.\nExpect 'B is impossible, the variances differ': reply 'in which sketch need the variance not be the same everywhere?' Expect 'C and D are the same thing': reply 'look for the white cells'. Board: the rule 'what two observations share varies together'." slideshow={"slide_type": "slide"}
# ## 1. Set up a game
#
# Five trials of twelve observations each. The numbers 1 to 12 in a sketch say in which order the observations stand in $\mathbf V$: number 1 is its first row and its first column. White is zero, and the darker a cell, the larger it is. (In sketch 5, the numbers 1 to 6 are the six days of one plant.)
#
# You know from day 2 how to think about a cell: **what two observations share varies together.** So ask of two observations what they share in the sketch, and look for a picture in which their cell is dark, pale or white as it should be.
#
# **Predict.** Which sketch belongs to which matrix? Write the number of a sketch in place of `None`. Begin with those of which you are sure; the answers come in section 12, when you will be sure of all five.

# %% slideshow={"slide_type": "-"}
my_match = {
    "A": None,
    "B": None,
    "C": None,
    "D": None,
    "E": None,
}
print("my match:", my_match)

# %% [markdown] slideshow={"slide_type": "skip"}
# The tools of the day:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mmteach as mm
from mmteach import plots

plt.rcParams.update(plots.STYLE)       # letter sizes and colours of the course

# %% [markdown] minutes=4.5 notes="Board, two columns: 'mean, X beta' and 'variance, V'. Ask of each part of day 2's formula in which column it belongs.\nExpect 'the plots, they lie side by side': reply 'how different are two plots of one block, and how different is one driver from another?'" slideshow={"slide_type": "slide"}
# ## 2. Say which part explains what
#
# On day 2 each effect had to be fixed or random. Side by side, the two kinds do two different jobs:
#
# | | fixed effects | random effects |
# |---|---|---|
# | they explain | the **mean** of the data, $E(\mathbf y) = \mathbf X\boldsymbol\beta$ | the **variance** of the data, $\mathrm{Var}(\mathbf y) = \mathbf V$ |
# | we estimate | one number for each column of $\mathbf X$ | one variance for each kind of effect (and covariances, when effects are drawn together) |
# | they answer | which genotype yields more? | which plots resemble each other, and how much? |
#
# How much of the variance is shared by a group? On day 2 this share got a name, **intraclass correlation (ICC)**: $\sigma_b^2/(\sigma_b^2 + \sigma^2)$, where $\sigma_b^2$ is the variance between groups and $\sigma^2$ the variance inside them. We compute it for three data sets: the plots in the blocks of the sorghum trial, the students in the three schools of [Start here](00_start_here.ipynb), and drivers whose reaction time was measured on ten days, with short nights between them (new here; day 5 comes back to them).
#
# **Predict.** Two plots of one block, two students of one school, two days of one driver: which two are most alike, and which least?

# %% slideshow={"slide_type": "subslide"}
trial = mm.load("sorghum")
schools = mm.load("schools")
sleep = mm.load("sleepstudy")
trial_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=trial)
school_fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
driver_fit = mm.lmm("reaction_ms ~ days + (1 | subject)", data=sleep)

three_fits = {"blocks": trial_fit, "schools": school_fit, "drivers": driver_fit}
shares = pd.DataFrame(columns=["between", "within", "ICC"])
for name, one_fit in three_fits.items():        # items: name and fit, pair by pair
    between, within = one_fit.varcomp["variance"]
    shares.loc[name] = [between, within, between / (between + within)]
print(shares.round(3).to_string())
print(f"{len(sleep)} reaction times of {sleep['subject'].nunique()} drivers")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (Each variance is in the squared unit of its data, (kg/ha)², points² and ms²; the ICC has no unit.)
#
# You should have said: the days of a driver are most alike, the plots of a block least. A driver is one and the same person every day, and so he takes 59 % of the variance with him. (It is the variance around the common line, because `days` is in the mean.) A block is only a piece of land like the next one, and it takes 10 %. In a picture of $\mathbf V$ the ICC is how dark the squares are, compared with the diagonal.

# %% [markdown] notes="Expect 'nothing, it is the same trial': reply 'in which column of the board does genotype stand now?'" slideshow={"slide_type": "skip"} tags=["discuss"]
# **Discuss.** A colleague writes `(1 | genotype)` in place of `genotype` in the sorghum model. What leaves the mean, and what appears in $\mathbf V$?
#
# <details><summary>Answer</summary>
# The differences between genotypes leave the mean: all plots now have the same expected yield. In <b>V</b> two plots of the same genotype get a covariance, the variance between genotypes. What was a question about 18 numbers has become a question about one variance.
# </details>

# %% [markdown] minutes=3 notes="Everybody types three answers; one minute. Count hands for the third one only.\nExpect '560, all plots are in one field': reply 'what do a plot of block B1 and one of B4 share in the model?' No further comment." slideshow={"slide_type": "slide"}
# ## 3. Commit to a guess
#
# The trial of today is a barley trial of the Scottish Crop Research Institute (Durban and others, 2003): grain yield in t/ha of 70 genotypes, with two fungicide treatments, F1 and F2, in four blocks. A sprayer is wide. So each block was cut into two halves, and a whole half was sprayed with F1 or with F2. Inside each half lie 70 plots, one for each genotype. Here the place of every plot is known. (`sort_values` puts the plots of one half one below the other, and `reset_index` numbers the rows again.)

# %% slideshow={"slide_type": "subslide"}
barley = mm.load("barley")
barley = barley.sort_values(["block", "fungicide"]).reset_index(drop=True)
has_F2 = barley.pivot(index="row", columns="bed", values="fungicide") == "F2"
fig, ax = plt.subplots(figsize=(9, 2.4))
ax.imshow(has_F2, cmap="Greys", vmax=4, aspect="auto", extent=[0.5, 56.5, 10.5, 0.5])
for border in [14.5, 28.5, 42.5]:
    ax.axvline(border, color="black", linewidth=3)
halves = barley.groupby(["block", "fungicide"], observed=True)["bed"].mean()
for (block, fungicide), middle in halves.items():
    ax.text(middle, 6, f"{block} {fungicide}", ha="center")
ax.set_xlabel("bed")
ax.set_ylabel("row")
plt.show()
print(f"{len(barley)} plots, {barley['genotype'].nunique()} genotypes")
print(barley["fungicide"].value_counts().to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 1. The barley field, seen from above: 56 beds of 10 rows, one plot in each cell. Thick lines separate the blocks. White halves got F1, grey ones F2.*
#
# The plots of a block share its soil. The plots of a half share, in addition, its spraying and its piece of the block. Guess:
#
# 1. `cells`: a row of $\mathbf V$ has 560 cells. How many of them are not zero?
# 2. `df`: how many degrees of freedom has the error with which the fungicide is tested?
# 3. `F`: somebody forgets the halves and takes only the blocks as random. Will the F value of the fungicide become `"smaller"`, stay the `"same"`, or become `"larger"`?

# %% slideshow={"slide_type": "-"}
my_guess = {
    "cells": None,
    "df": None,
    "F": None,
}
print("my guess:", my_guess)

# %% [markdown] minutes=4.5 notes="Toy first: let a student say the row of Z for observation 6. Then the picture.\nExpect '50 cells, everything is random': reply 'what do observations 1 and 50 share?' Board: V = ZGZ' + R, and a shape under each letter.\nWhat confuses: Sigma, R and V. Say 'R with the groups known, V with the groups unknown'." slideshow={"slide_type": "slide"}
# ## 4. Build V from its parts
#
# On day 2 we had $\mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R$ for one trial. Now as a construction kit, so that we can build any layout. We take ten groups of five observations, with one random effect for each group. The variance between groups is 4, the residual variance is 1. `np.repeat` writes each number five times:

# %% slideshow={"slide_type": "-"}
group = np.repeat(np.arange(10), 5)
Z = mm.build_Z(group)                # 1 where the observation lies in the group
G = mm.build_G(4.0, 10)              # 4 times the identity matrix, for ten groups
R = mm.build_R(1.0, 50)              # 1 times the identity matrix, for 50 observations
V = mm.build_V(Z, G, R)              # Z G Z' + R
print(f"Z {Z.shape}, G {G.shape}, R {R.shape}, V {V.shape}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** How many cells in a row of $\mathbf V$ are not zero? And which different numbers will you find in $\mathbf V$?

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.6), width_ratios=[1, 0.7, 1.2])
plots.show_matrix(G, ax=axes[0], title="G: 10 × 10")
plots.show_matrix(Z, ax=axes[1], title="Z: 50 × 10")
plots.show_matrix(V, group, ax=axes[2], title="V: 50 × 50")
plt.show()
print("not zero in a row of V:", np.sum(V[0] != 0))
print("numbers in V:", np.unique(V))

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 2. The covariance matrix $\mathbf G$ of ten random effects, the matrix $\mathbf Z$ that hands them out to 50 observations, and $\mathbf V$, the covariance matrix of the observations.*
#
# You should have said: five cells, because an observation shares its group with four others and with itself; and 5, 4 and 0. On the diagonal is 4 + 1, for two observations of one group 4, otherwise 0.
#
# All covariance in these data comes from $\mathbf Z$: independent numbers are handed out, and observations that get the same one vary together. The two distributions of day 2 are the two ways to look at it:
#
# $$\mathbf y \mid \mathbf u \sim N(\mathbf X\boldsymbol\beta + \mathbf Z\mathbf u,\; \mathbf R) \quad\text{(these ten groups, as if we knew them)}, \qquad \mathbf y \sim N(\mathbf X\boldsymbol\beta,\; \mathbf V) \quad\text{(over all groups)}.$$
#
# The first is called *conditional*, the second *marginal*.
#
# > **Common slip: R for V.** "My model assumes independent errors, so the data are independent." The *errors* are: $\mathbf R$ is diagonal, here as on day 2. The *data* are not: $\mathbf V$ is what the standard errors are computed from, and it has the squares.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: why V is built in this way
#
# The model says two things about what is random: the effects $\mathbf u$ have the covariance matrix $\mathbf G$, the errors $\boldsymbol\varepsilon$ have $\mathbf R$, and the two have nothing to do with each other. Written as one matrix,
#
# $$\mathrm{Var}\begin{pmatrix} \mathbf u \\ \boldsymbol\varepsilon \end{pmatrix} = \begin{pmatrix} \mathbf G & \mathbf 0 \\ \mathbf 0 & \mathbf R \end{pmatrix}.$$
#
# The data are made from both: $\mathbf y = \mathbf X\boldsymbol\beta + \mathbf Z\mathbf u + \boldsymbol\varepsilon$. Apart from the mean this is $\mathbf A$ times the long vector of $\mathbf u$ and $\boldsymbol\varepsilon$, where $\mathbf A$ is $\mathbf Z$ with an identity matrix at its right. When a vector is multiplied by $\mathbf A$, its covariance matrix is multiplied by $\mathbf A$ from the left and by $\mathbf A'$ from the right. (For a single number: the variance of $a\,u$ is $a^2$ times that of $u$.) `np.block` puts matrices together:

# %% slideshow={"slide_type": "skip"}
no_covariance = np.zeros((10, 50))               # between the u and the errors
joint = np.block([
    [G, no_covariance],
    [no_covariance.T, R],
])
A = np.hstack([Z, np.eye(50)])
parts = ["u"] * 10 + ["errors"] * 50
fig, ax = plt.subplots(figsize=(4.8, 3.8))
plots.show_matrix(joint, parts, ax=ax, title="60 × 60")
plt.show()
print("A times this times A' is V:", np.allclose(A @ joint @ A.T, V))

# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 3. The covariance matrix of all random numbers in the model, 10 effects and 50 errors. Everything off the diagonal is zero.*

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: three effects in each group
#
# A group may bring more than one effect. Suppose each of the ten groups has its own intercept, its own slope over time, and its own reaction to drought. Then $\mathbf Z$ has three columns for each group: ones, the time, and 1 for "dry". `build_Z` takes these columns as `x`. The three effects of a group are drawn together, so they have a 3 × 3 covariance matrix $\mathbf G_j$, and $\mathbf G$ repeats it ten times along its diagonal:

# %% slideshow={"slide_type": "skip"}
time = np.tile([-2, -1, 0, 1, 2], 10)
dry = np.tile([0, 1, 0, 1, 0], 10)
what_varies = np.column_stack([np.ones(50), time, dry])
G_j_of_three = np.array([
    [5.0, 0.5, 0.0],         # intercept: variance 5, covariance with the slope 0.5
    [0.5, 1.0, 0.0],         # slope over time: variance 1
    [0.0, 0.0, 2.0],         # drought: variance 2
])
Z_of_three = mm.build_Z(group, x=what_varies)
G_of_three = mm.build_G([G_j_of_three], [10])
V_of_three = mm.build_V(Z_of_three, G_of_three, R)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
plots.show_matrix(G_of_three, np.repeat(np.arange(10), 3), ax=left, title="G: 30 × 30")
plots.show_matrix(V_of_three, group, ax=right, title="V: 50 × 50")
plt.show()
print("a group's part of V:")
print(V_of_three[:5, :5])

# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 4. Ten groups with three effects each: $\mathbf G$ is a chain of 3 × 3 squares, $\mathbf V$ a chain of 5 × 5 squares.*
#
# The squares of $\mathbf V$ stay where they were, because still only observations of one group share anything. But inside a square the cells now differ: how much two observations share depends on their times and on the drought. Section 10 looks at this with real data.
#
# ### For reading: two groupings at once
#
# Now five growers, each with an intercept and a slope, and five markets with one effect each. Every grower sells at every market twice, at a low and at a high price (−0.5 and 0.5). So there are 5 × 2 + 5 × 1 effects and 50 sales:

# %% slideshow={"slide_type": "skip"}
grower = np.repeat(np.arange(5), 10)
market = np.tile(np.repeat(np.arange(5), 2), 5)
price = np.tile([-0.5, 0.5], 25)
Z_grower = mm.build_Z(grower, x=np.column_stack([np.ones(50), price]))
Z_market = mm.build_Z(market)
Z_of_two = np.hstack([Z_grower, Z_market])
G_j_of_grower = np.array([[4.0, 1.0], [1.0, 3.0]])
G_of_two = mm.build_G([G_j_of_grower, 2.0], [5, 5])
V_of_two = mm.build_V(Z_of_two, G_of_two, R)

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
plots.show_matrix(G_of_two, ax=left, title="G: 15 × 15", split=[10])
plots.show_matrix(V_of_two, grower, ax=right, title="V: 50 × 50")
plt.show()
print("one grower, one market, low and high price:", V_of_two[0, 1])
print("two growers at one market:                 ", V_of_two[0, 10])
print("two growers at two markets:                ", V_of_two[0, 12])

# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 5. Five growers with two effects each, and five markets with one. Left: $\mathbf G$, with a line after the ten effects of the growers. Right: $\mathbf V$, with lines between growers.*
#
# $\mathbf G$ is a chain of five 2 × 2 squares and then five single cells. $\mathbf V$ does not fall into separate squares any more: the markets tie the growers together, and draw pale stripes across the whole matrix.

# %% [markdown] minutes=4 notes="Write one bracket on the board, with an arrow to each side: 'what varies' and 'between the levels of what'. Let the class expand the slash before the cell runs.\nExpect '(1 || taster) means no covariance': reply 'covariance of what with what?' Expect 'the star is the slash': reply 'which of them has a term of its own for g?'" slideshow={"slide_type": "slide"}
# ## 5. Learn the grammar of the bar
#
# A bracket in a formula is one random **term**. The bar in its middle is read "varies between the levels of":
#
# - **At the right** stands the *grouping factor*. It is always a factor, with levels: blocks, schools, drivers. A number there counts as a label.
# - **At the left** stands *what varies*, the varying effects: `1` is the intercept, `x` a slope, a factor the differences between its levels. The grammar allows whatever may stand in the fixed part (what makes sense is for section 11). `(x | g)` is short for `(1 + x | g)`; to leave the intercept out, write `(0 + x | g)`.
# - The effects of one bracket are drawn together and may be correlated. Two brackets, joined by `+`, are **independent** of each other. A double bar, `(1 + x || g)`, splits a bracket in this way.
#
# Three signs are short for several brackets: the slash and the star at the right, and the double bar itself. Read `f/g` as "f, and g inside f". `mm.split_bars` writes a formula out in full. It needs no data.
#
# **Predict.** Write down what each of these four becomes: `(1 | f/g)`, `(1 | f*g)`, `(1 + x || s)` and `(1 || s)`. A colon, `f:g`, means each combination of a level of `f` with a level of `g`.

# %% slideshow={"slide_type": "subslide"}
for bracket in ["(1 | f/g)", "(1 | f*g)", "(1 + x || s)", "(1 || s)"]:
    in_full = mm.split_bars("y ~ x + " + bracket)
    print(bracket)
    print("   ", str(in_full))

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: the slash gives `(1 | f) + (1 | f:g)`, the star gives one term more, `(1 | g)`; the double bar separates the intercept from the slope; and `(1 || s)` is just `(1 | s)`, because with a single effect there is nothing to separate.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: seven models for one experiment
#
# Each taster $s$ scores each wine $i$ at several temperatures $x$. The effects of tasters are $u_{0s}$ (intercept) and $u_{1s}$ (slope), that of wines is $w_i$. The last column counts the variances and covariances of the random effects; $\sigma^2$ comes on top.

# %% [markdown] slideshow={"slide_type": "skip"}
# | expected score, given the effects | random part of the formula | in full | numbers |
# |---|---|---|---|
# | $\beta_0 + \beta_1 x$ | none (no mixed model) | | 0 |
# | $(\beta_0 + u_{0s}) + \beta_1 x$ | `(1 \| taster)` | the same | 1 |
# | $(\beta_0 + u_{0s}) + (\beta_1 + u_{1s})\,x$ | `(x \| taster)` | `(1 + x \| taster)` | 2 + 1 |
# | $(\beta_0 + u_{0s} + w_i) + (\beta_1 + u_{1s})\,x$ | `(x \| taster) + (1 \| wine)` | `(1 + x \| taster) + (1 \| wine)` | 3 + 1 |
# | the same, $u_{0s}$ and $u_{1s}$ independent | `(x \|\| taster) + (1 \| wine)` | `(1 \| taster) + (0 + x \| taster) + (1 \| wine)` | 3 |
# | $(\beta_0 + u_{0s} + w_i) + \beta_1 x$ | `(1 \| taster) + (1 \| wine)` | the same | 2 |
# | $(\beta_0 + w_i) + (\beta_1 + u_{1s})\,x$ | `(0 + x \| taster) + (1 \| wine)` | the same | 2 |
#
# *2 + 1 means two variances and one covariance.*

# %% [markdown] slideshow={"slide_type": "skip"}
# > **Common slip: `(1 || taster)` for the fifth row.** It looks like "independent", but it has no slope at all. The $x$ must be in the bracket. And the double bar separates numbers only: the differences of a *factor* stay together in one bracket.
#
# The last word of the vocabulary: after the fit each random effect has a predicted value, the one that is most probable given the data. R's help pages call it the *conditional mode*. In the models of this course with normal data it is the BLUP that day 2 predicted for its blocks.

# %% [markdown] minutes=8 notes="Draw two empty tables of counts on the board, and let the class say where the zeros are.\nThe middle table is the point: a table reads labels, and only the layout says what a label means.\nExpect 'class 1 is class 1': reply 'did a child of school A ever sit beside one of school B?' Expect 'the last formula has the lowest residual variance, it has the same terms': reply 'count the levels of classroom'." slideshow={"slide_type": "slide"}
# ## 6. Tell nested from crossed
#
# With two grouping factors one question comes before all others: does each level of one lie *inside* a single level of the other, or does each level meet each level? In the first case the factors are **nested**, as classes inside schools. In the second they are **crossed**, as genotypes and blocks: each genotype stands in each block. The answer is in the layout. A table of counts shows it too, but only if each unit has a label of its own.
#
# We make our own data: six schools with three classes each, and four students in each class. As in many files, the classes of each school are numbered 1, 2 and 3. The standard deviation is 2 points between schools, 3 between the classes of a school, and 1 inside a class:

# %% slideshow={"slide_type": "-"}
rng = np.random.default_rng(seed=3)
of_school = np.repeat(rng.normal(scale=2, size=6), 12)       # 12 students share it
of_class = np.repeat(rng.normal(scale=3, size=18), 4)        # 4 students share it
of_student = rng.normal(scale=1, size=72)
classes = pd.DataFrame({
    "school": np.repeat(["A", "B", "C", "D", "E", "F"], 12),
    "classroom": np.tile(np.repeat(["1", "2", "3"], 4), 6),    # tile: the list, 6 times
    "score": of_school + of_class + of_student,
})
classes["unique_class"] = classes["school"] + classes["classroom"]
print(classes.iloc[[0, 4, 12]].round(2).to_string())
print(f"{len(classes)} students in {classes['unique_class'].nunique()} classes")

# %% [markdown] slideshow={"slide_type": "fragment"}
# There are two columns for the classes. In `classroom` the labels are used again in every school: that a class belongs to its school is *implicit*, one has to know it. In `unique_class` each class has a label of its own, and the nesting is *explicit*. Now three tables of counts (`pd.crosstab`): schools against unique classes, schools against the labels that are used again, and for comparison the blocks of the sorghum trial against its genotypes.
#
# **Predict.** In which of the three tables will there be cells with zero?

# %% slideshow={"slide_type": "subslide"}
classes_in_schools = pd.crosstab(classes["school"], classes["unique_class"])
labels_in_schools = pd.crosstab(classes["school"], classes["classroom"])
genotypes_in_blocks = pd.crosstab(trial["block"], trial["genotype"])
three_tables = [classes_in_schools, labels_in_schools, genotypes_in_blocks]
titles = ["unique classes", "labels 1 to 3", "genotypes of sorghum"]

fig, axes = plt.subplots(1, 3, figsize=(11, 2.8), width_ratios=[18, 5, 18])
for ax, counts, title in zip(axes, three_tables, titles):
    ax.pcolormesh(counts > 0, cmap="Greys", vmin=0, vmax=2, edgecolors="white")
    ax.set_xticks(np.arange(counts.shape[1]) + 0.5, counts.columns, fontsize=7)
    ax.set_yticks(np.arange(len(counts)) + 0.5, counts.index)
    ax.invert_yaxis()
    ax.set_title(title, fontsize=10)
axes[0].set_ylabel("school")
axes[1].set_ylabel("school")
axes[2].set_ylabel("block")
plt.show()
for title, counts in zip(titles, three_tables):
    print(f"{title}: {np.sum(counts.to_numpy() == 0)} cells are zero")

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 6. Which levels occur together (grey) and which never do (white). Left: 18 classes in six schools. Middle: the same classes by their labels 1 to 3. Right: 18 genotypes in four blocks.*
#
# You should have said: in the first only. On the left each column has a single grey cell, because a class lies in one school: **nested**. On the right no cell is white: **crossed**. (When some cells are white without such a pattern, as after plots have been lost, the factors are *partly crossed*; each gets a bracket of its own.)
#
# And in the middle? No cell is white, and yet class 1 of school A has nothing to do with class 1 of school B. A table reads labels. So ask the layout first: *is number 1 here the same thing as number 1 there?*
#
# What crossing does to $\mathbf V$, with blocks and genotypes both random: three genotypes in two blocks, variances 4, 2 and 1.

# %% slideshow={"slide_type": "subslide"}
block_of = np.repeat(["R1", "R2"], 3)
genotype_of = np.tile(["G1", "G2", "G3"], 2)
Z_b = mm.build_Z(block_of)
Z_g = mm.build_Z(genotype_of)
V_crossed = 4.0 * Z_b @ Z_b.T + 2.0 * Z_g @ Z_g.T + 1.0 * np.eye(6)
plots.show_matrix(V_crossed, block_of)
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 7. Six plots: three genotypes in block R1, the same three in R2. A genotype ties its two plots together across the blocks.*
#
# Now three formulas for the students:
#
# 1. `(1 | school/classroom)`
# 2. `(1 | school) + (1 | unique_class)`
# 3. `(1 | school) + (1 | classroom)`
#
# **Predict.** Two of the three are the same model. Which two? And what will the third one do to the residual variance?

# %% slideshow={"slide_type": "subslide"}
formulas = {
    "1": "score ~ 1 + (1 | school/classroom)",
    "2": "score ~ 1 + (1 | school) + (1 | unique_class)",
    "3": "score ~ 1 + (1 | school) + (1 | classroom)",
}
for number, formula in formulas.items():
    class_fit = mm.lmm(formula, data=classes)
    print(f"formula {number}: REML criterion {class_fit.criterion:.1f}")
    print(class_fit.varcomp[["group", "variance"]].round(2).to_string(index=False))

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: 1 and 2. `school:classroom` makes the labels unique, so formula 1 builds what `unique_class` already is. Both find 18 classes, and a residual variance of 1.10; the true one is 1. (The schools get 0.00, although their true variance is 4. With six schools, and classes that differ so much, the variance between schools is hardly known; a zero of this kind appeared on day 2, too.)
#
# Formula 3 means something else: three classroom effects, each shared by six schools, as if all classes number 1 had the same teacher. There is no such thing, so it cannot find the differences between classes, and most of these fall into the residual variance: 5.76 in place of 1.10. The REML criterion rises from 268.9 to 341.3. (Smaller fits better, as long as the fixed part is the same; day 4 derives it.) The printout answers a question that nobody asked, and no program can warn you, because the formula is a correct one for other data.
#
# > **Common slip: labels that are used again.** When plots, pens or classes are numbered from 1 in every group, write the slash, or make the labels unique. With unique labels, `(1 | school/unique_class)` and formula 2 are the same, so the slash is never wrong for nested factors.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: when crossed factors have a term of their own
#
# For crossed factors there are two models. `(1 | f) + (1 | g)` says that levels of `f` vary and levels of `g` vary, independently. `(1 | f*g)` adds `(1 | f:g)`: each combination has a deviation of its own. To tell this deviation from the residual, a combination must be observed more than once. In the sorghum trial each genotype stands once in each block:

# %% slideshow={"slide_type": "skip"}
try:
    mm.lmm("yield_kg_ha ~ 1 + (1 | block*genotype)", data=trial)
except ValueError as error:
    print(error)

# %% [markdown] slideshow={"slide_type": "skip"}
# One plot for each combination: then "the deviation of this combination" and "the error of this plot" are two names for one number.

# %% [markdown] minutes=6.5 notes="Back to the map of the field. Ask for the experimental unit of the fungicide, then of the genotype, before the formula.\nExpect 'there is one experimental unit, the plot': reply 'could a single plot have got F1 while its neighbour got F2?' Expect 'block:fungicide is fixed, fungicide is fixed': reply 'would next year's halves have the same deviations?' Expect 'the fungicide varies inside a block, so why not (fungicide | block)?': reply 'you may; then halves with F1 and halves with F2 have variances of their own, three numbers in place of two, and F is the same here, 40.27 on 1 and 3'.\nRead the three lines of the random effects aloud, each with its piece of land." slideshow={"slide_type": "slide"}
# ## 7. Fit the split plot first
#
# Look at Figure 1 again. The fungicide was given to a half block, so the experimental unit of the fungicide is the half, called *whole plot*. The genotype was given to a plot inside a half, a *subplot*; it is the experimental unit of the genotypes. A trial with two sizes of experimental unit like this one is a **split-plot design**: whole plots are split into subplots.
#
# Each size of unit varies. So the yield of genotype $i$ under fungicide $k$ in block $j$ is
#
# $$y_{ijk} = \mu_{ik} + u_j + w_{jk} + \varepsilon_{ijk}, \qquad u_j \sim N(0, \sigma_b^2), \quad w_{jk} \sim N(0, \sigma_w^2), \quad \varepsilon_{ijk} \sim N(0, \sigma^2),$$
#
# with $\sigma_w^2$ (*w* for whole plots) for the halves. Halves are nested in blocks, and a half is a combination of a block and a fungicide. Therefore we write `(1 | block/fungicide)`:

# %% slideshow={"slide_type": "subslide"}
split_plot = "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)"
print(mm.split_bars(split_plot))
fit = mm.lmm(split_plot, data=barley)
print()
print(f"REML criterion {fit.criterion:.4f}")
print(fit.varcomp.round(5).to_string())
print()
print(mm.anova(fit))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read it from the top.
#
# - **Random effects.** Three sizes of land, three standard deviations: 0.117 t/ha between the halves of a block, 0.170 between blocks, 0.281 between the plots of a half. An SD is in t/ha, so it can be compared with the effects below. Variances add up, and so breeders, who ask for shares, prefer them.
# - **Genotypes** are compared inside the halves, on 414 degrees of freedom, and they differ clearly (F = 7.20).
# - **Fungicide**: F = 40.27 on 1 and only 3 degrees of freedom, in spite of 560 plots.
# - **Interaction**: F = 0.93. There is no sign that genotypes react differently to the fungicide.
#
# > **Common slip: fungicide is fixed, so block:fungicide is fixed.** The interaction of a fixed factor with a random one is random. The deviation of a half is a draw, because the block is: other blocks would bring other deviations.
#
# The two means, and their difference (`mm.contrasts` compares means with each other):

# %% slideshow={"slide_type": "-"}
two_means = mm.emmeans(fit, "fungicide")
print(two_means)
print()
difference = mm.contrasts(two_means)
print(difference)

# %% [markdown] slideshow={"slide_type": "fragment"}
# F1 yields 0.548 t/ha more than F2, with a standard error of a difference (SED) of 0.0863. Where does this number come from, and where do the 3 degrees of freedom?

# %% [markdown] minutes=7 notes="Let the class do the row before the cell: one plot, and with whom does it share what? 1, 69, 70, 420.\nExpect '140, because 140 plots are in a block, all with the same number': reply 'do two plots of one half share more?' Board: the row as a bar with four stretches, then the two formulas for the standard errors, block crossed out.\nExpect 'the difference has 559 degrees of freedom': reply 'how many halves got F1?'" slideshow={"slide_type": "slide"}
# ## 8. Read V, and the standard errors
#
# Now a cell of $\mathbf V$. As long as all random effects are intercepts, the rule is: **add the variances of all that two plots share.** Two plots of one half share the block and the half. Two plots of different halves of one block share the block.
#
# **Predict.** Take one plot. With how many of the 560 plots does it share: everything, block and half, only the block, nothing? We build $\mathbf V$ from the three variances and count the first row:

# %% slideshow={"slide_type": "subslide"}
variances = fit.varcomp.set_index("group")["variance"]
sigma2_b_hat = variances["block"]
sigma2_w_hat = variances["block:fungicide"]
sigma2_hat = variances["Residual"]

half = barley["block"].astype(str) + " " + barley["fungicide"].astype(str)
Z_block = mm.build_Z(barley["block"])
Z_half = mm.build_Z(half)
V_hat = (sigma2_b_hat * Z_block @ Z_block.T + sigma2_w_hat * Z_half @ Z_half.T
         + sigma2_hat * np.eye(560))
first_row = pd.Series(V_hat[0].round(4))
print("cells of the first row, and how often they occur:")
print(first_row.value_counts().sort_values().to_string())
print("the library has the same V:", np.allclose(V_hat, fit.V))

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said 1, 69, 70 and 420. With itself a plot has 0.1216, the sum of all three variances. With the 69 others of its half it shares block and half, 0.0288 + 0.0138 = 0.0426. With the 70 of the other half it shares the block, 0.0288. With the 420 plots of the other three blocks it shares nothing. So 140 cells are not zero. As a picture:

# %% slideshow={"slide_type": "subslide"}
corner = [0, 1, 70, 71, 140, 141]        # two plots of B1 F1, of B1 F2, of B2 F1
symbols = {
    sigma2_b_hat + sigma2_w_hat + sigma2_hat:
        "$\\hat\\sigma_b^2+\\hat\\sigma_w^2$\n$+\\,\\hat\\sigma^2$",     # two lines
    sigma2_b_hat + sigma2_w_hat: r"$\hat\sigma_b^2+\hat\sigma_w^2$",
    sigma2_b_hat: r"$\hat\sigma_b^2$",
    0: "0",
}
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5), width_ratios=[1.6, 1])
plots.show_matrix(V_hat[np.ix_(corner, corner)], half[corner], symbols,
                  ax=left, title="A corner: six plots")
for words in left.texts:
    words.set_fontsize(10)                # larger than show_matrix dares
plots.show_matrix(V_hat.round(4), half, ax=right, title="All 560 plots, (t/ha)²")
right.tick_params(axis="x", rotation=90)
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 8. The estimated covariance matrix of the barley plots: two plots of each of three halves, with symbols, and all 560 plots. Lines separate the halves; white is zero.*
#
# Now the standard errors by hand. A fungicide mean is the average of 4 blocks, 4 halves and 280 plots, so it holds $\bar u$, an average of four $w$, and an average of 280 errors. In the *difference* of the two fungicides the blocks cancel, because both fungicides stand in all four. The halves do not cancel, because no half got both. A genotype has 8 plots, one in each half; in the difference of two genotypes blocks *and* halves cancel:
#
# $$\mathrm{SE}^2_{\text{mean of F1}} = \frac{\sigma_b^2}{4} + \frac{\sigma_w^2}{4} + \frac{\sigma^2}{280}, \qquad \mathrm{SED}^2_{\text{fungicides}} = 2\left(\frac{\sigma_w^2}{4} + \frac{\sigma^2}{280}\right), \qquad \mathrm{SED}^2_{\text{genotypes}} = \frac{2\,\sigma^2}{8}.$$

# %% slideshow={"slide_type": "-"}
se_mean = np.sqrt(sigma2_b_hat / 4 + sigma2_w_hat / 4 + sigma2_hat / 280)
sed_fungicides = np.sqrt(2 * (sigma2_w_hat / 4 + sigma2_hat / 280))
sed_genotypes = np.sqrt(2 * sigma2_hat / 8)
two_genotypes = mm.emmeans(fit, "genotype", at={"genotype": ["G01", "G02"]})
by_library = mm.contrasts(two_genotypes)["se"].iloc[0]
by_hand = pd.DataFrame(index=["SE of a fungicide mean", "SED of fungicides",
                              "SED of genotypes"])
by_hand["by hand"] = [se_mean, sed_fungicides, sed_genotypes]
by_hand["library"] = [two_means["se"].iloc[0], difference["se"].iloc[0], by_library]
print(by_hand.round(4).to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# The SED of the fungicides is the smaller one, although it rests on 4 pairs of halves only. The reason is that halves differ little ($\hat\sigma_w$ is 0.117, $\hat\sigma$ is 0.281 t/ha), while the errors of 280 plots nearly average out; more plots would hardly make it smaller. But it is known badly, and that is what the degrees of freedom say. The ANOVA shell of day 1 counts them before there are any data. Now it has *strata*, from the large units to the small ones:

# %% slideshow={"slide_type": "-"}
shell = mm.anova_shell("fungicide * genotype", blocks="block/fungicide",
                       n={"block": 4, "fungicide": 2, "genotype": 70})
print(shell)

# %% [markdown] slideshow={"slide_type": "fragment"}
# There are 8 halves. One degree of freedom goes to the common mean, 3 to the blocks, 1 to the fungicide; 3 are left, and they are the error of the halves. The 414 of the last error belong to plots and can say nothing about halves. The library finds the same numbers, 3 and 414, by the method of Kenward and Roger.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: three days, three kinds of V
#
# The potash trial, taken as completely randomised as on day 1, the sorghum trial of day 2, and today's barley. The shade is relative to the diagonal in each picture:

# %% slideshow={"slide_type": "skip"}
potash = mm.load("potash")
potash_fit = mm.lm("strength ~ C(k2o_lb_ac)", data=potash)
V_potash = mm.build_R(potash_fit.sigma**2, len(potash))
three_V = {
    "potash: 15 plots": V_potash,
    "sorghum: 72 plots in blocks": trial_fit.V.to_numpy(),
    "barley: 560 plots in halves in blocks": V_hat,
}
fig, axes = plt.subplots(1, 3, figsize=(9, 3.3))
for ax, (title, one_V) in zip(axes, three_V.items()):
    ax.imshow(one_V / one_V[0, 0], cmap="Greys", vmin=0, vmax=1)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title, fontsize=9)
plt.show()

# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 9. Three data architectures: plots that share nothing; plots that share a block; plots that share a block and, some of them, a half. (Of 560 plots the diagonal is too thin to look black.)* The formulas differ in their brackets only: none, `(1 | block)`, `(1 | block/fungicide)`.

# %% [markdown] minutes=4 notes="Ask for the hands of guess 3 again before the cell.\nExpect 'smaller, because a term is missing': reply 'where does the variance of the halves go, and through how many plots is it divided?' Board: sigma\u00b2/280 where sigma_w\u00b2/4 should be.\nWho crosses out sigma_w\u00b2 and keeps sigma\u00b2 = 0.0791 gets 0.0238; the fit has 0.0248, because part of the variance of the halves went into sigma\u00b2." slideshow={"slide_type": "slide"}
# ## 9. Break it: forget the halves
#
# Somebody knows that blocks are random, and forgets that the fungicide was given to halves. The formula is then that of day 2, `(1 | block)`.
#
# **Predict.** What becomes of the SED of the fungicides and of their degrees of freedom? Look at the formulas of section 8, and cross out $\sigma_w^2$.

# %% slideshow={"slide_type": "fragment"}
forgetful = mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block)", data=barley)
broken = pd.DataFrame(columns=["SED", "df", "F", "sigma²", "criterion"])
for name, one_fit in [("halves in the model", fit), ("halves forgotten", forgetful)]:
    one_contrast = mm.contrasts(mm.emmeans(one_fit, "fungicide")).iloc[0]
    one_F = mm.anova(one_fit).loc["fungicide", "f"]
    broken.loc[name] = [one_contrast["se"], one_contrast["df"], one_F,
                        one_fit.sigma2, one_fit.criterion]
print(broken.astype(float).round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: a much smaller SED with many more degrees of freedom. The SED falls from 0.0863 to 0.0248 t/ha, the degrees of freedom rise from 3 to 417, and F goes from 40.3 to 488.6. The variance of the halves has not disappeared: the other two have taken it up, and σ² is 0.0860 in place of 0.0791. But now it is divided by 280, as if it were new in every plot, and 414 + 3 = 417 degrees of freedom belong to it. The difference itself is the same, because the trial is complete. Nothing was measured better; the model only believes that 280 plots are 280 independent trials of a fungicide, although they stand in 4 halves that were sprayed.
#
# This is called **pseudoreplication**: repeated measurements of one experimental unit are counted as if they were several units. The same trap is set wherever many small units lie in a few large ones: hundreds of plots in five regions are many replicates for what changes from plot to plot, and five for what changes from region to region.
#
# The REML criterion notices it, too: 367.8 with the halves forgotten, 340.5 with them. But do not wait for it. *Which units got the treatment?* is answered by the layout, and the term belongs in the model even when its variance is estimated as small.

# %% [markdown] minutes=6 notes="Draw two fanning lines, then ask at which day two drivers differ most. The class says the row of Z for day 9: 1 and 9.\nExpect '8 and 9 like 0 and 1, they are neighbours': reply 'how many days of the driver's own slope do they share?' Board: cov = G00 + (d + d')G01 + d d' G11." slideshow={"slide_type": "slide"}
# ## 10. See slopes make V move
#
# Back to the 18 drivers. A line for everybody, with a shift for each driver, was the model of section 2. But drivers may also differ in their *slope*: some suffer more from each short night. In section 5 we had the brackets for this, `(days || subject)` and `(days | subject)`. Each driver then has a pair of effects with a 2 × 2 covariance matrix $\mathbf G_j$:

# %% slideshow={"slide_type": "-"}
slopes_apart = mm.lmm("reaction_ms ~ days + (days || subject)", data=sleep)
slopes = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
print(slopes.varcomp.round(3).to_string())
G_j = slopes.covariances[0]              # of the first random term, the only one
print("G_j:")
print(G_j.round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The last column is the correlation of a driver's intercept and slope. In $\mathbf G_j$ there stands their covariance, 9.604, off the diagonal.
#
# $\mathbf Z_j$ of one driver has a column of ones and a column with the days. So days $d$ and $d'$ of one driver have the covariance $\sigma_0^2 + (d + d')\,\sigma_{01} + d\,d'\,\sigma_1^2$, where $\sigma_0^2$, $\sigma_1^2$ and $\sigma_{01}$ are the cells of $\mathbf G_j$.
#
# **Predict.** With the intercept alone, all pairs of days have the same correlation. Now take three pairs: days 0 and 1, days 8 and 9, days 0 and 9. Which pair is most strongly correlated, and which least?

# %% slideshow={"slide_type": "subslide"}
days = np.arange(10)
Z_j = np.column_stack([np.ones(10), days])
V_j = Z_j @ G_j @ Z_j.T + slopes.sigma2 * np.eye(10)
sd = np.sqrt(np.diag(V_j))
correlation = V_j / np.outer(sd, sd)            # np.outer: each sd times each sd
print("SD by day:", sd.round(1))
print(f"correlation: days 0 and 1 {correlation[0, 1]:.2f}, "
      f"days 8 and 9 {correlation[8, 9]:.2f}, days 0 and 9 {correlation[0, 9]:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: days 8 and 9 most (0.83), days 0 and 9 least (0.30). Late days share much of the driver's slope, eight or nine nights of it. Day 0 holds none of it yet, so it says least about day 9. And the variance itself grows, because lines with different slopes spread out. All three models side by side; the first 10 × 10 cells of $\mathbf V$ are the ten days of one driver:

# %% slideshow={"slide_type": "subslide"}
three_models = {
    "(1 | subject)": driver_fit,
    "(days || subject)": slopes_apart,
    "(days | subject)": slopes,
}
fig, axes = plt.subplots(1, 3, figsize=(9.5, 3.4))
for ax, (title, one_fit) in zip(axes, three_models.items()):
    V_one_driver = one_fit.V.to_numpy()[:10, :10]
    picture = ax.imshow(V_one_driver, cmap="Greys", vmin=0, vmax=4500)
    ax.set_title(title, fontsize=10)
    ax.set_xlabel("day")
    ax.set_xticks(days)
    ax.set_yticks(days)
    print(f"{title:18s} REML criterion {one_fit.criterion:.3f}")
axes[0].set_ylabel("day")
fig.colorbar(picture, ax=axes, label="covariance (ms²)", shrink=0.8)
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 10. The estimated covariance matrix of ten days of one driver under three models. One grey scale for all, linear from zero.*
#
# With the intercept alone $\mathbf V$ stands still: one shade on the diagonal, one off it. Slopes make it move along the days, and the criterion falls from 1786.465 to 1743.669. Whether intercept and slope may be correlated hardly matters here: 1743.628.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: the correlation depends on where zero is
#
# The correlation of intercept and slope is 0.066. Do drivers who start slowly suffer no more than others? Count the days from the middle, 4.5, in place of 0, and fit again:

# %% slideshow={"slide_type": "skip"}
centred = sleep.assign(from_middle=sleep["days"] - 4.5)
moved = mm.lmm("reaction_ms ~ from_middle + (from_middle | subject)", data=centred)
moved_apart = mm.lmm(
    "reaction_ms ~ from_middle + (from_middle || subject)", data=centred)
zero = pd.DataFrame({
    "correlation": [slopes.varcomp["corr"][1], moved.varcomp["corr"][1]],
    "criterion with |": [slopes.criterion, moved.criterion],
    "criterion with ||": [slopes_apart.criterion, moved_apart.criterion],
}, index=["zero on day 0", "zero on day 4.5"])
print(zero.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "skip"}
# > **Common slip: the correlation of intercept and slope as a property of drivers.** It is 0.066 or 0.753, depending on where we begin to count, and the criterion is 1743.628 both times: one model, one $\mathbf V$, two descriptions. With the double bar it is different. It *sets* the covariance to zero, at the zero that you have chosen, so another zero makes another model: 1743.669 or 1753.549. Write `||` only when the zero has a meaning of its own.

# %% [markdown] minutes=3 notes="One sentence each: what must differ inside a group for its effect to vary between groups? Then the three lines of the table.\nExpect 'more random effects, more exact': reply 'look at the standard errors'." slideshow={"slide_type": "slide"}
# ## 11. Ask what can vary within what
#
# Which effects may stand at the left of a bar? Two conditions. First, they must take *different values inside a group*, in enough of the groups. Every driver has ten different days, so his slope can be seen. A half block has one fungicide, so nobody can see how the effect of the fungicide differs between halves. Second, *all groups together* should hold *more rows than effects*; otherwise `mm.lmm` refuses. Single groups may hold few rows, if others hold more. In the barley trial, 8 halves times 70 genotypes are 560 effects, and there are 560 plots: the deviations of 70 genotypes in a half could not be told from the errors of its plots.
#
# Count before you write the bracket, because a program may print numbers all the same, even with a lower criterion. For `(fungicide | block:fungicide)` they say only that halves with F1 and halves with F2 have different variances, and nothing about a difference inside a half.

# %% [markdown] notes="Expect 'the one without slopes, because it leaves variance in the residuals': reply 'and through how many rows is the residual variance divided?'" slideshow={"slide_type": "fragment"}
# **Predict.** The average slope is the same in both models of the drivers, with the intercept alone and with a slope for each driver. Which model gives it the larger standard error, and why?

# %% slideshow={"slide_type": "fragment"}
days_of_driver = sleep.groupby("subject", observed=True)["days"].nunique()
fungicides_of_half = barley.groupby(half)["fungicide"].nunique()
print("different days of a driver:     ", days_of_driver.min())
print("different fungicides in a half: ", fungicides_of_half.max())
slope_of_days = pd.DataFrame({
    "(1 | subject)": mm.contrast(driver_fit, {"days": 1}).iloc[0],
    "(days | subject)": mm.contrast(slopes, {"days": 1}).iloc[0],
})
print(slope_of_days.loc[["estimate", "se", "df"]].astype(float).round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the one with slopes. Where an effect can vary, it matters whether the model lets it. If drivers may differ in their slope, the standard error of the average slope is not 0.804 but 1.546 ms a day, on 17 degrees of freedom in place of 161: what is known is 18 slopes, and not 180 rows. To leave out a slope that varies is the error of section 9 once more.
#
# Where an effect cannot vary inside groups, as a drug that each patient either gets or does not get, there is no such slope to estimate. This is convenient, because the model stays small. But it costs something: how patients differ in their reaction stays unknown, it is added to what else varies between patients, and the comparison may lose power.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: a factor that varies
#
# Suppose four varieties stand on each of many farms, several times each, and their differences vary from farm to farm: `(variety | farm)`. A farm then has *four* effects: its intercept, and the differences of varieties 2, 3 and 4 from variety 1. They are drawn together, with the covariance matrix (symmetric, so only the lower half is written)
#
# $$\mathbf G_j = \begin{pmatrix} \sigma_0^2 & & & \\ \sigma_{10} & \sigma_1^2 & & \\ \sigma_{20} & \sigma_{21} & \sigma_2^2 & \\ \sigma_{30} & \sigma_{31} & \sigma_{32} & \sigma_3^2 \end{pmatrix}.$$
#
# These are 4 variances and 6 covariances, 10 numbers to estimate, for one bracket. In general, $k$ effects have $k(k+1)/2$ of them. So a bracket becomes expensive quickly; how many a trial can bear is a question of day 7.

# %% [markdown] minutes=2.5 notes="Ask for D first: who had it at the beginning? Then the cell. Read the card aloud.\nExpect 'I had B because it was left over': reply 'why does it get darker downwards?'" slideshow={"slide_type": "slide"}
# ## 12. Answer the game, and wrap up

# %% slideshow={"slide_type": "-"}
game = pd.DataFrame(index=list("ABCDE"))
game["my match"] = [str(my_match.get(letter)) for letter in game.index]
game["sketch"] = [4, 5, 1, 3, 2]
print(game.to_string())
not_zero = np.sum(V_hat[0] != 0)
wrap_up = pd.DataFrame(index=["cells", "df", "F"])
wrap_up["my guess"] = [str(my_guess.get(name)) for name in wrap_up.index]
wrap_up["result"] = [not_zero, int(broken["df"].iloc[0].round()), "larger"]
print()
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said:
#
# - **A is 4**, three blocks of four plots: one shade in each square, as in the sorghum trial.
# - **B is 5**, two plants with lines: variance and covariance grow with the day, as in section 10.
# - **C is 1**, fields in halves: a dark square for each half inside a pale one for each field, as in section 8.
# - **D is 3**, terraces and water lines. They are crossed, so nothing falls apart into squares: plots of one terrace form a dark square, and plots on one water line, such as 1, 5 and 9, are tied across all terraces.
# - **E is 2**, pots with two plants: squares of two rows, and nothing else.
#
# **To take away**
#
# 1. $\mathbf Z$ says what two observations share, $\mathbf G$ how much it varies. With intercepts only, a cell of $\mathbf V$ is the sum of the variances of what they share; with slopes it is row of $\mathbf Z$ times $\mathbf G$ times row of $\mathbf Z$.
# 2. The bracket says *what varies* between *the levels of what*. A slash is for groups inside groups, and labels that are used again need it.
# 3. A unit that got a treatment as a whole and holds several rows needs its own random effect. Without it, a few units are counted as hundreds.

# %% [markdown] minutes=0.5 notes="Homework. Number 3 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 13. On your own
#
# 1. **Do.** Write the SED of F1 and F2 *for one genotype*, say G01, from the three variances: which of $u$, $w$ and $\varepsilon$ are in the difference, and how many of each are averaged? Then compute it.
# 2. **Explain.** To a fellow student, in three sentences: why does $\sigma_w^2$ appear in the SED of the fungicides, and not in that of the genotypes?
# 3. **Change one knob.** Suppose only the first 35 genotypes had been sown, `barley["genotype"].isin(names[:35])` with `names = list(barley["genotype"].cat.categories)`: half as many plots. Guess what becomes of the SED and of the degrees of freedom of the fungicides, with the halves in the model and with the halves forgotten. Then fit both.
# 4. **Transfer.** In the pigs trial, `mm.load("pigs_rooms")`, are pens nested in rooms or crossed with them? And pens and days? Look at two tables of counts, and write the random part.
#
# <details><summary>Answers</summary>
# <ol>
# <li>The blocks cancel; each of the two means averages 4 halves and 4 plots: SED² = 2(σ<sub>w</sub>² + σ²)/4, so SED = 0.2155 t/ha.</li>
# <li>A half block got one fungicide, so the deviations of the halves under F1 are others than those under F2, and they stay in the difference. Every genotype stands in every half. So both genotypes have the same eight halves in their means, and these cancel.</li>
# <li>With the halves in the model little changes: SED 0.0837, still 3 degrees of freedom, because there are still eight halves. With the halves forgotten: 0.0348 with 207 degrees of freedom; so it believes that half of the plots have taken away half of the information. (The genotypes left over are others, and so are the estimated variances, a little.)</li>
# <li>Each of the 90 pens occurs in one room only: nested. Each pen is seen on each of the three days: crossed. (1 | room) + (1 | pen) is enough, because each pen has a label of its own. The days are three chosen days, compared with each other, so they are fixed.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day3_exercises](exercises/day3_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Point to day 4: where the criterion comes from." slideshow={"slide_type": "slide"}
# ## 14. In practice and further reading
#
# In practice you write one line. These fit the split plot:
#
# ```
# mmteach      mm.lmm("yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", data=barley)
# R            lmer(yield_t_ha ~ genotype * fungicide + (1 | block/fungicide), data = barley)
# SAS          proc mixed; class block fungicide genotype;
#              model yield_t_ha = genotype|fungicide / ddfm=kr; random block block*fungicide; run;
# ```
#
# **Next:** [day4_reml_from_scratch](day4_reml_from_scratch.ipynb), where the REML criterion is derived.
#
# ### Further reading
#
# - Durban, Hackett, McNicol, Newton, Thomas and Currie (2003), *The practical use of semiparametric models in field trials*, Journal of Agricultural, Biological, and Environmental Statistics 8, 48–66: the barley trial.
# - Hurlbert (1984), *Pseudoreplication and the design of ecological field experiments*, Ecological Monographs 54, 187–211.
# - Bates, Mächler, Bolker and Walker (2015), *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67(1): the grammar of the bar, section 2.
# - Belenky and others (2003), *Patterns of performance degradation and restoration during sleep restriction and subsequent recovery*, Journal of Sleep Research 12, 1–12: the drivers.
