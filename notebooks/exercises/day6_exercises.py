# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 6: exercises
#
# **What you do.** You write the table of sources of a trial that is still to be sown, take a room away and count what is left, and test a variance. On the way you test the same trial twice, once with all its samples and once with one number for each pen.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit.
#
# **What you need.** [day6_inference](../day6_inference.ipynb). About 50 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and the feeding trial of the lesson (its values are synthetic): six diets, three rooms, five pens of each diet in each room, three days.

# %% slideshow={"slide_type": "skip"}
import numpy as np
import pandas as pd
from scipy import stats

import mmteach as mm
from mmteach.course import check, progress, quiz

# %% slideshow={"slide_type": "-"}
pigs = mm.load("pigs_rooms")
with_pens = mm.lmm(
    "dry_matter_pct ~ diet * day + (1 | room) + (1 | pen)", data=pigs)
print(f"{len(pigs)} samples of {pigs['pen'].nunique()} pens")
print(with_pens.varcomp[["group", "variance"]].round(2).to_string())
print(mm.anova(with_pens))
print(mm.emmeans(with_pens, "diet"))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do: one number for each pen
#
# **Worked.** Here is a way to count the pens without any mixed model: replace the three samples of a pen by their mean, and analyse the 90 means. What is F for the diets?

# %% slideshow={"slide_type": "-"}
by_pen = pigs.groupby(["room", "diet", "pen"], observed=True)["dry_matter_pct"]
pen_means = by_pen.mean().reset_index()
print(f"{len(pen_means)} rows")
pen_table = mm.anova(mm.lm("dry_matter_pct ~ diet + room", data=pen_means))
print(pen_table)
check("day6.f_pens", pen_table.loc["diet", "f"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# It is the F of the mixed model, on the same 82 df. When every pen was sampled equally often, nothing that concerns diets is lost by averaging. (What is lost are the days.)
#
# **Explain.** The mean square of the residual is 16.70 here; the residual variance of the mixed model is 29.11, and that of the pens is 7.00. How do the three belong together?
#
# <details><summary>Answer</summary>
# A pen mean holds the pen's own effect and the average of three errors, so its variance is σ<sub>pen</sub>² + σ²/3 = 7.00 + 29.11/3 = 16.70.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Write the shell of a trial
#
# A new trial is planned: 4 rooms, 6 diets, 3 pens of each diet in each room, and a sample of each pen on 3 days.
#
# **Your turn: write the table.** Write down a row for room, diet, the error of the diets, day, diet × day, and the error of the days, with the df of each. They must add up to one less than the number of samples. How many df has the error of the *diets*?

# %% slideshow={"slide_type": "-"}
error_df = None  # your answer: the df of the error that the diets are tested with
check("day6.error_df", error_df)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>The whole table</summary>
# Room 3, diet 5, error of diets 63, day 2, diet × day 10, error of days 132; together 215. Or <code>mm.anova_shell("diet*day", blocks="room/diet:rep", n={"room": 4, "diet": 6, "day": 3, "rep": 3})</code>.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 4. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A paper on the feeding trial shows the diet means with bars of ± 2.25 %, the SE of a mean with rooms and pens random. The bars of A (17.61) and B (21.68) overlap. "So they do not differ." What do you answer?
# 2. The farm has money for 270 samples more. Should it sample the same 90 pens on three more days, or feed 5 more pens of each diet in each room, on three days? It wants to compare diets.
# 3. And if it wants to know the mean of diet A over rooms in general?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The bars hold the luck of the rooms, which two diets share and which cancels in their difference. The difference 4.08 is to be judged by its own SED, 1.49; it is 2.7 SEDs. Overlapping SE bars say nothing about a difference of means that share rooms.</li>
# <li>More pens. With three more days the variance of a pen mean falls from 7.00 + 29.11/3 = 16.70 to 7.00 + 29.11/6 = 11.85, and the SED from 1.49 to 1.26, still on 82 df. With 30 pens for each diet in place of 15 the SED falls to √(2 · 16.70/30) = 1.06, and there are more df, 172. More days can never bring the SED below √(2 · 7.00/15) = 0.97, and more pens can.</li>
# <li>More rooms. Of SE² = 5.06 the rooms make 11.84/3 = 3.95, and neither pens nor days change that.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Which likelihood?
#
# **Worked.** Do diets differ in another way from day to day? We compare the model with the interaction and without it by a likelihood-ratio test. The fixed parts differ, so ML:

# %% slideshow={"slide_type": "-"}
additive = mm.lmm(
    "dry_matter_pct ~ diet + day + (1 | room) + (1 | pen)", data=pigs)
lrt = mm.compare(additive, with_pens, names=["additive", "interaction"])
print(lrt)
reml_difference = additive.criterion - with_pens.criterion
print(f"difference of the REML criteria: {reml_difference:.2f}")
check("day6.lrt", lrt.loc["interaction", "chisq"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** The difference of the two *REML* criteria is 47.84. Why is this no test? And the F test of the interaction has p = 0.194, the likelihood ratio p = 0.164. Which one do you report?
#
# <details><summary>Answer</summary>
# REML criteria of different fixed parts are likelihoods of different contrasts, and their difference depends on how the columns of <b>X</b> are scaled. Report F with its df: it allows for the variances being estimated, the χ² table does not, and its p-values are as a rule too small.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Change one knob: take a room away
#
# Suppose that the trial had only rooms 1 and 2. Here are its pen means, and their table:

# %% slideshow={"slide_type": "-"}
two_rooms = pen_means[pen_means["room"] != "room3"]
two_table = mm.anova(mm.lm("dry_matter_pct ~ diet + room", data=two_rooms))
print(two_table)
ms_rooms = two_table.loc["room", "mean_sq"]
ms_pens = two_table.loc["Residual", "mean_sq"]
n_in_room = len(two_rooms) // 2
print(f"{len(two_rooms)} pens, {n_in_room} in each room")
print(f"MS of rooms {ms_rooms:.2f}, MS of pens {ms_pens:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# A diet mean averages 2 rooms and 10 pens, so with rooms random $\mathrm{SE}^2 = \sigma_b^2/2 + \sigma_\text{pens}^2/10$, where $\sigma_\text{pens}^2$ is the variance of a pen mean. A room holds 30 pens, and therefore
#
# $$\mathrm{SE}^2 = \frac{\mathrm{MS}_r - \mathrm{MS}_p}{60} + \frac{6\,\mathrm{MS}_p}{60} = \frac{\mathrm{MS}_r + 5\,\mathrm{MS}_p}{60}.$$
#
# **Your turn: by hand.** How many degrees of freedom has a diet mean now, by Satterthwaite's formula? (Which df has each of the two mean squares?)

# %% slideshow={"slide_type": "-"}
df_mean = None  # your answer: Satterthwaite's df of a diet mean in two rooms
check("day6.df_mean", df_mean)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** With so few df the 95 % interval for diet A even holds negative values, which no dry matter can have. Yet the F of the diets, 3.405 on 5 and 53 df, is as good as before. How can a trial be useless for a mean and good for a comparison?
#
# <details><summary>Answer</summary>
# The interval is the mean ± 7.4 standard errors, from −5.9 to 43.8 %. Two rooms are one piece of information on how rooms differ, and a mean over rooms in general needs that. A comparison of diets does not: both diets stood in both rooms, so the rooms cancel, and what is left is the variation of the pens, on 53 df.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7. Test a variance
#
# The barley trial of day 3: two fungicide levels on the whole plots of four blocks, 70 genotypes on the small plots. Blocks and whole plots (`block:fungicide`) are random.

# %% slideshow={"slide_type": "-"}
barley = mm.load("barley")
barley_fit = mm.lmm(
    "yield_t_ha ~ fungicide * genotype + (1 | block) + (1 | block:fungicide)",
    data=barley)
print(f"{len(barley)} plots, {barley['genotype'].nunique()} genotypes,")
print(f"{len(barley) // 2} plots of each fungicide level")
print(barley_fit.varcomp[["group", "variance"]].round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Could the variance of the *blocks* be zero? Compare the two REML criteria, and give the p-value with half of $\chi^2_1$.

# %% slideshow={"slide_type": "-"}
p_blocks = None  # your answer: p of the test that the variance of blocks is zero
check("day6.p_blocks", p_blocks)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** A colleague reads this number and takes `(1 | block)` out of the model. What do you say?
#
# <details><summary>Answer</summary>
# Not finding a variance is no proof that it is zero, least of all with four blocks. (The trial is complete, so there is an exact test: the blocks in the 8 means of the whole plots, F = 4.86 on 3 and 3 df, p = 0.113. Here the halved p, 0.096, is a little too small.) The fungicide was randomised inside blocks, so the blocks belong to the design and stay. Here leaving them out would also be a waste: the SED of the two fungicide levels would grow from 0.086 to 0.148, because differences between blocks would count as error.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Many comparisons
#
# **Worked.** In the sorghum trial let G01 be the control. Which genotypes differ from it? There are 17 comparisons with one control, and Dunnett's rule is made for them. What is the p-value of G07 − G01, by the approximation that R uses as well?

# %% slideshow={"slide_type": "-"}
sorghum = mm.load("sorghum")
sorghum_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=sorghum)
genotype_means = mm.emmeans(sorghum_fit, "genotype")
against_g01 = mm.contrasts(genotype_means, "trt.vs.ctrl")
p_of = pd.Series(against_g01["p"].to_numpy(), index=against_g01["contrast"])
print(p_of.nsmallest(3).round(4).to_string())
unadjusted = mm.contrasts(genotype_means, "trt.vs.ctrl", adjust="none")
pairs = mm.contrasts(genotype_means, "pairwise")
rows_of_g07 = pairs["contrast"] == "G01 - G07"
print(f"unadjusted {unadjusted['p'].iloc[5]:.4f}")
print(f"Tukey, {len(pairs)} pairs: {pairs.loc[rows_of_g07, 'p'].iloc[0]:.4f}")
check("day6.dunnett", p_of["G07 - G01"])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Unadjusted it would be 0.0028, and by Tukey, as one of 153 pairs, 0.1798. The price depends on how many questions you ask.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9. Transfer: the barley again
#
# How much yield does the fungicide level F1 bring over F2? `fungicide` interacts with `genotype` in the model, so the answer is an average over the 70 genotypes. Here is what you need:

# %% slideshow={"slide_type": "-"}
fungicide_means = mm.emmeans(barley_fit, "fungicide")
print(fungicide_means)
between_whole_plots = barley_fit.varcomp.set_index("group")["variance"]
print(between_whole_plots.round(6).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Compute by hand the 95 % interval of the difference F1 − F2: its SED from two of the three variances (a level has 4 whole plots and 280 small plots), and the t value on the df of the right error. What is the *upper* end?

# %% slideshow={"slide_type": "-"}
upper = None  # your answer: the upper end of the 95 % interval of F1 − F2
check("day6.upper", upper)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** 560 plots, and 3 degrees of freedom. Where are the others?
#
# <details><summary>Answer</summary>
# The fungicide was given to 8 whole plots. Less 1 for the mean, 3 for the blocks and 1 for the fungicide itself, 3 are left. The other df tell how genotypes differ inside whole plots, and the fungicide is not compared there. Who counts plots gets an interval from 0.499 to 0.597, less than a fifth as long, and a promise that it does not keep.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 10. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day6")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 11. End the day with six questions
#
# The six ask the tasks above once more, so try to recall them: four answers each, and every wrong one is a number that people do arrive at. Try it without calculating: first ask which answers *cannot* be right, because of their size or their unit.

# %% slideshow={"slide_type": "-"}
quiz("day6")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
letters = None  # your answer: six letters in quotes
quiz("day6", letters)
