# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 1: exercises
#
# **What you do.** You change the unit of a slope, fill in an ANOVA shell, compute an interval, write a matrix $\mathbf X$ and an ANOVA table by hand, and find out what more days or more pens would bring.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit, and no sign %; several numbers are written as `(1, 2, 3)`.
#
# **What you need.** [day1_linear_model](../day1_linear_model.ipynb). About 45 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and the two data sets of the lesson. (The values of the pigs are synthetic.)

# %% slideshow={"slide_type": "skip"}
import numpy as np
from scipy import stats

import mmteach as mm
from mmteach.course import check, progress, quiz

# %% slideshow={"slide_type": "-"}
potash = mm.load("potash")
pigs = mm.load("pigs_crd")
n_all_pens = pigs["pen"].nunique()
print(f"cotton: {len(potash)} plots; pigs: {len(pigs)} rows in {n_all_pens} pens")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do: another unit
#
# **Worked.** In the lesson the slope of the strength was given per lb/acre. What is it per kg/ha? We make a column in the new unit and fit again:

# %% slideshow={"slide_type": "-"}
lb_acre = 1.12085                # one lb/acre in kg/ha
potash["k2o_kg_ha"] = lb_acre * potash["k2o_lb_ac"]
per_kg = mm.lm("strength ~ k2o_kg_ha", data=potash)
slope_kg = per_kg.beta["k2o_kg_ha"]
se_kg = per_kg.se["k2o_kg_ha"]
print(f"1 lb/acre is {lb_acre} kg/ha")
print(f"slope {slope_kg:.6f} per kg/ha, SE {se_kg:.6f}, t {slope_kg / se_kg:.3f}")
check("day1.slope", slope_kg)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** The slope has changed. Why has t not changed?
#
# <details><summary>Answer</summary>
# The slope and its standard error are both divided by 1.12085, so their ratio stays −3.466. The line, its expected values and its residuals are the same as well; only the name of the scale has changed.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Do: a shell
#
# **Worked.** A trial shall compare 8 varieties at 3 rates of nitrogen, with 4 plots for each combination, completely randomised. How many degrees of freedom will the error have?

# %% slideshow={"slide_type": "-"}
shell = mm.anova_shell("variety*rate", n={"variety": 8, "rate": 3, "plot": 4})
print(shell)
error_df = shell.loc["error", "df"]
check("day1.error_df", error_df)

# %% [markdown] slideshow={"slide_type": "fragment"}
# In other words: each combination has 4 plots and so 3 degrees of freedom, and there are 24 combinations.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Do: the interval of one diet on one day
#
# **Worked.** The model of the lesson, `diet * day`, all rows taken as independent. What is the standard error of the mean of one diet on *one* day?

# %% slideshow={"slide_type": "-"}
fit = mm.lm("dry_matter_pct ~ diet * day", data=pigs)
se_cell = fit.sigma / np.sqrt(15)
print(f"sigma {fit.sigma:.3f} % on {fit.df_resid} degrees of freedom")
check("day1.se_cell", se_cell)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The 95 % confidence interval of diet B on day 3 reaches as far to the left of the mean as to the right, by $t \cdot \mathrm{SE}$. Compute this half of its width, with three decimals if you type it. (`stats.t.ppf` gives the t value.)

# %% slideshow={"slide_type": "-"}
half = None  # your answer: half of the width of the interval, t · SE, in %
check("day1.half", half)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** On one day each pen has only one row. Does the shift of a pen, `(1 | pen)`, still make trouble for this interval?
#
# <details><summary>Answer</summary>
# Hardly. The fifteen rows come from fifteen pens, so they are independent of each other, and the SE is right: σ² of a row holds what differs between pens and what differs within. Only the 252 degrees of freedom are too many, because σ² was estimated from rows that are not independent; with a t for fewer degrees of freedom the interval would be a little longer. A mean over three days is another matter: there the days of a pen are added up.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Write X
#
# Six pens were given the diets A, C, B, B, A, C, in this order. We choose **C as the reference**. So the model has three numbers: the mean of C, the difference A − C, and the difference B − C. Suppose that they are, in %:

# %% slideshow={"slide_type": "-"}
beta = np.array([20, 3, -2])         # mean of C, A − C, B − C
print("beta:", beta)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the matrix.** Type $\mathbf X$ as an array with six rows and three columns (ones, A, B), and multiply it by $\boldsymbol\beta$ with `@`. The answer is the six expected values.

# %% slideshow={"slide_type": "-"}
expected = None  # your answer: the six expected values, X @ beta
check("day1.rows", expected)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** A friend takes A as the reference. Which numbers of the model change, and which do not?
#
# <details><summary>Answer</summary>
# Her columns are ones, B and C, and her three numbers are 23 (the mean of A), −5 (B − A) and −3 (C − A). Every number in β has changed, but the expected values of the six pens have not: 23, 20, 18, 18, 23, 20. The reference is a choice of words, no claim about the pens.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Transfer: write an ANOVA table
#
# The same six diets in another trial (synthetic again): 90 pens in three rooms, three days. For now we leave the rooms out, and take all rows as independent, as in section 10 of the lesson.

# %% slideshow={"slide_type": "-"}
rooms = mm.load("pigs_rooms")
by_diet = rooms.groupby("diet", observed=True)["dry_matter_pct"]
print(by_diet.agg(["size", "mean"]).round(2).to_string())
by_cell = rooms.groupby(["diet", "day"], observed=True)["dry_matter_pct"]
print(f"{by_cell.ngroups} means of a diet on a day")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the two rows of the table** that a test of the diets needs, *diet* and *error*: sum of squares, degrees of freedom, mean square. Use sums, as in section 10 of the lesson. What is F?

# %% slideshow={"slide_type": "-"}
f = None  # your answer: the F of the diets, rooms left out, rows independent
check("day1.f", f)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>The two rows</summary>
# Diet: sum of squares 859.1, 5 degrees of freedom, mean square 171.83. Error: 11232.1, 252, 44.57.
# </details>
#
# ***
#
# And now with the rooms in the model:

# %% slideshow={"slide_type": "-"}
with_rooms = mm.lm("dry_matter_pct ~ diet * day + room", data=rooms)
print(mm.anova(with_rooms))

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** The F of the diets has grown to 4.7730. The sum of squares of the diets is exactly the same. What has changed, and why?
#
# <details><summary>Answer</summary>
# The error. Without rooms, what differs between rooms counts as error: its mean square is 44.57. With rooms, 2 degrees of freedom and a large sum of squares leave the error, and the mean square falls to 36.00. The diets keep their sum of squares because every room holds every diet equally often.<br>
# Neither table is the last word: each pen stands in three rows again. With the pens in the model as well, the diets are judged on fewer degrees of freedom, and F becomes smaller (day 6).
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 7. Change one knob: more days or more pens?
#
# Back to the first trial. With `(1 | pen)` the variance of a diet mean had two parts: the variance between pens divided by the number of pens, and the variance within pens divided by the number of rows. Here are the two variances:

# %% slideshow={"slide_type": "-"}
with_pens = mm.lmm("dry_matter_pct ~ diet * day + (1 | pen)", data=pigs)
sigma2_pen, sigma2_within = with_pens.varcomp["variance"]
print(f"between pens {sigma2_pen:.3f}, within pens {sigma2_within:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Next year the 15 pens of a diet shall be seen on *six* days in place of three. Suppose that both variances stay, and that the pen shifts all of its days alike. What will the standard error of a diet mean be?

# %% slideshow={"slide_type": "-"}
se_six_days = None  # your answer: the standard error with 15 pens and six days, in %
check("day1.days", se_six_days)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** Six days and 15 pens, or three days and twice as many pens: both make 90 rows for each diet. Which one would you choose, if both cost the same? And how small can the standard error become when 15 pens are seen on more and more days?
#
# <details><summary>Answer</summary>
# The pens: their standard error is 0.867 % in place of 1.030 %. More days make only the second part smaller. With 15 pens the first part, 9.300/15 = 0.620, always stays, so the standard error never falls below 0.787 %, on however many days one looks. The experimental unit is the pen.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. A colleague says: "The normal distribution of my data is bad, look at the histogram of all 270 values." What should she look at, and why?
# 2. The overall R² is small, p of the diets is small. Is that a contradiction?
# 3. Which of the four assumptions can a look at the residuals of `diet * day` *not* reveal (there may be more than one), when they are drawn against the expected values?
#
# <details><summary>Answers</summary>
# <ol>
# <li>At the residuals. The model claims normal <em>errors</em>; the values themselves are a mixture of 18 groups with different means, and their histogram may have any shape.</li>
# <li>No. R² says which part of all the variation the model takes away, p whether the differences are larger than chance makes them. With many rows small differences can be seen clearly.</li>
# <li>Independence. The picture does not show which rows come from one pen. And for 18 free means it cannot show a wrong line either, because every group has its own mean: the residuals of each group average to zero.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 9. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day1")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 10. End the day with six questions
#
# Six of today's tasks once more, with four answers each. Do not scroll back. The letter alone is worth little: for each of the *other* three answers say by which slip somebody arrives at it, or why it cannot be right (its size, its unit). The reply to a wrong letter names the slip.

# %% slideshow={"slide_type": "-"}
quiz("day1")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
letters = None  # your answer: six letters in quotes
quiz("day1", letters)
