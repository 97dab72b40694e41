# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 5: solutions
#
# **What you do.** You write Henderson's equations for three schools, and the matrix that shrinks a line. Between the two you take a balanced and an unbalanced data set through both analyses, everything fixed and mixed, and follow one report to its end.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit; two numbers are written as `(1.5, 2.5)`.
#
# **What you need.** The pair [day5_shrinkage_blups](../day5_shrinkage_blups.ipynb) and [day5_slopes_and_levels](../day5_slopes_and_levels.ipynb). About 60 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and a field of spring barley: the plots with the first fungicide level, yield in t/ha.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress, quiz

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
barley = mm.load("barley")
field = barley[barley["fungicide"] == "F1"]
n_genotypes = field["genotype"].nunique()
n_blocks = field["block"].nunique()
print(f"{len(field)} plots: {n_genotypes} genotypes in {n_blocks} blocks")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do: a balanced set
#
# Each genotype stands once in each block.
#
# **Worked.** First everything fixed. The F value of the genotypes is a ratio of two mean squares:

# %% slideshow={"slide_type": "-"}
fixed = mm.lm("yield_t_ha ~ block + genotype", data=field)
table = mm.anova(fixed)
print(table)
mean_squares = table["mean_sq"]
f_genotype = mean_squares["genotype"] / mean_squares["Residual"]
check("day5.f_genotype", f_genotype)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** Now the genotypes as a sample from a population of genotypes. Is their variance zero? We compare two likelihoods: with the variance at its estimate, and with the variance at zero. The difference of the two criteria is the *likelihood-ratio statistic*. The fixed part stays, so both may be by REML:

# %% slideshow={"slide_type": "-"}
mixed = mm.lmm("yield_t_ha ~ block + (1 | genotype)", data=field)
print(mixed.varcomp.round(5).to_string())
test = mm.ranova(mixed)
print(test)
check("day5.lrt", test["chisq"].iloc[-1])

# %% [markdown] slideshow={"slide_type": "fragment"}
# (The p-value is too large, because a variance cannot be negative; `mm.ranova(mixed, boundary=True)` halves it.)
#
# **Worked.** Which part of its raw effect, the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over its 4 plots, does each genotype keep?

# %% slideshow={"slide_type": "-"}
sigma2_g, sigma2 = mixed.varcomp["variance"]
lam = sigma2 / sigma2_g
factor = 4 / (4 + lam)
check("day5.factor", factor)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The means of the fixed model against the BLUPs of the mixed one, both as deviations from the average:

# %% slideshow={"slide_type": "subslide"}
means = mm.emmeans(fixed, "genotype").set_index("genotype")["mean"]
deviations = means - means.mean()
blups = mixed.ranef().set_index("level")["estimate"]
blups = blups[deviations.index]             # in the same order
fig, ax = plt.subplots(figsize=(4.5, 4))
ax.plot(deviations, blups, "o", alpha=0.6)
ax.axline((0, 0), slope=1, color="grey", linewidth=1)
ax.set_xlabel("estimated mean − average (t/ha)")
ax.set_ylabel("BLUP (t/ha)")
plt.show()
print(f"SD of the means {deviations.std():.3f}, of the BLUPs {blups.std():.3f} t/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Each dot is a genotype; the line is 1:1.*

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Write Henderson's equations
#
# Here are the three schools of day 4 with four students each, and the two variances:

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
score = schools["score"].to_numpy()
school_fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
sigma2_b, sigma2_school = school_fit.varcomp["variance"]
X = np.ones((12, 1))
Z = mm.build_Z(schools["school"])
print(f"X: {X.shape[0]} rows, {X.shape[1]} column; Z: {Z.shape[1]} columns")
print(f"sigma_b² {sigma2_b:.2f}, sigma² {sigma2_school:.2f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the matrix.** The equations have four unknowns: the mean, and the effects of S1, S2 and S3. Multiplied by $\sigma^2$ they are
#
# $$\begin{bmatrix} \mathbf X'\mathbf X & \mathbf X'\mathbf Z \\ \mathbf Z'\mathbf X & \mathbf Z'\mathbf Z + \lambda\mathbf I \end{bmatrix} \begin{bmatrix} \hat\mu \\ \hat{\mathbf u} \end{bmatrix} = \begin{bmatrix} \mathbf X'\mathbf y \\ \mathbf Z'\mathbf y \end{bmatrix}, \qquad \lambda = \frac{\sigma^2}{\sigma_b^2}.$$
#
# Write the left side as a 4 × 4 array, type its numbers or let numpy count (`np.block` puts matrices together). Write the right side as a list of four numbers, and solve. What is the BLUP of school S3?

# %% slideshow={"slide_type": "-"}
# >>> blup_S3: the BLUP of school S3, in points
lam_school = sigma2_school / sigma2_b
left_side = np.block([
    [X.T @ X, X.T @ Z],
    [Z.T @ X, Z.T @ Z + lam_school * np.eye(3)],
])
right_side = np.concatenate([X.T @ score, Z.T @ score])
solution = np.linalg.solve(left_side, right_side)
blup_S3 = solution[3]
# <<<
check("day5.school", blup_S3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>What the left side looks like</summary>
# Its first row is 12, 4, 4, 4: all students, and the students of each school. Its first column is the same. On the rest of the diagonal is 4 + λ = 5.407, and 0 everywhere else.
# </details>
#
# ***
#
# **Explain.** What happens when you leave $\lambda$ out, and why?
#
# <details><summary>Answer</summary>
# The last three columns then add up to the first one, so the equations have no single solution. Depending on rounding, numpy says that the matrix is singular, or returns one of the many solutions without a word. With λ on the diagonal an effect costs something, and of all solutions one is the cheapest.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 4. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A colleague says: "if the data are balanced, the BLUP equals the BLUE". What does Figure 1 say?
# 2. In balanced data, with one random intercept as here: does shrinkage ever change which genotype comes first?
# 3. When would you report estimated means, and when BLUPs?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The dots lie on one straight line, but it is flatter than 1:1. So balanced BLUPs are shrunken too, all by the same factor, here 0.723.</li>
# <li>No. A common factor leaves the order as it is. With lines, or with genotypes inside populations, the order can change even in balanced data, because there is more than one thing to be pulled to.</li>
# <li>Means, when these genotypes are the question and were chosen for it. BLUPs, when the genotypes are a sample of many and the best are to be selected: shrinkage takes off the part of a lead that is likely to be luck.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Change one knob
#
# The best genotype of the field is G03, on 4 plots. Suppose that three of them were lost, and only the plot in block B4 is left. It still has the largest estimated mean:

# %% slideshow={"slide_type": "-"}
is_lost = (field["genotype"] == "G03") & (field["block"] != "B4")
lost = field[~is_lost]
fixed_lost = mm.lm("yield_t_ha ~ block + genotype", data=lost)
means_lost = mm.emmeans(fixed_lost, "genotype").set_index("genotype")
print(means_lost.nlargest(3, "mean")[["mean", "se"]].round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** You may promote one genotype. Guess, then fit the mixed model to `lost`: which one has the largest BLUP? Answer with its name, such as `"G01"`.

# %% slideshow={"slide_type": "-"}
# >>> promoted: the genotype with the largest BLUP
mixed_lost = mm.lmm("yield_t_ha ~ block + (1 | genotype)", data=lost)
blups_lost = mixed_lost.ranef().set_index("level")["estimate"]
promoted = blups_lost.idxmax()
# <<<
check("day5.promote", promoted)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** All four plots together put G03 first in both analyses. What does the rule of the largest BLUP do with the single plot, and is it a bad rule?
#
# <details><summary>Answer</summary>
# With one plot G03 keeps 0.340 of its raw effect, the others keep 0.673. So the rule passes G03 over, wrongly as we happen to know. It is right on average, not in each case: a genotype that leads on a single plot is more often lucky than good, and the rule does not know which of the two this one is. The useful conclusion: give G03 more plots.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Transfer: an unbalanced set
#
# Fruits of *Arabidopsis* plants at two nutrient levels, clipped or not. The genotypes differ in their number of plants. The counts are skewed, so we take $\log(1 + \text{fruits})$ again. Here we leave the populations out, and look at the genotypes alone:

# %% slideshow={"slide_type": "-"}
plants = mm.load("arabidopsis")
plants["log_fruits"] = np.log(1 + plants["fruits"])
with_blups = mm.lmm(
    "log_fruits ~ rack + nutrient * clipping + status + (1 | genotype)", data=plants)
n_plants = plants["genotype"].value_counts()
print(f"{len(plants)} plants of {len(n_plants)} genotypes")
print(f"{n_plants.min()} to {n_plants.max()} plants of a genotype")
print(mm.ranova(with_blups))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Genotype 5 is one of those with the fewest plants: `n_plants["5"]`. Which part of its raw effect, the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over its plants, does it keep?

# %% slideshow={"slide_type": "-"}
# >>> kept_5: the part of its raw effect that genotype 5 keeps
sigma2_genotype, sigma2_plant = with_blups.varcomp["variance"]
lam_plant = sigma2_plant / sigma2_genotype
kept_5 = n_plants["5"] / (n_plants["5"] + lam_plant)
# <<<
check("day5.few", kept_5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** In the lesson, with the populations in the model, this genotype kept only about one seventh of its distance. Why so much here?
#
# <details><summary>Answer</summary>
# Here the genotypes scatter around the average of all, and their variance, 0.476, holds what differs between populations as well. In the lesson it was 0.022, and genotype 5 kept 0.137 of its distance, because it counted only what differs inside a population, so it shrank towards its population and not towards the average of all.
# </details>
#
# ***
#
# And the picture of section 2 for these genotypes. The means come from the model with everything fixed; the area of a dot is the number of plants:

# %% slideshow={"slide_type": "subslide"}
all_fixed = mm.lm(
    "log_fruits ~ rack + nutrient * clipping + status + genotype", data=plants)
plant_means = mm.emmeans(all_fixed, "genotype").set_index("genotype")["mean"]
plant_deviations = plant_means - plant_means.mean()
plant_blups = with_blups.ranef().set_index("level")["estimate"]
plant_blups = plant_blups[plant_deviations.index]
areas = 4 * n_plants[plant_deviations.index]
fig, ax = plt.subplots(figsize=(4.5, 4))
ax.scatter(plant_deviations, plant_blups, s=areas, alpha=0.6)
ax.axline((0, 0), slope=1, color="grey", linewidth=1)
ax.set_xlabel("estimated mean − average, log(1 + fruits)")
ax.set_ylabel("BLUP, log(1 + fruits)")
plt.show()
sd_plant_means = plant_deviations.std()
print(f"SD of the means {sd_plant_means:.3f}, of the BLUPs {plant_blups.std():.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# *Figure 2. Each dot is a genotype, its area the number of plants; the line is 1:1.*
#
# **Explain.** The dots no longer lie on one line. What moves a dot away from it, and in which direction?
#
# <details><summary>Answer</summary>
# The number of plants. A genotype with few plants keeps less of its deviation, so its dot lies nearer to the horizontal; one with many lies nearer to 1:1. The middle moves as well: the average towards which effects are shrunken is a weighted one.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7. Follow one report to its end: clover
#
# The clover trial of the lesson (its plot values are synthetic), in the order in which a report takes it. Run the cells, and answer the questions below them. First the plots, by site-year and by block:

# %% slideshow={"slide_type": "subslide"}
clover = mm.load("clover")
fig, (left, right) = plt.subplots(
    1, 2, figsize=(9, 3.4), width_ratios=[1, 2], sharey=True)
for ax, name in [(left, "site_year"), (right, "rep")]:
    labels = list(clover[name].cat.categories)
    boxes = []
    for label in labels:
        boxes.append(clover.loc[clover[name] == label, "biomass"])
    ax.boxplot(boxes, widths=0.5, medianprops={"color": "black"})
    ax.set_xticks(range(1, len(labels) + 1), labels)
left.set_xlabel("site-year")
right.set_xlabel("block")
left.set_ylabel("biomass (unit not reported)")
plt.show()
by_block = clover.groupby("rep", observed=True)["biomass"]
print(by_block.describe()[["count", "25%", "50%", "75%"]].round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Biomass of the plots by site-year (left) and by block (right). Each box spans the middle half of the plots, with a line at the median.* The years lie farther apart than the two blocks of a year.
#
# Everything fixed, with the terms tested in the order in which they are written:

# %% slideshow={"slide_type": "-"}
all_in = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", data=clover)
print(mm.anova(all_in, type=1))
n_missing = mm.emmeans(all_in, "entry")["mean"].isna().sum()
print(f"{n_missing} entries have no estimable mean")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now entries, blocks and interaction random. Each random term is left out in turn. The fixed part stays, so REML criteria may be compared. Some reports make the comparison by ML instead; the second table does so for the entries:

# %% slideshow={"slide_type": "subslide"}
full = mm.lmm(
    "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)",
    data=clover)
smaller = mm.lmm(
    "biomass ~ site_year + (1 | rep) + (1 | entry:site_year)", data=clover)
print(mm.ranova(full).round(5).to_string())
by_ml = mm.compare(smaller.refit(reml=False), full.refit(reml=False))
print("\nby ML:")
print(by_ml.round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.**
#
# 1. The analysis of variance finds differences between entries, F = 2.2939. The deletion of `(1 | entry)` changes next to nothing, p = 0.61289. Do they contradict each other?
# 2. Which of the two tests of the entry variance would you report, by REML or by ML? And in which direction is its p-value wrong?
#
# <details><summary>Answers</summary>
# <ol>
# <li>No. The first compares entries with the error of plots, within these two years. In the second the interaction has a variance of its own, and the question is whether entries differ <em>beyond</em> it, over years in general. Two years say little about that.</li>
# <li>By REML: the fixed parts are the same, and ML makes the variances too small as a rule. A variance cannot be negative; were it zero, its estimate would be zero in about half of all trials, and so would the statistic. The chi-squared distribution does not know this, so the p-value is about twice as large as it should be. <code>mm.ranova(full, boundary=True)</code> halves it.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Transfer: write the matrix that shrinks a line
#
# Back to the drivers. Number 335 became a little *faster* from day to day; here is his own line, from his own rows alone, and what you need from the model:

# %% slideshow={"slide_type": "-"}
sleep = mm.load("sleepstudy")
rows_of_335 = sleep[sleep["subject"] == "335"]
own_line = mm.lm("reaction_ms ~ days", data=rows_of_335).beta.to_numpy()
sleep_fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
average_line = sleep_fit.beta.to_numpy()
G_j = sleep_fit.covariances[0]
sigma2_day = sleep_fit.sigma2
lines = pd.DataFrame([own_line, average_line], index=["335 alone", "average"],
                     columns=["intercept (ms)", "slope (ms/day)"])
print(lines.round(3).to_string())
print("G_j:")
print(G_j.round(2))
print(f"sigma²: {sigma2_day:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write W.** From $\mathbf Z_j$ (10 rows, 2 columns), $\mathbf G_j$ and $\sigma^2$ compute
#
# $$\mathbf E = \sigma^2(\mathbf Z_j'\mathbf Z_j)^{-1}, \qquad \mathbf W = \mathbf G_j(\mathbf G_j + \mathbf E)^{-1},$$
#
# and with it the line that the model predicts for driver 335, average included. Give intercept and slope in brackets, with three decimals if you type them.

# %% slideshow={"slide_type": "-"}
# >>> line: the predicted line of driver 335 as (intercept, slope)
Z_j = np.column_stack([np.ones(10), np.arange(10)])
E = sigma2_day * np.linalg.inv(Z_j.T @ Z_j)
W = G_j @ np.linalg.inv(G_j + E)
line = tuple(average_line + W @ (own_line - average_line))
# <<<
check("day5.line", line)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>What W looks like</summary>
# The first row is 0.751, 0.680, the second 0.038, 0.838. If yours has 0.680 below the diagonal, it was transposed somewhere.
# </details>
#
# ***
#
# **Explain.** His own line starts well above the average, at 263.03 ms; the predicted one starts below the average. So the intercept went through the average and out on the other side. How can that be?
#
# <details><summary>Answer</summary>
# His own line starts 11.63 ms above the average, and its slope is 13.35 ms a day below it. An error that tilts a line down pushes its start up, so a part of the high start is probably error: 0.751 · 11.63 = 8.74 from the intercept itself, and 0.680 · (−13.35) = −9.07 from the slope, together −0.33 ms.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day5")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 10. End the day with six questions
#
# Six of today's tasks once more, with four answers each. Do not scroll back. The letter alone is worth little: for each of the *other* three answers say by which slip somebody arrives at it, or why it cannot be right (its size, its unit). The reply to a wrong letter names the slip.

# %% slideshow={"slide_type": "-"}
quiz("day5")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
# >>> letters: six letters in quotes
letters = "bccccb"
# <<<
quiz("day5", letters)
