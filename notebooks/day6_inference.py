# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Title one minute, the question only. Let three people answer it: 270, 90 or 3? Write the votes on the board; they stay there until section 12.\nWith 50 minutes: section 5 runs without talking, and its result is said in one sentence (4); section 10 begins with the table of the four rules (2); the simulations of sections 6 and 7 run while you talk (1); the two discussions of section 4 become one (2). Nothing is left out that a later cell needs." slideshow={"slide_type": "slide"}
# # Test what the design lets you test
#
# **The question.** A feeding trial with six diets has 270 measurements, from 90 pens, in 3 rooms. Which of these three numbers decides how sure we are that two diets differ? A program does not ask. It answers every formula with a p-value, and two formulas for the same data can give opposite answers.
#
# **What you can do afterwards**
#
# - write the table of sources and degrees of freedom before there are data, and name the error of each test;
# - say when it matters that rooms are fixed or random, and compute degrees of freedom by hand;
# - choose the likelihood for a test, and test a variance, of which zero is the smallest value;
# - compare many means without finding differences that are not there.
#
# **What you need.** [day2_rcbd_mixed](day2_rcbd_mixed.ipynb), [day4_reml_in_use](day4_reml_in_use.ipynb), the pens of [day 1](day1_linear_model.ipynb), the split plot of [day 3](day3_covariance_structure.ipynb), and the clover of [day5_shrinkage_blups](day5_shrinkage_blups.ipynb). **Time.** In class 59 minutes; alone about two and a half hours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ![Three boxes side by side, named room 1, room 2 and room 3, each with thirty letters from A to F in mixed order. An arrow leads from the last box to three dots, numbered 1, 2 and 3: one pen on three days.](figures/day6_pens.png)
#
# *The feeding trial: each letter is a pen and its diet. From each pen a sample was taken on three days.*

# %% [markdown] minutes=6 notes="Five minutes and the title. Ask the two questions on units first, then fill the table on the board, row by row, before anything is run.\nExpect 'the pig is the unit': reply 'could two pigs of a pen get two diets?'" slideshow={"slide_type": "slide"}
# ## 1. Set up the trial, and its table
#
# Six diets for pigs were compared in three rooms. In each room five pens received each diet, at random, and one pig of every pen was sampled on three days. The response is the dry matter of its faeces in %. **These data are synthetic**: they were built to give the printed F tests of a real trial, and they say nothing about diets.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)
pigs = mm.load("pigs_rooms")
print(f"{len(pigs)} rows")
print(pigs.head(3).to_string())
print("number of different values:")
print(pigs[["room", "pen", "diet", "day"]].nunique().to_string())

# %% [markdown] notes="Expect '270': reply 'if you sample a pen a second time, have you fed a second pen?' Right: 90 pens received a diet.\nExpect 'the room': reply 'does a room have one diet?'" slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Discuss.** Which unit received a diet at random (the *experimental unit*)? Which unit was measured (the *observational unit*)? What is the treatment structure, and what is the design structure?
#
# <details><summary>Answer</summary>
# A pen received a diet. The pig of a pen on one day was measured: one row. The treatments are six diets, seen on three days, so diet and day with their interaction. The design structure is what the farm gave us: rooms, and pens in the rooms.
# </details>

# %% [markdown] notes="Fill the board with the class. Then ask the question of the lecture: the trial of day 1 had 252 for error; where did two of them go?\nExpect 'error 252, as always': reply 'do rooms cost nothing?' Expect '269 for error': reply 'that is the total; what have we already taken from it?'" slideshow={"slide_type": "subslide"}
# Before any number is looked at, the design alone tells which sources of variation there are, and how many *degrees of freedom* (df) each has: the *shell* of day 1. A factor with $a$ levels has $a - 1$ df, an interaction the product, and the error has what is left of $n - 1$.
#
# The trial of day 1 had the same diets, days and number of samples, but no rooms, and its first shell left 252 df for error.
#
# **Predict.** Fill in the shell: room, diet, day, diet × day, error, total.

# %% slideshow={"slide_type": "fragment"}
levels = {"room": 3, "diet": 6, "day": 3, "rep": 5}     # rep: pens of a diet in a room
shell = mm.anova_shell("diet*day", blocks="room", n=levels)
print(shell)
n_means = 6 * 3                                         # diets times days
print(f"without rooms the error would have {len(pigs) - n_means} df")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said 2, 5, 2, 10, 250 and 269. Two of the 252 df are needed to describe how the three rooms differ.
#
# > **Common slip: the rooms are forgotten in the error.** With $d$ diets, $t$ days and $r$ complete blocks the error has $n - dt - (r-1)$ df: 270 observations, less 18 means, less 2 for the rooms. Whoever stops at $n - dt$ has 252.
#
# The printed analysis of this trial used this shell, and we follow it for a while. Look at its error once more, 250 pieces of information from 90 pens, and keep your doubt until section 6.

# %% [markdown] minutes=2 notes="Everybody types four answers. The first two can be known from day 2; ask for the reason in half a sentence. Do not comment.\nExpect 'the pens make everything larger': leave it standing until section 12." numbers_from={"84": "day 1, the shell with pens"} slideshow={"slide_type": "slide"}
# ## 2. Commit to a guess
#
# We shall fit the trial with rooms fixed, with rooms random, and at last with the pens in the model. Type `"smaller"`, `"same"` or `"larger"` in place of `None`, and for the last one a number.
#
# - `SE of a mean`: the standard error of the mean of a diet, when rooms become random;
# - `SED`: the standard error of a difference of two diets, when rooms become random;
# - `SED with pens`: the same SED, when the pens come into the model;
# - `df with pens`: how many degrees of freedom has the error of the diets then? (Without rooms, on day 1, it was 84.)

# %% slideshow={"slide_type": "-"}
my_guess = {
    "SE of a mean": None,
    "SED": None,
    "SED with pens": None,
    "df with pens": None,
}
print("my guess:", my_guess)

# %% [markdown] minutes=5 notes="Run both; let them look at the two tables side by side for half a minute.\nExpect 'the mixed table must have larger p-values': reply 'are diets compared inside rooms, or between them?'" slideshow={"slide_type": "slide"}
# ## 3. Fit first
#
# Twice the same formula, with rooms fixed by `mm.lm` and random by `mm.lmm`. The star stands for both factors and their interaction.
#
# **Predict.** The trial is complete: each room holds every diet equally often. Which F values will the two tables share?

# %% slideshow={"slide_type": "fragment"}
rooms_fixed = mm.lm("dry_matter_pct ~ diet * day + room", data=pigs)
rooms_random = mm.lmm("dry_matter_pct ~ diet * day + (1 | room)", data=pigs)
print("rooms fixed")
print(mm.anova(rooms_fixed))
print("\nrooms random")
print(mm.anova(rooms_random))

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: those of diet, day and their interaction, all three. Diets and days are compared inside rooms, so a room cancels in each comparison, as the blocks did on day 2. F is 4.7730 for diets and 10.7115 for days, both on 250 df for error, and there is no sign that the diets differ in another way from day to day (F = 1.1153). With rooms random the row `room` is gone; in its place there is a variance:

# %% slideshow={"slide_type": "-"}
variance_rows = rooms_random.varcomp[["group", "variance", "sd"]]
print(variance_rows.to_string(float_format="{:.3f}".format))
print(f"REML criterion {rooms_random.criterion:.3f}")
print(mm.anova(rooms_random)["p"].to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Rooms differ with a variance of 12.000, samples of one room with 36.000 (%²). By this analysis the diets differ beyond doubt, p = 0.0003.

# %% [markdown] minutes=6.5 notes="The picture of the day: leave it on the screen during the discussion. Board: SE\u00b2 = \u03c3_b\u00b2/3 + \u03c3\u00b2/45 and SED\u00b2 = 2\u03c3\u00b2/45, with \u03c3_b\u00b2 crossed out in the second.\nExpect 'a little longer, as in the sorghum': reply 'how many blocks had the sorghum, and how large was their variance beside that of a plot?'" slideshow={"slide_type": "slide"}
# ## 4. Rooms fixed or rooms random?
#
# The tests agree. What about the means?
#
# **Predict.** With rooms random, will the 95 % interval of the mean of a diet be about as long as with rooms fixed, twice as long, or longer still?

# %% slideshow={"slide_type": "fragment"}
by_fixed = mm.emmeans(rooms_fixed, "diet")
by_random = mm.emmeans(rooms_random, "diet")
print("rooms fixed")
print(by_fixed.round(3).to_string())
print("\nrooms random")
print(by_random.round(3).to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now both as a picture, with the interval of each mean, and beside them a bar as long as the SED. (`errorbar` draws a mean and a line up and down from it.)

# %% slideshow={"slide_type": "-"}
sed = mm.contrasts(by_random, "pairwise", adjust="none")["se"].iloc[0]
sed_fixed = mm.contrasts(by_fixed, "pairwise", adjust="none")["se"].iloc[0]
places = np.arange(6)
fig, ax = plt.subplots(figsize=(8, 3.8))
ax.errorbar(places - 0.12, by_fixed["mean"],
            yerr=by_fixed["upper"] - by_fixed["mean"],
            fmt="o", capsize=4, label="rooms fixed")
ax.errorbar(places + 0.12, by_random["mean"],
            yerr=by_random["upper"] - by_random["mean"],
            fmt="s", mfc="white", capsize=4, label="rooms random")
ax.plot([6, 6], [19, 19 + sed], color="black", linewidth=5, label="SED, both")
ax.set_xticks(places, by_random["diet"])
ax.set_xlabel("diet")
ax.set_ylabel("mean and 95 % interval (%)")
ax.legend(loc="upper left", bbox_to_anchor=(1, 1))
plt.show()
print(f"SED: rooms fixed {sed_fixed:.3f}, rooms random {sed:.3f} %")

# %% [markdown] notes="Expect 'the diets do not differ, the intervals overlap': reply 'put the black bar between A and B'.\nExpect 'always the long one, it is safe': reply 'the comparison of diets is the same in both'. Expect 'the short one, it is from the same data': reply 'for whose pigs?'" slideshow={"slide_type": "subslide"} tags=["discuss"]
# *Figure 1. Means of six diets with their 95 % intervals, rooms fixed (dots) and rooms random (squares). The black bar has the length of the SED, the same in both analyses.*
#
# You should have said: longer still, more than four times as long. Diet A had 15.8 to 19.4 %, and now has 10.2 to 25.0 %. The standard error grows from 0.894 to 2.191, because with rooms random a mean carries the luck of its rooms. And its df fall from 250 to 2.7. But the SED is 1.265 both times, since two diets were in the same rooms and shared their luck.
#
# **Discuss.** (1) An adviser asks what dry matter to expect with diet A. Which interval does he get? (2) He asks whether B is better than A. Which one now?
#
# <details><summary>Answers</summary>
# (1) With random rooms: he speaks of rooms in general, and three rooms know little of rooms in general. The short interval speaks of these three rooms only. (For one new room even the long one is too short: its variance is added, day 2.) (2) Neither. He needs the difference and its SED, which does not depend on the question whether rooms are fixed or random.
# </details>
#
# ***
#
# So, in a complete trial, with the variance between rooms estimated above zero, it makes no difference for a comparison of diets whether you call the rooms fixed or random. It makes a large one for whatever you say about a single mean.

# %% [markdown] minutes=6 notes="Board: MS_r = 90 s\u00b2 of the room means, so it expects 90\u03c3_b\u00b2 + \u03c3\u00b2. Then the formula, and ask: which of the two parts is the big one?\nExpect 'both, 540 is 540': reply 'how many rooms have you seen in each?'\nExpect '2.7 must be an error, df are whole numbers': reply 'how many pieces of information are two pieces, mixed with a few of better ones?'\nWith 50 minutes: run the cells, say 'three rooms are two pieces of information'." slideshow={"slide_type": "slide"}
# ## 5. Where do degrees of freedom come from?
#
# 2.7 degrees of freedom, where do they come from? A mean of a diet averages 3 rooms and 45 samples, so
#
# $$\mathrm{SE}^2 = \frac{\sigma_b^2}{3} + \frac{\sigma^2}{45}.$$
#
# A room mean averages 90 samples. Therefore the mean square of the rooms has the expectation $90\,\sigma_b^2 + \sigma^2$, as the blocks on day 2, where it was 18. We put $\hat\sigma_b^2 = (\mathrm{MS}_r - \mathrm{MS}_e)/90$ and $\hat\sigma^2 = \mathrm{MS}_e$ in:
#
# $$\mathrm{SE}^2 = \frac{\mathrm{MS}_r - \mathrm{MS}_e}{270} + \frac{6\,\mathrm{MS}_e}{270} = \frac{\mathrm{MS}_r + 5\,\mathrm{MS}_e}{270}.$$
#
# A sum of two mean squares, one on 2 df and one on 250. Satterthwaite's formula (day 2) gives the degrees of freedom of the sum:

# %% slideshow={"slide_type": "subslide"}
mean_squares = mm.anova(rooms_fixed)["mean_sq"]
ms_rooms = mean_squares["room"]
ms_error = mean_squares["Residual"]
part_error = 5 * ms_error
samples_of_diet = len(pigs) // 6
se_by_hand = np.sqrt((ms_rooms + part_error) / 270)
df_by_hand = (ms_rooms + part_error) ** 2 / (ms_rooms**2 / 2 + part_error**2 / 250)
print(f"{samples_of_diet} samples of a diet, {len(pigs) // 3} of a room")
print(f"MS of rooms {ms_rooms:.1f}, 5 × MS of error {part_error:.1f} (%²)")
print(f"SE {se_by_hand:.3f} %, df {df_by_hand:.3f}")
print(f"t for 95 %: {stats.t.ppf(0.975, df=df_by_hand):.2f}, "
      f"with many df {stats.norm.ppf(0.975):.2f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# The sum is mostly $\mathrm{MS}_r$, so it is hardly better known than $\mathrm{MS}_r$ is, and the df are near 2. In the sorghum trial the error was the larger part, and the df were near those of the error.
#
# **Predict.** For the next trial there is money for 540 samples. Take them from three rooms, twice as many in each, or from six rooms, as many in each as now. Which of the two makes the df of a mean rise?

# %% slideshow={"slide_type": "fragment"}
def mean_of_a_diet(n_rooms, samples_a_room):
    if n_rooms < 2:
        return np.nan, 0                          # one room says nothing about rooms
    n = n_rooms * samples_a_room
    rooms_part = samples_a_room * 12 + 36         # expected, with variances 12 and 36
    error_part = 5 * 36
    df_error = n - 18 - (n_rooms - 1)
    if df_error < 1:
        return np.nan, 0                          # nothing is left for the error
    df = ((rooms_part + error_part) ** 2
          / (rooms_part**2 / (n_rooms - 1) + error_part**2 / df_error))
    return np.sqrt((rooms_part + error_part) / n), df

for n_rooms, samples_a_room in [(3, 90), (3, 180), (6, 90)]:
    se_planned, df_planned = mean_of_a_diet(n_rooms, samples_a_room)
    print(f"{n_rooms} rooms, {n_rooms * samples_a_room} samples: "
          f"SE {se_planned:.2f} %, df {df_planned:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the six rooms. More samples from the same rooms even lower the df, from 2.70 to 2.34, because the well known part of the sum becomes smaller, and the SE hardly moves. Only rooms inform about rooms. (Try one room with all samples, `(1, 270)`: there is no SE, because 1 − 1 = 0 df.)
#
# Does it matter? Let us make the truth ourselves: many trials in three rooms with variances 12 and 36. For each the computer draws the two mean squares and the error of the mean, and we count how often mean ± t·SE catches the truth. (A mean square on $k$ df varies as its expectation times $\chi^2_k/k$.)

# %% slideshow={"slide_type": "-"}
n_trials = 20_000
rng = np.random.default_rng(seed=1)
error_of_mean = rng.normal(scale=np.sqrt(12 / 3 + 36 / 45), size=n_trials)
drawn_rooms = (90 * 12 + 36) * rng.chisquare(2, size=n_trials) / 2
drawn_error = 5 * 36 * rng.chisquare(250, size=n_trials) / 250
se_drawn = np.sqrt((drawn_rooms + drawn_error) / 270)
df_drawn = ((drawn_rooms + drawn_error) ** 2
            / (drawn_rooms**2 / 2 + drawn_error**2 / 250))
for name, df in [("many df", np.inf), ("250 df", 250), ("Satterthwaite", df_drawn)]:
    t_star = stats.t.ppf(0.975, df=df)
    caught = np.mean(np.abs(error_of_mean) < t_star * se_drawn)
    print(f"{name:14s} catches the truth in {100 * caught:.0f} of 100 trials")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With 250 df, or as if the variances were known, the interval that promises 95 of 100 catches the truth in 87 only. Satterthwaite's comes closer, with 92. It is an approximation: with three rooms the interval of a *mean* is not exact. (The comparison of diets is, on its 250 df.)
#
# In a complete trial with normal errors every F of this lesson is a ratio of two independent mean squares, and exact. (`mm.anova` finds this ratio for a mixed model, too, as long as no variance is estimated as zero.) In an unbalanced trial with random effects there is, as a rule, no such pair of mean squares, and the df become a matter of approximation. **Kenward and Roger's** method does two things. As a rule it makes the standard error a little larger, because $\mathrm{Var}(\hat{\boldsymbol\beta}) = (\mathbf X'\hat{\mathbf V}^{-1}\mathbf X)^{-1}$ acts as if $\hat{\mathbf V}$ were the truth. And it finds degrees of freedom, for several coefficients at once as well. `mm.anova`, `mm.emmeans` and `mm.contrast` use it unless you ask for another. In the clover trial, which is unbalanced, the methods differ:

# %% slideshow={"slide_type": "subslide"}
clover = mm.load("clover")
clover_fit = mm.lmm(
    "biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)",
    data=clover)
for method in ["kenward-roger", "satterthwaite", "z"]:
    row = mm.contrast(clover_fit, {"site_year[T.25AL]": 1}, df=method).iloc[0]
    print(f"{method:14s} SE {row['se']:.3f}, df {row['df']:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The last line, $z$, acts as if all variances were known. (Its df are infinite, `inf`.) What this does to p: section 9, and number 3 of section 13.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: who uses what
#
# Programs differ in what they print unless told otherwise, so two correct programs can print two p-values for one model. Say in a report which method you used.
#
# | program | tests of fixed effects, if you ask for nothing |
# |---|---|
# | R, lme4 | no df and no p-value at all |
# | R, lmerTest | Satterthwaite; `ddf="Kenward-Roger"` for the other |
# | R, emmeans | Kenward–Roger for fits of lme4, unless the data are large |
# | R, nlme | df counted from the grouping (inner and outer) |
# | SAS, proc mixed | containment: df counted from the random terms; `ddfm=kr` or `ddfm=satterth` |
# | Python, statsmodels | $z$, as if df were infinite |
# | mmteach | Kenward–Roger; `df="satterthwaite"` or `df="z"` |

# %% [markdown] minutes=7 notes="Return to the vote of the title: 270, 90 or 3? Let the class say which comparisons are made between pens and which inside them before the cell runs.\nExpect 'everything gets less significant': reply 'is a pen in the difference of two of its own days?' Right: F of diets falls, F of days rises.\nBoard: 250 = 82 + 168, and 252 = 2 + 82 + 168." slideshow={"slide_type": "slide"}
# ## 6. Break it: the pens again
#
# Now the doubt of section 1. A diet was given to a pen, and the pen was sampled on three days. If one pen tends to be drier than another, its three samples share that, so they are not three independent answers to the question of diets. Day 1 counted the pens, and day 3 had a name for the mistake of not doing so: *pseudoreplication*, repeated measurements of one experimental unit counted as if they were several units. The remedy is a term for the unit, `(1 | pen)`.
#
# **Predict.** In the trial of day 1 one of the two F values, of diets and of days, fell when the pens were added, and the other one rose. Which did what, and why? And how many df will the error of the diets have, now that there are rooms?

# %% slideshow={"slide_type": "fragment"}
with_pens = mm.lmm(
    "dry_matter_pct ~ diet * day + (1 | room) + (1 | pen)", data=pigs)
print(with_pens.varcomp[["group", "variance"]].round(3).to_string())
print(mm.anova(with_pens))

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: the F of diets falls, here from 4.773 to 3.429, and it now has 82 df; the F of days rises, from 10.71 to 13.25. The residual variance fell from 36.000 to 29.112, because the pens took 7.000 of it. Days profit from that: a pen cancels in the difference of two of its days. Diets do not, since two diets are in two different sets of pens.
#
# Why 82? The shell says it, when the units are written from large to small: `room/diet:rep` are the rooms, and inside them the pens.

# %% slideshow={"slide_type": "-"}
print(mm.anova_shell("diet*day", blocks="room/diet:rep", n=levels))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where did 252 go? Two are the rooms. 82 are the error of diets: 90 pens, less 1, less 2 for rooms, less 5 for diets. 168 are the error of days. Before, 250 pieces of information were in one bag; now each test takes from the bag of its own unit.
#
# Now the one comparison that the farm asked for, B with A. A mean of a diet averages 15 pens and 45 samples, so that the difference of two has the variance $2(\sigma_\text{pen}^2/15 + \sigma^2/45)$:

# %% slideshow={"slide_type": "subslide"}
variances = with_pens.varcomp.set_index("group")["variance"]
sed_pens = np.sqrt(2 * (variances["pen"] / 15 + variances["Residual"] / 45))
print(f"SED by hand, with pens: {sed_pens:.3f} %")
without = mm.contrasts(mm.emmeans(rooms_random, "diet"), "pairwise").iloc[0]
with_them = mm.contrasts(mm.emmeans(with_pens, "diet"), "pairwise").iloc[0]
conclusion = pd.DataFrame({"without pens": without, "with pens": with_them}).T
print(conclusion.to_string(float_format="{:.3f}".format))

# %% [markdown] notes="Expect 'the pens have hidden the effect': reply 'was it there? the estimate has not moved'. Expect 'so A and B are equal': reply 'look at the interval; is 4 % ruled out?'" slideshow={"slide_type": "fragment"}
# The difference A − B is the same, −4.079. But its SED grew from 1.265 to 1.492 and its df fell from 250 to 82, and so p rose from 0.018 to 0.080. (Both are adjusted for the 15 comparisons among six diets; section 10 says how.) A paper with the first analysis reports a difference; the second one does not.
#
# Which of the two is right? We let the computer make trials in which *no diet differs*, with pens as in our fit. A good test at the 5 % level should find a difference in 5 of 100 of them. (`simulate` gives a table with one trial in each column, and the loop goes through the columns.)

# %% slideshow={"slide_type": "subslide"}
no_diets = mm.lmm("dry_matter_pct ~ day + (1 | room) + (1 | pen)", data=pigs)
trials = no_diets.simulate(100, seed=1)
found_without, found_with = 0, 0
for trial in trials:
    new = pigs.assign(dry_matter_pct=trials[trial])
    samples = mm.lm("dry_matter_pct ~ diet * day + room", data=new)
    by_pen = new.groupby(["room", "diet", "pen"], observed=True)["dry_matter_pct"]
    pen_means = by_pen.mean().reset_index()
    pens = mm.lm("dry_matter_pct ~ diet + room", data=pen_means)
    found_without += mm.anova(samples).loc["diet", "p"] < 0.05
    found_with += mm.anova(pens).loc["diet", "p"] < 0.05
print("of 100 trials in which no diet differs, a difference was found in")
print(f"{found_without} without pens, {found_with} with one mean for each pen")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without pens the test finds what is not there, far more often than it promises (in many more trials it is about 16 of 100). So not p decides which analysis is right; the design does: **the error of a test is the variation between the units that received the treatment.**

# %% [markdown] minutes=6 notes="Draw the empty 2 \u00d7 2 card on the board and let the class fill it from day 4 before you show it.\nExpect 'REML is the better method, so always REML': reply 'better for a variance; what happened on day 4 when a column was multiplied by 10?'\nFor the count expect '5 of 100, that is what 5 % means': reply 'if the table is the right one; is 72 plots many?'" slideshow={"slide_type": "slide"}
# ## 7. Which likelihood for which test?
#
# There are two kinds of null hypotheses. *"All diets have the same mean"* is about the fixed part, and the F test is made for it. *"The pens do not differ"* is about a variance: it says $\sigma_\text{pen}^2 = 0$, and for that there is no row in the table of `mm.anova`.
#
# One tool serves both, the **likelihood-ratio test (LRT)**. Take two models, one of which is a special case of the other (*nested*), fitted to the same rows. By the same likelihood of the same data, the larger one never has the higher criterion, −2 log-likelihood. If the smaller one is true, and no parameter sits at the edge of what is possible, then in large samples the drop follows a $\chi^2$ distribution, with as many df as the larger model has parameters more. (A variance of zero *is* at the edge: section 8.) So a drop that is large for this distribution speaks against the smaller model.
#
# But which of the two criteria, ML or REML? Day 4 had the answer: REML criteria belong to the same data only when $\mathbf X$ is the same.
#
# | the two models differ in | by ML | by REML |
# |---|---|---|
# | the fixed part (are means equal?) | yes, when there are many groups and rows | **never** |
# | the random part (is a variance zero?) | possible | **yes**, with the same $\mathbf X$ |
#
# In all four fields: the same rows, the same response, one model nested in the other. (`rooms_fixed` and `rooms_random` are not nested, so `mm.compare` refuses to test them.) Take the sorghum trial of day 2, with genotypes and without.
#
# **Predict.** `mm.compare` looks at the two formulas. Will it use REML, as the models were fitted, or ML?

# %% slideshow={"slide_type": "fragment"}
sorghum = mm.load("sorghum")
one_mean = mm.lmm("yield_kg_ha ~ 1 + (1 | block)", data=sorghum)
genotypes = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=sorghum)
lrt = mm.compare(one_mean, genotypes, names=["one mean", "genotypes"])
print(lrt)
p_lrt = stats.chi2.sf(lrt.loc["genotypes", "chisq"], df=17)
p_f = mm.anova(genotypes).loc["genotype", "p"]
print(f"\np by the likelihood ratio: {p_lrt:.1e}, by F: {p_f:.1e}")
print(f"the second is {p_f / p_lrt:.0f} times the first")

# %% [markdown] notes="Two hands: how many should it be, and how many will it be?\nExpect 'as often, both are tests at 5 %': reply 'each with its own table; whose table is for 72 plots?'" slideshow={"slide_type": "subslide"}
# You should have said: ML, because the fixed parts differ; the note under the table says so. The drop is 72.31 for 17 more means.
#
# The F test agrees that genotypes differ, but its p-value is 75 times as large. Which of the two can be trusted? Once more we make trials in which we know the truth, here that *no genotype differs*.
#
# **Predict.** In how many of 100 such trials should the test at the 5 % level find a difference? Will the likelihood ratio find it more often, less often, or as often as that?

# %% slideshow={"slide_type": "fragment"}
one_mean_ml = one_mean.refit(reml=False)
genotypes_ml = genotypes.refit(reml=False)
even_trials = one_mean_ml.simulate(100, seed=1)
limit = stats.chi2.ppf(0.95, df=17)
found_by_lrt, found_by_f = 0, 0
for trial in even_trials:
    new_yield = even_trials[trial]
    small = one_mean_ml.refit(y=new_yield)
    large = genotypes_ml.refit(y=new_yield)
    found_by_lrt += small.criterion - large.criterion > limit
    by_reml = genotypes.refit(y=new_yield)
    found_by_f += mm.anova(by_reml).loc["genotype", "p"] < 0.05
print(f"of 100: likelihood ratio {found_by_lrt}, F {found_by_f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: 5, and more often. The likelihood ratio trusts a table for large samples; 72 plots for 18 means is not large, and ML has the smaller variances. F is near its promise (100 trials are not all trials, so 7 may well stand for 5). So for fixed effects prefer `mm.anova` with its F and its df. The LRT by ML is for comparisons that no F test makes, and for many groups.

# %% [markdown] minutes=8 notes="Say first what the estimate does when the truth is zero: half of the time it would like to be negative. Draw a bell at 0, cut the left half off, and pile it up at 0.\nExpect 'never exactly 0, it is a continuous quantity': reply 'what does REML do with a negative variance?' (day 4).\nExpect 'in nearly all, the truth is zero': reply 'does a coin thrown 100 times always show 50 heads?'\nExpect 'p = .08, so no interaction': reply 'look at the picture: which curve are the bars like?'" slideshow={"slide_type": "slide"}
# ## 8. Test a variance
#
# The clover trial of day 5: 35 entries, in two site-years with two blocks (`rep`) each, 23 entries in both years. (These data are synthetic, too.) Blocks, entries and the interaction of entry and site-year are random. Could one of the three be left out? `mm.ranova` leaves out each in turn and compares the REML criteria, for the fixed part stays:

# %% slideshow={"slide_type": "-"}
print(clover_fit.varcomp[["group", "variance"]].round(3).to_string())
print(mm.ranova(clover_fit).round(4).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first row, `<none>`, leaves nothing out. `loglik` is minus half of the criterion, and `chisq` says by how much the criterion rises when the term of the row is left out. (`aic`: day 7.)
#
# Read the second line: without `(1 | entry:site_year)` the criterion is 3.0039 higher, and $\chi^2$ with 1 df says p = 0.0831. But is $\chi^2_1$ the right yardstick? A variance cannot be negative, and zero, the value that we test, is the smallest value possible: it lies at the *boundary* (day 4).
#
# We make 200 trials in which entries have *no* interaction with site-years, and look at the drop in each.
#
# **Predict.** In how many of the 200 will the drop be zero: in none, in about half, in nearly all?

# %% slideshow={"slide_type": "fragment"}
no_interaction = mm.lmm(
    "biomass ~ site_year + (1 | rep) + (1 | entry)", data=clover)
clover_trials = no_interaction.simulate(200, seed=1)
drops = []
for trial in clover_trials:
    small = no_interaction.refit(y=clover_trials[trial])
    large = clover_fit.refit(y=clover_trials[trial])
    drops.append(small.criterion - large.criterion)
drops = np.array(drops)
drop_seen = no_interaction.criterion - clover_fit.criterion
print(f"drop of zero:       {np.sum(drops < 0.001)} of 200")
print(f"drop that we saw:   {drop_seen:.4f}")
print(f"drops that reach it: {np.sum(drops >= drop_seen)} of 200")

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: about half. When the true variance is zero, the data ask for a negative one in about half of all trials. REML then gives zero, the two models are the same, and the drop is zero. In the picture (`stairs` draws steps) are the 200 drops, what $\chi^2_1$ expects, and what a mixture expects: zero in half of the trials, and $\chi^2_1$ in the other half.

# %% slideshow={"slide_type": "-"}
edges = np.arange(0, 8.5, 0.5)
expected = 200 * np.diff(stats.chi2.cdf(edges, df=1))
mixture = expected / 2
mixture[0] = mixture[0] + 100                  # half of the trials have a drop of zero
fig, ax = plt.subplots(figsize=(8, 3.6))
ax.hist(np.maximum(drops, 0), bins=edges, color="lightgrey", label="200 trials")
ax.stairs(expected, edges, color="black", linestyle="--", label="chi-squared, 1 df")
ax.stairs(mixture, edges, color="black", linewidth=2,
          label="half zero, half chi-squared")
ax.axvline(drop_seen, color="black", linestyle=":", label="the drop that we saw")
ax.set_xlabel("drop of the REML criterion when the variance is added")
ax.set_ylabel("number of trials")
ax.legend()
plt.show()
reach = 200 * stats.chi2.sf(drop_seen, df=1)
print(f"drops as large as ours, of 200: {reach:.0f} by chi-squared, "
      f"{reach / 2:.0f} by the mixture")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. The drop of the criterion in 200 simulated trials without interaction (grey), and how many trials $\chi^2_1$ (broken steps) and the mixture (full steps) expect in each bin. The first bin holds the zeros.*
#
# The bars follow the mixture, and 6 of the 200 drops reach ours, where $\chi^2_1$ expects 17. So p from $\chi^2_1$ is about twice too large, and `boundary=True` halves it (a slope with its covariance has another mixture, and `mm.ranova` knows it):

# %% slideshow={"slide_type": "-"}
print(mm.ranova(clover_fit, boundary=True).round(4).to_string())
print()
pens_test = mm.ranova(with_pens, boundary=True)
print(pens_test.loc[["(1 | pen)"], ["chisq", "p"]].round(4).to_string())
pens_by_reml = mm.compare(rooms_random, with_pens, names=["without pens", "with pens"])
print(pens_by_reml[["minus2loglik", "chisq", "p"]])

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: $\chi^2_1$ for a variance.** It gives 0.0831 for the interaction, the mixture 0.0415. With the usual table a variance that is there is found less often.
#
# There are signs that entries differ in another way in the two site-years (p = 0.0415; section 9 has a second test), while the variances of entries (0.3064) and of blocks (0.1995) could be zero as far as these data tell. For the pens of section 6 the drop is 8.557, and p is 0.0034, or with the mixture 0.0017.
#
# "Half" is an approximation for many groups. With few groups and an error with many df, zero is more frequent than that, and the halved p is too large, as the next part shows. When the error has few df as well, the halved p can be too small (exercise 7). Where there is an exact F test, as is the rule in a complete trial, prefer it.

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: four blocks, and the same test by ML
#
# In the sorghum trial there is an exact test of the blocks, the F test of the twin on day 2, because the trial is complete:

# %% slideshow={"slide_type": "skip"}
f_of_blocks = mm.anova(
    mm.lm("yield_kg_ha ~ genotype + block", data=sorghum)).loc["block"]
print(f"exact, by F:      {f_of_blocks['p']:.3f}")
print(f"half chi-squared: {mm.ranova(genotypes, boundary=True)['p'].iloc[-1]:.3f}")
print(f"chi-squared:      {mm.ranova(genotypes)['p'].iloc[-1]:.3f}")
zero_with_4_blocks = stats.f.cdf(1, 3, 51)        # MS of blocks below MS of error
print(f"estimate of zero, if blocks do not differ: {zero_with_4_blocks:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# If blocks do not differ, their mean square lies below that of the error in 60 % of all trials, and the estimate is zero. So 0.058 is still too large, and 0.037 is right. An exact test, where there is one, is to be preferred to any likelihood ratio.
#
# A published analysis of the clover trial compared the models by ML, with Akaike's information criterion (AIC) and the Bayesian information criterion (BIC): the criterion and a price for each parameter, smaller is better (day 7). You get it when both fits are by ML; `mm.compare` alone would keep REML, since $\mathbf X$ is the same:

# %% slideshow={"slide_type": "skip"}
no_entries = mm.lmm(
    "biomass ~ site_year + (1 | rep) + (1 | entry:site_year)", data=clover)
by_ml = mm.compare(no_entries.refit(reml=False), clover_fit.refit(reml=False),
                   names=["no entries", "all"])
print(by_ml[["npar", "aic", "bic", "loglik", "chisq", "p"]])

# %% [markdown] slideshow={"slide_type": "skip"}
# AIC is 957.01 and 958.75, BIC 970.78 and 975.27; the smaller value is that of the model without entries both times. $\chi^2$ = 0.2648, p = 0.6069, close to the 0.2560 and 0.6129 by REML. For a variance REML is to be preferred, because ML makes variances too small on average.

# %% [markdown] minutes=4 notes="Write on the board: 2 site-years, 4 blocks, 58 combinations with an entry, 116 plots. 'How many times was a site-year tried?'\nExpect '56, it is in the table': reply 'is a second plot in the same block a second chance for the weather to be different?'\nExpect 'blocks are not significant, drop them': that is the slip; let it be said before you run the cell.\nExpect 'smaller, there are more terms': reply 'what did the pens do to the F of diets?' Expect 'the same': reply 'does a block count once, or once for each of its plots?'\nBoard: 2 df for blocks, 58 combinations, 56 df for plots; squared SE 15 = 6 from the variance of blocks + 9 from the rest (15.2 with Kenward and Roger's correction)." slideshow={"slide_type": "slide"}
# ## 9. Which error for the site-years?
#
# One question of the clover trial is left: do the two site-years differ? First everything fixed, with the terms in the order in which they are written (Type I: each row is tested after the rows above it):

# %% slideshow={"slide_type": "-"}
all_fixed = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", data=clover)
sequential = mm.anova(all_fixed, type=1)
print(sequential)
print(f"p of site_year: {sequential.loc['site_year', 'p']:.1e}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (Type II has no test of `site_year` here: once the four blocks are known, so is the site-year. The rows `rep` and `entry:site_year` are exact tests of two variances of section 8: p = 0.1233 and 0.0538, where half of $\chi^2_1$ said 0.1995 and 0.0415. For the interaction both tests keep their promise, but they use the data in different ways. Let no conclusion hang on the side of 0.05 on which a p falls.) The first row compares two site-years with the error of plots, on 56 df, and finds F = 28.38.
#
# **Predict.** In the mixed model blocks and interaction have variances of their own. Will its p-value for `site_year` be smaller, about the same, or larger?

# %% slideshow={"slide_type": "fragment"}
print("blocks, entries and interaction random")
print(mm.anova(clover_fit))
difference = mm.contrast(clover_fit, {"site_year[T.25AL]": 1}).iloc[0]
ms_blocks = sequential.loc["rep", "mean_sq"]
n_plots = clover["site_year"].value_counts()
part_blocks = ms_blocks / n_plots["24AL"] + ms_blocks / n_plots["25AL"]
print(n_plots.to_string())
print(f"squared SE of the difference {difference['se'] ** 2:.1f}, "
      f"MS of blocks divided by both numbers of plots, and added: {part_blocks:.1f}")
without_blocks = mm.lmm(
    "biomass ~ site_year + (1 | entry) + (1 | entry:site_year)", data=clover)
print("\nblocks left out")
print(mm.anova(without_blocks))

# %% [markdown] notes="Read the slip aloud, slowly; it is the most common one of the day.\nExpect 'nothing, p is below .05': reply 'how many years were drawn?' Expect 'the sample is too small': reply 'a sample of what? plots there are enough'." slideshow={"slide_type": "subslide"} tags=["discuss"]
# You should have said: larger, and by far: F = 8.8433 on 1 and 3.71 df, p = 0.045. A site-year is tried by its four blocks, two in each, on 2 df, and by its 58 combinations with an entry. The squared SE of the difference is 15.2. Of this the mean square of the blocks alone makes about 310.5/56 + 310.5/60 = 10.7, for the site-years have 56 and 60 plots. So the df are near its 2, and far from 56: Kenward and Roger's method finds 3.71. 56 df come from pairs of plots that share a site-year and an entry. They tell how plots differ, and nothing about how blocks do.
#
# > **Common slip: "p > .05, so I drop the blocks".** Section 8 gave p = 0.1995 for their variance. Leave them out, and the site-years have 30.4 df and p = 0.0007. Not finding a variance is no proof that it is zero. What was part of the *design*, here the blocks, stays in the model, because it says which units may be compared.
#
# **Discuss.** Somebody writes: "the yield differs between years (p = 0.045)". What is wrong with that, even though the test is right?
#
# <details><summary>Answer</summary>
# There are two site-years, and this test says that <em>these two</em> differ. How much years differ in general is a variance, and two site-years give one df for it: a number, but hardly information (day 4). Besides, whatever else differed between the two trials goes with the year. Write: 24AL and 25AL differ. (And the first F, on 56 df? In trials simulated with the variances of our fit and without any difference of the site-years, it finds one in more than a fifth of them.)
# </details>

# %% [markdown] minutes=5 notes="Ask for the count by chance first: 153 times 0.05. Then the table.\nExpect 'none, for none differs': reply 'what does a test at 5 % do when there is nothing to find?' Expect '59 differences, good': reply 'how many would you have found if no genotype differed?' Expect 'Bonferroni, the safest': reply 'safe against what? look at what it no longer finds'." slideshow={"slide_type": "slide"}
# ## 10. Compare many means
#
# Eighteen sorghum genotypes make 153 pairs. Each pair can be tested with its SED and its df.
#
# **Predict.** Suppose that no genotype differs from another. How many of the 153 tests would you expect to fall below 0.05?
#
# We compare all pairs by four rules. `adjust` chooses the rule:

# %% slideshow={"slide_type": "fragment"}
means = mm.emmeans(genotypes, "genotype")
rules = ["none", "tukey", "holm", "bonferroni"]
below = pd.Series(0, index=rules)
for rule in rules:
    pairs = mm.contrasts(means, "pairwise", adjust=rule)
    below[rule] = np.sum(pairs["p"] < 0.05)
print(f"{len(pairs)} pairs; by chance alone {0.05 * len(pairs):.1f}")
print("pairs with p below 0.05:")
print(below.to_string())

# %% [markdown] notes="Three rules, one sentence each; then Dunnett.\nExpect 'four again, the means are the same': reply 'and the SED?' Expect 'none': reply 'which difference was the largest?'" slideshow={"slide_type": "subslide"}
# You should have said: about 8. So if no genotype differed, a list of "differences" would come out all the same. Here genotypes do differ (F), so fewer than 8 false ones are to be expected among the 59; how many there are, and which, we cannot tell. The other three rules promise more: if no genotype differs, there is *any* false finding in at most 5 of 100 trials.
#
# - **Bonferroni** multiplies each p-value by 153. It is simple, it holds always, and it is strict.
# - **Holm** does the same, step by step: the smallest p times 153, the next one times one less, and so on. It promises the same and never finds less.
# - **Tukey** asks how far apart the highest and the lowest of 18 means would lie by chance. It is made for *all pairs*, and is the usual choice for them.
#
# Often not all pairs are asked for. In the feeding trial diet A is the control, and the question is which additive differs from it: five comparisons, and **Dunnett's** rule is made for them. (`"trt.vs.ctrl"`: treatments against a control, the first level. It takes Dunnett's p from an approximation, as R does; `adjust="dunnett"` computes it.)
#
# **Predict.** Without pens four of the five fall below 0.05. How many will be left with the pens in the model?

# %% slideshow={"slide_type": "fragment"}
against_a = pd.DataFrame()
for name, fit in [("p without pens", rooms_random), ("p with pens", with_pens)]:
    comparisons = mm.contrasts(mm.emmeans(fit, "diet"), "trt.vs.ctrl")
    against_a["contrast"] = comparisons["contrast"]
    against_a["difference"] = comparisons["estimate"]
    against_a[name] = comparisons["p"]
print(against_a.round(4).to_string(index=False))

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: fewer. One is left, B − A with p = 0.0334. (Tukey gave 0.080 for the same pair, because it had 15 comparisons to pay for and Dunnett's rule has 5. Choose the family of comparisons when you plan the trial, and not when you see which rule gives the smaller p.)

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: two days of one diet
#
# > **Common slip: the SE of a mean in a comparison.** Two days of one diet share their rooms and pens. Whoever judges their difference by $\sqrt 2$ times the SE of one of the two means uses an error that cancels in the difference. Ask for the contrast, and the model finds its own SED:

# %% slideshow={"slide_type": "skip"}
days_of_a = mm.emmeans(with_pens, ["diet", "day"], at={"diet": ["A"]})
two_days = mm.contrasts(days_of_a, "pairwise", adjust="none").iloc[0]
by_slip = np.sqrt(2) * days_of_a["se"].iloc[0]
sed_two_days = np.sqrt(2 * variances["Residual"] / 15)
print(f"two days of A, root of 2 times the SE of a mean: {by_slip:.2f} %")
print(f"SED by the contrast {two_days['se']:.2f}, by hand {sed_two_days:.2f} %")

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: means that cannot be estimated
#
# In the clover trial 12 entries were grown in one site-year only. What is the mean of such an entry over both? The model with entries, years and their interaction fixed has no answer, and says so:

# %% slideshow={"slide_type": "skip"}
with_interaction = mm.emmeans(all_fixed, "entry")
print(with_interaction.head(4).round(2).to_string())
n_without_mean = with_interaction["mean"].isna().sum()
print(f"no mean for {n_without_mean} of {len(with_interaction)} entries")
additive = mm.lm("biomass ~ site_year + rep + entry", data=clover)
without_it = mm.emmeans(additive, "entry").set_index("entry")
print(f"C03 without interaction: {without_it.loc['C03', 'mean']:.1f}")
print(clover[clover["entry"] == "C03"].to_string())

# %% [markdown] slideshow={"slide_type": "skip"}
# The mean of C03 over both years would need its value in 24AL, where it was never grown, and with an interaction that can be anything: the mean is *not estimable*. The additive model gives 38.7, above both plots of C03. It adds half of the difference between the years, in the belief that C03 would have gained from the better year as much as the others did. This is a belief, and the interaction of section 8 speaks against it. With entries random (day 5) a third answer is possible: the model predicts what was not seen, and shrinks it.

# %% [markdown] minutes=0.5 notes="One sentence: a variance from four blocks has a long interval, and a symmetric one is wrong. The rest is for readers." slideshow={"slide_type": "slide"}
# ## 11. For reading: intervals for variances
#
# How sure is a variance? A test of zero is a weak answer; an interval says more.

# %% [markdown] notes="Expect 'both, p was above .05': reply 'how could an interval on the logarithm reach zero?'" slideshow={"slide_type": "skip"}
# Estimate ± 1.96 standard errors is a poor interval for a standard deviation, because with few groups the likelihood is far from symmetric. `mm.confint` offers two ways. `"wald"` takes estimate ± 1.96 SE on the logarithm of the standard deviation. `"profile"` asks the likelihood itself: it keeps all values at which the criterion, with all other parameters at their best for it, is less than 3.84 above its lowest point, the 95 % point of $\chi^2_1$. (It does so by ML, as in R.)
#
# **Predict.** For the standard deviation between blocks of the sorghum trial: which of the two intervals holds zero?

# %% slideshow={"slide_type": "skip"}
print(f"95 % point of chi-squared, 1 df: {stats.chi2.ppf(0.95, df=1):.2f}")
for way in ["wald", "profile"]:
    interval = mm.confint(genotypes, way, parameters="random")
    print(way)
    print(interval.round(1).to_string())


# %% [markdown] slideshow={"slide_type": "skip"}
# You should have said: the profile. It goes from 0 to 135.9 kg/ha, around the ML estimate of 46.7. Wald's goes from 16.3 to 178.3 around 53.9 and excludes zero by its construction, not by evidence, since no logarithm reaches zero. Both upper ends are about three times the estimate, and the lower one may be zero: four blocks say little about how blocks differ. The residual standard deviation is known much better, from 118 to 166 kg/ha.

# %% [markdown] minutes=2 notes="Who had all four? Return to the votes of the title: 90 decides for diets, 270 nearly for days, 3 for a mean over rooms in general." slideshow={"slide_type": "slide"}
# ## 12. Wrap up
#
# Your guesses beside the results:

# %% slideshow={"slide_type": "-"}
def direction(new, old):
    if np.isclose(new, old):
        return "same"
    return "larger" if new > old else "smaller"

df_of_diets = mm.anova(with_pens).loc["diet", "den_df"]
wrap_up = pd.DataFrame(index=list(my_guess))
wrap_up["my guess"] = [str(guess) for guess in my_guess.values()]
wrap_up["result"] = [
    direction(by_random["se"].iloc[0], by_fixed["se"].iloc[0]),
    direction(sed, sed_fixed),
    direction(sed_pens, sed),
    round(df_of_diets),
]
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: larger, the same, larger, and 82. And which of 270, 90 and 3 decides? For diets the 90 pens, for days the samples inside pens, and for a mean over rooms in general the 3 rooms.
#
# **To take away**
#
# 1. Write the shell first. The error of a test is the variation between the units that received the treatment, and its df come from these units.
# 2. For means, F with Kenward and Roger's df; likelihood ratios of fixed parts only by ML, of variances by REML with the same $\mathbf X$, and there p is about half of what $\chi^2_1$ says.
# 3. What belongs to the design stays in the model, whatever its p-value. Say before the trial which comparisons you will make.

# %% [markdown] minutes=0.5 notes="Homework. Number 4 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 13. On your own
#
# 1. **Do.** Compute by hand the SED of two days (averaged over diets) from the variances of `with_pens`, and compare it with `mm.contrasts(mm.emmeans(with_pens, "day"), "pairwise")`. Which variances are in it?
# 2. **Explain.** To a fellow student, in three sentences: why does the F of diets fall when pens are added, and the F of days rise?
# 3. **Change one knob.** In section 9 ask for `mm.anova(clover_fit, df="z")`. What happens to p, and what does this method believe?
# 4. **Transfer.** The trial of day 1, `mm.load("pigs_crd")`, has pens as well and no rooms. Compare its diets with A by Dunnett's rule, without pens (`mm.lm`) and with them. How many of the five are below 0.05?
#
# <details><summary>Answers</summary>
# <ol>
# <li>√(2 · 29.112/90) = 0.804 %. Only the residual variance is in it: a day mean averages all 90 pens and all rooms, so pens and rooms cancel in the difference.</li>
# <li>Diets are given to pens, so the error of their difference holds the variance between pens, which the first analysis had divided as if each sample were a pen. Days are compared inside pens, so the pens cancel, and what is left for their error, 29.112, is less than 36.000. The error of each test must be the variation of its own unit.</li>
# <li>p falls from 0.0450 to 0.0028. It believes that the variances are known exactly, as if there were infinitely many blocks and entries.</li>
# <li>One, B − A, in both analyses, so here the conclusion stays. But p rises from 0.0029 to 0.0183, because the SED grows from 1.476 to 1.734 and the df fall from 252 to 84.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day6_exercises](exercises/day6_exercises.ipynb). And for a whole analysis with your own hands, balanced and unbalanced, everything fixed and mixed, with means, analysis of variance, BLUPs and likelihood ratios: sections 2, 6 and 7 of [day5_exercises](exercises/day5_exercises.ipynb). You now know all the tests in it.

# %% [markdown] minutes=0.5 notes="Point to the exercises; ask for the method and the df in every report from now on." slideshow={"slide_type": "slide"}
# ## 14. In practice and further reading
#
# In practice you write few lines. The tests of this lesson in four programs:
#
# ```
# mmteach      fit = mm.lmm("y ~ diet * day + (1 | room) + (1 | pen)", data=pigs)
#              mm.anova(fit); mm.contrasts(mm.emmeans(fit, "diet"), "trt.vs.ctrl")
#              mm.ranova(fit, boundary=True)
# R            fit <- lmer(y ~ diet * day + (1 | room) + (1 | pen), data = pigs)
#              anova(fit, type = 2, ddf = "Kenward-Roger"); ranova(fit)   # lmerTest; p not halved
#              contrast(emmeans(fit, "diet"), "trt.vs.ctrl")              # emmeans
# SAS          proc mixed; class room pen diet day; model y = diet|day / ddfm=kr;
#              random room pen; lsmeans diet / diff=control("A") adjust=dunnett; run;
# statsmodels  .fit() prints z tests; .fit(reml=False).llf is for likelihood ratios
# ```
#
# **What to report.** The units of each treatment; the model as a formula; F with both df and the method; differences with their SED or interval, and the rule for many comparisons; the variances, tested or not.
#
# **Next:** [day7_checking_and_choosing](day7_checking_and_choosing.ipynb), which asks whether the model itself may be believed.
#
# ### Further reading
#
# - Satterthwaite (1946), *An approximate distribution of estimates of variance components*, Biometrics Bulletin 2, 110–114.
# - Kenward and Roger (1997), *Small sample inference for fixed effects from restricted maximum likelihood*, Biometrics 53, 983–997.
# - Self and Liang (1987), Journal of the American Statistical Association 82, 605–610, and Stram and Lee (1994), Biometrics 50, 1171–1177: tests at the boundary.
# - Hurlbert (1984), *Pseudoreplication and the design of ecological field experiments*, Ecological Monographs 54, 187–211.
# - Lenth (2016), *Least-squares means: the R package lsmeans*, Journal of Statistical Software 69(1): estimated marginal means.
