# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] notes="Leave the picture on the screen while people arrive; ask who has typed REML = TRUE without knowing what it does.\nThese scores were simulated, so for once the truth is known; section 5 tells it. Do not give it away before.\nWith 50 minutes: leave sections 13 and 15 and the second halves of sections 9, 11 and 12 for reading; the derivation and the simulation stay." slideshow={"slide_type": "slide"}
# # Estimate variances with REML, from scratch
#
# ![Two contour plots side by side, the standard deviation between schools against the one within schools. In each, a line of dots runs from a common start into the innermost contour. The innermost contour lies further to the right under REML than under ML.](figures/day4_reml.png)
#
# *Twelve students, three schools, two variances to estimate. Contours of two criteria, ML (maximum likelihood) and REML (restricted maximum likelihood); low is good. The dots are the steps of a search for the lowest point. Every part of this picture will be your own work.*
#
# **What you do.** Write ML and REML in a few lines of numpy each, check every line of the derivation on numbers, then break it.
#
# **What you can do afterwards.** Build the covariance matrix of grouped data; say what ML overlooks; derive REML in three ways; tell which REML numbers may be compared, and what an estimate of zero means.
#
# **What you need.** The pair of day 2, where $\mathbf V$ came up, and the normal density. In class: 58 minutes.

# %% [markdown] minutes=2 notes="One notation for the whole course: write the two variances on the board and leave them there.\nPeople read sigma_b as the SD of a mean: it is the SD between schools, before any student is drawn." slideshow={"slide_type": "slide"}
# ## 1. Set up and recall
#
# The model of day 2 again, with schools in the place of blocks. Student $i$ of school $j$ scores
#
# $$y_{ij} = \mu + u_j + \varepsilon_{ij}, \qquad u_j \sim N(0, \sigma_b^2), \qquad \varepsilon_{ij} \sim N(0, \sigma^2).$$
#
# $\mu$ is a fixed number, the mean over all schools there could be. The $u_j$ are draws from a population of schools. $\sigma_b^2$ is the variance between schools, $\sigma^2$ the variance between students of one school. There are $J$ schools with $k$ students each, $n$ rows in all, and $p$ columns in $\mathbf X$, the matrix of the fixed effects; here $p = 1$.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from ipywidgets import FloatSlider, interact
from numpy.linalg import inv, slogdet, solve
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import mmteach as mm
from mmteach import plots
from mmteach.course import side_by_side

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
y, school, n = schools.score.to_numpy(), schools.school.to_numpy(), len(schools)
print(plots.show_points(y, school, unit="score (points)"))
plt.show()

# %% [markdown] minutes=4 notes="Ask: do these schools differ? Collect votes before the means are read out; let people type their guesses before the fit.\nThen read the print from top to bottom. The stumbling block: the column sd is the root of the variance, not its standard error." slideshow={"slide_type": "slide"}
# ## 2. Look, guess, fit
#
# *Figure 1 (above). A dot for each student, a bar at the mean of each school. The three means lie far apart, and so do the students of a school.*
#
# **Commit to a guess** of the two variances, in squared points, before a model shows them: type your numbers over ours.

# %% slideshow={"slide_type": "-"}
guess = {"sigma_b²": 60, "sigma²": 200}           # your guesses, in squared points

# %% [markdown] slideshow={"slide_type": "fragment"}
# Then fit. The formula says: one mean, and a random shift for each school.

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("score ~ 1 + (1 | school)", schools)
print(fit.summary())


# %% [markdown] slideshow={"slide_type": "fragment"}
# Take the print apart, from the top:
#
# - **REML criterion** 91.1: minus twice a log-likelihood, at its lowest. Sections 4 to 7 build it.
# - **Random effects**: the estimates $\hat\sigma_b^2$ = 102.64 and $\hat\sigma^2$ = 144.39, in squared points. The column `sd` holds their roots, 10.13 and 12.02 points. It is not a standard error.
# - **Fixed effects**: the mean is 54.457 points, with standard error 6.800. This error depends more on the number of schools, three, than on the number of students. It is computed as if the two variances were known, though they are estimates; so in general it is slightly too small (day 6).
#
# **Check.** The ordinary standard error is $s/\sqrt{12}$, with $s$ the standard deviation of all scores. Is it larger or smaller than 6.800?
#
# <details><summary>Answer</summary>
#
# Smaller. It treats the students as independent draws. Four students of one school share that school's $u_j$, so together they say less about $\mu$ than four strangers would.
# </details>

# %% [markdown] minutes=6 notes="Write the loop live: ask the class for the value of a cell before typing it.\nThen the same matrix in one line; the picture shows why the two agree." slideshow={"slide_type": "slide"}
# ## 3. Build V
#
# $\mathbf V$ holds the variances and covariances of all scores. Rows $i$ and $i'$ are one student, or two students of a school, or strangers:
#
# $$V_{ii'} = \begin{cases} \sigma_b^2 + \sigma^2 & \text{the same student}\\ \sigma_b^2 & \text{two students of one school}\\ 0 & \text{students of different schools} \end{cases}$$
#
# As a program, this is a double loop. We fill it with round numbers, $\sigma_b^2$ = 100 and $\sigma^2$ = 225, and keep this $\mathbf V$ for the checks of sections 4 to 9. Any positive numbers would do; section 5 says why these:

# %% slideshow={"slide_type": "subslide"}
def V_by_loop(sigma2_b, sigma2, groups):
    groups = list(groups)
    V = np.zeros((len(groups), len(groups)))
    for row, mine in enumerate(groups):
        for column, yours in enumerate(groups):
            if mine == yours:
                V[row, column] = sigma2_b + (sigma2 if row == column else 0)
    return V

V = V_by_loop(100, 225, school)
print(f"{np.count_nonzero(V)} of the {V.size} cells of V are not zero")

# %% [markdown] notes="Two minutes in pairs. Expect 'more students in these schools': the floor is the variance between schools over their number." slideshow={"slide_type": "fragment"} tags=["discuss"]
# The same matrix comes from the model in matrix form, $\mathbf y = \mathbf X\boldsymbol\beta + \mathbf Z\mathbf u + \boldsymbol\varepsilon$, with $\mathrm{Var}(\mathbf u) = \mathbf G = \sigma_b^2\mathbf I$ for the schools and $\mathrm{Var}(\boldsymbol\varepsilon) = \mathbf R = \sigma^2\mathbf I$ for the students:
#
# $$\mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R.$$
#
# And $\mathbf V$ gives the variance of any combination of scores: $\mathrm{Var}(\mathbf a'\mathbf y) = \mathbf a'\mathbf V\mathbf a$. For the mean of a school, with weights $1/k$, this should be $\sigma_b^2 + \sigma^2/k$.
#
# **Predict.** How many ones does a row of $\mathbf Z$ hold, how many a column? What is the variance of a school mean, when $\sigma_b^2$ = 100 and $\sigma^2$ = 225?
#
# **Discuss**, once the numbers stand below. You may test 100 more students. Where: in these three schools, or in new ones?
#
# <details><summary>Answer</summary>
#
# In new ones. The mean of all scores has variance $\sigma_b^2/J + \sigma^2/(Jk)$. More students per school shrink the second part only; more schools shrink both.
# </details>
#
# *Figure 2 (next output). $\mathbf Z$ says who belongs where; $\mathbf V$ has a block for each school.*

# %% slideshow={"slide_type": "subslide"}
Z, G, R = mm.build_Z(school), 100 * np.eye(3), 225 * np.eye(n)
fig, axes = plt.subplots(1, 3, figsize=(10, 3.8), width_ratios=[1.3, 4, 4])
symbols = {325: r"$\sigma_b^2{+}\sigma^2$", 100: r"$\sigma_b^2$", 0: "0"}
of_Z = mm.show_matrix(Z, school, labels=(None, ["S1", "S2", "S3"]), ax=axes[0], title="Z")
mm.show_matrix(V[1:7, 1:7], school[1:7], symbols, ax=axes[1], title="A part of V, in symbols")
of_V = mm.show_matrix(V, school, ax=axes[2], title="V = ZGZ' + R (points²)")
plt.show()
a = (school == "S1") / 4
print(f"Z: {of_Z}\nV: {of_V}\nThe loop and ZGZ' + R agree: {np.array_equal(V, Z @ G @ Z.T + R)}")
print(f"Variance of a school mean: a'Va = {a @ V @ a:.2f}, sigma_b² + sigma²/4 = {100 + 225 / 4:.2f}")

# %% [markdown] minutes=6 notes="Cover the right-hand sides and let the class say the next line.\nLine (2) is the one to remember: it is used once for ML and once for REML." slideshow={"slide_type": "slide"}
# ## 4. Write the likelihood, line by line
#
# The likelihood is the density of the observed scores, read as a function of the parameters. All scores together are normal, $\mathbf y \sim N(\mathbf X\boldsymbol\beta, \mathbf V)$. With $|\mathbf V|$ for the determinant, minus twice the log-density is
#
# $$-2\log f(\mathbf y) = n\log 2\pi + \log|\mathbf V| + (\mathbf y - \mathbf X\boldsymbol\beta)'\mathbf V^{-1}(\mathbf y - \mathbf X\boldsymbol\beta). \tag{1}$$
#
# For a single score this reads $\log 2\pi + \log\sigma^2 + (y-\mu)^2/\sigma^2$: a constant, a price for a large variance, and a squared distance. Check it against scipy, at $\beta = 50$:

# %% slideshow={"slide_type": "-"}
X = np.ones((n, 1))                               # one column: the common mean
log_det, log_2pi, Vi = lambda M: slogdet(M)[1], np.log(2 * np.pi), inv(V)
line_1 = n * log_2pi + log_det(V) + (y - 50) @ Vi @ (y - 50)
print(f"(1) {line_1:.6f} = {-2 * multivariate_normal(np.full(n, 50), V).logpdf(y):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Only the last term holds $\boldsymbol\beta$: a squared distance, weighted by $\mathbf V^{-1}$. The $\boldsymbol\beta$ that makes it smallest is the generalised least squares estimate, **GLS** for short: $\hat{\boldsymbol\beta} = \mathbf A^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$ with $\mathbf A = \mathbf X'\mathbf V^{-1}\mathbf X$. Let $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}$ be its residuals. Completing the square gives
#
# $$(\mathbf y - \mathbf X\boldsymbol\beta)'\mathbf V^{-1}(\mathbf y - \mathbf X\boldsymbol\beta) = \mathbf r'\mathbf V^{-1}\mathbf r + (\boldsymbol\beta - \hat{\boldsymbol\beta})'\mathbf A(\boldsymbol\beta - \hat{\boldsymbol\beta}). \tag{2}$$

# %% slideshow={"slide_type": "-"}
A = X.T @ Vi @ X
beta_hat = solve(A, X.T @ Vi @ y)
r = y - X @ beta_hat
print(f"(2) {(y - 50) @ Vi @ (y - 50):.6f} = {r @ Vi @ r + (50 - beta_hat) @ A @ (50 - beta_hat):.6f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# The second part of (2) is never negative, and it is zero at $\boldsymbol\beta = \hat{\boldsymbol\beta}$. So for any given $\mathbf V$ the likelihood is largest there. What remains depends on the variances alone. It is called a *profile*: for each $\mathbf V$, the best value over all $\boldsymbol\beta$.
#
# $$-2\ell_{\mathrm{ML}}(\mathbf V) = n\log 2\pi + \log|\mathbf V| + \mathbf r'\mathbf V^{-1}\mathbf r. \tag{3}$$
#
# We write it as a function of the two *log*-variances, since these may take any value while the variances stay positive:

# %% slideshow={"slide_type": "subslide"}
def ml(log_variances, y, X, groups):
    V = V_by_loop(*np.exp(log_variances), groups)
    r = y - X @ solve(X.T @ solve(V, X), X.T @ solve(V, y))    # solve(V, y): V⁻¹y
    return len(y) * log_2pi + log_det(V) + r @ solve(V, r)

print(f"(3) {ml(np.log([100, 225]), y, X, school):.6f} = {mm.minus2_loglik(y, X, V, reml=False):.6f}")


# %% [markdown] minutes=5 notes="Do the two mean squares on the board first; two divisions give REML and ML.\nThen predict by a show of hands: over many trials, is the average of ML at 100, above or below?" slideshow={"slide_type": "slide"}
# ## 5. See what ML overlooks
#
# > **Common slip: "ML treats the mean as known".** It does not. Line (3) has the GLS estimate in the place of $\boldsymbol\beta$: ML *maximises* over the mean, and then takes no account of having done so. A mean that is truly known causes no bias, as the simulation below shows.
#
# In balanced data with one mean as the only fixed effect, two mean squares give the estimates. Between schools: $MS_b$ is $k$ times the variance of the school means, with $J-1$ in its denominator. Within: $MS_w$ is the average variance inside a school. Their expectations are $k\sigma_b^2 + \sigma^2$ and $\sigma^2$. Equate and solve for REML; ML has $J$ in place of $J-1$:
#
# $$\hat\sigma_b^2 = \frac{MS_b - MS_w}{k} \;\text{ (REML)}, \qquad \hat\sigma_b^2 = \frac{\frac{J-1}{J}MS_b - MS_w}{k} \;\text{ (ML)}, \qquad \hat\sigma^2 = MS_w \;\text{ (both)}.$$
#
# $\hat\sigma^2$ is the same by both, because $MS_w$ is made of differences between students of one school, and $\mu$ drops out of these: there is nothing in them for ML to overlook.
#
# > **Common slip: the ML formula used everywhere.** It is exact for *balanced* data with an *interior* solution only, one above zero. When its value is negative, the likelihood has its maximum at $\sigma_b^2 = 0$, and $\hat\sigma^2$ is no longer $MS_w$. The REML formula has the same two limits. A third limit holds for both: with fixed effects that are compared *inside* the groups, $MS_w$ is another mean square, and ML is too low there as well (section 12). For schools of different size section 11 has the numbers.
#
# Here the schools are equal and the value is positive, so the ML formula should give the lowest point of our function `ml`. A search finds it by BFGS, a method that walks downhill and learns the curvature from the slopes on its way. It keeps its steps:

# %% slideshow={"slide_type": "subslide"}
def mean_squares(scores):                         # (..., J, k) scores
    return scores.shape[-1] * scores.mean(-1).var(-1, ddof=1), scores.var(-1, ddof=1).mean(-1)

def estimate(function, y, X, groups, start):
    steps = [np.log(start)]
    best = minimize(function, steps[0], (y, X, groups), "BFGS", "3-point",
                    callback=steps.append, tol=1e-7)
    return np.exp(best.x), best.fun, np.exp(steps)

between, within = mean_squares(y.reshape(3, 4))
variances, criterion, _ = estimate(ml, y, X, school, start=(9, 576))
print(f"mean squares: between {between:.2f}, within {within:.4f}")
print(f"ML by hand   {(2 / 3 * between - within) / 4:.3f} and {within:.3f}")
print(f"ML by search {variances[0]:.3f} and {variances[1]:.3f}, with -2 log-likelihood {criterion:.3f}")
print(f"REML by hand {(between - within) / 4:.3f} and {within:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# ML gives $\hat\sigma_b^2$ = 56.391, little more than half of REML's 102.636. One data set proves nothing. But the scores are not real. They were drawn by a computer, with the numbers that have been in our $\mathbf V$ since section 3: mean 50, $\sigma_b^2$ = 100, $\sigma^2$ = 225. So we know the truth, and may draw 50,000 new sets from it. For each, estimate $\sigma_b^2$ three times by formula: around the true mean, by ML, by REML. Negative values are kept. **Predict** the average of each; the truth is 100.
#
# *Figure 3 (next output). The three sets of estimates; dotted: the truth, full line: the average.*

# %% slideshow={"slide_type": "subslide"}
print("Truth: mean 50, sigma_b² 100, sigma² 225; as SDs 10 and 15.")
rng = np.random.default_rng(1)
drawn = 50 + rng.normal(0, 10, (50_000, 3, 1)) + rng.normal(0, 15, (50_000, 3, 4))
B, W = mean_squares(drawn)
known = ((drawn.mean(-1) - 50) ** 2).mean(-1) - W / 4    # school means around the true 50
estimates = pd.DataFrame({"mean known": known, "ML": (2 / 3 * B - W) / 4, "REML": (B - W) / 4})
print(plots.show_sampling(estimates, 100, (-100, 500), "estimate of $\\sigma_b^2$ (points²)"))
plt.show()
print("Averages with negative values set to zero:", estimates.clip(lower=0).mean().round(1).to_dict())

# %% [markdown] minutes=6 notes="First read figure 3: on the board, ML is expected at (2/3)(100 + 56.25) - 56.25. Then the idea: twelve numbers, one says something on the mean, eleven on the variances. Ask for a combination that forgets the mean: somebody will say a difference of two students." slideshow={"slide_type": "slide"}
# ## 6. REML, first way: forget the mean
#
# The averages of figure 3 show the cause. Around the true mean, and by REML, they are close to 100. ML is biased downwards: it divides the squares of the school means by $J$, as if they were taken around the true mean; around an estimated mean they come out too small. REML makes up for it with $J-1$.
#
# "Unbiased" holds for the REML *formula* in balanced data, negative values included. Programs report zero in their place, which moves all three averages up: REML's is then 110.6, and ML's, 62.6, is still too low. All three spread widely, because three schools say little about a variance between schools; no denominator changes that.
#
# How does this carry over to any $\mathbf X$ and $\mathbf V$? By numbers that do not depend on $\mu$, such as differences between students. Take $n-p$ independent combinations $\mathbf K'\mathbf y$ of this kind, called *error contrasts*:
#
# $$\mathbf K'\mathbf X = \mathbf 0 \quad\Longrightarrow\quad \mathbf K'\mathbf y = \mathbf K'(\mathbf Z\mathbf u + \boldsymbol\varepsilon), \text{ whatever } \boldsymbol\beta \text{ is.} \tag{4}$$
#
# The library has such a matrix, $\mathbf K$; another is $\mathbf D$, each student minus the last. Add 1000 points to each score, and the contrasts should not notice:

# %% slideshow={"slide_type": "-"}
K, D = mm.error_contrasts(X), np.vstack([np.eye(n - 1), -np.ones(n - 1)])
print("(4) K'X = 0:", np.allclose(K.T @ X, 0))
print("    K'(y + 1000) = K'y:", np.allclose(K.T @ (y + 1000), K.T @ y))

# %% [markdown] slideshow={"slide_type": "fragment"}
# The contrasts are normal with mean zero, $\mathbf K'\mathbf y \sim N(\mathbf 0, \mathbf K'\mathbf V\mathbf K)$, so line (1) holds for them:
#
# $$-2\log f(\mathbf K'\mathbf y) = (n-p)\log 2\pi + \log|\mathbf K'\mathbf V\mathbf K| + \mathbf y'\mathbf K(\mathbf K'\mathbf V\mathbf K)^{-1}\mathbf K'\mathbf y. \tag{5}$$

# %% slideshow={"slide_type": "-"}
KVK = K.T @ V @ K
line_5 = (n - 1) * log_2pi + log_det(KVK) + y @ K @ solve(KVK, K.T @ y)
contrasts = lambda K, V: -2 * multivariate_normal(np.zeros(n - 1), K.T @ V @ K).logpdf(K.T @ y)
print(f"(5) {line_5:.6f} = {contrasts(K, V):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# $\mathbf K$ is not unique: any $n-p$ independent contrasts will do. The columns of $\mathbf K$ are orthonormal (of length 1, at right angles), those of $\mathbf D$ are not. Two identities bring $\mathbf V$ and $\mathbf X$ back and show where the choice enters:
#
# $$\begin{aligned} \mathbf y'\mathbf K(\mathbf K'\mathbf V\mathbf K)^{-1}\mathbf K'\mathbf y &= \mathbf r'\mathbf V^{-1}\mathbf r, \\ \log|\mathbf K'\mathbf V\mathbf K| &= \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \log|\mathbf K'\mathbf K| - \log|\mathbf X'\mathbf X|. \end{aligned} \tag{6}$$
#
# **Predict.** Compute (5) with $\mathbf K$ and with $\mathbf D$, at the true variances and at the estimates. What has to stay the same, if the choice is not to matter?
#
# <details><summary>Why (6) holds</summary>
#
# The contrasts and the GLS estimate are uncorrelated: $\mathrm{Cov}(\mathbf K'\mathbf y, \hat{\boldsymbol\beta}) = \mathbf K'\mathbf V\mathbf V^{-1}\mathbf X\mathbf A^{-1} = \mathbf K'\mathbf X\mathbf A^{-1} = \mathbf 0$. Being normal, they are independent. So the density of $\mathbf y$ is the density of $\hat{\boldsymbol\beta} \sim N(\boldsymbol\beta, \mathbf A^{-1})$ times the density of $\mathbf K'\mathbf y$, times the factor $\sqrt{|\mathbf K'\mathbf K|/|\mathbf X'\mathbf X|}$ for the change of variables, which holds no $\mathbf V$. Take logs and insert (1), (2) and (5). The terms with $\mathbf y$ are the first identity, the others are the second. REML keeps the density of $\mathbf K'\mathbf y$, which holds the variances only.
# </details>

# %% slideshow={"slide_type": "-"}
print(f"(6) {y @ K @ solve(KVK, K.T @ y):.6f} = {r @ Vi @ r:.6f}")
print(f"    {log_det(KVK):.6f} = {log_det(V) + log_det(A) + log_det(K.T @ K) - log_det(X.T @ X):.6f}")
for place, U in {"truth": V, "estimates": V_by_loop(*fit.varcomp.variance, school)}.items():
    print(f"D minus K at the {place}: {contrasts(D, U) - contrasts(K, U):.6f} = {log_det(D.T @ D):.6f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# The difference is the same at both places, 2.484907: it is $\log|\mathbf D'\mathbf D| - \log|\mathbf K'\mathbf K|$, where the second is zero for our $\mathbf K$, and holds no variances. So both choices are lowest at the same variances. Insert (6) into (5) and drop the two determinants that hold no $\mathbf V$. What remains needs no $\mathbf K$ at all. It is **the REML criterion**:
#
# $$-2\ell_{\mathrm{REML}}(\mathbf V) = (n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \mathbf r'\mathbf V^{-1}\mathbf r. \tag{7}$$
#
# Compared with (3), it is ML plus $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$, minus $p\log 2\pi$. So the program needs two more lines:

# %% slideshow={"slide_type": "subslide"}
def reml(log_variances, y, X, groups):
    A = X.T @ solve(V_by_loop(*np.exp(log_variances), groups), X)
    return ml(log_variances, y, X, groups) + log_det(A) - len(A) * log_2pi

print(f"(7) {reml(np.log([100, 225]), y, X, school):.6f} = {mm.minus2_loglik(y, X, V):.6f}")

# %% [markdown] minutes=4 notes="The integral is the area under a bell curve; draw it. ML is its height, REML its area.\nA wide bell (small A) means an uncertain mean, and REML takes account of it." slideshow={"slide_type": "slide"}
# ## 7. REML, second way: average over the mean
#
# ML takes the highest point over $\boldsymbol\beta$. We may also add up the likelihood $L$ over all values of $\boldsymbol\beta$, each with equal weight. By (2) it is a bell curve around $\hat{\boldsymbol\beta}$, and the area under a bell curve is known:
#
# $$\begin{aligned} L(\boldsymbol\beta, \mathbf V) &= L(\hat{\boldsymbol\beta}, \mathbf V)\,\exp\{-\tfrac12(\boldsymbol\beta - \hat{\boldsymbol\beta})'\mathbf A(\boldsymbol\beta - \hat{\boldsymbol\beta})\} \\ \int \exp\{-\tfrac12(\boldsymbol\beta - \hat{\boldsymbol\beta})'\mathbf A(\boldsymbol\beta - \hat{\boldsymbol\beta})\}\,d\boldsymbol\beta &= (2\pi)^{p/2}\,|\mathbf A|^{-1/2} \end{aligned} \tag{8}$$
#
# For one mean, scipy can do the integral by brute force. A line of output for each line of (8), with $L(\hat{\boldsymbol\beta}, \mathbf V)$ as the unit:

# %% slideshow={"slide_type": "-"}
mu_hat = beta_hat[0]
log_L = lambda mu: multivariate_normal(np.full(n, mu), V).logpdf(y)
area = quad(lambda mu: np.exp(log_L(mu) - log_L(mu_hat)), mu_hat - 200, mu_hat + 200)[0]
at_50 = np.exp(log_L(50) - log_L(mu_hat))
print(f"(8) {at_50:.6f} = {np.exp(-A[0, 0] * (50 - mu_hat) ** 2 / 2):.6f}")
print(f"    {area:.6f} = {np.sqrt(2 * np.pi / A[0, 0]):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Multiply the two lines and take minus twice the log:
#
# $$-2\log\int L(\boldsymbol\beta, \mathbf V)\,d\boldsymbol\beta = -2\ell_{\mathrm{ML}}(\mathbf V) + \log|\mathbf A| - p\log 2\pi. \tag{9}$$
#
# The right-hand side is (7) again, since $\mathbf A = \mathbf X'\mathbf V^{-1}\mathbf X$. ML looks at the height of the bell, REML at its area:

# %% slideshow={"slide_type": "-"}
right = ml(np.log([100, 225]), y, X, school) + log_det(A) - log_2pi
print(f"(9) {-2 * (log_L(mu_hat) + np.log(area)):.6f} = {right:.6f}")


# %% [markdown] minutes=6 notes="First the vote: which of the three terms rise with sigma_b\u00b2? Then the slider of figure 4, then the surface; let people guess the number of steps.\nThe point of the surface: the valley is long, the data leave sigma_b wide open." slideshow={"slide_type": "slide"}
# ## 8. See the criterion
#
# Three terms compete. $\log|\mathbf V|$ rises with the variances, so it speaks against large ones. $\mathbf r'\mathbf V^{-1}\mathbf r$ falls, because large deviations become less surprising, so it speaks for them. $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$ is REML's own: minus the log-variance of the estimated mean. **Predict:** as $\sigma_b^2$ grows, does REML's own term rise or fall? So does it pull the lowest point to the left or to the right? Here $\sigma^2$ stays at its estimate.
#
# *Figure 4 (next output). Left: $\mathbf V$ at the value of the knob. Right: the three terms (broken lines), their sum without REML's own term (ML, thin) and with it (REML, thick), each as the change from its value at zero; the grey bar marks the knob.*
#
# Move the knob: on which side of its lowest point does the REML curve rise more slowly?

# %% slideshow={"slide_type": "subslide"} tags=["nbval-ignore-output"]
def three_terms(sigma2_b):                        # one mean, equal schools: r is the same for every V
    V = V_by_loop(sigma2_b, within, school)
    return log_det(V), log_det(X.T @ inv(V) @ X), r @ inv(V) @ r

names = ["log|V|", "log|X'V⁻¹X|", "r'V⁻¹r"]
terms = pd.DataFrame([three_terms(s) for s in range(601)], columns=names)

@interact(sigma2_b=FloatSlider(value=100, min=0, max=600, step=20, continuous_update=False))
def picture(sigma2_b):
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.8), width_ratios=[1, 1.5])
    mm.show_matrix(V_by_loop(sigma2_b, within, school), school, ax=axes[0], title="V (points²)")
    print(plots.show_terms(terms, {"ML": names[::2], "REML": names}, sigma2_b, "$\\sigma_b^2$", axes[1]))
    plt.show()


# %% [markdown] slideshow={"slide_type": "fragment"}
# REML's own term falls: the larger $\sigma_b^2$, the less certain the mean, and REML takes account of it. So the lowest point moves to the right, from 56 to 103. The REML curve is flat, and flattest on the right: from 23 to 423 it lies less than 1 above its lowest point.
#
# Now search both variances at once, from a poor start at $\sigma_b^2$ = 9 and $\sigma^2$ = 576. **Predict:** do the searches by ML and by REML end at the same $\sigma^2$, and at the same $\sigma_b^2$? The table has the criterion at each step of the REML search.
#
# *Figure 5 (next output): the finished picture of the title, on the scale of standard deviations. Contours of each criterion above its lowest value; low is good. Look for the truth in it, at 10 and 15.*

# %% slideshow={"slide_type": "subslide"}
fig, axes = plt.subplots(1, 2, figsize=(9.5, 4.2), sharey=True)
for ax, function in zip(axes, (ml, reml)):
    name, (_, _, steps) = function.__name__.upper(), estimate(function, y, X, school, start=(9, 576))
    reading = plots.show_surface(lambda s_b, s: function(2 * np.log([s_b, s]), y, X, school),
                                 np.linspace(0.5, 40, 80), np.linspace(7, 27, 41), np.sqrt(steps), None,
                                 ("$\\sigma_b$", "$\\sigma$"), "points", ax, name)
    print(f"{name}: {reading}")
plt.show()
trace = pd.DataFrame(steps, columns=["sigma_b²", "sigma²"])
trace["criterion"] = [reml(np.log(step), y, X, school) for step in steps]
print(trace.round(3).to_string())

# %% [markdown] minutes=4 notes="Read figure 5 first: REML's valley is the wider one. Then: every fast program searches theta, one parameter fewer.\nAt the boundary, ask: what would you report when the printout says zero? The word is 'boundary estimate', not 'failed'." slideshow={"slide_type": "slide"}
# ## 9. REML, third way: one parameter
#
# Both searches end at the same $\sigma$, 12.02 points, but REML's at the larger $\sigma_b$. In figure 5 the REML valley lies further to the right, and it is wider: less than 2 above the lowest value up to $\sigma_b$ = 28.5, against 18.5 for ML. The data leave $\sigma_b$ open over a wide range, and REML says so.
#
# Most programs do not search both variances. Write $\theta = \sigma_b/\sigma$ and take $\sigma^2$ out of the matrix: $\mathbf V = \sigma^2\mathbf V_\theta$ with $\mathbf V_\theta = \mathbf I + \theta^2\mathbf Z\mathbf Z'$. Since $|\mathbf V| = \sigma^{2n}|\mathbf V_\theta|$ and $|\mathbf X'\mathbf V^{-1}\mathbf X| = \sigma^{-2p}|\mathbf X'\mathbf V_\theta^{-1}\mathbf X|$, criterion (7) is
#
# $$-2\ell_{\mathrm{REML}} = (n-p)\log 2\pi\sigma^2 + \log|\mathbf V_\theta| + \log|\mathbf X'\mathbf V_\theta^{-1}\mathbf X| + \mathbf r'\mathbf V_\theta^{-1}\mathbf r/\sigma^2. \tag{10}$$
#
# The residuals $\mathbf r$ are the same with $\mathbf V_\theta$ as with $\mathbf V$: a factor of $\mathbf V$ cancels from the GLS estimate.

# %% slideshow={"slide_type": "-"}
V_theta = np.eye(n) + (10 / 15) ** 2 * Z @ Z.T
dets, q = log_det(V_theta) + log_det(X.T @ inv(V_theta) @ X), r @ inv(V_theta) @ r
print(f"(10) {(n - 1) * np.log(2 * np.pi * 225) + dets + q / 225:.6f} = {mm.minus2_loglik(y, X, V):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# For a given $\theta$, set the derivative with respect to $\sigma^2$ to zero: the best value is $\hat\sigma^2_\theta = \mathbf r'\mathbf V_\theta^{-1}\mathbf r/(n-p)$. Insert it, and one parameter is left. This is a profile again, the **profiled criterion**:
#
# $$d(\theta) = (n-p)\,(1 + \log 2\pi\hat\sigma^2_\theta) + \log|\mathbf V_\theta| + \log|\mathbf X'\mathbf V_\theta^{-1}\mathbf X|. \tag{11}$$
#
# It should be a little lower than (10), which has 225 in the place of the best value:

# %% slideshow={"slide_type": "-"}
best = q / (n - 1)
print(f"(11) {(n - 1) * (1 + np.log(2 * np.pi * best)) + dets:.6f} = {fit.profiled([10 / 15]):.6f}")
print(f"Best sigma² at this theta: {best:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# $\theta$ has a second advantage over log-variances: it can be zero. Deal the same twelve students to three schools so that the schools come out alike. **Predict** $\hat\sigma_b^2$. Then look at $d$ along both scales:

# %% slideshow={"slide_type": "subslide"}
dealt = pd.DataFrame({"school": list("ABCCBA") * 2, "score": np.sort(y)})
alike = mm.lmm("score ~ 1 + (1 | school)", dealt)
rise = lambda model, theta: np.array([model.profiled([t]) for t in theta]) - model.criterion
fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.6), sharey=True)
logs, thetas = np.linspace(-14, 4, 181), np.linspace(-0.6, 2, 131)
along = {"log of $\\sigma_b^2/\\sigma^2$": (logs, np.exp(logs / 2)),
         "$\\theta = \\sigma_b/\\sigma$": (thetas, thetas)}
for ax, (label, (x, theta)) in zip(axes, along.items()):
    curves = {"as they are": (x, rise(fit, theta)), "dealt anew": (x, rise(alike, theta))}
    print(plots.show_curves(curves, "lowest", label, "d above its lowest value", (-0.1, 4), ax))
plt.show()
search = lambda start: estimate(mm.reml_objective, dealt.score, X, dealt.school, (start, 200))
ends = all(0 < search(start)[0][0] < 0.001 for start in (10, 50, 500))
print("Three searches over log-variances end above 0 and below 0.001:", ends)
print(f"School means {dealt.groupby('school').score.mean().round(2).to_dict()}", *alike.messages, sep="\n")

# %% [markdown] notes="Collect answers before opening the box. 'The schools do not differ' is the useful mistake.\nRemind them of section 5: the formula was below zero in a good part of the simulated sets, although the truth was 100." slideshow={"slide_type": "fragment"} tags=["discuss"]
# *Figure 6. The profiled criterion above its lowest value. Left, along the log of the variance ratio: for the students dealt anew it falls towards the left, ever more slowly, and has no lowest point. Right, along $\theta$: the same curve is smooth at 0 and lowest there. The values left of 0 are its mirror image, since $\mathbf V_\theta$ holds $\theta^2$.*
#
# A search over log-variances runs down this slope until it stops at some small number. A search over $\theta$ arrives at zero. The message says *boundary estimate*; nothing has failed.
#
# **Discuss.** The estimate is zero. Is the variance between these schools zero?
#
# <details><summary>Answer</summary>
#
# We do not know. With three schools the estimate is often zero when the variance is not: look up the share below zero in section 5. An estimate of zero says that the school means differ no more than the students inside the schools would make them differ.
# </details>

# %% [markdown] minutes=3 notes="Read one row of the source table aloud; the library says the same in other words, plus checks.\nThe library never inverts V: it divides by a Cholesky factor, which is quicker and more exact." slideshow={"slide_type": "slide"}
# ## 10. Agree by four routes
#
# What you wrote is what the library holds. Your functions on the left, the source of `mmteach` on the right, without its documentation:

# %% slideshow={"slide_type": "subslide"}
side_by_side((V_by_loop, mm.build_V_cs), (ml, mm.minus2_loglik), (reml, mm.reml_objective))


# %% [markdown] slideshow={"slide_type": "fragment"}
# `build_V_cs` compares all pairs of rows at once. `minus2_loglik` holds both criteria; its helper `whiten_and_fit` divides $\mathbf X$ and $\mathbf y$ by a Cholesky factor of $\mathbf V$, a triangular root of $\mathbf V$, which saves the inverse.
#
# Now four routes to the same numbers. The values of lme4 1.1 are typed as R prints them to four decimals, its optimiser run to full precision. **Predict** which rows are the same for REML and ML:

# %% slideshow={"slide_type": "subslide"}
def by_search(function):
    variances, criterion, _ = estimate(function, y, X, school, start=(50, 200))
    gls = mm.gls(X, y, V_by_loop(*variances, school))
    return [*variances, criterion, gls.beta[0], np.sqrt(gls.cov_beta[0, 0])]

library = [[*f.varcomp.variance, f.criterion, f.beta.iloc[0], f.se.iloc[0]]
           for f in (fit, fit.refit(reml=False))]
other = [[f.cov_re.iloc[0, 0], f.scale, -2 * f.llf, f.params.iloc[0], f.bse.iloc[0]] for f in
         (smf.mixedlm("score ~ 1", schools, groups=school).fit(reml=reml_) for reml_ in (True, False))]
lme4 = [102.6356, 144.3946, 91.0922, 54.4573, 6.8003, 56.3909, 144.3946, 96.5476, 54.4573, 5.5525]
rows = pd.MultiIndex.from_product([["REML", "ML"], ["sigma_b²", "sigma²", "criterion", "mean", "its SE"]])
table = pd.DataFrame({"your code": by_search(reml) + by_search(ml), "mmteach": np.ravel(library),
                      "lme4": lme4, "statsmodels": np.ravel(other)}, rows)
print(table.to_string(float_format="{:.4f}".format, formatters={"statsmodels": "{:.2f}".format}))

# %% [markdown] minutes=4 notes="Three of four columns agree in every digit; statsmodels stops its search earlier, so two decimals are shown.\nState the expected symptom before each run. One school: the library refuses, our own code answers anyway, which is the dangerous kind of answer." slideshow={"slide_type": "slide"}
# ## 11. Break it
#
# The columns agree. The row `mean` is the same for REML and ML, because in equal schools GLS is the plain average, whatever the variances. The row `sigma²` is the same for another reason: the 9 differences inside the schools fix it, and the mean, the only fixed effect, drops out of each of them. Section 12 has a trial where that is not so. Now provoke failures, each with its expected symptom. With **one school**, $u_1$ cannot be told from the mean, and the REML criterion does not depend on $\sigma_b^2$. With **two schools** there is an answer, but it rests on a single difference. **A constant left out** moves the criterion and leaves the estimates. Watch for each:

# %% slideshow={"slide_type": "subslide"}
try:
    mm.lmm("score ~ 1 + (1 | school)", schools[schools.school == "S1"])
except ValueError as error:
    print("One school, mmteach:", error)
flat = [f"{reml(np.log([s, 144]), y[:4], X[:4], school[:4]):.4f}" for s in (1, 100, 10000)]
print("One school, our criterion at sigma_b² = 1, 100, 10000:", *flat)
for left_out in ("S3", "S2", "S1"):
    pair = mm.lmm("score ~ 1 + (1 | school)", schools[schools.school != left_out])
    print(f"Two schools, without {left_out}: sigma_b² {pair.varcomp.variance[0]:.1f}")
print(f"No constant: criterion {fit.criterion - (n - 1) * log_2pi:.3f} in place of {fit.criterion:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With one school our own function answers without complaint, and every $\sigma_b^2$ is as good as any other. With two schools the estimate runs from 1.4 to 237.9, depending on which two.
#
# Next, **unequal schools**: the last two students of S3 are absent on the day of the test. **Predict:** does ML's closed form survive? Is $\hat\sigma^2$ still the same by both? Are the plain average, ML's mean and the GLS mean still the same?
#
# > **Common slip: the residual of the ML fit in the REML criterion.** Some notes define $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}_{\mathrm{ML}}$. The derivation needs the GLS estimate at the *same* variances as $\mathbf V$: it moves while the variances are searched, because GLS weighs each school mean by its precision. In balanced data the two agree and nobody notices. By (2), any other residual makes the criterion too high: see the last line below.

# %% slideshow={"slide_type": "subslide"}
few, X_few = schools[:10], X[:10]
by_ml, by_reml = (estimate(f, few.score, X_few, few.school, (50, 200))[0] for f in (ml, reml))
each, sizes = few.groupby("school", observed=True).score, few.school.value_counts(sort=False)
MS_w = (each.var() * (sizes - 1)).sum() / (len(few) - 3)
formula = each.mean().var(ddof=0) - MS_w / sizes.mean()
print(f"ML sigma_b²: formula {formula:.2f}, search {by_ml[0]:.2f}; REML sigma_b²: {by_reml[0]:.2f}")
V_few, V_ml = V_by_loop(*by_reml, few.school), V_by_loop(*by_ml, few.school)
gls, gls_ml = (mm.gls(X_few, few.score, U) for U in (V_few, V_ml))
print(f"sigma²: ML {by_ml[1]:.2f}, REML {by_reml[1]:.2f}")
print(f"mean: average {few.score.mean():.3f}, ML {gls_ml.beta[0]:.3f},",
      f"GLS at REML variances {gls.beta[0]:.3f}")
right = mm.minus2_loglik(few.score, X_few, V_few)
wrong = right + np.subtract(*(e @ inv(V_few) @ e for e in (gls_ml.residuals, gls.residuals)))
print(f"REML criterion: {right:.4f} with the GLS residual, {wrong:.4f} with the ML residual")

# %% [markdown] minutes=4 notes="The relief of the day: the same functions, an actual field trial.\nThen the trap: ask whether the REML gain is a test statistic before anybody sees the second row." slideshow={"slide_type": "slide"}
# ## 12. Run it on the sorghum trial
#
# The trial of day 2: `block` takes the place of the school, and $\mathbf X$ has a column for each genotype. Same code, more rows; all genotypes stand in all blocks. **Predict:** in the equal schools ML and REML had the same $\hat\sigma^2$. Will they have it here?
#
# **Several random effects** need one more variance and one more piece, $\mathbf V = \sigma_1^2\mathbf Z_1\mathbf Z_1' + \sigma_2^2\mathbf Z_2\mathbf Z_2' + \sigma^2\mathbf I$, nested or crossed. Factors are *nested* when each level of one occurs inside a single level of the other, as students inside schools; they are *crossed* when each level of one meets each level of the other. Blocks and genotypes are crossed: every genotype stands in every block. The third fit makes both random:

# %% slideshow={"slide_type": "subslide"}
trial = mm.load("sorghum")
grain, block, ones = trial.yield_kg_ha.to_numpy(), trial.block, np.ones((len(trial), 1))
genotypes = np.hstack([ones, mm.build_Z(trial.genotype)[:, 1:]])
found = {"REML": estimate(reml, grain, genotypes, block, (3000, 3e4)),
         "ML": estimate(ml, grain, genotypes, block, (3000, 3e4)),
         "REML, crossed": estimate(mm.reml_objective, grain, ones, [block, trial.genotype],
                                   (3000, 3e4, 3e4))}
components = ["block", "genotype", "plot"]
for name, (variances, criterion, _) in found.items():
    here = components if len(variances) == 3 else ["block", "plot"]
    table = pd.DataFrame({"variance": variances, "SD": np.sqrt(variances)}, here)
    print(f"{name}, criterion {criterion:.4f}\n{table.round({'variance': 1, 'SD': 2})}")
crossed = mm.lmm("yield_kg_ha ~ 1 + (1 | block) + (1 | genotype)", trial)
print(f"mm.lmm, crossed, criterion {crossed.criterion:.4f}")
print(crossed.varcomp.set_index("group").variance.round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# `mm.lmm` lists the same three variances as our own search, in another order: the largest first, the residual (our `plot`) last. The variances of blocks and plots are those of the first fit: in balanced data with no estimate at zero, it does not matter to them whether genotypes are fixed or random.
#
# But ML and REML do not agree on $\hat\sigma^2$ here, although this trial is balanced too. You should have said: not the same, because the genotypes are compared *inside* the blocks, where $\hat\sigma^2$ comes from. Count the independent differences between plots of one block, and how many of them the genotypes use up:

# %% slideshow={"slide_type": "-"}
n_blocks, n_genotypes = trial.block.nunique(), trial.genotype.nunique()
inside = n_blocks * (n_genotypes - 1)             # 17 differences in each of 4 blocks
used = n_genotypes - 1                            # by the coefficients of the genotypes
ratio = found["ML"][0] / found["REML"][0]
print(f"differences inside the blocks: {n_blocks} · {n_genotypes - 1} = {inside}")
print(f"left when {used} genotype coefficients are estimated: {inside - used}")
print(f"REML sigma² · {inside - used} / {inside} = "
      f"{found['REML'][0][1] * (inside - used) / inside:.1f}, by ML {found['ML'][0][1]:.1f}")
print(f"ML / REML: block {ratio[0]:.3f}, plot {ratio[1]:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# REML divides by the 51 differences that are left, ML by all 68, as if no genotype had been estimated. Both variances of ML are too small by the factor 51/68 = 0.75, which in this layout is also $(J-1)/J$. So three things together kept $\hat\sigma^2$ the same in the schools: equal schools, an estimate above zero, and no fixed effect that is compared inside a school. With the two absent students the first was gone, and $\hat\sigma^2$ was 175.53 by ML but 169.72 by REML.
#
# Now a question that a criterion seems made for: do the genotypes differ? Compare $\mathbf X$ with genotypes against a single mean. As a control, fit the genotypes a second time with every column of $\mathbf X$ multiplied by 10, as a change of units would do; the model is the same. **Predict** which criterion notices:

# %% slideshow={"slide_type": "subslide"}
designs = {"genotypes": genotypes, "genotypes, columns × 10": 10 * genotypes, "one mean": ones}
lowest = lambda f: [estimate(f, grain, design, block, (3000, 3e4))[1] for design in designs.values()]
fitted = pd.DataFrame({"REML": lowest(mm.reml_objective), "ML": lowest(mm.ml_objective)}, designs)
print(fitted.join((fitted.loc["one mean"] - fitted).add_suffix(" gain")).round(2).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# > **Common slip: comparing REML criteria of different fixed parts.** By REML the genotypes gain 252.89, or 169.99 after a change of units. The number depends on how $\mathbf X$ is written, through $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$. And there is a deeper reason: with another set of fixed effects the contrasts are others too, so the two criteria are densities of different data. Compare fixed parts by ML: the gain is 72.31 either way. REML criteria may be compared as long as $\mathbf X$ is the same: models that differ in their random effects.

# %% [markdown] minutes=2 notes="Optional with 50 minutes. The message: REML is not far from Bayes, and with three schools the prior speaks loudly.\nNobody should leave with the idea that a flat prior is neutral." slideshow={"slide_type": "slide"}
# ## 13. Read REML as a Bayesian
#
# Section 7 averaged over $\boldsymbol\beta$ with equal weight for every value. In Bayesian words: with a flat prior for $\boldsymbol\beta$, the posterior density of the variances is the REML likelihood times their prior, up to a constant. With $\log\sigma$ flat as well, the integral over $\sigma$ gives $e^{-d(\theta)/2}$, again up to a constant. What is left to choose is a prior for $\theta$. Two choices, on a grid:
#
# *Figure 7 (next output). Posterior density of $\theta$ for the schools under two priors.*

# %% slideshow={"slide_type": "subslide"}
theta = np.linspace(0, 20, 2001)
likelihood = np.exp(-np.array([fit.profiled([t]) for t in theta]) / 2)
half_normal = np.exp(-theta ** 2 / 2)
prior = pd.DataFrame({"uniform from 0 to 20": 1.0, "half-normal with SD 1": half_normal}, theta)
posterior = prior.mul(likelihood, axis=0) / (likelihood @ prior)  # adds up to 1 over the grid
curves = {name: (theta[:501], 100 * posterior[name].iloc[:501]) for name in posterior}
print(plots.show_curves(curves, "highest", "$\\theta = \\sigma_b/\\sigma$", "posterior density"))
plt.show()
for name, total in posterior.cumsum().items():
    half, most = theta[total.searchsorted([0.5, 0.95])]
    print(f"{name}: median {half:.2f}, 95 % below {most:.2f}")
print(f"REML estimate of theta: {fit.theta[0]:.2f}")

# %% [markdown] minutes=1 notes="Read the computed sentences aloud; ask who came within 20 % of sigma\u00b2.\nThe one sentence to take home: REML uses the part of the data that does not speak of the mean." slideshow={"slide_type": "slide"}
# ## 14. Wrap up
#
# Under the uniform prior the density is highest at the REML estimate, 0.84, and its tail is long. The half-normal prior, which doubts that schools differ by much more than their students, cuts the tail. With three schools the prior decides much of the answer; a single estimate hides this, whichever method made it.
#
# Your guesses beside the estimates, and the lesson in computed sentences:

# %% slideshow={"slide_type": "-"}
for name, value in zip(guess, fit.varcomp.variance):
    print(f"{name}: guessed {guess[name]}, REML {value:.1f}, off by {abs(guess[name] - value) / value:.0%}")
print(f"REML uses {K.shape[1]} contrasts of {n} scores; {X.shape[1]} is spent on the mean.")
print(f"ML / REML for sigma_b²: {library[1][0] / library[0][0]:.0%} here, {ratio[0]:.0%} in the sorghum trial.")

# %% [markdown] minutes=1 notes="Hand out as homework; number 3 is the one to discuss next time.\nPoint to day 5: the variances are known now, what about the schools themselves?" slideshow={"slide_type": "slide"}
# ## 15. On your own
#
# 1. **Do.** Make a third $\mathbf K$: each student minus the next. Verify (4), (5) and (6) with it.
# 2. **Explain.** In two sentences, to a colleague: why is REML's estimate of $\sigma_b^2$ larger than ML's?
# 3. **Change one knob.** In section 5, draw ten times as many students per school. Does ML's bias vanish? Then draw ten times as many schools, with 4 students each. Guess first.
# 4. **Transfer.** `mm.load("potash")` is a trial in three blocks. What is the ratio of ML to REML variances? Guess, then fit `strength ~ C(k2o_lb_ac) + (1 | block)` both ways.
#
# <details><summary>Answers</summary>
#
# 1. `K = np.eye(12)[:, :-1] - np.eye(12)[:, 1:]`. Its $\mathbf K'\mathbf K$ is not the identity, so $\log|\mathbf K'\mathbf K|$ counts in (6).
# 2. ML averages the squares of the school means around their own average over $J$, as if nothing had been estimated. REML works with contrasts that are free of the mean, so it averages over $J-1$.
# 3. With more students it does not: ML's average settles near $(J-1)/J$ of the truth. With more schools the bias shrinks. In the code, adapt the `4` and the `3` in `drawn`, and with them `2 / 3` and the divisors `4` in `known` and `estimates`.
# 4. Two thirds for both, $\sigma^2$ too, as in the sorghum trial: the layout is complete, the amounts are compared inside the three blocks, and the estimate is not zero. Of $3 \cdot 4 = 12$ differences inside the blocks, 8 are left.
# </details>
#
# ### In practice
#
# In practice you write one line, and REML is the default. Report variances from REML. Use ML to compare models with different fixed parts.
#
# ```
# Python   mm.lmm("score ~ 1 + (1 | school)", schools)            # reml=False for ML
# R        lmer(score ~ 1 + (1 | school), data = schools)         # REML = FALSE for ML
# SAS      proc mixed; class school; model score = / solution; random school; run;
# ```
#
# ### Further reading
#
# - Patterson and Thompson (1971), Biometrika 58, 545–554: error contrasts, from trials in incomplete blocks.
# - Harville (1974), Biometrika 61, 383–385: the Bayesian reading, and the criterion without $\mathbf K$.
# - Harville (1977), Journal of the American Statistical Association 72, 320–338: a survey of ML and REML.
# - Laird and Ware (1982), Biometrics 38, 963–974: random effects for longitudinal data.
# - Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, chapter 2: the profiled criterion.
# - Gelman (2006), Bayesian Analysis 1, 515–534: priors for a variance when groups are few.
# - Bates, Mächler, Bolker and Walker (2015), Journal of Statistical Software 67(1): how lme4 computes it.
