# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Show the left half first: 35 lines of clover, and the one that looks second best falls to tenth.\nAsk why before anybody reads on. The lesson answers." slideshow={"slide_type": "slide"}
# # Predict random effects and promote the right line
#
# ![Two pictures of 35 clover entries. Left: lines lead from the rank by raw mean to the rank by BLUP; entries seen in one year are dashed, and several of them cross many others. Right: the BLUPs in order, each with an interval; the intervals are wide and all contain zero.](figures/day5_blups.png)
#
# *A clover trial. Left: the rank of each entry by its raw mean and by its BLUP; dashed lines are entries seen in one year only. Right: the BLUPs with their intervals. This notebook computes both halves, and says which entries you should promote.*

# %% [markdown] notes="Read the four abilities aloud. The word 'predict' will need an explanation: promise one for section 6." slideshow={"slide_type": "subslide"}
# **What you do.** You predict the effects of blocks, schools, clover entries, drivers and plants. You solve the equations behind the predictions by hand, watch the predictions shrink, and take a decision that shrinkage changes.
#
# **What you can do afterwards**
#
# - tell an estimate of a fixed effect (BLUE) from a prediction of a random one (BLUP);
# - set up Henderson's equations with numpy and solve them;
# - compute by which factor a BLUP shrinks, in balanced and in unbalanced data;
# - choose among entries with unequal information, and say how sure the choice is.
#
# **What you need.** `day2_rcbd_mixed` for $\mathbf X, \mathbf Z, \mathbf G, \mathbf R, \mathbf V$; REML (day 4) may stay a black box. In class: 60 minutes.

# %% [markdown] minutes=2 notes="Say clearly that the clover data are synthetic, and why.\nThe other four sets are real or have served before." slideshow={"slide_type": "slide"}
# ## 1. Set up the trial
#
# The main data are biomasses of crimson clover: 35 entries (varieties and breeding lines) in two site-years, 24AL and 25AL, with two complete blocks in each.
#
# **These clover data are synthetic.** The plot values of the real trial are not public. Ours were built to reproduce its published summary statistics: the analysis of variance, the REML fit and the means of the first ten entries. They show what the analysis does. They say nothing about any variety.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from ipywidgets import FloatSlider, interact
from scipy.stats import gaussian_kde, norm

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
clover, sorghum, schools = mm.load("clover"), mm.load("sorghum"), mm.load("schools")
plt.rcParams.update(plots.STYLE)
grown = clover.groupby("entry", observed=True).site_year.unique().map(lambda s: " and ".join(s))
print(f"{len(clover)} plots, {len(grown)} entries;", grown.value_counts().to_dict())

# %% [markdown] minutes=2 notes="One minute of memory: what were the four numbers of the sorghum blocks, and what happened to them?\nWrite 0.671 on the board and leave it there." slideshow={"slide_type": "slide"}
# ## 2. Recall: four blocks that shrank
#
# On day 2 the blocks of the sorghum trial became random. Each was measured some way off the average block, and the model believed in a part of that only:

# %% slideshow={"slide_type": "-"}
sorghum_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", sorghum)
blocks = mm.shrinkage(sorghum_fit).set_index("level")
measured, blup = blocks.no_pooling - blocks.complete, blocks.partial - blocks.complete
print(pd.DataFrame({"measured": measured, "BLUP": blup, "kept": blup / measured}).round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# R1 was measured 90.18 kg/ha above the average block; its BLUP is 60.52. All four keep the same part, 0.671 of what was measured.
#
# **Check.** What part would a block keep if the plots of the trial had no error at all?
#
# <details><summary>Answer</summary>
# All of it. The part that is taken away is the part that error alone could have made.
# </details>

# %% [markdown] minutes=3 notes="Everybody types two names. No discussion yet.\nCollect by hands: who has C10? It is usually a large majority." slideshow={"slide_type": "slide"}
# ## 3. Commit to a choice
#
# You are the breeder. Two entries may go to next year's trial. Here are the eight with the largest raw means:

# %% slideshow={"slide_type": "-"}
entries = clover.groupby("entry", observed=True).agg(
    raw=("biomass", "mean"), plots=("biomass", "size"), years=("site_year", "nunique"))
print(entries.assign(grown=grown).nlargest(8, "raw").round(1))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Type your two over ours before you read on:

# %% slideshow={"slide_type": "-"}
promote = ["C11", "C10"]
print(f"I promote {' and '.join(promote)}; their raw means are", *entries.raw[promote].round(1))

# %% [markdown] minutes=2 notes="Let them find an entry with circles only, and one with squares only.\nAsk: which of the two years was the better one? Who was lucky to be there?" slideshow={"slide_type": "slide"}
# ## 4. Look at the data
#
# Every plot, the entries ordered by their mean. **Predict:** do entries of one year land at one end of the picture?

# %% slideshow={"slide_type": "subslide"}
reading = plots.show_points(clover.biomass, clover.entry, clover.site_year, sort=True, unit="biomass")
plt.gca().tick_params(axis="x", rotation=90)
plt.show()
print(reading)
print(clover.groupby("site_year", observed=True).biomass.agg(["mean", "std", "size"]).round(2))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Biomass of each plot by entry; circles are 24AL, squares 25AL, the bars are raw means. The unit of biomass was not stated in the printed analysis.* 24AL was the better year. An entry that stood in 25AL alone begins with a handicap, and most of them are at the left. An entry with two plots also has a less certain mean than one with four. The raw mean ignores both.

# %% [markdown] minutes=5 notes="First the fixed analysis: let NA stand on the screen and ask for the reason.\nThen the mixed one: read the variances from the largest to the smallest." slideshow={"slide_type": "slide"}
# ## 5. Fit first
#
# First everything fixed: site-year, blocks, entries and their interaction. We ask for the estimated marginal means of the entries, that is, their means over both site-years:

# %% slideshow={"slide_type": "subslide"}
fixed = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", clover)
marginal = mm.emmeans(fixed, "entry").set_index("entry")
entries["emmean"] = marginal["mean"]
print(entries.head(10).round(1))
print(f"not estimable: {entries.emmean.isna().sum()} of {len(entries)}, each grown in",
      *entries.years[entries.emmean.isna()].unique(), "year")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Twelve entries get NA. C10 was never grown in 25AL. With a separate number for every entry in every year, the data hold no information at all on C10 in 25AL, so there is no mean over both years to report. Where a marginal mean exists, it equals the raw mean, because entry, year and block are balanced among these entries.
#
# Now the blocks, the entries and the interaction become random draws:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", clover)
print(fit.summary())
correlation = fit.cov_beta.iloc[0, 1] / fit.se.prod()
print(f"Correlation of the two fixed effects {correlation:.3f}; variances",
      *[f"{row.group} {row.variance:.3f}" for row in fit.varcomp.itertuples()], sep="; ")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The average entry is expected at 50.027 in 24AL and 11.592 lower in 25AL. Around that, entries vary over both years with a standard deviation of 4.163. In a given year they depart from their own average with 7.677, and plots add 11.957. No entry has a row of its own: 35 entries are described by one variance.
#
# **Check.** Which matters more here: that entries differ, or that their order changes with the year?
#
# <details><summary>Answer</summary>
# That the order changes. The interaction variance, 58.935, is more than three times the variance of entries, 17.335.
# </details>

# %% [markdown] minutes=4 notes="The row on 'unbiased' is the one they get wrong. Take time for it.\nA BLUP is biased for the single good entry, and that is its purpose." slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 6. Tell BLUE from BLUP
#
# | | BLUE | BLUP |
# |---|---|---|
# | is about | a fixed number, $\boldsymbol\beta$ | a draw of a random variable, $\mathbf u$ |
# | we say | estimate | predict |
# | formula | $\hat{\boldsymbol\beta} = (\mathbf X'\mathbf V^{-1}\mathbf X)^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$ | $\hat{\mathbf u} = \mathbf G\mathbf Z'\mathbf V^{-1}(\mathbf y - \mathbf X\hat{\boldsymbol\beta})$ |
# | *linear* | in $\mathbf y$ | in $\mathbf y$ |
# | *best* | smallest variance of $\hat{\boldsymbol\beta}$ | smallest variance of $\hat{\mathbf u} - \mathbf u$ |
# | *unbiased* | $E(\hat{\boldsymbol\beta}) = \boldsymbol\beta$ | $E(\hat{\mathbf u}) = E(\mathbf u) = \mathbf 0$ |
# | a level without data | no answer | 0, with the full variance |
#
# Both need $\mathbf G$ and $\mathbf R$. We put the REML estimates there; strictly, the results are then *empirical* BLUEs and BLUPs.
#
# **Discuss.** "BLUPs are unbiased, so the BLUP of C10 is right on average." On average over what?
#
# <details><summary>Answer</summary>
# Over all entries that might have been drawn, not over repeated trials with C10. If C10 is truly excellent, repeated trials would give BLUPs that lie too low on average. In return the errors are smaller over the whole population of entries, and nobody knows beforehand who is truly excellent.
# </details>

# %% [markdown] minutes=8 notes="Write the two penalised sums on the board and differentiate: it is two lines.\nThen fill the 4 by 4 matrix with the class: how many students in a school, how many in all?" slideshow={"slide_type": "slide"}
# ## 7. Solve Henderson's equations by hand
#
# $\mathbf V$ has a row for every plot and must be inverted. Henderson found a way around. Choose $\boldsymbol\beta$ and $\mathbf u$ together, so that the residuals are small *and* the random effects are no larger than their variance makes likely:
#
# $$(\mathbf y - \mathbf X\boldsymbol\beta - \mathbf Z\mathbf u)'\mathbf R^{-1}(\mathbf y - \mathbf X\boldsymbol\beta - \mathbf Z\mathbf u) + \mathbf u'\mathbf G^{-1}\mathbf u \;\to\; \min$$
#
# Set the derivatives by $\boldsymbol\beta$ and by $\mathbf u$ to zero:
#
# $$\begin{bmatrix} \mathbf X'\mathbf R^{-1}\mathbf X & \mathbf X'\mathbf R^{-1}\mathbf Z \\ \mathbf Z'\mathbf R^{-1}\mathbf X & \mathbf Z'\mathbf R^{-1}\mathbf Z + \mathbf G^{-1} \end{bmatrix} \begin{bmatrix} \hat{\boldsymbol\beta} \\ \hat{\mathbf u} \end{bmatrix} = \begin{bmatrix} \mathbf X'\mathbf R^{-1}\mathbf y \\ \mathbf Z'\mathbf R^{-1}\mathbf y \end{bmatrix}$$
#
# There is one equation for each effect, however many plots there are. Our small case is the three schools with four students each. **Predict** the first row, after multiplication by $\sigma^2$: how many students stand behind the mean, how many behind each school?

# %% slideshow={"slide_type": "subslide"}
school_fit = mm.lmm("score ~ 1 + (1 | school)", schools)
sigma2_u, sigma2 = school_fit.varcomp.variance
y, X, Z = schools.score.to_numpy(), np.ones((12, 1)), mm.build_Z(schools.school)
left = np.block([[X.T @ X, X.T @ Z], [Z.T @ X, Z.T @ Z]]) / sigma2   # R is sigma² times identity
left[1:, 1:] += np.eye(3) / sigma2_u                                 # and G is sigma_u² times it
right = np.concatenate([X.T @ y, Z.T @ y]) / sigma2
names = ["mean", "S1", "S2", "S3"]
print(pd.DataFrame(left * sigma2, names, names).assign(right=right * sigma2).round(3))
print(f"sigma_u² {sigma2_u:.1f}, sigma² {sigma2:.1f}, lambda = sigma²/sigma_u² {sigma2 / sigma2_u:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Twelve students in all, four in each school. On the right stand the sums of their scores. The only trace of "random" is $\lambda = \sigma^2/\sigma_u^2 = 1.407$, added to the diagonal of the schools. Now solve, and compare with the two formulas of section 6 and with the library. **Predict:** in which digit will they differ?

# %% slideshow={"slide_type": "subslide"}
by_hand = np.linalg.solve(left, right)
V = mm.build_V_cs(sigma2_u, sigma2, schools.school)
gls = mm.gls(X, y, V)
u = sigma2_u * Z.T @ np.linalg.solve(V, gls.residuals)
routes = pd.DataFrame({"Henderson by hand": by_hand, "GLS and GZ'V⁻¹r": [*gls.beta, *u],
                       "mm.henderson": mm.henderson(school_fit).solution.to_numpy()}, index=names)
print(routes.round(6))
print("largest difference below 1e-9:", (np.ptp(routes, axis=1) < 1e-9).all())

# %% [markdown] slideshow={"slide_type": "fragment"}
# One solution by three routes: a mean of 54.46 points, and the schools 0.84 below, 7.06 above and 6.22 below it. The inverse of the left side is worth as much as the solution: it holds the variances of $\hat{\boldsymbol\beta}$ and of the prediction errors $\hat{\mathbf u} - \mathbf u$. And what does $\mathbf G^{-1}$ do? **Predict** what happens when we leave it out, then run:

# %% slideshow={"slide_type": "subslide"}
errors = np.sqrt(np.diag(np.linalg.inv(left)))
print(f"SE of the mean {errors[0]:.2f}, by GLS {np.sqrt(gls.cov_beta[0, 0]):.2f}; "
      f"SD of a prediction error {errors[1]:.2f}")
without = left - np.diag([0, 1, 1, 1]) / sigma2_u
print("rank with G⁻¹:", np.linalg.matrix_rank(left), "of 4; without:", np.linalg.matrix_rank(without))


# %% [markdown] slideshow={"slide_type": "fragment"}
# Without $\mathbf G^{-1}$ four columns ask for four numbers while the three school means offer three. These are the equations of fixed effects, and they need a reference level. $\mathbf G^{-1}$ makes them solvable: it pulls every school a little towards zero.
#
# **Check.** Multiply the second row of the equations out. What does it say about the effect of S1?
#
# <details><summary>Answer</summary>
# 4 × mean + (4 + λ) × effect = sum of the four scores of S1. So the effect is 4/(4 + λ) times the distance of the school's mean from the overall mean.
# </details>

# %% [markdown] minutes=5 notes="The check before this section is the derivation for r = 4: let somebody repeat it with r.\nBoth slips come from printed lecture notes and from many textbooks in a hurry." slideshow={"slide_type": "slide"}
# ## 8. Find the factor
#
# The row of any group with $r$ observations says the same. In a model with one random term,
#
# $$\hat u_j = \frac{r}{r + \lambda}\,(\bar y_j - \hat\mu) = \frac{r\,\sigma_u^2}{r\,\sigma_u^2 + \sigma^2}\,(\bar y_j - \hat\mu), \qquad \lambda = \frac{\sigma^2}{\sigma_u^2}.$$
#
# The factor is the variance of the true effects as a share of the variance of the measured ones, $\sigma_u^2 + \sigma^2/r$. **Predict:** how many different factors do the sorghum blocks have, with 18 plots each, and how many if four plots of R4 are lost?

# %% slideshow={"slide_type": "subslide"}
def kept(r, ratio):
    return r * ratio / (r * ratio + 1)   # ratio = sigma_u²/sigma² = 1/lambda

ratio = sorghum_fit.varcomp.variance[0] / sorghum_fit.sigma2
print(f"lambda {1 / ratio:.2f}; 1/(1 + lambda) {1 / (1 + 1 / ratio):.3f}; "
      f"1/(1 + lambda/18) {1 / (1 + 1 / ratio / 18):.3f}; by the formula {kept(18, ratio):.3f}")
print("all plots:", *blocks.weight.round(3))
fewer = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", sorghum.iloc[:-4])
print("four lost:", *mm.shrinkage(fewer).weight.round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: "in balanced data the BLUP equals the BLUE".** It does not. Balanced BLUPs shrink too, *all by the same factor*, 0.671 for the sorghum blocks. What balance preserves is the order. Unequal factors need unequal numbers of plots, as in the last row of the output.
#
# > **Common slip: BLUP = BLUE/(1 + λ), whatever the number of plots.** That is the factor for *one* observation a group. With $r$ observations it is $1/(1 + \lambda/r)$. For a sorghum block the short form would keep 0.102 of the measured deviation instead of 0.671.

# %% [markdown] minutes=4 notes="This is where heritability and shrinkage turn out to be one number.\nBreeders in the room will have met it as H\u00b2 on an entry-mean basis." slideshow={"slide_type": "slide"}
# ## 9. Shrink unequally: clover
#
# Clover has more than one random term. The mean of an entry carries its own effect, the interactions of its years and the errors of its plots. The factor is still the share of the first part:
#
# $$\text{kept} = \frac{\sigma_g^2}{\sigma_g^2 + \sigma_{gy}^2/\text{years} + \sigma^2/\text{plots}}$$
#
# Breeders call such a ratio the heritability of an entry mean: here it has no pedigree behind it, so we call it heritability-like. The deviation to be shrunk is the raw mean minus what the fixed effects expect of the years in which the entry stood. **Predict:** how many different factors will there be?

# %% slideshow={"slide_type": "subslide"}
entries["expected"] = fit.predict(groups="population").groupby(clover.entry, observed=True).mean()
entries["deviation"] = entries.raw - entries.expected
entries["BLUP"] = fit.ranef().query("group == 'entry'").set_index("level").estimate
entries["kept"] = entries.BLUP / entries.deviation
print(entries.drop(columns="emmean").head(10).round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now the formula, beside the factors found and beside the weight of a model with one term:

# %% slideshow={"slide_type": "subslide"}
v = fit.varcomp.set_index("group").variance
for years, group in entries.groupby("years"):
    plots_each = 2 * years
    share = v["entry"] / (v["entry"] + v["entry:site_year"] / years + v["Residual"] / plots_each)
    print(f"{plots_each} plots in {years} year(s): {len(group)} entries keep {group.kept.min():.3f} to "
          f"{group.kept.max():.3f}; formula {share:.3f}; "
          f"one-term formula {kept(plots_each, v['entry'] / v['Residual']):.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two factors, 0.210 and 0.117. Both are small. Four plots in two years tell little about an entry as long as years change the order so much.
#
# > **Common slip: the one-term formula in a model with several terms.** $r\sigma_g^2/(r\sigma_g^2 + \sigma^2)$ would keep 0.327 and 0.195. It forgets that the interaction, too, moves the mean of an entry. `mm.shrinkage` reports this weight, the one *within* a term; look at all the terms together before you quote it.

# %% slideshow={"slide_type": "subslide"}
fig, ax = plt.subplots(figsize=(6, 3.8))
for years, marker, fill in ((2, "o", plots.BLUE), (1, "s", "white")):
    some = entries[entries.years == years]
    ax.plot(some.deviation, some.BLUP, marker, color=plots.BLUE, mfc=fill, label=f"{years} year(s)")
ax.plot([-12, 12], [-12, 12], ":", color=plots.INK, label="no shrinkage")
ax.axhline(0, color=plots.GREY)
ax.set(xlabel="deviation of the raw mean", ylabel="BLUP", ylim=(-12, 12))
ax.legend()
plt.show()
print(f"deviations from {entries.deviation.min():.1f} to {entries.deviation.max():.1f}, "
      f"BLUPs from {entries.BLUP.min():.1f} to {entries.BLUP.max():.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. The BLUP of each clover entry against the deviation of its raw mean. Filled circles: two years; open squares: one year. The points lie on two straight lines through zero; the dotted line would be no shrinkage.*

# %% [markdown] minutes=5 notes="Move the slider to both ends before you show the static picture.\nIn the printed table the last two columns are the ones to talk about: the winner's curse." slideshow={"slide_type": "slide"}
# ## 10. Turn one knob
#
# Eight groups with true effects that we know, because we draw them: standard deviation 10 between groups, 20 between the plots of a group. So the true ratio $\sigma_u^2/\sigma^2$ is 0.25. The slider sets the ratio that the *model* believes in. **Predict** what you see at 0 and at 4:

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
regimes = {"base": [4] * 8, "more": [16] * 8, "fewer": [1] * 8, "unbalanced": [1, 1, 2, 4, 4, 8, 16, 16]}
rng = np.random.default_rng(9)
truth, noise = rng.normal(0, 10, 8), rng.normal(0, 20, 8)

def arrows(regime, ratio, ax):
    r = np.array(regimes[regime])
    raw = truth + noise / np.sqrt(r)
    reading = plots.show_shrinkage(r, raw, kept(r, ratio) * raw, limit=40, ax=ax)
    ax.plot(truth, range(8), "|", color=plots.ORANGE, markersize=13, markeredgewidth=2)
    ax.set_title(f"{regime}, ratio {ratio:.2f}", fontsize=10)
    return f"{regime}, ratio {ratio:.2f}: {reading}"

@interact(ratio=FloatSlider(value=0.25, min=0, max=4, step=0.05, continuous_update=False))
def picture(ratio):
    fig, ax = plt.subplots(figsize=(5, 3.6))
    reading = arrows("unbalanced", ratio, ax)
    plt.show()
    print(reading)


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Unbalanced groups; the labels at the left are their numbers of plots. Circles: raw deviations; dots: BLUPs; short vertical bars: the truth.* Now without the slider. Above: four regimes under the true ratio. Below: the unbalanced groups under four beliefs:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 4, figsize=(9, 5.6))
cases = [(regime, 0.25) for regime in regimes] + [("unbalanced", belief) for belief in (0.02, 0.1, 1, 4)]
readings = [arrows(*case, ax) for case, ax in zip(cases, axes.flat)]
plt.show()
print(*readings, sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 4. Above: base (4 plots a group), more (16), fewer (1), unbalanced. Below: the same unbalanced groups, read with a ratio of 0.02, 0.1, 1 and 4.* Equal numbers mean one factor for all: 0.5 with 4 plots, 0.8 with 16, 0.2 with 1. In the unbalanced regime the groups with one plot move most. A model that believes in a small ratio pools all groups into one; one that believes in a large ratio leaves the raw deviations alone.
#
# Is it any good? One draw proves nothing, so we repeat each regime 2000 times. **Predict:** whose error is smaller? And how good is the *winner* in truth, measured against what its raw mean promises?

# %% slideshow={"slide_type": "subslide"}
rng = np.random.default_rng(10)
truths, noises = rng.normal(0, 10, (2000, 8)), rng.normal(0, 20, (2000, 8))
rows = {}
for regime, r in regimes.items():
    raw = truths + noises / np.sqrt(r)
    shrunk = kept(np.array(r), 0.25) * raw
    best = np.arange(2000), raw.argmax(axis=1)
    rows[regime] = [*(np.sqrt(np.mean((x - truths) ** 2)) for x in (raw, shrunk)),
                    *(x[best].mean() for x in (raw, shrunk, truths))]
names = ["error raw", "error BLUP", "winner: raw", "winner: BLUP", "winner: truth"]
print(pd.DataFrame(rows, names).T.round(1))

# %% [markdown] slideshow={"slide_type": "fragment"}
# In all regimes the BLUPs lie closer to the truth. The last three columns are a lesson on selection: whoever has the largest raw mean was probably good *and* lucky. On average the raw deviation of the winner promises far more than the truth delivers; its BLUP is about right. Plant breeders meet this every time an outstanding line turns ordinary in the next trial.

# %% [markdown] minutes=4 notes="Ask for the two reasons of a crossover before showing the table: fewer plots, other years.\nC18 is the friendly case: it climbs, because its only year was the poor one." slideshow={"slide_type": "slide"}
# ## 11. Follow the ranks
#
# Unequal factors change the order. In clover there is a second cause: the raw mean of an entry depends on the years in which it happened to stand. **Predict:** will the entries that move most be those of one year or of two? Rank 1 is the best:

# %% slideshow={"slide_type": "subslide"}
for column, rank in (("raw", "rank raw"), ("BLUP", "rank BLUP")):
    entries[rank] = entries[column].rank(ascending=False).astype(int)
entries["climbs"] = entries["rank raw"] - entries["rank BLUP"]
movers = entries.loc[entries.climbs.abs().nlargest(8).index]
print(movers.assign(grown=grown)[["grown", "raw", "expected", "BLUP", "rank raw", "rank BLUP"]].round(2))
print(entries.climbs.abs().groupby(entries.years).mean().round(1).to_dict(), "places moved, by years")

# %% [markdown] slideshow={"slide_type": "fragment"}
# C10 falls from rank 2 to rank 10. Its 61.3 came from the good year alone, where 50.03 is expected: a deviation of 11.3, of which two plots in one year keep 0.117. Entries seen only in the poor year climb: the raw mean blamed them for the weather.
#
# The picture shows the same entry by entry, and beside it the distribution of plots, entry means and BLUPs:

# %% slideshow={"slide_type": "subslide"}
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 4))
predicted = entries.BLUP + entries.expected[entries.years == 2].mean()
for years, style, colour in ((2, "o-", plots.GREY), (1, "s--", plots.ORANGE)):
    both = entries.raw[entries.years == years], predicted[entries.years == years]
    left_ax.plot([0, 1], both, style, color=colour, markersize=4, linewidth=1)
left_ax.text(-0.04, entries.raw["C10"], "C10", ha="right", va="center")
left_ax.set(xticks=[0, 1], xticklabels=["raw mean", "BLUP"], xlim=(-0.3, 1.1), ylabel="biomass")
values, grid = {"plots": clover.biomass, "entry means": entries.raw, "BLUPs": predicted}, np.linspace(0, 90, 300)
for (name, sample), line in zip(values.items(), (":", "--", "-")):
    right_ax.plot(grid, gaussian_kde(sample)(grid), line, color=plots.INK, label=name)
right_ax.set(xlabel="biomass", yticks=[], ylabel="density")
right_ax.legend()
plt.show()
print("SD:", "; ".join(f"{name} {sample.std():.2f}" for name, sample in values.items()))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. Left: from raw mean to BLUP, with the BLUPs set on the mean of both site-years; solid grey lines are entries of two years, dashed ones of one year. Right: densities of the plots, the entry means and the BLUPs.* Every step narrows the distribution, and the BLUPs end up narrower than the true effects can be: their SD is far below $\hat\sigma_g$.
#
# **Check.** May you estimate the variance of entries by the variance of their BLUPs?
#
# <details><summary>Answer</summary>
# No. What shrinkage took away is missing from it. The variance of the entry means is no better: it holds interaction and error as well. REML gives the variance; the BLUPs follow from it.
# </details>

# %% [markdown] minutes=6 notes="This is the decision of section 3. Ask who wants to change the vote before you run the second cell.\nEnd on the discussion: not promoted is not the same as thrown away." slideshow={"slide_type": "slide"}
# ## 12. Decide: which line would you promote?
#
# A prediction without its uncertainty decides little. The *conditional SD* is the standard deviation of $u$ that is left once the data are known. All predictions with it, in order, make a *caterpillar plot*. **Predict:** how many of the 35 intervals stay clear of zero?

# %% slideshow={"slide_type": "subslide"}
entries["sd"] = fit.ranef().query("group == 'entry'").set_index("level").sd
ordered, (fig, ax) = entries.sort_values("BLUP"), plt.subplots(figsize=(9, 3.6))
place = pd.Series(range(len(ordered)), ordered.index.astype(str))
for years, marker, fill in ((2, "o", plots.BLUE), (1, "s", "white")):
    some = ordered[ordered.years == years]
    ax.errorbar(place[some.index], some.BLUP, 1.96 * some.sd, fmt=marker, color=plots.BLUE,
                mfc=fill, markersize=5, elinewidth=1, label=f"{years} year(s)")
ax.axhline(0, color=plots.INK, linewidth=0.8)
ax.set_xticks(place, place.index, rotation=90)
ax.set_ylabel("BLUP ± 1.96 SD")
ax.legend(loc="upper left")
plt.show()
print((entries.BLUP.abs() > 1.96 * entries.sd).sum(), "intervals of 35 exclude zero; SD by years",
      entries.groupby("years").sd.mean().round(2).to_dict(), f"sigma_g {v['entry'] ** 0.5:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. BLUPs of the clover entries in order, with intervals of 1.96 conditional SDs; squares are entries of one year.* The data have reduced the SD of an entry from 4.16, what we know of an unseen entry, to 3.92 after one year and 3.71 after two. That is little, and no interval excludes zero.
#
# Yet two seats must be filled. Raw means and BLUPs agree on one entry and disagree on the other. How sure is the exchange? The inverse of Henderson's matrix holds the variance of the difference of two prediction errors:

# %% slideshow={"slide_type": "subslide"}
top_raw, top_blup = (set(entries[column].nlargest(2).index) for column in ("raw", "BLUP"))
(out,), (into,) = top_raw - top_blup, top_blup - top_raw
pair = [("entry", name, "Intercept") for name in (into, out)]
C = mm.henderson(fit).inverse.loc[pair, pair].to_numpy()
gap, sd = entries.BLUP[into] - entries.BLUP[out], np.sqrt(C[0, 0] + C[1, 1] - 2 * C[0, 1])
print(f"both lists: {(top_raw & top_blup).pop()}; by raw mean also {out}, by BLUP also {into}")
print(f"{into} minus {out}: raw {entries.raw[into] - entries.raw[out]:.1f}, BLUP {gap:+.2f} with SD "
      f"{sd:.2f}; chance that {into} is truly better {norm.cdf(gap / sd):.2f}")
print(f"your choice: expected effect {entries.BLUP[promote].mean():.2f} an entry; "
      f"best by BLUP {entries.BLUP[list(top_blup)].mean():.2f}")

# %% [markdown] notes="Three honest positions: take the better bet; say the data cannot tell; test C10 again because it is uncertain.\nAll three can be defended. What cannot be defended is 'C10 because 61.3'." slideshow={"slide_type": "fragment"} tags=["discuss"]
# By raw means C10 gets the seat, by BLUPs another entry, with a smaller raw mean. The BLUP is the better bet, and no more than a bet: the difference is a third of its SD. This is what the trial can say, and it agrees with the small share of the entry variance.
#
# **Discuss.** Would you promote C10 after all? Would you throw it away? What if a third entry could be tested once more, cheaply?
#
# <details><summary>Answer</summary>
# For two safe seats take the two largest BLUPs. C10 had one year only: its interval is wider, so a small extra trial teaches more about it than about an entry with four plots. Not promoted is not the same as discarded. And promoting C10 because it measured 61.3 means betting that one good year was no luck.
# </details>

# %% [markdown] minutes=2 notes="The emmean of C10 was NA. Here the mixed model answers the question, with an honest SE.\nWatch the SE of the population mean: it is the trap." slideshow={"slide_type": "slide"}
# ## 13. Predict a new group
#
# What will C10 yield in a new block of 25AL, a year in which it never stood? And an entry that nobody has seen? The fixed analysis could not answer. `predict` fills what is unknown with zero, its mean, and with `new_levels="population"` it adds the variance of what is unknown. `groups="population"` is about the average entry instead:

# %% slideshow={"slide_type": "-"}
new = pd.DataFrame({"site_year": "25AL", "rep": "new", "entry": ["C10", "new"]}, index=["C10", "new entry"])
answer = fit.predict(new, new_levels="population", se=True)
answer["SD of a plot"] = np.sqrt(answer.se ** 2 + fit.sigma2)
answer.loc["average entry"] = [*fit.predict(new[:1], groups="population", se=True).iloc[0], np.nan]
print(answer.round(2))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The new entry and the average entry have the same mean and very different standard errors. The small one is for the mean of all entries. For *one* new entry in one new block the variances of block, entry and interaction come on top. C10 is only a little better known than an entry that nobody has seen.

# %% [markdown] minutes=6 notes="Two numbers a driver, so the factor becomes a 2 by 2 matrix. It is the same for all drivers.\nStart from the extremes: eighteen separate lines, one line for all, something between." slideshow={"slide_type": "slide"}
# ## 14. Shrink intercepts and slopes
#
# A random effect may be a pair. In the sleep study 18 drivers slept three hours a night; their reaction time was measured on ten days (Belenky and others, 2003). Three ways to draw lines:
#
# - **no pooling:** least squares for each driver alone;
# - **complete pooling:** one line for all;
# - **partial pooling:** each driver has a random intercept and a random slope, $y_{ij} = (\beta_0 + u_{0j}) + (\beta_1 + u_{1j})\,x_{ij} + \varepsilon_{ij}$.
#
# The factor becomes a matrix $\mathbf W = (\mathbf Z_j'\mathbf Z_j/\sigma^2 + \mathbf G_j^{-1})^{-1}\,\mathbf Z_j'\mathbf Z_j/\sigma^2$, with $\mathbf G_j$ the 2 × 2 covariance matrix of one driver:

# %% slideshow={"slide_type": "subslide"}
sleep = mm.load("sleepstudy")
sleep_fit = mm.lmm("reaction_ms ~ days + (days | subject)", sleep)
pools = mm.shrinkage(sleep_fit).pivot(index="level", columns="term")
no, partial, complete = (pools[kind].to_numpy() for kind in ("no_pooling", "partial", "complete"))
Z_j = np.column_stack([np.ones(10), np.arange(10)])
B = Z_j.T @ Z_j / sleep_fit.sigma2
W = np.linalg.solve(B + np.linalg.inv(sleep_fit.covariances[0]), B)
print("W", W.round(4).tolist(), "explains every driver:", np.allclose((no - complete) @ W.T, partial - complete))
print(sleep_fit.varcomp.round(2).to_string(index=False, na_rep=""))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The data are balanced, so all drivers share one $\mathbf W$. Its off-diagonal cells are not zero: a driver's measured slope also moves the predicted intercept, because within a driver the errors of the two go together.
#
# > **Common slip: a $\varepsilon$ that is a $u$.** Notes sometimes write the effect of a group as $\epsilon_{1,j}$ and, when they sort the terms, let it stand twice: $(\beta_0 + \epsilon_{1,j}) + \beta_1 x_{ij} + \epsilon_{1,j}$. The last one must be the error of the observation, $\epsilon_{0,ij}$. With $u_j$ for groups and $\varepsilon_{ij}$ for observations this cannot happen.
#
# > **Common slip: `(1 || Subject)` for independent intercepts and slopes.** The double bar takes the correlations out, and between one effect and itself there is none. What is meant is `(1 + X || Subject)`. **Predict** what each expands to:

# %% slideshow={"slide_type": "-"}
for random in ("(1 || Subject)", "(1 + X || Subject)", "(1 + X | Subject)"):
    print(f"{random:18}  is  {mm.split_bars('y ~ X + ' + random)}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four drivers with their three lines, and all drivers as points in the plane of intercept and slope. **Predict** which driver moves most:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplot_mosaic("abPP;cdPP", figsize=(9, 4.8))
for ax, who in zip("abcd", ("308", "330", "335", "370")):
    data, j = sleep[sleep.subject == who], list(pools.index).index(who)
    axes[ax].plot(data.days, data.reaction_ms, ".", color=plots.GREY)
    for (b0, b1), line in ((no[j], "--"), (partial[j], "-"), (complete[j], ":")):
        axes[ax].plot([0, 9], [b0, b0 + 9 * b1], line, color=plots.INK)
    axes[ax].set(ylim=(190, 480), title=who)
    axes["P"].annotate(who, no[j], (5, 3), textcoords="offset points")
axes["P"].plot(*no.T, "o", color=plots.GREY, mfc="white")
axes["P"].plot(*complete[0], "X", color=plots.ORANGE, markersize=10)
axes["P"].quiver(*no.T, *(partial - no).T, angles="xy", scale_units="xy", scale=1, width=0.004, color=plots.BLUE)
axes["P"].set(xlabel="intercept (ms)", ylabel="slope (ms/day)")
plt.show()
moves = pd.DataFrame(partial - no, pools.index, ["intercept", "slope"])
print("largest move: ", *[f"{name} {moves[name].abs().idxmax()} ({moves[name].abs().max():.1f})" for name in moves])

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 7. Left: reaction time (ms) against day for four drivers; dashed: no pooling, solid: partial, dotted: complete. Right: arrows from each driver's own least squares line (circle) to the partially pooled one; the cross is the line for all.* The arrows do not point straight at the cross. Errors of intercept and slope are negatively correlated, so the direction in which the data know least is the one in which they move most.

# %% [markdown] minutes=2 notes="With 50 minutes: leave this section for reading.\nThe point: two terms in one model can shrink by utterly different factors." slideshow={"slide_type": "slide"}
# ## 15. Shrink two levels at once
#
# Fruits of 625 *Arabidopsis* plants: 24 genotypes from 9 populations (Banta and others, 2010). Counts need a model of their own, which comes on day 8. Here we take $\log(1 + \text{fruits})$ and treat it as Gaussian. Populations and genotypes within populations are random. **Predict** which of the two shrink more:

# %% slideshow={"slide_type": "subslide"}
plants = mm.load("arabidopsis").assign(log_fruits=lambda d: np.log1p(d.fruits))
plant_fit = mm.lmm("log_fruits ~ nutrient * clipping + rack + status + (1 | population) + (1 | genotype)", plants)
pools = mm.shrinkage(plant_fit)
pools["raw"], pools["BLUP"] = pools.no_pooling - pools.complete, pools.partial - pools.complete
population, genotype = (pools[pools.group == g].set_index("level") for g in ("population", "genotype"))
home = plants.groupby("genotype", observed=True).population.first().map(population.BLUP).astype(float)
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 4.6))
readings = [plots.show_shrinkage(population.index, population.raw, population.BLUP, ax=left_ax, title="populations"),
            plots.show_shrinkage(genotype.index, genotype.raw - home[genotype.index], genotype.BLUP,
                                 ax=right_ax, title="genotypes, from their population")]
plt.show()
print(*readings, sep="\n")
print(plant_fit.varcomp[["group", "variance"]].round(3).to_string(index=False))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 8. Deviations in log(1 + fruits), raw (circles) and predicted (dots). Left: populations. Right: genotypes, measured from the prediction for their population.* Populations differ much and stand on many plants: they keep nearly all. Genotypes of one population hardly differ in this model: they keep little, and the more plants one has, the more it keeps. So a genotype shrinks towards *its population*, not towards the overall mean.

# %% [markdown] minutes=1 notes="Let the printed sentences speak; ask who would vote differently now." slideshow={"slide_type": "slide"}
# ## 16. Wrap up
#
# The lesson in computed sentences, and your choice of section 3:

# %% slideshow={"slide_type": "-"}
print(f"Balanced: every sorghum block keeps {blocks.weight.iloc[0]:.3f}.")
print("Unbalanced: clover entries keep", *sorted(set(entries.kept.round(3))), "for one and two years.")
print(f"By raw mean C10 is number {entries['rank raw']['C10']}, by BLUP number {entries['rank BLUP']['C10']}.")
print(f"You promoted {' and '.join(promote)}; the BLUPs promote {' and '.join(sorted(top_blup))}.")

# %% [markdown] minutes=1 notes="Homework. Number 3 is the one to discuss next time." slideshow={"slide_type": "slide"}
# ## 17. On your own
#
# 1. **Do.** Set up Henderson's equations for the sorghum trial (`sorghum_fit.X`, `sorghum_fit.Z`) and compare the solution with `mm.henderson(sorghum_fit)`.
# 2. **Explain.** To a colleague, in two sentences: why may an entry with a smaller raw mean have the larger BLUP?
# 3. **Change one knob.** Drop days 3 to 9 of driver 335 and fit again. In which direction does the prediction move, and why?
# 4. **Transfer.** In the barley trial, `mm.load("barley")`, make the 70 genotypes random: `yield_t_ha ~ fungicide + (1 | genotype) + (1 | block/fungicide)`. By which factor do they shrink? How many genotypes among the best ten by raw mean are also among the best ten by BLUP?
#
# <details><summary>Answers</summary>
# <ol>
# <li>19 equations for fixed effects or blocks too many? No: 18 for the genotypes and 4 for the blocks.</li>
# <li>Its mean rests on more plots, or on a poorer year. The model compares it with what was to be expected, and believes more in what more plots have shown.</li>
# <li>Towards the line for all: three days say little about a slope.</li>
# <li>All by one factor, for the trial is balanced; so the two lists agree.</li>
# </ol>
# </details>

# %% [markdown] minutes=1 notes="Robinson's paper reads well on a train. Point to day 6 for tests." slideshow={"slide_type": "slide"}
# ## 18. In practice and further reading
#
# In practice the predictions are one line:
#
# ```
# Python   mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", clover).ranef()
# R        ranef(lmer(biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year), clover))
# SAS      proc mixed; class site_year rep entry; model biomass = site_year;
#          random rep entry entry*site_year / solution; run;
# ```
#
# Next: `day6_inference`, where the question whether the entry variance differs from zero gets its test.
#
# ### Further reading
#
# - Henderson (1975), *Best linear unbiased estimation and prediction under a selection model*, Biometrics 31, 423–447.
# - Robinson (1991), *That BLUP is a good thing: the estimation of random effects*, Statistical Science 6, 15–32.
# - Efron and Morris (1977), *Stein's paradox in statistics*, Scientific American 236(5), 119–127: shrinkage with baseball players.
# - Bates, Mächler, Bolker and Walker (2015), *Fitting linear mixed-effects models using lme4*, Journal of Statistical Software 67(1).
# - Gelman and Hill (2006), *Data Analysis Using Regression and Multilevel/Hierarchical Models*, chapter 12: no, partial and complete pooling.
# - Banta, Stevens and Pigliucci (2010), Oikos 119, 359–369, and Belenky and others (2003), Journal of Sleep Research 12, 1–12: the plants and the drivers.
