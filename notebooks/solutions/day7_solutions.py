# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 7: solutions
#
# **What you do.** You count parameters, pay AIC its price, find the plot that matters, write a Q–Q plot by hand, leave out whole drivers, compare two scales fairly, and draw a map of residuals that shows what no plot of the lesson could. And you fill in the sheet *fixed or random* for a field of barley.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit.
#
# **What you need.** The lesson [day7_checking_and_choosing](../day7_checking_and_choosing.ipynb). About 60 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The tools, and the field of spring barley: four blocks, in each two whole plots with a fungicide level, in each of these 70 plots, one for every genotype. Yield in t/ha; `row` and `bed` say where a plot lay.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy.stats import norm

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress, quiz

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
barley = mm.load("barley")
terms = "fungicide + (1 | block) + (1 | block:fungicide) + (1 | genotype)"
fit = mm.lmm("yield_t_ha ~ " + terms, data=barley)
checks = mm.influence(fit)
n_genotypes = barley["genotype"].nunique()
n_beds = barley["bed"].nunique()
n_rows = barley["row"].nunique()
print(f"{len(barley)} plots, {n_genotypes} genotypes, {n_beds} beds, {n_rows} rows")
print(fit.varcomp[["group", "variance"]].round(4).to_string(index=False))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do: count the price
#
# **Worked.** Pigs on 6 diets, measured on 3 days, in several rooms. Everything may vary between rooms: `(diet * day | room)`. How many variances and covariances has this term?

# %% slideshow={"slide_type": "-"}
n_effects = 6 * 3               # one for each combination of diet and day
n_parameters = n_effects * (n_effects + 1) // 2
check("day7.parameters", n_parameters)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** The sorghum trial with 18 genotypes fixed and the blocks random, fitted by maximum likelihood, so that its AIC may be compared with that of another fixed part. AIC is the criterion and 2 for each parameter:

# %% slideshow={"slide_type": "-"}
sorghum = mm.load("sorghum")
by_ml = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=sorghum, reml=False)
n_fixed = len(by_ml.beta)
n_variances = len(by_ml.varcomp)
print(f"criterion {by_ml.criterion:.2f}")
print(f"{n_fixed} fixed effects, {n_variances} variances")
aic = by_ml.criterion + 2 * (n_fixed + n_variances)
check("day7.aic", aic)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** Which plot of the barley field moves the fit most, fixed and predicted effects together? Cook's distance by its formula, $D = t^2/p \cdot h/(1-h)$, for the plot with the largest standardised residual. (There are $p = 2$ fixed effects.)

# %% slideshow={"slide_type": "-"}
farthest = checks["standardised"].abs().idxmax()
t = checks["standardised"][farthest]
h = checks["leverage"][farthest]
p = len(fit.beta)
cook = t**2 / p * h / (1 - h)
print(barley.loc[[farthest]].to_string())
check("day7.cook", cook)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The last two came from numbers that the library prints as well (`fit.aic`, `checks["cooks_distance"]`); do it once by hand, and you know what they ask for. The distance of 0.85 is large because the plot moves the predicted effects, above all that of its genotype; without it the average difference of the fungicides moves by less than a twentieth of a standard error.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 3. Write a Q–Q plot by hand
#
# In the lesson the logarithm of the clover biomass did too much. What did it do to the tails? Here is the fit, and its standardised residuals:

# %% slideshow={"slide_type": "-"}
clover = mm.load("clover")
clover["log_biomass"] = np.log(clover["biomass"])
log_fit = mm.lmm(
    "log_biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)",
    data=clover)
standardised = mm.influence(log_fit)["standardised"].to_numpy()
print(f"{len(standardised)} values from {standardised.min():.2f} ", end="")
print(f"to {standardised.max():.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the table.** Make a table with three columns and a row for each value: `in_order`, the values from the smallest to the largest; `share`, $(k - 3/8)/(n + 1/4)$ for $k = 1, \ldots, n$; and `expected`, where the normal curve has this share to its left. What is the correlation $r$ of the first and the last column? Give four digits.

# %% slideshow={"slide_type": "-"}
# >>> r_log: the correlation of the Q-Q plot
n = len(standardised)
k = np.arange(1, n + 1)
qq_table = pd.DataFrame({"in_order": np.sort(standardised)})
qq_table["share"] = (k - 3 / 8) / (n + 1 / 4)
qq_table["expected"] = norm.ppf(qq_table["share"])
r_log = np.corrcoef(qq_table["in_order"], qq_table["expected"])[0, 1]
# <<<
check("day7.qq", r_log)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** Draw the two columns against each other. The lesson told you that two low plots were thrown out. Which values would a normal distribution have put in their places, and how far from the line did C17 lie before the logarithm?
#
# <details><summary>Answer</summary>
# The lower one: the smallest values lie at −3.67 (C17, a plot of 14 where 34 is fitted) and −3.51 (C24, a plot of 7 beside one of 16), where about −2.6 and −2.2 are expected. The logarithm stretches small numbers: 7.5 beside 16 is 8.5 units, but a factor of more than two. For the biomass C17 stood at −2.57, on the line, and r was 0.994; here it is 0.979.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Change one knob: leave out a driver
#
# The lesson left out one *row* of the drivers, because of its Cook's distance. But rows come in groups, and a whole group can matter more than any of its rows.

# %% slideshow={"slide_type": "-"}
sleep = mm.load("sleepstudy")
drivers = list(sleep["subject"].cat.categories)
sleep_fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
print(f"all drivers: average slope {sleep_fit.beta['days']:.2f} ms/day")
print(drivers)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Guess first: without which driver does the average slope change most? Then leave each of the 18 out in turn, in a loop, and fit again. Print all 18 changes, and take the largest without its sign. Answer with his number, such as `"309"`.

# %% slideshow={"slide_type": "-"}
# >>> matters_most: the driver without whom the slope changes most
changes = pd.Series(index=drivers, dtype=float)
for driver in drivers:
    others = sleep[sleep["subject"] != driver]
    others_fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=others)
    changes[driver] = others_fit.beta["days"] - sleep_fit.beta["days"]
matters_most = changes.abs().idxmax()
# <<<
check("day7.driver", matters_most)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** The two strangest rows of the data belong to driver 332. Why does the slope hardly move without him? And would you leave out the one who moves it most?
#
# <details><summary>Answer</summary>
# His two strange rows pull in opposite directions, one up and one down, and his slope is near the average: 9.57 by a line through his ten values alone, 10.20 as the mixed model predicts it (lesson, section 4). Without him the slope moves by 0.05 only; what changes is the residual SD, 21.8 in place of 25.6 ms. The one who moves it most, by 0.79, is half a standard error away: no reason to leave him out. He is one of the people about whom we want to speak, and an honest report says how much hangs on him.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Transfer: compare two scales fairly
#
# Is the barley yield better described as it is, or as a logarithm? The two AIC values cannot be compared as they stand; the lesson (*For reading*, section 9) gives the correction: by ML, add $2\sum\log y_i$ to that of the logarithm.

# %% slideshow={"slide_type": "-"}
raw_ml = fit.refit(reml=False)
print(f"yield as it is: AIC by ML {raw_ml.aic:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Fit the logarithm of the yield with the same `terms`, by ML, and bring its AIC to the scale of the yield.

# %% slideshow={"slide_type": "-"}
# >>> aic_log: AIC of the log model on the scale of the yield
barley["log_yield"] = np.log(barley["yield_t_ha"])
log_ml = mm.lmm("log_yield ~ " + terms, data=barley, reml=False)
aic_log = log_ml.aic + 2 * barley["log_yield"].sum()
# <<<
check("day7.scales", aic_log)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** Which scale wins, and by how much? Somebody measures the yield in dt/ha, ten times the number. What becomes of the two uncorrected values, and of the comparison?
#
# <details><summary>Answer</summary>
# The yield as it is, 336.6 against 346.9, by about 10. In other units every log of a density moves: the AIC of the yield rises by 2 · 560 · log 10 = 2579, that of the logarithm stays, and so the uncorrected comparison turns on the unit. With the correction both rise by the same number.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Transfer: a map of residuals
#
# Residuals, Q–Q, simulations: none of these knows where a plot *lay*. We put each residual at its place (`pivot` makes a table with a line for each row of the field and a column for each bed):

# %% slideshow={"slide_type": "subslide"}
barley["residual"] = checks["residual"]
field_map = barley.pivot(index="row", columns="bed", values="residual")
fig, ax = plt.subplots(figsize=(9, 2.8))
picture = ax.imshow(field_map, cmap="viridis", vmin=-0.8, vmax=0.8, aspect="auto",
                    extent=(0.5, 56.5, 10.5, 0.5))
fig.colorbar(picture, label="residual (t/ha)")
ax.set_xlabel("bed")
ax.set_ylabel("row")
plt.show()
simulated = mm.simulated_residuals(fit, seed=1)
print(f"simulation check: p = {simulated.p:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Residuals of the barley field at their places; dark: lower than fitted, bright: higher. The scale is linear.*
#
# **Your turn.** How alike are neighbours? Take the residuals of all beds but the last, and those of all beds but the first: each plot and its neighbour in the next bed, in the same row. What is the correlation of these pairs? (`field_map.to_numpy()` is a matrix; `[:, :-1]` are all its columns but the last, `.ravel()` lays them out in one line.)

# %% slideshow={"slide_type": "-"}
# >>> neighbours: correlation of the residuals of neighbouring beds
matrix = field_map.to_numpy()
left_plots = matrix[:, :-1].ravel()
right_plots = matrix[:, 1:].ravel()
neighbours = np.corrcoef(left_plots, right_plots)[0, 1]
# <<<
check("day7.neighbours", neighbours)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** The check by simulation gives $p$ = 0.79, which nobody would look at twice (although, when the model is right, $p$ is usually still larger). Why is it so little alarmed, and what would a better model say about $\mathbf R$?
#
# <details><summary>Answer</summary>
# Neighbours have residuals that are alike (0.51), because good and bad soil does not end where a block ends. The simulated data have no such pattern, but the check looks at one plot after the other and forgets who lay beside whom. A better model has covariances between neighbours in R, which become smaller with distance; our R is σ²I. Programs that can do this come on day 9 (planned). Until then: the standard errors are not quite right: two plots that lie side by side are compared more exactly than we say, and two that lie far apart less exactly.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 7. Explain: fill in the sheet
#
# Print the sheet of the lesson (section 10), or copy its last lines, and decide for this field: `block`, `fungicide` inside a block, `genotype`.
#
# 1. Fixed or random, and because of which line of the sheet?
# 2. "The 70 genotypes are all that were tested, so they must be fixed." Answer in two sentences. Which myth is it?
# 3. "There are only 8 whole plots, so I leave them out; the variance can hardly be estimated." What do you say?
#
# <details><summary>Answers</summary>
# <ol>
# <li>Block: 4 levels, exchangeable, in the model because of the design; random if the sentence is about fields like this. Whole plot: random, always in the model, because it is the unit that received the fungicide. Genotype: random if the best are to be chosen, fixed if two named ones are to be compared. Fungicide itself: fixed, two levels that somebody chose.</li>
# <li>The second myth: a complete set can be random. What counts is whether genotypes are exchangeable for us, and whether letting them learn from each other gives better predictions; with 8 plots each it does.</li>
# <li>The number of whole plots is not a reason, because they are the units: without them the fungicide would be tested against the error of plots, with hundreds of degrees of freedom in place of 3 (day 3). It is a reason to be modest about the variance.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 8. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day7")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 9. End the day with six questions
#
# Four answers each, and every wrong one is a number that people do arrive at. Try it without calculating: first ask which answers *cannot* be right, because of their size or their sign.

# %% slideshow={"slide_type": "-"}
quiz("day7")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
# >>> letters: six letters in quotes
letters = "cdcdcd"
# <<<
quiz("day7", letters)
