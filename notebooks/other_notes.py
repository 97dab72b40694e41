# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Not for a class. Send it to those who learn from several texts at once, and look up a number here when somebody quotes one of these sentences." slideshow={"slide_type": "slide"}
# # If you use other notes
#
# **What this is.** Notes on mixed models are often copied from each other, and some mistakes with them. Here are thirteen sentences and formulas that are printed somewhere, each with what is right and with the number that decides. If you learn from this course alone, you do not need this page. If something in your notes does not fit what you learned here, look it up.
#
# **What you need.** The days that are named in each heading. Read what you need; 40 minutes for all.

# %% slideshow={"slide_type": "skip"}
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.stats import chi2

import mmteach as mm

# %% slideshow={"slide_type": "-"}
sorghum = mm.load("sorghum")
schools = mm.load("schools")
pigs = mm.load("pigs_crd")
print(f"sorghum {len(sorghum)} plots, schools {len(schools)} students")
print(f"pigs {len(pigs)} rows")

# %% [markdown] minutes=10 slideshow={"slide_type": "slide"}
# ## 1. Designs and coding
#
# ### Slip 1 (day 2): a column of $\mathbf X$ is "1 for G02, and 1 else"
#
# It is 1 for G02 and **0** else. With 1 everywhere the column would repeat the intercept. The rank counts the columns that say something new:

# %% slideshow={"slide_type": "-"}
intercept = np.ones(72)
is_G02 = (sorghum["genotype"] == "G02").to_numpy().astype(float)     # 1 or 0
right = np.column_stack([intercept, is_G02])
wrong = np.column_stack([intercept, np.ones(72)])
print("rank with 0 else:", np.linalg.matrix_rank(right))
print("rank with 1 else:", np.linalg.matrix_rank(wrong))

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 2 (day 2): "blocks fixed or random, the estimates are the same"
#
# They are when the compared genotypes were grown in the same blocks, as in a complete trial. One lost plot is a counter-example. We lose the plot of G18 in R1 and compare G18 − G01:

# %% slideshow={"slide_type": "-"}
lost = (sorghum["genotype"] == "G18") & (sorghum["block"] == "R1")
rest = sorghum[~lost]                          # ~ means not
fixed = mm.lm("yield_kg_ha ~ genotype + block", data=rest)
mixed = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=rest)
print(f"blocks fixed:  {fixed.beta['genotype[T.G18]']:.2f} kg/ha")
print(f"blocks random: {mixed.beta['genotype[T.G18]']:.2f} kg/ha")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 8 (days 1 and 6): "45 repetitions of each diet"
#
# In the trial with pigs, 90 pens were seen on three days each (synthetic data, see `data/README.md` in the project folder). A diet has 45 *rows*, but the diets were given to *pens*:

# %% slideshow={"slide_type": "-"}
of_A = pigs[pigs["diet"] == "A"]
print(f"diet A: {len(of_A)} rows, {of_A['pen'].nunique()} pens")
as_if_independent = mm.lm("dry_matter_pct ~ day * diet", data=pigs)
with_pens = mm.lmm("dry_matter_pct ~ day * diet + (1 | pen)", data=pigs)
print(mm.anova(as_if_independent).loc["diet", ["den_df", "f", "p"]].to_string())
print(mm.anova(with_pens).loc["diet", ["den_df", "f", "p"]].to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Fifteen pens, not 45. The three days of a pen have its random effect in common, so the model needs `(1 | pen)`. Then the diets are tested on 84 degrees of freedom (90 pens minus 6 diets) and not on 252, and the p-value is .028 where it seemed to be .003.
#
# ### Slip 9 (day 6): the error degrees of freedom of a trial in blocks
#
# With $N$ rows, $d$ diets, $t$ days and $r$ rooms as blocks the error has $N - dt - (r - 1)$ degrees of freedom: one is taken for each mean, and $r - 1$ for the blocks.

# %% slideshow={"slide_type": "-"}
in_rooms = mm.load("pigs_rooms")
rooms = mm.lm("dry_matter_pct ~ room + day * diet", data=in_rooms)
n_rows = len(in_rooms)
n_diets = 6
n_days = 3
n_rooms = 3
by_formula = n_rows - n_diets * n_days - (n_rooms - 1)
print(f"by the formula: {by_formula}, from the fit: {rooms.df_resid}")

# %% [markdown] minutes=8 slideshow={"slide_type": "slide"}
# ## 2. Matrices and formulas
#
# ### Slip 4 (days 2 to 5): $\mathbf R$ where $\mathbf V$ is meant
#
# Some notes change their letters on the way, and a reader takes the covariance matrix of the *errors*, $\mathbf R$, for that of the *data*, $\mathbf V$. They differ by $\mathbf Z\mathbf G\mathbf Z'$. In the sorghum trial the first diagonal cells are:

# %% slideshow={"slide_type": "-"}
trial = mm.lmm("yield_kg_ha ~ genotype + (1 | block)", data=sorghum)
print(f"R: {trial.R.iloc[0, 0]:.0f}, V: {trial.V.iloc[0, 0]:.0f} (kg/ha)²")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 10 (day 5): an $\varepsilon$ that is a $u$, and `(1 || subject)`
#
# With a random intercept $u_{0j}$ and a random slope $u_{1j}$ a row is $y_{ij} = (\beta_0 + u_{0j}) + (\beta_1 + u_{1j})x_{ij} + \varepsilon_{ij}$. Where all random parts are called $\epsilon$ with numbers, one of them gets lost: notes that print $(\beta_0 + \epsilon_{1,j}) + \beta_1 x_{ij} + \epsilon_{1,j}$ mean the error of the row at the end.
#
# And for intercepts and slopes *without a correlation* the formula is not `(1 || subject)`. The double bar takes correlations out, and between one effect and itself there is none. It is `(1 + days || subject)`:

# %% slideshow={"slide_type": "-"}
sleep = mm.load("sleepstudy")
for bars in ["(1 || subject)", "(1 + days || subject)"]:
    drivers = mm.lmm("reaction_ms ~ days + " + bars, data=sleep)
    of_subjects = drivers.varcomp[drivers.varcomp["group"] == "subject"]
    print(f"{bars}: variances of {list(of_subjects['term'])}")

# %% [markdown] minutes=14 slideshow={"slide_type": "slide"}
# ## 3. Estimating variances
#
# ### Slip 11 (day 4): "ML treats the mean as known"
#
# It does not. ML *maximises* over the mean, and then takes no account of having done so. A mean that is truly known causes no bias. In balanced data the averages of the formulas can be computed, here for three schools of four students with $\sigma_b^2$ = 100 and $\sigma^2$ = 225:

# %% slideshow={"slide_type": "-"}
sigma2_b = 100
sigma2 = 225
variance_of_school_mean = sigma2_b + sigma2 / 4
average_mean_known = variance_of_school_mean - sigma2 / 4
average_ml = 2 / 3 * variance_of_school_mean - sigma2 / 4     # divides by 3, not by 2
average_reml = variance_of_school_mean - sigma2 / 4
print(f"the truth: sigma_b² {sigma2_b}, sigma² {sigma2}; averages of the estimates:")
print(f"mean known {average_mean_known:.1f}, ML {average_ml:.1f}", end=", ")
print(f"REML {average_reml:.1f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 12 (day 4): the closed formula of ML, used everywhere
#
# $\hat\sigma_b^2 = (\frac{J-1}{J}MS_b - MS_w)/k$ is exact for balanced data with one mean *and* a value above zero. Two students of the last school are absent:

# %% slideshow={"slide_type": "-"}
present = schools[:10]
by_school = present.groupby("school", observed=True)["score"]
squares_within = by_school.var() * (by_school.size() - 1)
ms_within = squares_within.sum() / (10 - 3)
formula = by_school.mean().var(ddof=0) - ms_within / by_school.size().mean()
search = mm.lmm("score ~ 1 + (1 | school)", data=present, reml=False)
print(f"formula {formula:.1f}, search {search.varcomp['variance'][0]:.1f} points²")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 3 (day 4): the residual of the ML fit in the REML criterion
#
# Some notes define $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}_{\mathrm{ML}}$ once and for all. The criterion needs the GLS estimate at the *same* variances as $\mathbf V$, and it moves while the variances are searched. Any other residual makes the criterion too high. In equal schools nobody notices, in unequal ones it shows:

# %% slideshow={"slide_type": "-"}
reml = mm.lmm("score ~ 1 + (1 | school)", data=present)
V_inverse = np.linalg.inv(reml.V.to_numpy())
r_gls = (present["score"] - reml.beta.iloc[0]).to_numpy()
r_ml = (present["score"] - search.beta.iloc[0]).to_numpy()
too_high = r_ml @ V_inverse @ r_ml - r_gls @ V_inverse @ r_gls
print(f"mean by ML {search.beta.iloc[0]:.3f}, by GLS {reml.beta.iloc[0]:.3f} points")
print(f"criterion: {reml.criterion:.4f}, with the other residual {too_high:.4f} higher")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 13 (day 4): comparing REML criteria of different fixed parts
#
# The REML criterion depends on how $\mathbf X$ is written. We compare a model with genotypes against one with a single mean; then we measure the columns of the same $\mathbf X$ in another unit (times 10). `mm.reml_objective` and `mm.ml_objective` are the two criteria as functions of the logarithms of the variances, and `minimize` finds their lowest points:

# %% slideshow={"slide_type": "-"}
y = sorghum["yield_kg_ha"].to_numpy()
X_genotypes = trial.X.to_numpy()
X_mean = np.ones((72, 1))
start = np.log([3000, 30000])

def lowest(objective, X):
    found = minimize(objective, start, args=(y, X, sorghum["block"]), method="BFGS")
    return found.fun

gains = pd.DataFrame(index=["gain", "gain, columns × 10"])
for name, objective in [("REML", mm.reml_objective), ("ML", mm.ml_objective)]:
    one_mean = lowest(objective, X_mean)
    gain = one_mean - lowest(objective, X_genotypes)
    gain_times_10 = one_mean - lowest(objective, 10 * X_genotypes)
    gains[name] = [gain, gain_times_10]
print(gains.round(2).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# By REML the genotypes "gain" less after a mere change of units. ML is not moved, so fixed parts are compared by ML.
#
# ### Slip 7 (day 6): testing a variance with an ML refit and $\chi^2_1$
#
# REML criteria *may* be compared when the fixed part is the same, and for a variance REML is to be preferred. And zero is the smallest value that a variance can take, so $\chi^2_1$ is the wrong yardstick: if the variance is truly zero, the estimate is zero in about half of the trials, and the statistic with it. Half of the $\chi^2_1$ p-value is a better one (a mixture of $\chi^2_0$ and $\chi^2_1$). The entries of the clover trial (synthetic data):

# %% slideshow={"slide_type": "-"}
clover = mm.load("clover")
bars = " + (1 | rep) + (1 | entry:site_year)"
without = mm.lmm("biomass ~ site_year" + bars, data=clover)
with_entry = mm.lmm("biomass ~ site_year + (1 | entry)" + bars, data=clover)
by_reml = without.criterion - with_entry.criterion
by_ml = without.refit(reml=False).criterion - with_entry.refit(reml=False).criterion
for name, statistic in [("ML", by_ml), ("REML", by_reml)]:
    p = chi2.sf(statistic, df=1)
    p_mixture = p / 2
    print(f"{name:4} statistic {statistic:.4f}, p {p:.3f}, mixture {p_mixture:.3f}")

# %% [markdown] minutes=8 slideshow={"slide_type": "slide"}
# ## 4. Prediction
#
# ### Slip 5 (days 2 and 5): "in balanced data the BLUP equals the BLUE"
#
# Balanced predictions shrink too, *all by the same factor*. The first block of the sorghum trial:

# %% slideshow={"slide_type": "-"}
block_means = sorghum.groupby("block", observed=True)["yield_kg_ha"].mean()
measured = block_means["R1"] - block_means.mean()
predicted = trial.ranef().set_index("level").loc["R1", "estimate"]
print(f"R1: measured {measured:.2f}, predicted {predicted:.2f} kg/ha")
print(f"factor {predicted / measured:.3f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ### Slip 6 (day 5): BLUP = BLUE/(1 + λ), whatever the number of plots
#
# With $\lambda = \sigma^2/\sigma_b^2$ this is the factor for *one* observation in each group. With $r$ observations it is $1/(1 + \lambda/r)$, here with 18 plots in each block:

# %% slideshow={"slide_type": "-"}
ratio = trial.sigma2 / trial.varcomp["variance"][0]
print(f"lambda {ratio:.2f}")
print(f"1 / (1 + lambda)      = {1 / (1 + ratio):.3f}")
print(f"1 / (1 + lambda / 18) = {1 / (1 + ratio / 18):.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The second one is the factor of slip 5.
