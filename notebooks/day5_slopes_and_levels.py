# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Read the question aloud and let two people answer it: a mean can move up or down; in how many ways can a line move? Leave the answers on the board until section 8.\nWith 50 minutes: leave out the table of section 8 (1.5), the list of all numbers of days in section 9 (1.5) and the factors of section 11 (2); section 12 is homework (3)." slideshow={"slide_type": "slide"}
# # Shrink lines, and shrink at two levels
#
# **The question.** Eighteen drivers slept three hours a night, and became slower from day to day. One of them, number 335, became *faster*. Do we believe him? Each driver has a *line*, with a start and a slope; how does a line shrink? And what if there are two averages to be pulled to, as for a genotype that belongs to a population?
#
# **What you can do afterwards**
#
# - fit a line for each group by no, complete and partial pooling, and read the printout of a random slope;
# - compute by hand, with a 2 × 2 matrix, how a line shrinks, and say in which direction, and why;
# - tell four correlations of intercept and slope from each other;
# - predict a genotype inside its population, and a group that nobody has seen.
#
# **What you need.** [day5_shrinkage_blups](day5_shrinkage_blups.ipynb), above all the factor by which a mean shrinks. **Time.** In class 58 minutes; alone about two hours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ![Reaction times of eighteen drivers against the day, as grey dots that fan out to the right. The ten dots of driver 335 are black; they run nearly level, a little downwards.](figures/day5_slopes.png)
#
# *Reaction times of eighteen drivers on ten days; black: driver 335.*

# %% [markdown] minutes=3 notes="One minute on the study, then the two units. Ask who received three hours of bed: a day, or a driver?\nExpect '180 independent values': reply 'would you learn as much from one driver on 180 days?'" slideshow={"slide_type": "slide"}
# ## 1. Set up the study
#
# Eighteen drivers were allowed only three hours in bed a night. Every day their reaction time was measured, in milliseconds (Belenky and others, 2003). The file holds ten days for each driver, numbered 0 to 9; the nights of three hours began after day 2, so the first three days come from rested drivers. (A straight line from day 0 on is therefore a simplification; we follow the usual analysis of these data.)

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.linalg import cholesky, inv, solve

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)
sleep = mm.load("sleepstudy")
drivers = list(sleep["subject"].cat.categories)
n_days = sleep["days"].nunique()
print(f"{len(sleep)} rows: {len(drivers)} drivers on {n_days} days")
print(sleep.head(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# One row is one driver on one day: this is the *observational unit*, what was measured. The short nights were given to a whole driver, so the driver is the *experimental unit*. All eighteen received the same, so nothing is compared here; the question is how differently people react. They are a sample of drivers, and nobody is interested in number 308 for his own sake. So the drivers are a random factor.

# %% [markdown] minutes=2.5 notes="Board: u\u0302 = r/(r + \u03bb) \u00b7 d\u0304, with the arrow of the title figure. It stays there until section 7.\nExpect 'about the same as in the schools': reply 'how many rows had a school, and how many has a driver?'" slideshow={"slide_type": "slide"}
# ## 2. Recall: how a mean shrinks
#
# Suppose first that all drivers share one slope and differ only in their level, by a random intercept $u_j$ with variance $\sigma_b^2$. The first notebook of the day gave the factor: with $r$ rows in each group,
#
# $$\hat u_j = \frac{r}{r+\lambda}\,\bar d_j, \qquad \lambda = \frac{\sigma^2}{\sigma_b^2},$$
#
# where $\bar d_j$ is the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over the rows of the group. We take driver 335:

# %% slideshow={"slide_type": "-"}
levels_only = mm.lmm("reaction_ms ~ days + (1 | subject)", data=sleep)
sigma2_b, sigma2_of_levels = levels_only.varcomp["variance"]
factor = 10 / (10 + sigma2_of_levels / sigma2_b)
deviation = sleep["reaction_ms"] - levels_only.predict(groups="population")
mean_of_335 = deviation[sleep["subject"] == "335"].mean()
blup_of_335 = levels_only.ranef().set_index("level").loc["335", "estimate"]
print(f"factor with 10 days:       {factor:.3f}")
print(f"mean deviation of 335:     {mean_of_335:.2f} ms")
print(f"factor times deviation:    {factor * mean_of_335:.2f} ms")
print(f"the library's prediction:  {blup_of_335:.2f} ms")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One number measured, one factor, one number predicted. Ten days say much about the level of a driver, so 93 % of the distance is kept. (`groups="population"` gives $\mathbf X\hat{\boldsymbol\beta}$, the prediction without any driver.)

# %% [markdown] minutes=2.5 notes="Let them look for half a minute in silence. Then: who is the strange one? Usually 335.\nExpect 'the broken line is the mean of the panel': reply 'it is the same line six times'." slideshow={"slide_type": "slide"}
# ## 3. Look: is one slope enough?
#
# We draw six of the drivers (`axes.flat` is the list of the six panels), each with the line through *all* eighteen. This line is ordinary least squares and knows of no drivers:

# %% slideshow={"slide_type": "subslide"}
six = ["308", "310", "330", "335", "337", "370"]
line_for_all = mm.lm("reaction_ms ~ days", data=sleep).beta.to_numpy()
days = np.arange(10)

fig, axes = plt.subplots(2, 3, figsize=(9, 4.6), sharex=True, sharey=True)
for ax, driver in zip(axes.flat, six):       # zip: a panel and a driver, pair by pair
    rows = sleep[sleep["subject"] == driver]
    ax.plot(rows["days"], rows["reaction_ms"], "o", markersize=4, label="measured")
    ax.plot(days, line_for_all[0] + line_for_all[1] * days, "k:", label="line for all")
    ax.set_title("driver " + driver)
axes[0, 0].legend()
fig.supxlabel("day")
fig.supylabel("reaction time (ms)")
plt.show()
print(f"line for all: {line_for_all[0]:.3f} ms on day 0,")
print(f"then {line_for_all[1]:.3f} ms more every day")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Reaction time of six drivers against the day (dots), with the line through all eighteen drivers (dotted), the same in each panel.*
#
# One slope is not enough: 308 becomes much slower, while 335 even becomes a little faster. The six differ in where they start, too.

# %% [markdown] minutes=2 notes="Everybody types three words; then one sentence to the neighbour on number 3. Do not comment.\nExpect 'up, of course, towards the average': reply 'let us count the hands', and write the count on the board. Section 5 shows it, section 7 gives the reason." slideshow={"slide_type": "slide"}
# ## 4. Commit to a guess
#
# In a moment each driver gets a predicted line, which makes use of the other seventeen. Look at Figure 1 and guess:
#
# 1. `keeps more`: suppose that a driver is off the average in one of the two only, in his `"slope"` or in his `"intercept"`, the level on day 0. Of which of the two is the larger part kept?
# 2. `moves most`: for which of the six does the prediction for day 9 move farthest from his own least squares line? Give his number, such as `"308"`. Is it the one farthest from the dotted line?
# 3. `slope of 310`: this driver starts low, and his own line is flatter than the dotted one. Does the prediction turn his slope `"up"` or `"down"`?

# %% slideshow={"slide_type": "-"}
my_guess = {
    "keeps more": None,
    "moves most": None,
    "slope of 310": None,
}
print("my guess:", my_guess)

# %% [markdown] minutes=8 notes="Read the printout aloud from the top, and stop at corr: 'the correlation of what with what?' Nobody knows at first.\nThen the figure; open guesses 2 and 3. Do not explain 310 yet: 'the reason comes when we have the matrix'.\nBoard: the three lines of driver 335." slideshow={"slide_type": "slide"}
# ## 5. Draw eighteen lines in three ways
#
# **No pooling.** Each driver is analysed alone, by least squares from his own ten rows. We write the eighteen lines into a table, one driver after the other:

# %% slideshow={"slide_type": "-"}
own = pd.DataFrame(index=drivers, columns=["intercept", "slope"], dtype=float)
for driver in drivers:
    rows = sleep[sleep["subject"] == driver]
    own.loc[driver] = mm.lm("reaction_ms ~ days", data=rows).beta.to_numpy()
print(own.loc[six].round(2).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Complete pooling.** One line for everybody, the dotted one of Figure 1.
#
# **Partial pooling.** A compromise of the two; whether it always lies between them, we shall see. The drivers are a sample, so we give each of them a random intercept *and* a random slope. In the formula this is `(days | subject)`: read it as "each driver shifts the intercept, and the slope of `days`, by random amounts".

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
print(fit.summary())
print(f"\nREML criterion with four digits: {fit.criterion:.4f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read it from the top.
#
# - **REML criterion**: 1743.6283 at its lowest point. R's lme4 finds the same.
# - **Random effects.** The intercepts of drivers scatter with a standard deviation (SD) of 24.74 ms, their slopes with one of 5.92 ms a day. In the column `corr` is the correlation of a driver's intercept and slope, 0.07: drivers who start slowly do not, as far as we see, suffer more. The residual SD is 25.59 ms; so far does a day typically lie from the driver's own true line.
# - **Fixed effects.** The average driver starts at 251.41 ms and becomes slower by 10.47 ms a day. These are also the two numbers of the dotted line, because all drivers have the same ten days. (With days missing the two would differ a little.)
#
# **Check.** Is a driver who becomes *faster* from day to day a great surprise to this model? Compare the average slope with the SD of the slopes.
#
# <details><summary>Answer</summary>
# No great one. A slope of zero lies 10.47/5.92 = 1.8 SDs below the average, so about 4 of 100 drivers would truly have a slope below zero, and one of eighteen is no wonder.
# </details>
#
# ***
#
# The predicted line of a driver is the fixed part plus his two predicted effects. `pivot` makes a table with a row for each driver:

# %% slideshow={"slide_type": "subslide"}
average = fit.beta.to_numpy()                # intercept and slope of the average driver
effects = fit.ranef().pivot(index="level", columns="term", values="estimate")
partial = pd.DataFrame(index=drivers)
partial["intercept"] = average[0] + effects["Intercept"]
partial["slope"] = average[1] + effects["days"]
both = pd.DataFrame({
    "own intercept": own["intercept"],
    "predicted intercept": partial["intercept"],
    "own slope": own["slope"],
    "predicted slope": partial["slope"],
})
print(both.loc[six].round(2).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# (`mm.shrinkage(fit)` gives such a table in one call, with the columns `no_pooling`, `partial` and `complete`.) Now all three lines in one figure:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 3, figsize=(9, 4.6), sharex=True, sharey=True)
for ax, driver in zip(axes.flat, six):
    rows = sleep[sleep["subject"] == driver]
    own_line = own.loc[driver, "intercept"] + own.loc[driver, "slope"] * days
    predicted_line = (
        partial.loc[driver, "intercept"] + partial.loc[driver, "slope"] * days)
    ax.plot(rows["days"], rows["reaction_ms"], "o", color="grey", markersize=3)
    ax.plot(days, average[0] + average[1] * days, "k:", label="complete pooling")
    ax.plot(days, own_line, "k--", label="no pooling")
    ax.plot(days, predicted_line, linewidth=2, label="partial pooling")
    ax.set_title("driver " + driver)
axes[0, 0].legend()
fig.supxlabel("day")
fig.supylabel("reaction time (ms)")
plt.show()
move_day_9 = (partial["intercept"] - own["intercept"]
              + 9 * (partial["slope"] - own["slope"]))
print("predicted minus own line on day 9 (ms):")
print(move_day_9[six].round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Three lines for each of six drivers: his own (broken), the line for all (dotted), and the predicted one (full).*
#
# You should have said: 335 moves most, 11.4 ms up on day 9. But this is not the driver farthest from the dotted line. That is 337, and he moves by 3.2 ms only. And 310? His slope was 6.11, it becomes 5.02, and the average is 10.47. So the prediction turns it *down*, away from the average slope! Both need an explanation, and so we open the box.

# %% [markdown] minutes=7 notes="Let the class fill the row for day 0 and the row for day 9 of Z before you run the cell.\nExpect 'the SD is 25.59 on every day': reply 'that is the scatter of one driver around his line; and between drivers?' Board: Var = \u03c3\u2080\u00b2 + 2d\u03c3\u2080\u2081 + d\u00b2\u03c3\u2081\u00b2 + \u03c3\u00b2." slideshow={"slide_type": "slide"}
# ## 6. Open the box
#
# **One row.** Driver $j$ reacts on day $d$ with
#
# $$y_{dj} = (\beta_0 + u_{0j}) + (\beta_1 + u_{1j})\,d + \varepsilon_{dj}, \qquad \varepsilon_{dj} \sim N(0, \sigma^2).$$
#
# **The distribution.** The two effects of a driver are drawn *together*, as a pair:
#
# $$\begin{pmatrix} u_{0j} \\ u_{1j} \end{pmatrix} \sim N\!\left(\begin{pmatrix} 0 \\ 0 \end{pmatrix}, \mathbf G_j\right), \qquad \mathbf G_j = \begin{pmatrix} \sigma_0^2 & \sigma_{01} \\ \sigma_{01} & \sigma_1^2 \end{pmatrix}.$$
#
# For levels alone one variance was enough; now there are two, and a covariance. $\mathbf G_j$ is the same for every driver, and the library has its estimate:

# %% slideshow={"slide_type": "-"}
G_j = fit.covariances[0]         # [0]: of the first random term, here the only one
sigma2 = fit.sigma2
print(G_j.round(2))
print("roots of the diagonal:", np.sqrt(np.diag(G_j)).round(2))
print(f"covariance: {G_j[0, 1]:.2f}")
print(f"sigma²: {sigma2:.2f} ms²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# On the diagonal are the squares of 24.74 and 5.92; the covariance is 9.60.
#
# **The matrices.** The rows of one driver have $\mathbf Z_j$ with two columns, ones and days. His ten values then have the covariance matrix $\mathbf V_j = \mathbf Z_j\mathbf G_j\mathbf Z_j' + \sigma^2\mathbf I$, as on day 2. (Rows of two drivers have covariance 0.)
#
# **Predict.** Think of very many drivers. Is the SD of their reaction times on day 9 smaller than on day 0, the same, or larger? (If you have done day 3, say why, without looking back.)

# %% slideshow={"slide_type": "-"}
Z_j = np.column_stack([np.ones(10), days])
V_j = Z_j @ G_j @ Z_j.T + sigma2 * np.eye(10)
sd_by_model = np.sqrt(np.diag(V_j))
sd_seen = sleep.groupby("days")["reaction_ms"].std()
print("day       ", days)
print("SD, model ", sd_by_model.round(0).astype(int))
print("SD, seen  ", sd_seen.to_numpy().round(0).astype(int))
print(f"model: day 0 {sd_by_model[0]:.2f} ms, day 9 {sd_by_model[9]:.2f} ms")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: larger, 65 ms against 36 ms. Lines with different slopes fan out, and so do the eighteen drivers that we have seen. Written out, the variance on day $d$ is $\sigma_0^2 + 2d\,\sigma_{01} + d^2\sigma_1^2 + \sigma^2$: it changes with the day, although every $\varepsilon$ has the same variance. Here is the whole matrix:

# %% slideshow={"slide_type": "subslide"}
fig, ax = plt.subplots(figsize=(5.4, 4.2))
picture = ax.imshow(V_j, cmap="Greys", vmin=0)
fig.colorbar(picture, label="covariance (ms²)")
ax.set_xticks(days)
ax.set_yticks(days)
ax.set_xlabel("day")
ax.set_ylabel("day")
plt.show()
print(f"variance: day 0 {V_j[0, 0]:.0f}, day 9 {V_j[9, 9]:.0f} ms²")
print(f"covariance: days 0 and 1 {V_j[0, 1]:.0f}, days 8 and 9 {V_j[8, 9]:.0f} ms²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. The estimated covariance matrix of the ten days of one driver, $\hat{\mathbf V}_j$. The grey scale is linear and begins at zero.*
#
# With a random intercept alone, all cells off the diagonal had one shade. Now two late days have far more in common (3301 ms²) than two early ones (622 ms²), because they share the driver's slope, and many days of it.

# %% [markdown] minutes=8 notes="Board: the scalar on the left, the matrix on the right, the same letters in the same places.\nLet the class do the two products for 310 with paper: 0.0376 times \u221247.92, and 0.838 times \u22124.35. For the sign of E expect 'too high': reply 'tilt a ruler about its middle'. What confuses: 0.680 is no fraction, it has a unit (days).\nExpect 'W should be symmetric': reply 'G and E are; a product of two symmetric matrices need not be'." slideshow={"slide_type": "slide"}
# ## 7. Shrink one line by hand
#
# First the factor of section 2, written in another way. The mean of $r$ rows has the error variance $\sigma^2/r$; let us call it $E$. Then
#
# $$\frac{r}{r+\lambda} = \frac{\sigma_b^2}{\sigma_b^2 + \sigma^2/r} = \sigma_b^2\,(\sigma_b^2 + E)^{-1}.$$
#
# In words: how the groups truly scatter, divided by how their means scatter, errors included. For a line we replace each letter by a matrix. $\sigma_b^2$ becomes $\mathbf G_j$, and $E$ becomes the covariance matrix of the errors of an intercept and slope from least squares, $\mathbf E = \sigma^2(\mathbf Z_j'\mathbf Z_j)^{-1}$:
#
# $$\hat{\mathbf u}_j = \mathbf W\,\mathbf d_j, \qquad \mathbf W = \mathbf G_j(\mathbf G_j + \mathbf E)^{-1}.$$
#
# $\mathbf d_j$ holds two distances: own intercept minus average, own slope minus average. (This is for a model in which the line is the whole fixed part; with more fixed effects, take the least squares line through $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$.) We compute $\mathbf E$ first. **Predict** the sign of its cells off the diagonal: when chance makes a driver's line too steep, is its start then too high or too low?

# %% slideshow={"slide_type": "subslide"}
E = sigma2 * inv(Z_j.T @ Z_j)
sd_of_errors = np.sqrt(np.diag(E))
corr_of_errors = E[0, 1] / (sd_of_errors[0] * sd_of_errors[1])
print(E.round(2))
print("SD of the errors:", sd_of_errors.round(2))
print(f"their correlation: {corr_of_errors:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: too low. A line is well known in the middle of its points. If it is tilted about the middle, its slope goes up and its start goes down; so the two errors have the correlation −0.84. Now $\mathbf W$:

# %% slideshow={"slide_type": "-"}
W = G_j @ inv(G_j + E)
W_table = pd.DataFrame(W, index=["predicted intercept", "predicted slope"],
                       columns=["own intercept", "own slope"])
print(W_table.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each row makes one prediction:
#
# $$\hat u_0 = 0.751\,d_0 + 0.680\,d_1, \qquad \hat u_1 = 0.038\,d_0 + 0.838\,d_1.$$
#
# On the diagonal you find the answer to the first guess, for a driver who is off in one of the two only: the slope keeps more, 0.838 against 0.751. The slopes of drivers scatter with an SD of 5.92, twice the error of 2.82 with which one is measured; the intercepts with 24.74 against 15.04, which is less than twice.
#
# What is new is off the diagonal: a driver's slope also moves his predicted *intercept*, and his intercept his predicted *slope*. Let us see what that does to driver 310:

# %% slideshow={"slide_type": "-"}
distance = own - average             # subtracts the average line from each row
d_310 = distance.loc["310"].to_numpy()
from_slope = W[1, 1] * d_310[1]
from_intercept = W[1, 0] * d_310[0]
print(f"310 starts {d_310[0]:.2f} ms from the average, slope {d_310[1]:.2f} from it")
print(f"from his slope:     {W[1, 1]:.4f} times {d_310[1]:6.2f} = {from_slope:.2f}")
print(f"from his intercept: {W[1, 0]:.4f} times {d_310[0]:6.2f} = {from_intercept:.2f}")
print(f"predicted:          {from_slope + from_intercept:.2f} ms/day from the average")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two steps. His slope, 4.35 below the average, shrinks to 3.65 below, as we would expect. But he also starts 48 ms below the average. A part of that is probably error, and an error that pulls the start down tilts the line *up*. So his true slope is probably even lower than the one measured: another 1.80 is taken off. This is why the prediction turns 310 down.
#
# Is it really the correlation of the errors? We set it to zero in $\mathbf E$ and look at $\mathbf W$ again:

# %% slideshow={"slide_type": "-"}
E_uncorrelated = np.diag(np.diag(E))         # keeps the diagonal, zeros elsewhere
W_uncorrelated = G_j @ inv(G_j + E_uncorrelated)
print(W_uncorrelated.round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Yes: the cells off the diagonal are nearly zero. (What is left comes from the small covariance in $\mathbf G_j$.) Last, all eighteen drivers, beside the library:

# %% slideshow={"slide_type": "-"}
by_hand = np.zeros((18, 2))
for row, driver in enumerate(drivers):
    by_hand[row] = W @ distance.loc[driver].to_numpy()
largest_difference = np.max(np.abs(by_hand - effects.to_numpy()))
print(f"largest difference from the library below 1e-8: {largest_difference < 1e-8}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One matrix serves all drivers, because all have the same ten days. A driver with other days has another $\mathbf Z_j$, hence another $\mathbf E$ and a $\mathbf W$ of his own.

# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>For reading: the same from Henderson's equations</summary>
# Henderson's equations for one driver, with the fixed effects already estimated, read (Z′Z/σ² + G⁻¹) û = Z′(y − Xβ̂)/σ². As Z′(y − Xβ̂) = Z′Z d, this is û = (E⁻¹ + G⁻¹)⁻¹ E⁻¹ d, and (E⁻¹ + G⁻¹)⁻¹ E⁻¹ = G(G + E)⁻¹: multiply both from the left by E⁻¹ + G⁻¹ and from the right by G + E. The form with Z′Z needs no inverse of it, so it also serves a driver with one day, who has no line of his own. We use it in section 9.
# </details>

# %% [markdown] minutes=5 notes="First the vote: do all arrows point straight at the cross? Then the figure.\nExpect 'they go to the nearest point of the average': reply 'nearest in which unit, ms or ms a day?' Board: the ellipse of the errors, long from upper left to lower right; a level is well known, a tilt is not." slideshow={"slide_type": "slide"}
# ## 8. Follow the arrows
#
# A line is a point in the plane of intercept and slope. So shrinkage is an arrow in this plane: from a driver's own line to his predicted one.
#
# **Predict.** The average line is a point in this plane as well, drawn as a cross. Do all arrows point straight at the cross?
#
# We also draw two ellipses. The broken one shows how the *errors* of an own line scatter, from $\mathbf E$; the dotted one how the *drivers* themselves scatter, from $\hat{\mathbf G}_j$. (Both reach two SDs from the centre. `cholesky` takes a root of the matrix, and this root turns a circle into the ellipse.)

# %% slideshow={"slide_type": "subslide"}
angle = np.linspace(0, 2 * np.pi, 200)
circle = 2 * np.vstack([np.cos(angle), np.sin(angle)])       # radius 2, for two SDs
error_ellipse = cholesky(E) @ circle
driver_ellipse = cholesky(G_j) @ circle

fig, ax = plt.subplots(figsize=(8, 5))
for driver in drivers:
    ax.annotate("", xytext=own.loc[driver], xy=partial.loc[driver],
                arrowprops={"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0})
ax.plot(own["intercept"], own["slope"], "o", color="black", markerfacecolor="white",
        label="own line")
for driver in six:
    ax.annotate(driver, own.loc[driver], xytext=(6, 4), textcoords="offset points")
ax.plot(average[0], average[1], "X", markersize=11, label="average line")
ax.plot(average[0] + error_ellipse[0], average[1] + error_ellipse[1], "--",
        color="grey", label="errors of a line")
ax.plot(average[0] + driver_ellipse[0], average[1] + driver_ellipse[1], ":",
        color="grey", label="drivers")
ax.set_xlabel("intercept (ms)")
ax.set_ylabel("slope (ms/day)")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 4. Each arrow leads from a driver's own line (circle) to his predicted line, in the plane of intercept and slope. The cross is the average line. Broken ellipse: errors of an own line; dotted ellipse: drivers around the average; both reach two SDs from the centre.*
#
# You should have said: no. Nearly all of them run along one direction, from upper left to lower right or back, and that is the long axis of the broken ellipse. The data are least sure in this direction, so this is where the prediction gives way. In terms of lines: to move along it means to tilt the line about its middle. How far does the prediction move on three days?

# %% slideshow={"slide_type": "-"}
change = partial - own
moves = pd.DataFrame(index=drivers)
moves["day 0"] = change["intercept"]
moves["day 4.5"] = change["intercept"] + 4.5 * change["slope"]
moves["day 9"] = change["intercept"] + 9 * change["slope"]
print(moves.loc[six].round(1).to_string())
n_opposite = np.sum(change["intercept"] * change["slope"] < 0)
print(f"intercept and slope move in opposite directions: {n_opposite} of 18 drivers")
is_farther = (partial["slope"] - average[1]).abs() > (own["slope"] - average[1]).abs()
print("slope moves away from the average:", list(own.index[is_farther]))


# %% [markdown] slideshow={"slide_type": "fragment"}
# In the middle of the ten days the lines move little, by about 4 ms at most, because there each driver's level is well known; at the two ends they give way. The own line of 335 starts rather high and falls, and this is just what a typical error looks like; so his line is turned by much. 337 is as far out, but high *and* steep, and the broken ellipse is narrow in that direction: errors seldom make such a line. So the model believes him, and he hardly moves. And 310 is not alone: for five of eighteen drivers the slope moves away from the average.

# %% [markdown] minutes=4 notes="Predict first, with hands: 10 days, 3 days, 1 day. Then run the cell with 3; let the class choose the next number.\nExpect 'with one day no line is possible': reply 'for least squares; what does the model know without any day?'" slideshow={"slide_type": "slide"}
# ## 9. Turn one knob: take days away
#
# Suppose driver 335 had gone home early. We keep $\hat{\boldsymbol\beta}$ and the variances from above, and predict his line from his first days only. This function solves his two equations, $(\mathbf Z_j'\mathbf Z_j/\sigma^2 + \mathbf G_j^{-1})\,\hat{\mathbf u}_j = \mathbf Z_j'(\mathbf y_j - \mathbf X_j\hat{\boldsymbol\beta})/\sigma^2$, in which $\mathbf X_j$ and $\mathbf Z_j$ have the same columns. Where he has a line of his own this gives the same as $\mathbf W$, and it works with any number of days:

# %% slideshow={"slide_type": "-"}
def line_from(kept_rows):
    Z_kept = np.column_stack([np.ones(len(kept_rows)), kept_rows["days"]])
    residual = kept_rows["reaction_ms"].to_numpy() - Z_kept @ average
    left_side = Z_kept.T @ Z_kept / sigma2 + inv(G_j)
    return average + solve(left_side, Z_kept.T @ residual / sigma2)


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Only days 0, 1 and 2 are left. Does his slope stay near that of all his days, or does it come near the average slope? And his level on day 0? Then change the two knobs: any driver (`drivers` holds their numbers), and any number of days from 0 to 10 (a larger number leaves all ten, one below zero leaves none).

# %% slideshow={"slide_type": "subslide"}
my_driver = "335"
days_left = 3

all_rows = sleep[sleep["subject"] == str(my_driver)]
kept_rows = all_rows[all_rows["days"] < days_left]
shorter = line_from(kept_rows)
from_all_days = line_from(all_rows)

fig, ax = plt.subplots(figsize=(7.5, 3.6))
ax.plot(all_rows["days"], all_rows["reaction_ms"], "o", color="grey",
        markerfacecolor="white", label="days taken away")
ax.plot(kept_rows["days"], kept_rows["reaction_ms"], "o", color="black",
        label="days left")
ax.plot(days, average[0] + average[1] * days, "k:", label="average driver")
ax.plot(days, from_all_days[0] + from_all_days[1] * days, "--",
        label="predicted from all his days")
ax.plot(days, shorter[0] + shorter[1] * days, linewidth=2, label="from the days left")
ax.set_xlabel("day")
ax.set_ylabel("reaction time (ms)")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
print(f"driver {my_driver}: {len(all_rows)} days measured, {len(kept_rows)} days left")
print(f"start {shorter[0]:.2f} ms, slope {shorter[1]:.2f} ms/day")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. One driver with some of his days taken away (open dots): the line predicted from the days that are left (full), that from all his days (broken), and the average driver (dotted).*
#
# You should have said: near the average slope, 9.86 against 10.47, because three days say next to nothing about a slope. But they do say something about his level: the full line passes close to the middle of his three dots. All numbers of days, for driver 335:

# %% slideshow={"slide_type": "-"}
rows_of_335 = sleep[sleep["subject"] == "335"]
print("days left, start (ms), slope (ms/day)")
for n_kept in range(11):
    start, slope = line_from(rows_of_335[rows_of_335["days"] < n_kept])
    print(f"{n_kept:9d} {start:11.2f} {slope:17.2f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# With no day left he is an average driver. One day moves his level and hardly his slope. From the third day on his slope comes down, day by day, and after ten days it has arrived at −0.28. Nobody decided how many days are enough for a line: $\mathbf G_j$, $\sigma^2$ and his days decide.

# %% [markdown] minutes=4 notes="After the table put the four numbers on the board: \u22120.84, \u22120.14, 0.07, 0.26. Which is the correlation of drivers?\nExpect 'the BLUPs are the u': reply 'are predicted rains the rains?'" slideshow={"slide_type": "slide"}
# ## 10. Avoid the slips
#
# Do drivers who start slowly also suffer more? Somebody computes the correlation from the eighteen own lines, somebody else from the eighteen predictions. **Predict:** will both find the 0.07 of the printout?

# %% slideshow={"slide_type": "-"}
def describe(covariance):
    sd = np.sqrt(np.diag(covariance))
    return [sd[0], sd[1], covariance[0, 1] / (sd[0] * sd[1])]

cov_own = np.cov(own.T)                  # .T: np.cov wants the variables in rows
cov_blups = np.cov(partial.T)
slips = pd.DataFrame(columns=["SD intercept", "SD slope", "correlation"])
slips.loc["drivers, estimated (G_j)"] = describe(G_j)
slips.loc["errors of an own line (E)"] = describe(E)
slips.loc["18 own lines"] = describe(cov_own)
slips.loc["18 predicted lines"] = describe(cov_blups)
print(slips.round(2).to_string())
print("own lines minus errors is G_j:", np.allclose(cov_own - E, G_j, atol=0.01))
print("predicted lines are W G_j:    ", np.allclose(cov_blups, W @ G_j, atol=0.01))

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: neither does.
#
# > **Common slip: the correlation of the BLUPs as the correlation of drivers.** The own lines carry errors, whose correlation is −0.84; so they scatter by $\mathbf G_j + \mathbf E$, and their correlation is pulled down to −0.14. The predictions are shrunken, and more in the direction of the errors than in the other; so their correlation is pushed up to 0.26. The model's estimate is the one in the printout.
#
# > **Common slip: the SD of the BLUPs as the SD of drivers.** The predictions scatter with 21.60 ms and 5.46 ms a day, less than the estimates 24.74 and 5.92. They must, because shrinkage has taken a part away: their covariance matrix is $\mathbf W\mathbf G_j$. Drivers differ more than their predictions do.
#
# (The two equalities that the cell has checked are exact because all drivers have the same days. The first is also a way to find $\hat{\mathbf G}_j$ by hand: take the covariance matrix of the own lines and subtract that of the errors; unless a variance comes out negative or a correlation beyond ±1, for then REML stops at the boundary.)
#
# So is the answer "no, they do not"? The printout gives one number; `mm.confint` adds an interval to each (how, is for day 6). We need one row:

# %% slideshow={"slide_type": "-"}
intervals = mm.confint(fit, method="profile")
row_of_corr = intervals.loc["corr(days, Intercept | subject)"]
lower, upper = row_of_corr["lower"], row_of_corr["upper"]
print(f"correlation: 95 % interval from {lower:.2f} to {upper:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# From clearly negative to clearly positive: eighteen drivers leave the question open.

# %% [markdown] slideshow={"slide_type": "skip"}
# **For reading.** The third slip is about day 0. The intercept is the level on day 0, so what "the intercept" is depends on where we begin to count. We count from another day and fit again:

# %% slideshow={"slide_type": "skip"}
centred = pd.DataFrame(
    columns=["SD intercept", "SD slope", "corr", "criterion", "W[0, 0]", "W[1, 1]"])
for zero in [0, 4.5, 9]:
    moved = sleep.assign(from_zero=sleep["days"] - zero)
    moved_fit = mm.lmm("reaction_ms ~ from_zero + (from_zero | subject)", data=moved)
    G_moved = moved_fit.covariances[0]
    Z_moved = np.column_stack([np.ones(10), days - zero])
    W_moved = G_moved @ inv(G_moved + moved_fit.sigma2 * inv(Z_moved.T @ Z_moved))
    others = [moved_fit.criterion, W_moved[0, 0], W_moved[1, 1]]
    centred.loc[f"zero on day {zero}"] = describe(G_moved) + others
print(centred.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "skip"}
# > **Common slip: to read the intercept without asking where zero is.** The SD of the intercept grows from 24.74 to 60.21 ms, and the correlation from 0.07 to 0.91, only because zero has moved. The criterion stays, and so do the predicted lines: it is one model in three descriptions. A cell of $\mathbf W$ may even be above 1: no cell alone is "the shrinkage of a line". So "is the correlation zero?" has no meaning before zero has one. The diagonal of $\mathbf W$ moves as well, so that the answer to the first guess held for intercepts *on day 0*.

# %% [markdown] minutes=6 notes="Draw the tree first: one mean, nine populations, two or three genotypes in each. Then vote on genotype 36.\nExpect 'up, towards the average of all': reply 'whose average is it compared with?' Say clearly that one population, 7.SW, decides much of this." slideshow={"slide_type": "slide"}
# ## 11. Shrink at two levels
#
# Now groups inside groups. The data are 625 plants of *Arabidopsis thaliana*, of 24 genotypes, and each genotype belongs to one of 9 populations (Banta and others, 2010). We count the fruits of each plant. Counts have a model of their own (day 8, *planned*); today we take $\log(1 + \text{fruits})$ and treat it as normal. Nutrient, clipping, rack and the way of germination (`status`) are fixed, populations and genotypes are random. (No two genotypes share a number, so `(1 | genotype)` says enough.)

# %% slideshow={"slide_type": "subslide"}
plants = mm.load("arabidopsis")
plants["log_fruits"] = np.log(1 + plants["fruits"])
plant_fit = mm.lmm(
    "log_fruits ~ nutrient * clipping + rack + status"
    " + (1 | population) + (1 | genotype)", data=plants)
print(f"{len(plants)} plants")
print(plant_fit.varcomp.round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Populations differ much (variance 0.4207), genotypes of one population little (0.0216). A plant is the sum: fixed part + population + genotype + error.
#
# We need what was measured: the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over the plants of each genotype, as in section 2. (The word in `groups="population"` means again: without any random effect. It has nothing to do with our nine populations.) Here are the three genotypes of the population 7.SW:

# %% slideshow={"slide_type": "-"}
without_random = plant_fit.predict(groups="population")
plants["deviation"] = plants["log_fruits"] - without_random
by_genotype = plants.groupby("genotype", observed=True)
genotypes = pd.DataFrame({
    "population": by_genotype["population"].first(),
    "plants": by_genotype.size(),
    "measured": by_genotype["deviation"].mean(),
})
of_7SW = genotypes["population"] == "7.SW"
print(genotypes[of_7SW].round(3).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The average of all populations is 0. These three lie far below it: the population bears few fruits.
#
# **Predict.** Genotype 36 was measured at −1.169. Is its prediction nearer to the average of all, 0, or even farther from it?

# %% slideshow={"slide_type": "subslide"}
blups = plant_fit.ranef().set_index(["group", "level"])["estimate"]
home = genotypes["population"].astype(str)
two_levels = genotypes.copy()
two_levels["home"] = blups["population"][home].to_numpy()      # its population's BLUP
two_levels["effect"] = blups["genotype"]
two_levels["predicted"] = two_levels["home"] + two_levels["effect"]
chosen = ["34", "35", "36", "28", "30", "19", "5"]
print(two_levels.loc[chosen].round(3).to_string())
of_home = blups["population"]["7.SW"]
typical = without_random.mean()                # of the fixed part, in logarithms
print(f"7.SW, factor on 1 + fruits: {np.exp(of_home):.2f}")
print(f"typical plant, average population: {np.exp(typical) - 1:.1f} fruits")
print(f"typical plant of 7.SW:             {np.exp(typical + of_home) - 1:.1f} fruits")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: farther. Genotype 36 goes from −1.169 to −1.319, because it shrinks towards *its population*, and 7.SW is predicted at −1.417. (Without the logarithm this is a factor of 0.24 on *1 + fruits*, and not on fruits: where a typical plant of an average population has 11.5 fruits, one of 7.SW has 2.0.) In the same way genotype 28 loses nearly all of its 0.285, for its population is at −0.048.
#
# How much of its distance from home does a genotype keep? It is the factor of section 2 again, with the variance of genotypes, and with $\bar d$ measured from the population:

# %% slideshow={"slide_type": "-"}
variances = plant_fit.varcomp.set_index("group")["variance"]
lam = variances["Residual"] / variances["genotype"]
kept = two_levels["plants"] / (two_levels["plants"] + lam)
from_home = two_levels["measured"] - two_levels["home"]
agrees = np.allclose(kept * from_home, two_levels["effect"])
print(f"lambda = {lam:.1f} plants")
print("kept:")
print(kept[chosen].round(3).to_string())
print("kept times distance from home is the effect, for all 24:", agrees)

# %% [markdown] slideshow={"slide_type": "fragment"}
# A genotype would need about 69 plants to keep one half. With 45 it keeps 39 %, with 11 plants 14 %. All 24 in one figure:

# %% slideshow={"slide_type": "subslide"}
population_names = list(plants["population"].cat.categories)
fig, ax = plt.subplots(figsize=(8, 5))
for place, population in enumerate(population_names):
    members = two_levels[two_levels["population"] == population]
    heights = place + np.linspace(-0.25, 0.25, len(members))
    ax.hlines(heights, members["measured"], members["predicted"], color="grey",
              zorder=0)
    bar = ax.vlines(members["home"], place - 0.4, place + 0.4, color="black")
    circles = ax.scatter(members["measured"], heights, color="white", edgecolor="black")
    dots = ax.scatter(members["predicted"], heights, s=16, color="black")
ax.axvline(0, color="grey", linestyle=":")
ax.set_yticks(range(9), population_names)
ax.invert_yaxis()
ax.set_xlabel("deviation from what the fixed effects expect, log(1 + fruits)")
ax.set_ylabel("population")
ax.legend([circles, dots, bar], ["genotype, measured", "genotype, predicted",
                                 "its population, predicted"], loc="upper left")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. Twenty-four genotypes in nine populations. An open circle is the measured mean of a genotype, the dot joined to it the prediction, the upright bar the prediction for its population. Dotted: the average of all.*
#
# The dots crowd around their bars, and the bars stay far apart. A population shrinks, too, towards the dotted line, but by little: what it keeps is not shown here, because its "measured" value is an average of its genotypes, in which a genotype with many plants counts more. So two terms of one model shrink by utterly different amounts, each by its own variance and its own number of plants.
#
# One warning. Look at 7.SW: a single population makes most of the variance between populations. It also has the best evidence that genotypes differ, with 45 plants or more of each. Number 4 of *On your own* fits the model without it.

# %% [markdown] minutes=3 notes="Write the three persons on the board: the driver's doctor, the firm that hires, the ministry. Who needs which standard error? Then the cell.\nExpect 'the new driver is the average driver': reply 'on average, yes; and would you bet on it?'" slideshow={"slide_type": "slide"}
# ## 12. Predict somebody new
#
# Back to the drivers. What reaction time do we expect on day 9 for driver 335, for a driver whom nobody has tested, and for the average driver? `predict` gives the mean and, with `se=True`, its standard error.
#
# **Predict.** Which two of the three have the same mean? And which one has the largest standard error?

# %% slideshow={"slide_type": "-"}
asked = pd.DataFrame({"subject": ["335", "new"], "days": [9, 9]},
                     index=["driver 335", "new driver"])
answer = fit.predict(asked, new_levels="population", se=True)
for_average = fit.predict(asked.iloc[[0]], groups="population", se=True)
answer.loc["average driver"] = for_average.iloc[0]
print(answer.round(2).to_string())
between_on_day_9 = V_j[9, 9] - sigma2
se_new = np.sqrt(answer.loc["average driver", "se"] ** 2 + between_on_day_9)
print(f"root of (SE of the average)² + variance between drivers: {se_new:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the new driver and the average driver have the same mean, 345.61 ms; the largest standard error is that of the new driver. `predict` puts zero for what it does not know. With `new_levels="population"` it adds the variance of the unknown effects to the standard error; `groups="population"` speaks of the average driver.
#
# Three standard errors, three people:
#
# - **13.86 ms, driver 335:** for the one who has to decide about *him*, and has his ten days;
# - **61.97 ms, new driver:** for the firm that hires somebody it knows nothing about. It holds the whole scatter between drivers, as the last line shows;
# - **14.63 ms, average driver:** for the ministry that makes a rule for all. With more drivers it becomes smaller, but that of one new driver never falls below the SD between drivers.
#
# All three speak of the true line. A single measured day varies around it with $\hat\sigma$ = 25.59 ms on top. And all act as if the variances were known, so in general they are slightly too small (day 6).

# %% [markdown] minutes=2 notes="Who had all three? Hardly anybody has 310. The sentence to take home: shrinkage goes where the data are least sure." slideshow={"slide_type": "slide"}
# ## 13. Wrap up
#
# Your guesses of section 4 beside the results:

# %% slideshow={"slide_type": "-"}
if W[1, 1] > W[0, 0]:
    keeps_more = "slope"
else:
    keeps_more = "intercept"
if partial.loc["310", "slope"] > own.loc["310", "slope"]:
    turn_of_310 = "up"
else:
    turn_of_310 = "down"
wrap_up = pd.DataFrame(index=list(my_guess))
wrap_up["my guess"] = [str(guess) for guess in my_guess.values()]
wrap_up["result"] = [keeps_more, move_day_9[six].abs().idxmax(), turn_of_310]
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the slope (with zero on day 0); 335, because a high start with a low slope is what errors look like; and down, because his low start makes it likely that his slope was measured too high.
#
# **To take away**
#
# 1. A line shrinks by a matrix, $\mathbf W = \mathbf G_j(\mathbf G_j + \mathbf E)^{-1}$: how groups scatter, divided by how measured lines scatter. It moves most where the data are least sure, and so a single coefficient may move away from its average.
# 2. Own lines scatter more than groups do, and predictions scatter less. What groups do is in the printout.
# 3. With two levels a genotype shrinks towards its population, and the population towards the average of all.

# %% [markdown] minutes=0.5 notes="Homework. Number 4 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 14. On your own
#
# 1. **Do.** In section 9 we kept the variances. Take days 3 to 9 of driver 335 out of `sleep` instead, and fit the model again. Which line does it predict for him?
# 2. **Explain.** To a fellow student, in three sentences: why does driver 372, whose slope is already above the average, get a slope still farther above it? (His numbers are in `own` and `partial`.)
# 3. **Change one knob.** In section 9 set `my_driver = "337"` and `days_left = 3`. His own line through these three days falls. Guess the sign of his predicted slope, then look.
# 4. **Transfer.** Fit the model of section 11 to the plants without the population 7.SW. What becomes of the two variances, and what follows for the genotypes?
#
# <details><summary>Answers</summary>
# <ol>
# <li>It starts at 247.14 ms and rises by 10.68 ms a day. Section 9 gave 247.99 and 9.86; the difference comes from β̂ and the variances, which have lost seven unusual days: the average slope is now 11.22.</li>
# <li>His own line starts at 267.04 ms, 15.64 above the average, and its slope is 11.30, which is 0.83 above it. A part of the high start is probably error, and with such an error goes a slope that was measured too low. So the predicted slope is 0.0376 · 15.64 + 0.838 · 0.83 = 1.28 above the average.</li>
# <li>Positive, 10.59 ms a day, which is even above the average of 10.47. Three days say nothing about a slope, and his high level pushes the slope up.</li>
# <li>Between populations 0.114 in place of 0.421, between genotypes 0 in place of 0.022. So each genotype is predicted exactly at its population. It is a boundary estimate: outside 7.SW the genotypes of a population show no more variation than their plants would produce. The true variance need not be zero.</li>
# </ol>
# </details>

# %% [markdown] minutes=0.5 notes="Point to the exercises of the day; the last task asks for W." slideshow={"slide_type": "slide"}
# ## 15. In practice and further reading
#
# In practice you write one line, and ask for the predictions with another:
#
# ```
# mmteach      fit = mm.lmm("reaction_ms ~ days + (days | subject)", data=sleep)
#              fit.ranef()                              # mm.shrinkage(fit): all three lines
# statsmodels  smf.mixedlm("reaction_ms ~ days", data=sleep, groups="subject",
#                          re_formula="~ days").fit().random_effects
# R            ranef(lmer(reaction_ms ~ days + (days | subject), data = sleep))
# SAS          proc mixed; class subject; model reaction_ms = days;
#              random intercept days / subject=subject type=un solution; run;
# ```
#
# The exercises of the day are in [day5_exercises](exercises/day5_exercises.ipynb). **Next:** [day6_inference](day6_inference.ipynb), with the question how sure we are of all this.
#
# ### Further reading
#
# - Belenky and others (2003), *Patterns of performance degradation and restoration during sleep restriction and subsequent recovery*, Journal of Sleep Research 12, 1–12.
# - Banta, Stevens and Pigliucci (2010), *A comprehensive test of the 'limiting resources' framework applied to plant tolerance to apical meristem damage*, Oikos 119, 359–369.
# - Bates, Mächler, Bolker and Walker (2015), *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67(1): the drivers are its example.
# - Laird and Ware (1982), *Random-effects models for longitudinal data*, Biometrics 38, 963–974: the matrix $\mathbf W$.
# - Gelman and Hill (2006), *Data Analysis Using Regression and Multilevel/Hierarchical Models*, chapters 12 and 13: no, complete and partial pooling.
