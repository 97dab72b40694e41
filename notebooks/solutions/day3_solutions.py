# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 3: solutions
#
# **What you do.** You read correlations and covariances from fitted variances, write a $\mathbf V$ by hand, count what a bracket costs, turn the knob of a split plot, and find out from a table what lies inside what.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit.
#
# **What you need.** [day3_covariance_structure](../day3_covariance_structure.ipynb). About 60 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and the pigs of day 2: three rooms, in each room five pens for each of six diets, and three days on which each pen was sampled. The response is the dry matter of the faeces in % (synthetic data, see `data/README.md` in the project folder).

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ipywidgets import FloatSlider, interact

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress, quiz

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
pigs = mm.load("pigs_rooms")
n_pens = pigs["pen"].nunique()
print(f"{len(pigs)} observations: {n_pens} pens in {pigs['room'].nunique()} rooms")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do: what do two observations share?
#
# **Worked.** Each pen has a label of its own and lies in one room. So rooms and pens get one bracket each:

# %% slideshow={"slide_type": "-"}
pig_fit = mm.lmm("dry_matter_pct ~ day * diet + (1 | room) + (1 | pen)", data=pigs)
variances = pig_fit.varcomp.set_index("group")["variance"]
print(variances.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two days of one pen share the pen and the room, so their covariance is the sum of these two variances. Divided by the variance of an observation it is their correlation:

# %% slideshow={"slide_type": "-"}
shared = variances["room"] + variances["pen"]
correlation = shared / variances.sum()
check("day3.pen", correlation)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** What is the correlation of two pens of one room, and of two pens of different rooms?
#
# <details><summary>Answer</summary>
# Two pens of one room share the room: 11.843/47.955 = 0.247. Two pens of different rooms share nothing: 0.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Count before there are data
#
# **Worked.** Somebody plans a split plot with rice in 6 blocks. Each block is cut into 3 whole plots, each with its own water regime; each whole plot into 5 subplots, each with its own rate of nitrogen. On how many degrees of freedom of the error will the water regimes be tested?

# %% slideshow={"slide_type": "-"}
plan = mm.anova_shell("water * nitrogen", blocks="block/water",
                      n={"block": 6, "water": 3, "nitrogen": 5})
print(plan)
df_of_water_error = plan.loc["error of block:water", "df"]
check("day3.df", df_of_water_error)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** Why 10, and not 60? In two or three sentences. And what should the planner add if this is too few: subplots or blocks?
#
# <details><summary>Answer</summary>
# A water regime was given to whole plots. There are 18 of them; the mean, the blocks and the regimes use 1 + 5 + 2, so 10 are left. The 60 say how plots of one whole plot differ, and nothing about how whole plots differ. More subplots do not change the 10; each block more brings 2.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Read a covariance from slopes
#
# **Worked.** The 18 drivers, with a random line for each. What is the covariance of days 2 and 7 of one driver? In words: the row of $\mathbf Z_j$ for day 2, times $\mathbf G_j$, times the row for day 7.

# %% slideshow={"slide_type": "-"}
sleep = mm.load("sleepstudy")
sleep_fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
G_j = sleep_fit.covariances[0]
print(G_j.round(3))
row_of_day_2 = np.array([1, 2])
row_of_day_7 = np.array([1, 7])
covariance = row_of_day_2 @ G_j @ row_of_day_7
check("day3.days", covariance)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Written out, this is $\sigma_0^2 + (2 + 7)\,\sigma_{01} + 2 \cdot 7\,\sigma_1^2$. There is no $\sigma^2$ in it, because two days do not share an error.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Write a matrix: a small split plot
#
# Four plots of a trial. Plots 1 and 2 lie in the same half of block I, plot 3 in the other half of block I, plot 4 in block II. The three variances, in (kg/ha)²:

# %% slideshow={"slide_type": "-"}
of_block = 200            # between blocks
of_half = 100             # between the halves of a block
of_plot = 180             # between the plots of a half
print(f"block {of_block}, half {of_half}, plot {of_plot} (kg/ha)²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the matrix.** Type the 4 × 4 matrix $\mathbf V$, row by row, as `np.array([[…], […], […], […]])`. Then compute the variance of the mean of the four plots: the weights are $\mathbf a = (\tfrac14, \tfrac14, \tfrac14, \tfrac14)$, and the variance is $\mathbf a'\mathbf V\mathbf a$, in Python `a @ V @ a`.

# %% slideshow={"slide_type": "-"}
# >>> var_mean: the variance of the mean of the four plots
V = np.array([
    [480, 300, 200, 0],
    [300, 480, 200, 0],
    [200, 200, 480, 0],
    [0, 0, 0, 480],
])
a = np.array([0.25, 0.25, 0.25, 0.25])
var_mean = a @ V @ a
# <<<
check("day3.four_plots", var_mean)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>What V looks like</summary>
# 480 on the diagonal, 300 for plots 1 and 2, 200 for plot 3 with each of them, and 0 for plot 4 with every other.
# </details>
#
# ***
#
# **Explain.** Compare the result with that of four independent plots, each with the same variance as here. Which one of the four plots would you move, and where to, if you want the variance of the mean as small as possible?
#
# <details><summary>Answer</summary>
# Independent plots would give 480/4 = 120 in place of 207.5. Each pair that shares something adds twice its covariance to the sum of the cells. Plots 1 and 2 share most: move one of them into a third block, and the sum falls from 3320 to 1920 + 2 · 200 = 2320, the variance of the mean to 145. (Moved to block II it would share a block, and perhaps a half, with plot 4.)
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 6. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A friend says: "Mixed models do not assume independence. So I need not worry about my layout." What is wrong?
# 2. A file has the columns `tray` (1 to 4 in each greenhouse) and `greenhouse` (A to E). Which model does `(1 | greenhouse) + (1 | tray)` fit, in words? Which formula should it be?
# 3. Why is a two-week-old seedling that was measured at ten places of its leaf not ten seedlings, and which random effect says so?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The model assumes that two observations are independent unless a random effect ties them together. It knows of no tie that is not in the formula; a forgotten one is taken as independence.</li>
# <li>Five greenhouse effects, and four tray effects, each shared by all five greenhouses, as if tray 1 were the same tray everywhere. It should be (1 | greenhouse/tray), which has 20 trays.</li>
# <li>The ten places share the seedling: its seed, its pot, its treatment. So (1 | seedling) belongs in the model. Without it, one experimental unit counts as ten, which is pseudoreplication.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7. Count what a bracket costs
#
# In a series of trials each farm has several plots of each of *five* varieties, and the differences between varieties may vary from farm to farm: `(variety | farm)`.
#
# **Your turn.** How many variances and covariances has the matrix $\mathbf G_j$ of this bracket, each counted once?

# %% slideshow={"slide_type": "-"}
# >>> n_numbers: the number of variances and covariances of the bracket
n_effects = 5                             # the intercept and four differences
n_covariances = n_effects * (n_effects - 1) / 2
n_numbers = n_effects + n_covariances
# <<<
check("day3.numbers", n_numbers)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** If each farm had grown only one of the five varieties, could the numbers of this bracket be estimated?
#
# <details><summary>Answer</summary>
# No. Nothing about a difference of two varieties can be seen inside such a farm, so there is no variance of it to estimate. A program may print numbers all the same; they say how differently farms with variety 1 vary from farms with variety 2, and nothing about a difference inside a farm. Count first. Only (1 | farm) is left. The varieties are then compared between farms, and the farm is their experimental unit.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Change one knob: how much do the halves differ?
#
# In the barley trial two standard errors of a difference had nearly the same formula. With $\theta_w = \sigma_w/\sigma$, how much the halves vary compared with the plots, they are
#
# $$\mathrm{SED}_\text{fungicides} = \sigma\sqrt{2\left(\frac{\theta_w^2}{4} + \frac{1}{280}\right)}, \qquad \mathrm{SED}_\text{genotypes} = \sigma\sqrt{\frac{2}{8}},$$
#
# because a mean of a fungicide averages 4 halves and 280 plots, and a mean of a genotype 8 plots. First $\sigma$, as it was estimated:

# %% slideshow={"slide_type": "-"}
barley = mm.load("barley")
barley_fit = mm.lmm(
    "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", data=barley)
sigma = np.sqrt(barley_fit.sigma2)
n_F1 = np.sum(barley["fungicide"] == "F1")
print(f"sigma {sigma:.4f} t/ha; {n_F1} plots with F1")


# %% [markdown] slideshow={"slide_type": "fragment"}
# Now move the slider:

# %% slideshow={"slide_type": "-"} tags=["nbval-ignore-output"]
def two_seds(theta_w):
    fungicides = sigma * np.sqrt(2 * (theta_w**2 / 4 + 1 / 280))
    genotypes = sigma * np.sqrt(2 / 8)
    return fungicides, genotypes


def draw_seds(theta_w):
    fig, ax = plt.subplots(figsize=(6, 1.8))
    ax.barh(["fungicides", "genotypes"], two_seds(theta_w), color="grey")
    ax.set_xlim(0, 0.35)
    ax.set_xlabel("SED (t/ha)")
    plt.show()


slider = FloatSlider(value=0.2, min=0, max=1.5, step=0.01, continuous_update=False)
interact(draw_seds, theta_w=slider);

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. The two standard errors of a difference, for the $\theta_w$ of the slider.* The same for four positions:

# %% slideshow={"slide_type": "-"}
positions = pd.DataFrame(columns=["SED fungicides", "SED genotypes"])
for theta_w in [0, 0.25, 0.5, 1]:
    positions.loc[f"theta_w = {theta_w}"] = two_seds(theta_w)
print(positions.round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** At which $\theta_w$ are the two equal? Look for it with the slider, then set the two formulas equal and solve, because the slider goes in steps.

# %% slideshow={"slide_type": "-"}
# >>> theta_equal: the theta_w at which both SEDs are the same
theta_equal = np.sqrt(4 * (1 / 8 - 1 / 280))
# <<<
check("day3.theta", theta_equal)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** At $\theta_w$ = 0 the fungicides are compared far more exactly than the genotypes. Why? And why should one not trust a plan that counts on it?
#
# <details><summary>Answer</summary>
# With halves that do not differ, a fungicide mean is simply an average of 280 plots, a genotype mean one of 8. But halves do differ: they lie apart, and each is sprayed in one go. Even a small σ<sub>w</sub> then dominates, because it is divided by 4 only, and it is known on 3 degrees of freedom only.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9. Transfer: what lies inside what?
#
# Plants of *Arabidopsis thaliana* from several regions of Europe (Banta and others, 2010). The plants stood on two racks; some got more nutrients, some were clipped. Here are the columns that are factors:

# %% slideshow={"slide_type": "-"}
plants = mm.load("arabidopsis")
print(f"{len(plants)} plants")
print(plants.drop(columns="fruits").nunique().to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Which one of the columns is nested in `population`? Make tables of counts, with `pd.crosstab`, and answer with the name of the column, such as `"rack"`.

# %% slideshow={"slide_type": "-"}
# >>> inside: the column nested in the populations, in quotation marks
populations_of = plants.groupby("genotype", observed=True)["population"].nunique()
inside = "genotype"                       # because populations_of is 1 everywhere
print("populations of a genotype, at most:", populations_of.max())
# <<<
check("day3.inside", inside)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.**
#
# 1. Must this column be written behind a slash, after `population/`, in the random part?
# 2. Could the effect of `nutrient` vary between the levels of this column? Write the bracket. What would you look at?
# 3. And the effect of `region`?
#
# <details><summary>Answers</summary>
# <ol>
# <li>It may, but it need not: no two genotypes share a number, so (1 | population) + (1 | genotype) is the same model, with 9 populations and 24 genotypes.</li>
# <li>Yes, (nutrient | genotype): a table of counts of genotype against nutrient has no empty cell, so each genotype was seen at both levels. Whether the data are enough for it is another question.</li>
# <li>No. A genotype comes from one region, so nothing inside it tells what another region would do.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day3")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 11. End the day with six questions
#
# Six of today's tasks once more, with four answers each. Do not scroll back. The letter alone is worth little: for each of the *other* three answers say by which slip somebody arrives at it, or why it cannot be right (its size, its unit). The reply to a wrong letter names the slip.

# %% slideshow={"slide_type": "-"}
quiz("day3")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
# >>> letters: six letters in quotes
letters = "badcbc"
# <<<
quiz("day3", letters)
