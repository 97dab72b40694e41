# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 5: exercises
#
# **What you do.** You predict random effects by hand. Then you take a balanced and an unbalanced data set through both analyses: everything fixed, with means and an analysis of variance; and mixed, with BLUPs and a likelihood-ratio test.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. Some tasks are worked, to show the form. In the exercises the others say `None`: put your answer there and run the cell again. Write numbers as you like, with or without units; two numbers as `(1.5, 2.5)`. The last cell counts your right answers.
#
# **What you need.** `day5_shrinkage_blups`. About 55 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and the 3 schools of day 4 to begin with:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
means = schools.groupby("school", observed=True).score.mean()
print(means.round(2))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do
#
# **Worked.** The BLUP of school S3: its raw deviation from the overall mean, times the factor $r\sigma_b^2/(r\sigma_b^2 + \sigma^2)$ with $r$ students a school:

# %% slideshow={"slide_type": "-"}
between, within = mm.lmm("score ~ 1 + (1 | school)", schools).varcomp.variance
factor = 4 * between / (4 * between + within)
blup = factor * (means["S3"] - means.mean())
check("day5.school", blup)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Do: a balanced set
#
# Spring barley, the plots with one fungicide level. Each genotype stands once in each block.
#
# **Worked.** First all fixed. The F value of the genotypes is a ratio of mean squares:

# %% slideshow={"slide_type": "-"}
barley = mm.load("barley")
field = barley[barley.fungicide == "F1"]
counts = field[["genotype", "block"]].nunique()
print(f"{len(field)} plots: {counts.genotype} genotypes in {counts.block} blocks")
fixed = mm.lm("yield_t_ha ~ block + genotype", field)
table = mm.anova(fixed)
print(table)
squares = table.mean_sq
check("day5.f_genotype", squares["genotype"] / squares["Residual"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** Now the genotypes as a sample from a population of genotypes. The test of their variance compares two likelihoods: with $\sigma_g$ at its estimate, and with $\sigma_g = 0$. The fixed part stays, so both may be by REML. The p-value is halved when one minds that a variance cannot be negative; `mm.ranova(mixed, boundary=True)` does so.

# %% slideshow={"slide_type": "-"}
mixed = mm.lmm("yield_t_ha ~ block + (1 | genotype)", field)
print(mixed.varcomp.round(5))
test = mm.ranova(mixed)
print(test)
check("day5.lrt", test.chisq.iloc[-1])

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Which part of its raw effect, the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over its plots, does each genotype keep? Compute it from the two variances above.

# %% slideshow={"slide_type": "-"}
kept = None  # your answer: the part of its raw effect that a genotype keeps
check("day5.factor", kept)


# %% [markdown] slideshow={"slide_type": "fragment"}
# Means from the fixed model against means from the mixed one, both as deviations from the average:
#
# *Figure 1 (next output). Each dot is a genotype, the line is 1:1. Balanced data: the dots lie on one straight line.*

# %% slideshow={"slide_type": "subslide"}
def against(fit, other, ax, name, sizes=40):
    emm, blup = mm.emmeans(fit, "genotype"), other.ranef().set_index("level").estimate
    raw = emm["mean"].to_numpy() - emm["mean"].mean()
    shrunk = blup.loc[emm.genotype].to_numpy()
    ax.axline((0, 0), slope=1, color="grey", linewidth=1)
    ax.scatter(raw, shrunk, sizes, alpha=0.6)
    ax.set(xlabel="estimated mean − average", ylabel="BLUP", title=name)
    print(f"{name}: SD of the means {raw.std(ddof=1):.3f}, of the BLUPs {shrunk.std(ddof=1):.3f}")
    return raw, shrunk

_, ax = plt.subplots(figsize=(4.5, 4))
raw, shrunk = against(fixed, mixed, ax, "barley (t/ha)")
plt.show()

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 4. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. Some notes say: "if the data are balanced, the BLUP equals the BLUE". What does Figure 1 say?
# 2. In balanced data, does shrinkage ever change which genotype comes first?
# 3. When would you report estimated means, and when BLUPs?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The BLUPs lie on a flatter line than 1:1. Balanced BLUPs are shrunken too, all by the same factor.</li>
# <li>No. A common factor leaves the order as it is. Ranks change only where the amount of information differs.</li>
# <li>Means, when these genotypes are the question and were chosen for it. BLUPs, when they are many, sampled, and the best are to be selected: shrinkage takes off the part of a lead that is likely to be luck.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Change one knob
#
# The best genotype of the field is G03, on 4 plots. Suppose that three of them were lost, and only the plot in block B4 is left. It still has the largest estimated mean:

# %% slideshow={"slide_type": "-"}
lost = field[(field.genotype != "G03") | (field.block == "B4")]
emm = mm.emmeans(mm.lm("yield_t_ha ~ block + genotype", lost), "genotype").set_index("genotype")
print(emm.nlargest(3, "mean")[["mean", "se"]].round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** You may promote one genotype. Guess, then fit the mixed model to `lost`: which one has the largest BLUP? Answer with its name, such as `"G01"`.

# %% slideshow={"slide_type": "-"}
promoted = None  # your answer: the genotype with the largest BLUP
check("day5.promote", promoted)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** All four plots together put G03 first in both analyses. What does the rule of the largest BLUP do with the single plot, and is it a bad rule?
#
# <details><summary>Answer</summary>
# It passes G03 over, wrongly as we happen to know. The rule is right on average, not in each case. A genotype that leads on a single plot is more often lucky than good, and the rule does not know which of the two this one is. It knows only how much a plot can tell. The useful conclusion: give G03 more plots.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Transfer: an unbalanced set
#
# Fruits of *Arabidopsis* plants, under two nutrient levels, clipped or not. The genotypes differ in their number of plants. The counts are skewed, so we take $\log(1 + \text{fruits})$; day 8 has a better way. All fixed, then mixed:

# %% slideshow={"slide_type": "-"}
plants = mm.load("arabidopsis")
plants["log_fruits"] = np.log1p(plants.fruits)
text = "log_fruits ~ rack + nutrient * clipping + status + "
all_fixed, with_blups = mm.lm(text + "genotype", plants), mm.lmm(text + "(1 | genotype)", plants)
numbers = plants.genotype.value_counts()
print(f"{len(plants)} plants of {len(numbers)} genotypes, {numbers.min()} to {numbers.max()} each")
print(mm.anova(all_fixed))
print(mm.ranova(with_blups))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Genotype 5 has the fewest plants: `numbers["5"]`. Which part of its raw effect, the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over its plants, does it keep?

# %% slideshow={"slide_type": "-"}
kept_5 = None  # your answer: the part of its raw effect that genotype 5 keeps
check("day5.few", kept_5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# And the same picture as before. Next to it the two distributions, of the raw means and of the BLUPs:
#
# *Figure 2 (next output). Left: BLUPs against estimated means, with the line 1:1; the area of a dot is the number of plants. Right: where the raw means (outline) and the predicted means (filled) of the genotypes lie.*

# %% slideshow={"slide_type": "subslide"}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
raw, shrunk = against(all_fixed, with_blups, left, "Arabidopsis, log(1 + fruits)",
                      4 * plants.groupby("genotype", observed=True).size())
observed = plants.groupby("genotype", observed=True).log_fruits.mean()
bins = np.arange(0.4, 4.01, 0.4)
right.hist(observed, bins, histtype="step", color="black", label="raw means")
right.hist(observed.mean() + shrunk, bins, alpha=0.5, label="mean + BLUP")
right.set(xlabel="log(1 + fruits)", ylabel="genotypes")
right.legend()
plt.show()
print(f"SD of the raw means {observed.std():.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** The dots no longer lie on one line. What moves a dot away from it, and in which direction?
#
# <details><summary>Answer</summary>
# The number of plants. A genotype with few plants keeps less of its deviation, so its dot lies nearer to the horizontal; one with many lies nearer to 1:1. The middle moves as well: the average that effects are shrunken to is a weighted one.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7. Follow one analysis to its end: clover
#
# **Worked.** The clover trial of the lesson (its plot values are synthetic), in the order in which a report takes it. Run the cells, and answer the questions below them. First the plots, by site-year and block:

# %% slideshow={"slide_type": "subslide"}
clover = mm.load("clover")
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), width_ratios=[1, 2], sharey=True)
for ax, name in ((left, "site_year"), (right, "rep")):
    groups = clover.groupby(name, observed=True).biomass
    ax.boxplot([values for _, values in groups], widths=0.5, medianprops={"color": "black"})
    ax.set_xticks(range(1, len(groups) + 1), [label for label, _ in groups])
left.set_ylabel("biomass")
plt.show()
print(groups.describe()[["count", "25%", "50%", "75%"]].round(1))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Biomass of the plots by site-year (left) and by block (right). Each box spans the middle half of the plots, with a line at the median.* The years lie further apart than the two blocks of a year.
#
# All fixed, with the terms tested in the order in which they are written:

# %% slideshow={"slide_type": "-"}
all_in = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", clover)
print(mm.anova(all_in, type=1))
print(mm.emmeans(all_in, "entry")["mean"].isna().sum(), "entries have no estimable mean")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now entries, blocks and interaction random. Each random term is left out in turn. The fixed part stays, so REML criteria may be compared. Some reports make the comparison by ML instead; the second table does so for the entries:

# %% slideshow={"slide_type": "subslide"}
full = mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", clover)
smaller = mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry:site_year)", clover)
print(mm.ranova(full).round(5).to_string())
print("\nby ML:")
print(mm.compare(smaller.refit(reml=False), full.refit(reml=False)).round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.**
#
# 1. The analysis of variance finds differences between entries, F = 2.2939. The deletion of `(1 | entry)` changes next to nothing, p = 0.61289. Do they contradict each other?
# 2. Which of the two tests of the entry variance would you report, by REML or by ML? And in which direction is its p-value wrong?
#
# <details><summary>Answers</summary>
# <ol>
# <li>No. The first compares entries with the error of plots, within these two years. In the second the interaction has a variance of its own, and the question is whether entries differ <em>beyond</em> it, over years in general. Two years say little about that.</li>
# <li>By REML: the fixed parts are the same, and ML makes the variances too small. A variance cannot be negative; were it zero, its estimate would be zero about half of the time, and so would the statistic. The chi-squared distribution does not know this: the p-value is about twice as large as it should be. <code>mm.ranova(full, boundary=True)</code> halves it.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Transfer: lines in place of means
#
# In `sleepstudy` each subject has a line: reaction time in ms against days with little sleep. Subject 335 became *faster*: see its own line, from its own rows alone.
#
# **Your turn.** Fit random intercepts and slopes to all subjects. What line does the model predict for subject 335? Give intercept and slope as a tuple: the fixed effects plus the BLUPs.

# %% slideshow={"slide_type": "-"}
sleep = mm.load("sleepstudy")
own = mm.lm("reaction_ms ~ days", sleep[sleep.subject == "335"])
print(f"subject 335 alone: {own.beta['Intercept']:.2f} ms, {own.beta['days']:.3f} ms a day")
line = None  # your answer: the predicted line of subject 335 as (intercept, slope)
check("day5.line", line)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** Compare the predicted line with the own one: slope and intercept have both moved. Why both, and why in opposite directions?
#
# <details><summary>Answer</summary>
# Intercept and slope are predicted together. The line must still pass through the middle of the subject's points. When its slope is drawn up towards the average, its start has to come down.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9. Count
#
# A question counts when its latest answer was right:

# %% slideshow={"slide_type": "-"}
progress("day5")
