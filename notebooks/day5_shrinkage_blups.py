# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Show the left half first: of 35 lines of clover, one falls from the very top. Ask why before anybody reads on.\nWith 50 minutes: leave sections 12, 14, 16 and 17 for reading, the 10,000 trials of section 9 and the two slips of section 13 as well, and recall section 2 in one minute." slideshow={"slide_type": "slide"}
# # Predict random effects, and choose what to promote
#
# ![Two pictures of 35 clover entries. Left: lines lead from the rank by raw mean to the rank by BLUP; entries seen in one year are dashed, and they cross many others; no entry is named. Right: the BLUPs in order, each with an interval; the intervals are wide and all contain zero.](figures/day5_blups.png)
#
# *A clover trial. Left: the rank of each entry by its raw mean and by its BLUP; dashed lines are entries seen in one year only. Right: the BLUPs with their intervals. This notebook computes both halves, and says which entries are the better bet, and how sure that is.*

# %% [markdown] notes="Read the four abilities aloud. The word 'predict' will need an explanation: promise one for section 5." slideshow={"slide_type": "subslide"}
# **What you do.** You predict the effects of blocks, schools, clover entries, drivers and plants. You solve the equations behind the predictions by hand, watch the predictions shrink, and take a decision that shrinkage changes.
#
# **What you can do afterwards**
#
# - tell the best linear unbiased estimate of a fixed effect (BLUE) from the best linear unbiased prediction of a random one (BLUP): of all that are weighted sums of the data and right on average, the one that misses least;
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
from ipywidgets import FloatLogSlider, interact
from scipy.stats import gaussian_kde, norm

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
clover, sorghum, schools = mm.load("clover"), mm.load("sorghum"), mm.load("schools")
plt.rcParams.update(plots.STYLE)
grown = clover.groupby("entry", observed=True).site_year.unique().map(lambda s: " and ".join(s))
entries = clover.groupby("entry", observed=True).agg(
    raw=("biomass", "mean"), plots=("biomass", "size"), years=("site_year", "nunique"))
print(f"{len(clover)} plots, {len(grown)} entries;", grown.value_counts().to_dict())

# %% [markdown] minutes=2 notes="One minute of memory: what were the four numbers of the sorghum blocks, and what happened to them?\nWrite 0.671 on the board and leave it there." slideshow={"slide_type": "slide"}
# ## 2. Recall: four blocks that shrank
#
# On day 2 the blocks of the sorghum trial became random. Each was measured some way off the average block, and the model believed in a part of that only. `mm.shrinkage` lists for each level its own least squares value (`no_pooling`), the value shared by all (`complete`) and the prediction (`partial`). We need them as deviations:

# %% slideshow={"slide_type": "-"}
sorghum_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", sorghum)
blocks = mm.shrinkage(sorghum_fit).set_index("level")
measured, blup = blocks.no_pooling - blocks.complete, blocks.partial - blocks.complete
print(pd.DataFrame({"measured": measured, "BLUP": blup, "kept": blup / measured}).round(4))

# %% [markdown] minutes=4 notes="Let them find an entry with circles only, and one with squares only.\nThen everybody types two names, without discussion. Who has C10? Usually a large majority." slideshow={"slide_type": "slide"}
# ## 3. Look at the data and commit to a choice
#
# Every plot, the entries ordered by their mean. **Predict:** do the entries seen in one year only gather at one end?

# %% slideshow={"slide_type": "subslide"}
reading = plots.show_points(clover.biomass, clover.entry, clover.site_year, sort=True, unit="biomass")
plt.gca().tick_params(axis="x", rotation=90)
plt.show()
print(reading, clover.groupby("site_year", observed=True).biomass.mean().round(1).to_dict())

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. Biomass of each plot by entry (its unit was not stated in the printed analysis). Circles: 24AL; squares: 25AL; bars: raw means.*
#
# Now you are the breeder. Two entries may go to next year's trial. The table lists the eight with the largest raw means. Look at it and at the picture, type your two over ours, and run the cell again:

# %% slideshow={"slide_type": "-"}
promote = ["C10", "C26"]
seen = entries[["raw", "plots", "years"]].assign(grown=grown)
print(seen.nlargest(8, "raw").round(1))

# %% [markdown] minutes=5 notes="First the fixed analysis: let NA stand on the screen and ask for the reason.\nThen the mixed one: read the variances from the largest to the smallest." slideshow={"slide_type": "slide"}
# ## 4. Fit first
#
# First everything fixed: site-year, blocks, entries and their interaction. We ask for the estimated marginal means of the entries, that is, their means over both site-years:

# %% slideshow={"slide_type": "subslide"}
fixed = mm.lm("biomass ~ site_year + rep + entry + entry:site_year", clover)
marginal = mm.emmeans(fixed, "entry")
entries["emmean"] = marginal.set_index("entry")["mean"]
print(entries[["raw", "plots", "years", "emmean"]].head(10).round(1), *[note for note in marginal.notes if note.startswith("NA")], sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Twelve entries get no mean (NaN), and the notes give the reason: all of them were grown in one year only. C10 was never grown in 25AL. With a separate number for every entry in every year, the data hold no information at all on C10 in 25AL, so there is no mean over both years to report. Where a marginal mean exists, it equals the raw mean, because entry, year and block are balanced among these entries.
#
# Now the blocks, the entries and the interaction become random draws:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("biomass ~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)", clover)
print(fit.summary())
print(fit.varcomp[["group", "variance", "sd"]].round(3).to_string(index=False))
print(f"correlation of the two fixed effects {fit.cov_beta.iloc[0, 1] / fit.se.prod():.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The average entry is expected at 50.027 in 24AL and 11.592 lower in 25AL. Three standard deviations (each an SD, the root of a variance) describe the rest: 4.163 for the averages of entries over both years, 7.677 for the departure of an entry from its own average in one year, 11.957 for the plots of an entry in a year. No entry has a row of its own.
#
# **Check.** Which matters more here: that entries differ, or that their order changes with the year?
#
# <details><summary>Answer</summary>
# That the order changes. The interaction variance, 58.935, is more than three times the variance of entries, 17.335.
# </details>

# %% [markdown] minutes=4 notes="The row on 'unbiased' is the one they get wrong. Take time for it.\nA BLUP is biased for the single good entry, and that is its purpose." slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 5. Tell BLUE from BLUP
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
# Both need $\mathbf G$ and $\mathbf R$, which nobody knows. We put the REML estimates in and act as if they were the true ones; strictly, the results are then *empirical* BLUEs and BLUPs. All standard errors of this lesson are computed in this way, so in general they are slightly too small (day 6).
#
# **Discuss.** "BLUPs are unbiased, so the BLUP of C10 is right on average." On average over what?
#
# <details><summary>Answer</summary>
# Over all entries that might have been drawn, not over repeated trials with C10. If C10 is truly excellent, repeated trials would give BLUPs that lie too low on average. In return the errors are smaller over the whole population of entries, and nobody knows beforehand who is truly excellent.
# </details>

# %% [markdown] minutes=8 notes="Write the two penalised sums on the board and differentiate: it is two lines.\nThen fill the 4 by 4 matrix with the class: how many students in a school, how many in all?" slideshow={"slide_type": "slide"}
# ## 6. Solve Henderson's equations by hand
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
sigma2_b, sigma2 = school_fit.varcomp.variance
y, X, Z = schools.score.to_numpy(), np.ones((12, 1)), mm.build_Z(schools.school)
left = np.block([[X.T @ X, X.T @ Z], [Z.T @ X, Z.T @ Z]]) / sigma2   # R is sigma² times identity
left[1:, 1:] += np.eye(3) / sigma2_b                                 # and G is sigma_b² times it
right = np.concatenate([X.T @ y, Z.T @ y]) / sigma2
names = ["mean", "S1", "S2", "S3"]
print(pd.DataFrame(left * sigma2, names, names).assign(right=right * sigma2).round(3))
print(f"sigma_b² {sigma2_b:.1f}, sigma² {sigma2:.1f}, lambda = sigma²/sigma_b² {sigma2 / sigma2_b:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Twelve students in all, four in each school. On the right stand the sums of their scores. The only trace of "random" is $\lambda = \sigma^2/\sigma_b^2 = 1.407$, added to the diagonal of the schools. Now solve, and compare with the two formulas of section 5 and with the library. **Predict:** can the equations still be solved when $\mathbf G^{-1}$ is left out?

# %% slideshow={"slide_type": "subslide"}
by_hand, V = np.linalg.solve(left, right), mm.build_V_cs(sigma2_b, sigma2, schools.school)
gls = mm.gls(X, y, V)
u = sigma2_b * Z.T @ np.linalg.solve(V, gls.residuals)
routes = pd.DataFrame({"Henderson by hand": by_hand, "GLS and GZ'V⁻¹r": [*gls.beta, *u],
                       "mm.henderson": mm.henderson(school_fit).solution.to_numpy()}, index=names)
print(routes.round(6), "\nlargest difference below 1e-9:", (np.ptp(routes, axis=1) < 1e-9).all())
print(f"SE of the mean: {np.linalg.inv(left)[0, 0] ** 0.5:.2f}, by GLS {gls.cov_beta[0, 0] ** 0.5:.2f}")
without = left - np.diag([0, 1, 1, 1]) / sigma2_b
print("rank of the left side:", np.linalg.matrix_rank(left), "of 4; without G⁻¹:",
      np.linalg.matrix_rank(without))


# %% [markdown] slideshow={"slide_type": "fragment"}
# One solution by three routes: a mean of 54.46 points, S1 0.85 and S2 8.26 below it, S3 9.11 above. The inverse of the left side is worth as much as the solution. It holds the variances of $\hat{\boldsymbol\beta}$, hence the 6.80, and those of the prediction errors $\hat{\mathbf u} - \mathbf u$.
#
# Without $\mathbf G^{-1}$ there is no single solution. The rank is 3: four columns ask for four numbers, and three school means offer three. Those are the equations of fixed effects, which need a reference level. $\mathbf G^{-1}$ makes them solvable by pulling every school a little towards zero.
#
# **Check.** Multiply the second row of the equations out. What does it say about the effect of S1?
#
# <details><summary>Answer</summary>
# 4 × mean + (4 + λ) × effect = sum of the four scores of S1. So the effect is 4/(4 + λ) times the distance of the school's mean from the estimated mean of all schools.
# </details>

# %% [markdown] minutes=5 notes="The check before this section is the derivation for r = 4: let somebody repeat it with r.\nBoth slips come from printed lecture notes and from many textbooks in a hurry." slideshow={"slide_type": "slide"}
# ## 7. Find the factor
#
# The row of any group with $r$ observations says the same as that of S1. Let $\bar d_j$ be the mean of $\mathbf y - \mathbf X\hat{\boldsymbol\beta}$ over its rows: how far the group lies, on average, from what the fixed effects expect of its plots. In a model with one random intercept and independent errors, whatever the fixed effects are,
#
# $$\hat u_j = \frac{r}{r + \lambda}\,\bar d_j = \frac{r\,\sigma_b^2}{r\,\sigma_b^2 + \sigma^2}\,\bar d_j, \qquad \lambda = \frac{\sigma^2}{\sigma_b^2}.$$
#
# Where the fixed part is one mean, $\bar d_j$ is $\bar y_j - \hat\mu$. Otherwise it is not: a block that lost its best genotypes has a low mean for that reason alone, and $\mathbf X\hat{\boldsymbol\beta}$ takes this into account.
#
# The factor is the variance of the true effects as a share of the variance of the measured ones, $\sigma_b^2 + \sigma^2/r$. **Predict:** how many different factors do the sorghum blocks have, with 18 plots each, and how many if four plots of R4 are lost?

# %% slideshow={"slide_type": "subslide"}
def weight_and_mean(block_fit, trial):
    rest = block_fit.y - block_fit.predict(groups="population")    # y − Xβ̂
    shrunk = pd.DataFrame({"plots": trial.block.value_counts(sort=False)})
    ratio = block_fit.sigma2 / block_fit.varcomp.variance[0]
    shrunk["weight"] = shrunk.plots / (shrunk.plots + ratio)
    shrunk["mean d"] = rest.groupby(trial.block, observed=True).mean()
    shrunk["weight × mean"] = shrunk.weight * shrunk["mean d"]
    shrunk["BLUP"] = block_fit.ranef().set_index("level").estimate
    return shrunk.round(4)

lam = sorghum_fit.sigma2 / sorghum_fit.varcomp.variance[0]
print(f"lambda {lam:.2f}; 1/(1 + lambda) {1 / (1 + lam):.3f}; 1/(1 + lambda/18) {1 / (1 + lam / 18):.3f}")
print(weight_and_mean(sorghum_fit, sorghum))
lost = sorghum.iloc[:-4]
lost_fit = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", lost)
print("four plots of R4 lost:", weight_and_mean(lost_fit, lost), sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# One factor for all in the full trial, two when R4 has lost plots; and weight times mean is the BLUP in every row.
#
# > **Common slip: "in balanced data the BLUP equals the BLUE".** It does not. Balanced BLUPs shrink too, *all by the same factor*: in section 2 R1 was measured 90.18 kg/ha above the average block, and its BLUP is 0.671 of that, 60.52. What balance preserves is the order. Once R4 has lost four plots, it keeps less than the others. (All factors moved, because the variances were estimated anew.)
#
# > **Common slip: BLUP = BLUE/(1 + λ), whatever the number of plots.** That is the factor for *one* observation a group. With $r$ observations it is $1/(1 + \lambda/r)$. For a sorghum block the short form would keep 0.102 of the measured deviation instead of 0.671.

# %% [markdown] minutes=4 notes="This is where heritability and shrinkage turn out to be one number.\nBreeders in the room will have met it as H squared on an entry-mean basis." slideshow={"slide_type": "slide"}
# ## 8. Shrink unequally: clover
#
# Clover has more than one random term. The mean of an entry carries its own effect, the interactions of its years and the errors of its plots. (Blocks are complete within a site-year and cancel.) The factor is still the share of the first part:
#
# $$\text{kept} = \frac{\sigma_g^2}{\sigma_g^2 + \sigma_{gy}^2/\text{years} + \sigma^2/\text{plots}}$$
#
# Breeders call such a ratio the heritability of an entry mean: here it has no pedigree behind it, so we call it heritability-like. What shrinks is the raw mean minus what the fixed effects expect of the years in which the entry stood; column `kept` is the BLUP over that. **Predict:** how many different factors will there be?

# %% slideshow={"slide_type": "subslide"}
entries["expected"] = fit.predict(groups="population").groupby(clover.entry, observed=True).mean()
entries["BLUP"] = fit.ranef().query("group == 'entry'").set_index("level").estimate
entries["kept"] = entries.BLUP / (entries.raw - entries.expected)
columns = ["raw", "plots", "years", "expected", "BLUP", "kept"]
print(entries[columns].head(10).round(2))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now the formula beside the factors found, for all entries; `one term` is the factor of section 7:

# %% slideshow={"slide_type": "subslide"}
v = fit.varcomp.set_index("group").variance
gy, error = v["entry:site_year"] / entries.years, v["Residual"] / entries.plots
entries["formula"], entries["one term"] = (v["entry"] / (v["entry"] + x) for x in (gy + error, error))
print(entries.groupby("years")[["kept", "formula", "one term"]].agg(["min", "max"]).round(3))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Two factors, 0.210 and 0.117. Both are small. Four plots in two years tell little about an entry as long as years change the order so much. The factor *is* the heritability-like ratio: the share of a measured deviation to believe in.
#
# > **Common slip: the one-term formula in a model with several terms.** $r\sigma_g^2/(r\sigma_g^2 + \sigma^2)$ would keep 0.327 and 0.195. It forgets that the interaction, too, moves the mean of an entry. With several random terms `mm.shrinkage` therefore reports no weight.

# %% [markdown] minutes=5 notes="Move the slider to both ends before you show the static picture.\nIn the printed table the last two columns are the ones to talk about: the winner's curse." slideshow={"slide_type": "slide"}
# ## 9. Turn one knob
#
# Eight groups with true effects that we know, because we draw them: standard deviation 10 between groups, 20 between the plots of a group. So the true ratio $\sigma_b^2/\sigma^2$ is 0.25. The slider sets the ratio that the *model* believes in. **Predict** what you see at its two ends:

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
regimes = {"base": [4] * 8, "more": [16] * 8, "fewer": [1] * 8, "unbalanced": [1, 1, 2, 4, 4, 8, 16, 16]}
rng = np.random.default_rng(15)
truth, noise = rng.normal(0, 10, 8), rng.normal(0, 20, 8)

def arrows(regime, ratio, ax):
    r, title = np.array(regimes[regime]), f"{regime}, ratio {ratio:.2f}"
    raw = truth + noise / np.sqrt(r)
    ax.plot(truth, range(8), "|", color=plots.ORANGE, markersize=13, markeredgewidth=2)
    sizes = [f"{n} plot{'s' * (n > 1)}" for n in regimes[regime]]
    reading = plots.show_shrinkage(sizes, raw, raw * r / (r + 1 / ratio), limit=46, ax=ax, title=title)
    return f"{title}: {reading}"

@interact(ratio=FloatLogSlider(value=0.25, base=2, min=-6, max=2, step=0.25, continuous_update=False))
def picture(ratio):
    reading = arrows("unbalanced", ratio, plt.subplots(figsize=(5, 3.6))[1])
    plt.show()
    print(reading)


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Unbalanced groups; the labels at the left are their numbers of plots. Circles: raw deviations; dots: BLUPs; short vertical bars: the truth.* Now without the slider. Above: four regimes under the true ratio. Below: the unbalanced groups under four beliefs:

# %% slideshow={"slide_type": "subslide"}
cases = [(regime, 0.25) for regime in regimes] + [("unbalanced", ratio) for ratio in (0.02, 0.1, 1, 4)]
readings = [arrows(*case, ax) for case, ax in zip(cases, plt.subplots(2, 4, figsize=(9, 5.6))[1].flat)]
plt.show()
print(*readings, sep="\n")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 3. Above: base (4 plots a group), more (16), fewer (1), unbalanced. Below: the same unbalanced groups, read with a ratio of 0.02, 0.1, 1 and 4.* Equal numbers mean one factor for all: 0.5 with 4 plots, 0.8 with 16, 0.2 with 1. In the unbalanced regime the groups with one plot move most. A model that believes in a small ratio pools all groups into one; one that believes in a large ratio leaves the raw deviations alone.
#
# Is it any good? One draw proves nothing, so we repeat each regime 10,000 times. **Predict:** whose error is smaller? And how good is the *winner* in truth, measured against what its raw mean promises?

# %% slideshow={"slide_type": "subslide"}
rng = np.random.default_rng(10)
truths, noises = rng.normal(0, 10, (10_000, 8)), rng.normal(0, 20, (10_000, 8))
rows = {}
for regime, r in regimes.items():
    raw = truths + noises / np.sqrt(r)
    shrunk = raw * r / (np.array(r) + 4)
    winner = np.arange(len(raw)), raw.argmax(axis=1)
    rows[regime] = [np.std(raw - truths), np.std(shrunk - truths),
                    *(x[winner].mean() for x in (raw, shrunk, truths))]
measures = ["error raw", "error BLUP", "winner: raw", "winner: BLUP", "winner: truth"]
print(f"{len(truths)} trials\n{pd.DataFrame(rows, measures).T.round(1)}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In all regimes the BLUPs lie closer to the truth. The last three columns are a lesson on selection: whoever has the largest raw mean was probably good *and* lucky. On average the raw deviation of the winner promises far more than the truth delivers; its BLUP is about right. This *winner's curse* is at work every time an outstanding line turns ordinary in the next trial.

# %% [markdown] minutes=3 notes="Ask for the two reasons of a crossover before showing the table: fewer plots, other years.\nC08 is the friendly case: it climbs, because its only year was the poor one." slideshow={"slide_type": "slide"}
# ## 10. Follow the ranks
#
# Unequal factors change the order. In clover there is a second cause: the raw mean of an entry depends on the years in which it happened to stand. **Predict:** will the entries that move most be those of one year or of two? Rank 1 is the best; `climbs` counts places:

# %% slideshow={"slide_type": "subslide"}
ranks = entries[["raw", "BLUP"]].rank(ascending=False).astype(int).add_prefix("rank ")
climbs = (ranks["rank raw"] - ranks["rank BLUP"]).rename("climbs")
table = entries[["raw", "expected", "kept", "BLUP"]].join([ranks, climbs]).assign(grown=grown)
print(table.loc[climbs.abs().nlargest(9).index].round(2))

# %% [markdown] slideshow={"slide_type": "fragment"}
# C10 falls furthest from the top. Its 61.3 came from the good year alone, where 50.03 is expected, and two plots in one year keep 0.12 of the difference. C08 was seen in the poor year only, and it climbs: its 45.6 looks modest until it is compared with the 38.4 that was expected there. Among entries of the same years nothing crosses; they all keep the same part.
#
# All entries in four pictures; here the BLUPs are set on the mean of both site-years:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(2, 2, figsize=(9, 6.6))
entries["predicted"] = entries.BLUP + entries.expected[entries.years == 2].mean()
axes[0, 0].plot(entries.raw, entries.emmean, "k+", [25, 62], [25, 62], "k:")
looks = {"24AL and 25AL": ("o-", plots.GREY), "24AL": ("s--", plots.ORANGE),
         "25AL": ("^--", plots.BLUE)}
for years, (style, color) in looks.items():
    some = entries.join(ranks)[grown == years]
    look = {"color": color, "markersize": 4, "linewidth": 1}
    axes[0, 0].plot(some.raw, some.predicted, style[0], label=years, **look)
    axes[0, 1].plot(["raw mean", "BLUP"], [some.raw, some.predicted], style, **look)
    axes[1, 0].plot(["raw mean", "BLUP"], [some["rank raw"], some["rank BLUP"]], style, **look)
for sample, line in ((clover.biomass, ":"), (entries.raw, "--"), (entries.predicted, "-")):
    axes[1, 1].plot(x := np.linspace(0, 100, 300), gaussian_kde(sample)(x), "k" + line)
labels = ("raw mean", "marginal mean (+), BLUP"), ("", "biomass"), ("", "rank"), ("biomass", "density")
_ = [ax.set(xlabel=x, ylabel=y) for ax, (x, y) in zip(axes.flat, labels)], axes[1, 0].invert_yaxis()
axes[0, 0].legend()
plt.show()
print(f"SD: plots {clover.biomass.std():.1f}, means {entries.raw.std():.1f}, BLUPs {entries.BLUP.std():.1f}")
by_theory = np.sqrt([v["entry"], (entries.formula * v["entry"]).mean()])
print("expected SD: true effects {:.1f}, BLUPs {:.1f}".format(*by_theory))

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 4. Above: marginal means (crosses) and BLUPs against the raw mean, with the line 1:1 (dotted), and the way of each entry from its raw mean to its BLUP. Below: the same way for the ranks (the best entry on top), and the densities of plots (dotted), entry means (dashed) and BLUPs (solid). Round symbols and solid lines: two years; dashed lines: one year, squares in 24AL, triangles in 25AL.* The marginal means equal the raw means. The BLUPs lie on three flat lines. That of the triangles runs above that of the squares, because the same raw mean is worth more in the poor year; the circles lie on a steeper line, because with two years more is kept. Every step narrows the distribution. The BLUPs end up narrower than the true effects are *expected* to be: an SD of 1.8 against $\hat\sigma_g$ = 4.2. It must be so, since a BLUP that keeps a factor $f$ of what was measured has variance $f\sigma_g^2$, or nearly: the last line of the output has the SD that this leads to.
#
# **Check.** May you estimate the variance of entries by the variance of their BLUPs?
#
# <details><summary>Answer</summary>
# No. What shrinkage took away is missing from it. The variance of the entry means is no better: it holds interaction and error as well. REML gives the variance; the BLUPs follow from it.
# </details>

# %% [markdown] minutes=6 notes="This is the decision of section 3. Ask who wants to change the vote before you run the second cell.\nEnd on the discussion: not promoted is not the same as thrown away." slideshow={"slide_type": "slide"}
# ## 11. Decide: which line would you promote?
#
# A prediction without its uncertainty decides little. The *conditional SD* is what is left of the standard deviation of $u$ once the data are known, with the variances and the fixed effects at their estimates, as if these were the truth. All predictions with it, in order, make a *caterpillar plot*. **Predict:** how many of the 35 intervals stay clear of zero?

# %% slideshow={"slide_type": "subslide"}
entries["sd"] = fit.ranef().query("group == 'entry'").set_index("level").sd
ordered, (fig, ax) = entries.sort_values("BLUP"), plt.subplots(figsize=(9, 3.6))
place = pd.Series(range(len(ordered)), ordered.index.astype(str))
for years, marker, fill in ((2, "o", plots.BLUE), (1, "s", "white")):
    some = ordered[ordered.years == years]
    ax.errorbar(place[some.index], some.BLUP, 1.96 * some.sd, fmt=marker, color=plots.BLUE,
                mfc=fill, markersize=5, elinewidth=1, label=f"years: {years}")
ax.axhline(0, color=plots.INK, linewidth=0.8)
ax.set_xticks(place, place.index, rotation=90)
ax.set(xlabel="entry", ylabel="BLUP (biomass)")
ax.legend(loc="upper left")
plt.show()
print("BLUP ± 1.96 SD: zero lies outside", (entries.BLUP.abs() > 1.96 * entries.sd).sum(), "of 35 intervals")
print(f"SD without data {v['entry'] ** 0.5:.1f}; by years", entries.groupby("years").sd.mean().round(1).to_dict())

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 5. BLUPs of the clover entries in order, with intervals of 1.96 conditional SDs; squares are entries of one year.* The data have reduced the SD of an entry from 4.2, what we know of an unseen entry, to 3.9 after one year and 3.7 after two. That is little, and no interval excludes zero.
#
# Yet two seats must be filled. Raw means and BLUPs agree on one entry and disagree on the other. How sure is the exchange? **Commit:** would you still vote as in section 3? The inverse of Henderson's matrix holds the variance of the difference of two prediction errors. It also counts that the fixed effects are estimates, which the conditional SD does not; for one entry the two hardly differ, as the last line shows:

# %% slideshow={"slide_type": "subslide"}
(out,), (into,) = (set(entries.nlargest(2, a).index) - set(entries.nlargest(2, b).index)
                   for a, b in (("raw", "BLUP"), ("BLUP", "raw")))
pair = [("entry", name, "Intercept") for name in (into, out)]
C = mm.henderson(fit).inverse.loc[pair, pair].to_numpy()
gap, sd = entries.BLUP[into] - entries.BLUP[out], np.sqrt(C[0, 0] + C[1, 1] - 2 * C[0, 1])
print(f"in the first two by raw mean only: {out}; by BLUP only: {into}")
print(f"{into} minus {out}: raw {entries.raw[into] - entries.raw[out]:+.1f}; BLUP {gap:+.2f} with SD "
      f"{sd:.2f}; chance that {into} is truly the better one: {norm.cdf(gap / sd):.2f}")
print(f"{out} alone: conditional SD {entries.sd[out]:.2f}, by Henderson {C[1, 1] ** 0.5:.2f}")

# %% [markdown] notes="Three honest positions: take the better bet; say the data cannot tell; test C10 again because it is uncertain.\nAll three can be defended. What cannot be defended is 'C10 because 61.3'." slideshow={"slide_type": "fragment"} tags=["discuss"]
# By raw means C10 gets the seat, by BLUPs another entry, with a smaller raw mean. The BLUP is the better bet, and no more than a bet: the difference is far smaller than its SD. This is all the trial can say, and it agrees with the small share of the entry variance.
#
# **Discuss.** Would you promote C10 after all? Would you throw it away? What if a third entry could be tested once more, cheaply?
#
# <details><summary>Answer</summary>
# For two safe seats take the two largest BLUPs. C10 had one year only: its interval is wider, so a small extra trial teaches more about it than about an entry with four plots. Not promoted is not the same as discarded. And promoting C10 because it measured 61.3 means betting that one good year was no luck.
# </details>

# %% [markdown] minutes=2 notes="The emmean of C10 was NA. Here the mixed model answers the question, with an honest SE.\nWatch the SE of the population mean: it is the trap." slideshow={"slide_type": "slide"}
# ## 12. Predict a new group
#
# What will C10 yield in a new block of 25AL, a year in which it never stood? And an entry that nobody has seen? The fixed analysis had no answer. `predict` puts zero for what is unknown; with `new_levels="population"` it adds the variance of the unknown to the standard error. `groups="population"` speaks about the average entry instead. **Predict:** which two of the three have the same mean, and which has the smallest standard error?
#
# <details><summary>Answer</summary>
# The new entry and the average entry have the same mean. The small standard error belongs to the mean of all entries. For <em>one</em> new entry in one new block the variances of block, entry and interaction come on top. C10 gets its BLUP on top of the expected mean, and is only a little better known than an entry that nobody has seen.
# </details>

# %% slideshow={"slide_type": "-"}
new = pd.DataFrame({"site_year": "25AL", "rep": "new", "entry": ["C10", "new"]}, ["C10", "new entry"])
answer = fit.predict(new, new_levels="population", se=True)
answer.loc["average entry"] = fit.predict(new[:1], groups="population", se=True).iloc[0]
print(answer.round(2))

# %% [markdown] minutes=5 notes="Two numbers a driver, so the factor becomes a 2 by 2 matrix. It is the same for all drivers.\nStart from the extremes: eighteen separate lines, one line for all, something between." slideshow={"slide_type": "slide"}
# ## 13. Shrink intercepts and slopes
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
given = np.allclose((no - complete) @ W.T, partial - complete)
print("W", W.round(3).tolist(), "gives every BLUP:", given)
for random in ("(1 || Subject)", "(1 + X || Subject)"):
    print(f"{random:18} expands to", *mm.split_bars(f"y ~ X + {random}").bars)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The data are balanced, so all drivers share one $\mathbf W$. Its off-diagonal cells are not zero: a driver's measured slope also moves the predicted intercept, because within a driver the errors of the two are correlated.
#
# > **Common slip: a $\varepsilon$ that is a $u$.** Notes sometimes write the effect of a group as $\epsilon_{1,j}$ and, when they sort the terms, let it stand twice: $(\beta_0 + \epsilon_{1,j}) + \beta_1 x_{ij} + \epsilon_{1,j}$. The last one must be the error of the observation, $\epsilon_{0,ij}$. With $u_j$ for groups and $\varepsilon_{ij}$ for observations this cannot happen.
#
# > **Common slip: `(1 || Subject)` for independent intercepts and slopes.** The double bar takes the correlations out, and between one effect and itself there is none. What is meant is `(1 + X || Subject)`; the output shows what each expands to.
#
# Four drivers with their three lines, and all drivers in the plane of intercept and slope. **Predict** in which direction the arrows point:

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplot_mosaic("abPP;cdPP", figsize=(9, 4.8))
for letter, who in zip("abcd", ("308", "330", "335", "370")):
    data, j, ax = sleep[sleep.subject == who], list(pools.index).index(who), axes[letter]
    ax.plot(data.days, data.reaction_ms, ".", color=plots.GREY)
    for (b0, b1), line in ((no[j], "--"), (partial[j], "-"), (complete[j], ":")):
        ax.plot([0, 9], [b0, b0 + 9 * b1], line, color=plots.INK)
    ax.set(ylim=(190, 480), xticks=[0, 3, 6, 9], title=who, xlabel="day", ylabel="ms")
    axes["P"].annotate(who, no[j], (5, 3), textcoords="offset points")
axes["P"].plot(*no.T, "o", color=plots.GREY, mfc="white")
axes["P"].plot(*complete[0], "X", color=plots.ORANGE, markersize=10)
axes["P"].quiver(*no.T, *(partial - no).T, angles="xy", scale_units="xy", scale=1, width=0.004)
axes["P"].set(xlabel="intercept (ms)", ylabel="slope (ms/day)")
plt.show()
moves = pd.DataFrame(abs(partial - no), pools.index, pools["partial"].columns)
print(f"largest move: {moves.idxmax().to_dict()}, {moves.max().round(1).to_dict()}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 6. Left: reaction time (ms) against day for four drivers; dashed: no pooling, solid: partial, dotted: complete. Right: arrows from each driver's own least squares line (circle) to the partially pooled one; the cross is the line for all.* The arrows do not point straight at the cross. Errors of intercept and slope are negatively correlated, so the direction in which the data know least is the one in which they move most.

# %% [markdown] minutes=2 notes="With 50 minutes: leave this section for reading.\nThe point: two terms in one model can shrink by utterly different factors." slideshow={"slide_type": "slide"}
# ## 14. Shrink two levels at once
#
# Fruits of 625 *Arabidopsis* plants: 24 genotypes from 9 populations (Banta and others, 2010). Counts need a model of their own, which comes on day 8. Here we take $\log(1 + \text{fruits})$ and treat it as Gaussian. Populations and genotypes within populations are random. **Predict** which of the two shrink more.
#
# <details><summary>Answer</summary>
# The genotypes. Populations differ much and stand on many plants: they keep nearly all. (One even grows a little, since its raw mean gives more weight to genotypes with more plants.) Genotypes of one population hardly differ in this model: they keep little, and more the more plants they have. So a genotype shrinks towards <em>its population</em>, not towards the overall mean.
# </details>
#
# *Figure 7 (next cell). Deviations in log(1 + fruits), raw (circles) and predicted (dots). Left: populations. Right: genotypes, measured from the prediction for their population.*

# %% slideshow={"slide_type": "subslide"}
plants = mm.load("arabidopsis").assign(log_fruits=lambda d: np.log1p(d.fruits))
plant_fit = mm.lmm("log_fruits ~ nutrient * clipping + rack + status"
                   " + (1 | population) + (1 | genotype)", plants)
two_levels = mm.shrinkage(plant_fit).set_index("level")
raw = two_levels.no_pooling - two_levels.complete
blup = two_levels.partial - two_levels.complete
home = plants.groupby("genotype", observed=True).population.first().astype(str)
populations, genotypes = (
    two_levels.index[two_levels.group == group] for group in ("population", "genotype"))
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(9, 4.6))
print(plots.show_shrinkage(populations, raw[populations], blup[populations], ax=left_ax,
                           title="populations"))
from_home = raw[genotypes] - blup[home[genotypes]].to_numpy()
print(plots.show_shrinkage(genotypes, from_home, blup[genotypes], ax=right_ax, title="genotypes"))
left_ax.set_xticks([-1.5, -1, -0.5, 0, 0.5])
plt.show()
print(len(plants), "plants; variances", plant_fit.varcomp.set_index("group").variance.round(3).to_dict())

# %% [markdown] minutes=1 notes="Let the printed sentences speak; ask who would vote differently now." slideshow={"slide_type": "slide"}
# ## 15. Wrap up
#
# The lesson in computed sentences, and your choice of section 3:

# %% slideshow={"slide_type": "-"}
print(f"Balanced: every sorghum block keeps {blocks.weight.iloc[0]:.3f}.")
print("Unbalanced: clover entries keep", *entries.groupby("years").kept.mean().map("{:.3f}".format), "after 1, 2 years.")
print(f"By raw mean C10 is number {ranks['rank raw']['C10']}, by BLUP number {ranks['rank BLUP']['C10']}.")
print(f"You promoted {' and '.join(promote)}; the BLUPs promote", *entries.nlargest(2, "BLUP").index)

# %% [markdown] minutes=1 notes="Homework. Number 3 is the one to discuss next time." slideshow={"slide_type": "slide"}
# ## 16. On your own
#
# 1. **Do.** Set up Henderson's equations for the sorghum trial (`sorghum_fit.X`, `sorghum_fit.Z`) and compare the solution with `mm.henderson(sorghum_fit)`.
# 2. **Explain.** To a colleague, in two sentences: why may an entry with a smaller raw mean have the larger BLUP?
# 3. **Change one knob.** Take days 3 to 9 away from one driver whose line is far from the others, and fit again. In which direction does the prediction move, and why?
# 4. **Transfer.** In the barley trial, `mm.load("barley")`, make the genotypes random: `yield_t_ha ~ fungicide + (1 | genotype) + (1 | block/fungicide)`. By which factor do they shrink? How many genotypes among the best ten by raw mean are also among the best ten by BLUP?
#
# <details><summary>Answers</summary>
# <ol>
# <li>The two agree. There is one equation for each genotype and each block, far fewer than plots.</li>
# <li>Its mean rests on more plots, or on a poorer year. The model compares it with what was to be expected, and believes more in what more plots have shown.</li>
# <li>Towards the line for all: three days say little about a slope.</li>
# <li>All by one factor, 0.862, for the trial is balanced, with 8 plots of each genotype; so the two lists agree, and 10 of the best ten are the same.</li>
# </ol>
# </details>

# %% [markdown] minutes=1 notes="Robinson's paper reads well on a train. Point to day 6 for tests." slideshow={"slide_type": "slide"}
# ## 17. In practice and further reading
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
