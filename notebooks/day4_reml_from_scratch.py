# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] minutes=2 notes="Read the question aloud and let the class answer it in one word: divide by n, or by n minus 1? Then ask why. Collect the half sentences and leave them on the board; section 2 answers.\nThe map of section 9 and the proof of section 8 are for readers.\nWith 50 minutes: section 4 without reading the printout (saves 2), section 5 without the discussion (2), section 7 without the histograms (2), section 8 without the comparison of D and K (2), section 9 without the search (2)." slideshow={"slide_type": "slide"}
# # Estimate variances with REML, from scratch
#
# **The question.** On day 2 a printout said *REML*, and we took its two variances as given. How are they found? And why not by plain maximum likelihood, as most other things in statistics?
#
# **What you can do afterwards**
#
# - say why the variance of a sample is divided by $n - 1$, and why this *is* REML;
# - build the covariance matrix of grouped data, by a loop and with matrices;
# - write the criteria of ML and of REML in a few lines of numpy, and search their lowest points;
# - say what ML overlooks, and when this matters.
#
# **What you need.** The pair of day 2, above all section 7 of [day2_rcbd_mixed](day2_rcbd_mixed.ipynb). **Time.** In class 60 minutes; alone two to three hours.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ![Twelve dots in three rows, one row for each school; a vertical bar in each row marks its mean. An arrow between two bars says: differences between schools. An arrow along one row says: differences within a school.](figures/day4_reml.png)
#
# *Twelve students in three schools. How large are the two variances, $\sigma_b^2$ between schools and $\sigma^2$ within a school?*

# %% [markdown] minutes=5 notes="Do not say 'bias' before somebody has seen the number 169.\nBoard: the identity, and under it the three averages n\u03c3\u00b2, (n \u2212 1)\u03c3\u00b2, \u03c3\u00b2." slideshow={"slide_type": "slide"}
# ## 1. A question from the first course: n or n − 1?
#
# We begin as small as possible, with four students of one school. The tools first. From `numpy` we take three functions by name: `inv` inverts a matrix, `solve` solves a system of equations, and `slogdet` gives the logarithm of a determinant.

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.linalg import inv, slogdet, solve
from scipy.optimize import minimize
from scipy.stats import multivariate_normal

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)
schools = mm.load("schools")
first_school = schools[schools["school"] == "S1"]
four_scores = first_school["score"].to_numpy()
deviations = four_scores - four_scores.mean()
sum_of_squares = np.sum(deviations**2)
print("scores:", four_scores.round(1))
print(f"mean: {four_scores.mean():.1f} points")
print(f"sum of squares: {sum_of_squares:.1f} points²")
print(f"divided by 4:   {sum_of_squares / 4:.1f} points²")
print(f"divided by 3:   {sum_of_squares / 3:.1f} points²")

# %% [markdown] notes="Hands up, one vote each. Expect 'n is right, it is an average': reply 'an average of what, around which mean?' Expect 'n \u2212 1 is too large, to be on the safe side': reply 'let us see'." slideshow={"slide_type": "fragment"}
# Four students, and two answers: 99.3 or 132.3 points². You were taught to divide by $n - 1$. But which of the two is closer to the truth?
#
# These four scores cannot tell: nothing in them says what the truth is. So we take a case where we know it. We let the computer draw very many samples of four students from a school whose mean is 50 and whose variance is 225, and estimate the variance of each sample in both ways.
#
# **Predict.** Averaged over all samples: does the division by $n$ give too little, the right value, or too much? And the division by $n - 1$?

# %% slideshow={"slide_type": "subslide"}
n_samples = 100_000
true_mean = 50
true_variance = 225
n = 4                        # at least 2
rng = np.random.default_rng(seed=1)
true_sd = np.sqrt(true_variance)
samples = rng.normal(loc=true_mean, scale=true_sd, size=(n_samples, n))   # a row each
means = samples.mean(axis=1, keepdims=True)      # keepdims: one column, to subtract it
around_own_mean = np.sum((samples - means) ** 2, axis=1)     # a sum of squares for each
print(f"{n_samples} samples; the truth: mean {true_mean}, variance {true_variance}")
print(f"average, divided by n:     {np.mean(around_own_mean / n):.0f} points²")
print(f"average, divided by n - 1: {np.mean(around_own_mean / (n - 1)):.0f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: too little with $n$, about three quarters of the truth, and right with $n - 1$ (up to a little chance).
#
# Why too little? The deviations were measured from the mean of *the same four students*. This mean lies closer to them than the true mean does. How much closer is said by an identity that you can check by multiplying out:
#
# $$\sum (y_i - \bar y)^2 = \sum (y_i - \mu)^2 - n(\bar y - \mu)^2.$$
#
# The sum around the sample's own mean is smaller, and what is missing is $n(\bar y - \mu)^2$. The variance of a mean of $n$ students is $\sigma^2/n$, so on average the missing piece is $n \cdot \sigma^2/n = \sigma^2$. Let us look at the three averages:

# %% slideshow={"slide_type": "-"}
around_truth = np.sum((samples - true_mean) ** 2, axis=1)
missing = n * (means[:, 0] - true_mean) ** 2     # [:, 0]: the column as a list
print(f"around the true mean: {np.mean(around_truth):4.0f}, n times the variance")
print(f"the missing piece:    {np.mean(missing):4.0f}, one variance")
print(f"around the own mean:  {np.mean(around_own_mean):4.0f}, so n - 1 are left")

# %% [markdown] slideshow={"slide_type": "fragment"}
# To estimate the mean has cost one variance out of four. Three are left, therefore we divide by three.

# %% [markdown] minutes=4 notes="Before you show the section, ask for a combination of the four scores that does not change when everybody gains ten points. Somebody says 'a difference'. How many, none of which follows from the others? Expect 'six, all pairs': reply '1 \u2212 2 and 2 \u2212 3 give you 1 \u2212 3'.\nBoard: the three rows, with their lengths \u221a2, \u221a2, 2." slideshow={"slide_type": "slide"}
# ## 2. Forget the mean
#
# Here is another way to look at the same three, and it is the one that will carry us through the day. Four scores hold two kinds of information. Their mean says how good the school is. Their *differences* say how much students vary, and nothing about the mean: if every student gains ten points, no difference changes.
#
# How many differences are there that do not follow from each other? Three. We choose: the first student against the second, the third against the fourth, and the first two against the last two. Each is a row of weights that add up to zero, in short a **contrast**. We scale every row so that its squared weights add up to 1 (it then has *length* 1):

# %% slideshow={"slide_type": "-"}
K_transposed = np.array([
    [1, -1, 0, 0],       # the first against the second
    [0, 0, 1, -1],       # the third against the fourth
    [1, 1, -1, -1],      # the first two against the last two
])
lengths = np.sqrt(np.sum(K_transposed**2, axis=1, keepdims=True))
K_transposed = K_transposed / lengths
three_contrasts = K_transposed @ four_scores
after_ten_points = K_transposed @ (four_scores + 10)
print("three contrasts:               ", three_contrasts.round(2))
print("if everybody gains ten points: ", after_ten_points.round(2))

# %% [markdown] notes="Expect '0, since they are differences': reply 'the squares, too?' Expect 'I have not seen any': point at the first output of section 1." slideshow={"slide_type": "fragment"}
# The contrasts did not notice the ten points: the mean is gone.
#
# **Predict.** The squares of the three contrasts add up to a number that you have already seen. Which one?

# %% slideshow={"slide_type": "fragment"}
print(f"sum of the squared contrasts: {np.sum(three_contrasts**2):.1f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# It is the sum of squares, 397.0. So the four deviations from the mean were only three pieces of information all along. What do we know about each piece? Its mean is zero, whatever $\mu$ is, because its weights add up to zero. Its variance is $\sigma^2$, because the squared weights add up to 1. And no two of them are correlated, because the rows are at right angles (multiply two rows and add up: 0); when the scores are normal they are even independent. So we have three numbers with mean zero and variance $\sigma^2$, and the average of their squares, $397.0 / 3$, estimates $\sigma^2$. *That* is the $n - 1$.
#
# To estimate variances from the part of the data that does not depend on the means is called **restricted maximum likelihood**, **REML**. So you have used it since your first course. What is missing is the word *likelihood*.

# %% [markdown] minutes=5.5 notes="Say slowly: the data are given, the parameters vary. People read the likelihood as the probability of the parameter. Expect for the prediction 'the same place, the sum of squares is the same': reply 'and the price?'\nBoard: product of four densities \u2192 sum of four logs \u2192 times \u22122. Then the derivative, and where it is zero." slideshow={"slide_type": "slide"}
# ## 3. Write the likelihood of four scores
#
# Suppose that the scores of the school are normal with mean $\mu$ and variance $\sigma^2$. Then the density of one score $y$ is
#
# $$f(y) = \frac{1}{\sqrt{2\pi\sigma^2}}\, e^{-(y-\mu)^2/(2\sigma^2)}.$$
#
# Four independent scores have the product of four such densities. Read as a function of the *parameters*, with the scores as they are, this product is called the **likelihood**. It says under which parameters data like ours are more to be expected, and under which less. **Maximum likelihood**, **ML**, chooses the parameters that make it largest.
#
# Products are clumsy, so we take the logarithm, which turns them into sums; and we multiply by $-2$, which removes the fractions. A large likelihood is now a *small* number:
#
# $$-2\log f(y) = \log 2\pi\sigma^2 + \frac{(y-\mu)^2}{\sigma^2}, \qquad -2\log L = n\log 2\pi\sigma^2 + \frac{\sum(y_i-\mu)^2}{\sigma^2}. \tag{1}$$
#
# The first term rises with $\sigma^2$: it is the price for a large variance. The second one falls: large deviations become less surprising. Somewhere between is the lowest point. As for $\mu$, the sum of squares is smallest at the mean of the scores, whatever $\sigma^2$ is. So we put $\hat\mu = \bar y$ in, and $-2\log L$ depends on $\sigma^2$ alone.
#
# Now do the same with the three contrasts. They are normal too, with mean zero, there are three of them, and their sum of squares is the same 397.0.
#
# **Predict.** We draw both curves. One has $4\log 2\pi\sigma^2$ in it, the other $3\log 2\pi\sigma^2$. Which has its lowest point further to the right? And where?

# %% slideshow={"slide_type": "subslide"}
variances = np.linspace(40, 500, 461)             # 40, 41, …, 500
from_scores = 4 * np.log(2 * np.pi * variances) + sum_of_squares / variances
from_contrasts = 3 * np.log(2 * np.pi * variances) + sum_of_squares / variances

fig, ax = plt.subplots(figsize=(7, 3.4))
reml_above_lowest = from_contrasts - from_contrasts.min()
ml_above_lowest = from_scores - from_scores.min()
ax.plot(variances, reml_above_lowest, label="three contrasts (REML)")
ax.plot(variances, ml_above_lowest, "--", label="four scores (ML)")
ax.set_xlabel("σ², variance between the students of a school (points²)")
ax.set_ylabel("−2 log L, above its lowest")
ax.set_ylim(-0.1, 3)
ax.legend()
plt.show()
lowest_ml = variances[np.argmin(from_scores)]         # argmin: where it is smallest
lowest_reml = variances[np.argmin(from_contrasts)]
print(f"lowest point: ML at {lowest_ml:.0f}, REML at {lowest_reml:.0f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. −2 log-likelihood of the variance, from the three contrasts (full line) and from the four scores (broken line), each measured from its lowest point. Low is good.*
#
# You should have said: REML, at $397.0/3 = 132.3$, and ML at $397.0/4 = 99.3$ (the curves were computed at whole numbers). You can also find this without drawing: the derivative of (1) is $n/\sigma^2 - \sum(y_i-\bar y)^2/\sigma^4$, and it is zero at $\sigma^2 = \sum(y_i-\bar y)^2/n$. With $n - 1$ in the place of $n$ it is zero at $\sum(y_i-\bar y)^2/(n-1)$.
#
# The same sum of squares, but another count: this is the whole difference between ML and REML. REML's curve is also flatter, because three pieces of information say less than four.

# %% [markdown] minutes=4.5 notes="Collect the guesses in a column on the board; half a minute. Expect 'both smaller, as on day 2': leave it standing until section 7. Then read the print from top to bottom.\nWhat confuses: the column sd is the root of the variance. It is not the standard error of the variance." slideshow={"slide_type": "slide"}
# ## 4. Three schools: guess, then fit
#
# Now the students come in groups. Student $i$ of school $j$ scores
#
# $$y_{ij} = \mu + u_j + \varepsilon_{ij}, \qquad u_j \sim N(0, \sigma_b^2), \qquad \varepsilon_{ij} \sim N(0, \sigma^2).$$
#
# It is the model of day 2 with schools in the place of blocks, and with one mean in the place of the genotypes. $\sigma_b^2$ is the variance between schools, $\sigma^2$ the variance between the students of one school. There are $J = 3$ schools with $k = 4$ students each:

# %% slideshow={"slide_type": "-"}
y = schools["score"].to_numpy()
school = schools["school"].to_numpy()
plots.show_points(y, school, unit="score (points)")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. A dot for each student, and a bar at the mean of each school.*
#
# In [Start here](00_start_here.ipynb) REML found 102.6 between the schools and 144.4 within. **Commit to a guess** before you see what ML finds: for each variance type `"smaller"`, `"same"` or `"larger"` than by REML in place of `None`, and say why.

# %% slideshow={"slide_type": "-"}
my_guess = {
    "sigma_b²": None,
    "sigma²": None,
}
print("my guess, ML beside REML:", my_guess)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The answer comes in section 7, by our own code. Here is first what we want to be able to compute:

# %% slideshow={"slide_type": "-"}
fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
print(fit.summary())


# %% [markdown] numbers_from={"4.30": "the 97.5 % quantile of t with 2 degrees of freedom"} slideshow={"slide_type": "subslide"}
# Read it from the top.
#
# - **REML criterion** 91.1: minus twice a log-likelihood, at its lowest point. Which likelihood? Section 8 will say.
# - **Random effects**: $\hat\sigma_b^2$ = 102.64 and $\hat\sigma^2$ = 144.39 points². The column `sd` holds their square roots, 10.13 and 12.02 points. It is *not* a standard error.
# - **Fixed effects**: the mean is 54.457 points, with a standard error of 6.800. The standard error acts as if the two variances were known. What matters more is that it rests on three schools only. With 2 degrees of freedom an interval is the mean ± 4.30 standard errors, and not ± 2 (day 6).
#
# **Check.** Forget for a moment that there are schools. The standard error of the mean of 12 independent scores is $s/\sqrt{12}$. Is this larger or smaller than 6.800?
#
# <details><summary>Answer</summary>
# Smaller: it is 4.27 points. Four students of one school share their school's u_j, so together they say less about the mean than four strangers would.
# </details>

# %% [markdown] minutes=6 notes="Do not type the loop; ask the class for the value of three cells before you run it.\nThen the same matrix in one line. Board: y\u2081 = \u03bc + u\u2081 + \u03b5\u2081, y\u2082 = \u03bc + u\u2081 + \u03b5\u2082; what do they share?" slideshow={"slide_type": "slide"}
# ## 5. Build V
#
# The likelihood of section 3 was a product, because the four scores were independent. Students of one school are not: they share $u_j$. What they share is collected in the covariance matrix $\mathbf V$. Take two rows of the table, $i$ and $i'$:
#
# $$V_{ii'} = \begin{cases} \sigma_b^2 + \sigma^2 & \text{the same student (variance of a score)}\\ \sigma_b^2 & \text{two students of one school}\\ 0 & \text{students of different schools} \end{cases}$$
#
# As a program this is a double loop over the rows. (`enumerate` counts along: it gives the number of the row, and the school of the row.)

# %% slideshow={"slide_type": "subslide"}
def V_by_loop(sigma2_b, sigma2, groups):
    V = np.zeros((len(groups), len(groups)))
    for row, group_of_row in enumerate(groups):
        for column, group_of_column in enumerate(groups):
            if group_of_row == group_of_column:
                V[row, column] = sigma2_b
            if row == column:
                V[row, column] = sigma2_b + sigma2
    return V

V = V_by_loop(sigma2_b=100, sigma2=225, groups=school)
print(V[:6, :6])

# %% [markdown] slideshow={"slide_type": "fragment"}
# These are the first six students, four of S1 and two of S2, with the round numbers $\sigma_b^2$ = 100 and $\sigma^2$ = 225. We keep this $\mathbf V$ for the checks of the next sections; any positive numbers would do.
#
# The same matrix comes from the model in matrix form, as on day 2: $\mathbf y = \mathbf X\boldsymbol\beta + \mathbf Z\mathbf u + \boldsymbol\varepsilon$ with $\mathrm{Var}(\mathbf u) = \mathbf G = \sigma_b^2\mathbf I$ and $\mathrm{Var}(\boldsymbol\varepsilon) = \mathbf R = \sigma^2\mathbf I$ gives $\mathbf V = \mathbf Z\mathbf G\mathbf Z' + \mathbf R$. The library has a function for $\mathbf Z$:

# %% slideshow={"slide_type": "-"}
Z = mm.build_Z(school)               # a column for each school
G = 100 * np.eye(3)
R = 225 * np.eye(12)
V_by_matrices = Z @ G @ Z.T + R
print("the loop and ZGZ' + R agree:", np.allclose(V, V_by_matrices))

# %% [markdown] slideshow={"slide_type": "subslide"}
# What is $\mathbf V$ good for? It gives the variance of *any* combination of scores: with weights in a list $\mathbf a$, the variance of $\mathbf a'\mathbf y$ is $\mathbf a'\mathbf V\mathbf a$. Take the mean of the first school, with four weights of 1/4:

# %% slideshow={"slide_type": "-"}
a = np.zeros(12)
a[0:4] = 1 / 4
variance_of_school_mean = a @ V @ a
print(f"variance of a school mean: {variance_of_school_mean:.2f} points²")
print(f"sigma_b² + sigma² / 4:     {100 + 225 / 4:.2f} points²")


# %% [markdown] notes="Two minutes in pairs. Expect 'more students in these schools, they are cheaper': reply 'to which number does the variance of the mean fall then?' Right: to \u03c3_b\u00b2/3. Expect 'it depends on what I want to know': right, and say so. Expect 'how many in each new school?': for the mean as few as possible; but with one in each only the three old schools tell \u03c3_b\u00b2 from \u03c3\u00b2, and two in each tell it much better." slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Discuss.** You may test 100 more students. Where: in these three schools, or in new ones?
#
# <details><summary>Answer</summary>
# In new ones, equally many in each, if the aim is the mean of all schools. With k students in each of J schools the mean of all scores has the variance σ_b²/J + σ²/(Jk). More students in each school make only the second part smaller; more schools make both smaller. (If the aim is to compare these three schools, test in these three.)
# </details>

# %% [markdown] minutes=7 notes="Cover the right-hand side of each line and let the class say it.\nLine (3) is the one to remember: it makes the ML criterion here, and section 8 uses it for REML. Board: a parabola in \u03bc, its lowest point at the GLS mean." slideshow={"slide_type": "slide"}
# ## 6. Write the likelihood of grouped scores
#
# All twelve scores together are normal, $\mathbf y \sim N(\mathbf X\boldsymbol\beta, \mathbf V)$. Minus twice the logarithm of their common density is
#
# $$-2\log f(\mathbf y) = n\log 2\pi + \log|\mathbf V| + (\mathbf y - \mathbf X\boldsymbol\beta)'\mathbf V^{-1}(\mathbf y - \mathbf X\boldsymbol\beta). \tag{2}$$
#
# It looks new, but it is line (1) with matrices: a constant, a price for large variances, and a sum of squared deviations, which is now measured with $\mathbf V$. Let us see that. For independent scores $\mathbf V = \sigma^2\mathbf I$; then $|\mathbf V| = (\sigma^2)^n$, and $\mathbf V^{-1}$ divides every square by $\sigma^2$. We compute (2) with $\mu = 50$ for independent scores and compare it with (1). `slogdet(M)[1]` is the logarithm of the determinant of `M`, so we give it a name of its own:

# %% slideshow={"slide_type": "subslide"}
def log_det(M):
    return slogdet(M)[1]

X = np.ones((12, 1))                  # one column: the common mean
log_2pi = np.log(2 * np.pi)

def line_2(mu, V):
    deviation = y - mu
    return 12 * log_2pi + log_det(V) + deviation @ inv(V) @ deviation

V_independent = 225 * np.eye(12)
line_1 = 12 * np.log(2 * np.pi * 225) + np.sum((y - 50) ** 2) / 225
print(f"line (1), independent scores: {line_1:.6f}")
print(f"line (2), V = 225 I:          {line_2(50, V_independent):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# And for scores in schools, with the $\mathbf V$ of section 5. Here we have nothing to compare with but another program; scipy knows the same density:

# %% slideshow={"slide_type": "-"}
mean_of_each = np.full(12, 50)                           # twelve times 50
log_density = multivariate_normal(mean_of_each, V).logpdf(y)
print(f"line (2), our V: {line_2(50, V):.6f}")
print(f"scipy:           {-2 * log_density:.6f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Only the last term of (2) holds $\boldsymbol\beta$. The $\boldsymbol\beta$ that makes it smallest is the **generalised least squares** (GLS) estimate of day 2, $\hat{\boldsymbol\beta} = \mathbf A^{-1}\mathbf X'\mathbf V^{-1}\mathbf y$ with $\mathbf A = \mathbf X'\mathbf V^{-1}\mathbf X$:

# %% slideshow={"slide_type": "-"}
V_inverse = inv(V)
A = X.T @ V_inverse @ X
beta_hat = solve(A, X.T @ V_inverse @ y)
r = y - X @ beta_hat                           # the residuals
smallest_distance = r @ V_inverse @ r
print(f"GLS estimate of the mean: {beta_hat[0]:.3f} points")

# %% [markdown] slideshow={"slide_type": "fragment"}
# In equal schools this is simply the mean of all scores. How much larger is the last term at some other value, say 50? Write $\mathbf y - \mathbf X\boldsymbol\beta = \mathbf r + \mathbf X(\hat{\boldsymbol\beta} - \boldsymbol\beta)$ and multiply out. The mixed term is zero, because GLS makes $\mathbf X'\mathbf V^{-1}\mathbf r = \mathbf 0$. What remains is a sum of two squares (for a single mean a parabola in $\mu$):
#
# $$(\mathbf y - \mathbf X\boldsymbol\beta)'\mathbf V^{-1}(\mathbf y - \mathbf X\boldsymbol\beta) = \mathbf r'\mathbf V^{-1}\mathbf r + (\boldsymbol\beta - \hat{\boldsymbol\beta})'\mathbf A(\boldsymbol\beta - \hat{\boldsymbol\beta}), \qquad \mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}. \tag{3}$$

# %% slideshow={"slide_type": "-"}
distance_from_50 = (y - 50) @ V_inverse @ (y - 50)
extra = (50 - beta_hat) @ A @ (50 - beta_hat)
print(f"left side of (3):  {distance_from_50:.6f}")
print(f"right side of (3): {smallest_distance + extra:.6f}")


# %% [markdown] slideshow={"slide_type": "subslide"}
# The second part of (3) is never negative, because $\mathbf A$ is the inverse of a variance; and it is zero at $\boldsymbol\beta = \hat{\boldsymbol\beta}$. So, for any given $\mathbf V$, the GLS estimate has the largest likelihood. We put it in, as we put in $\bar y$ in section 3, and the rest depends on the variances alone:
#
# $$-2\ell_{\mathrm{ML}}(\mathbf V) = n\log 2\pi + \log|\mathbf V| + \mathbf r'\mathbf V^{-1}\mathbf r. \tag{4}$$
#
# ($\ell$ is the log-likelihood. With $\boldsymbol\beta$ at its best value for each $\mathbf V$ it is called a *profile*.) This is the **ML criterion**. We write it as a function. It takes the *logarithms* of the two variances, because these may be any number, while the variances stay positive:

# %% slideshow={"slide_type": "subslide"}
def gls(y, X, V):
    V_inverse = inv(V)
    A = X.T @ V_inverse @ X
    beta_hat = solve(A, X.T @ V_inverse @ y)
    r = y - X @ beta_hat
    return beta_hat, A, r @ V_inverse @ r

def ml(log_variances, y, X, groups):
    sigma2_b, sigma2 = np.exp(log_variances)
    V = V_by_loop(sigma2_b, sigma2, groups)
    beta_hat, A, distance = gls(y, X, V)
    return len(y) * log_2pi + log_det(V) + distance

ours = ml(np.log([100, 225]), y, X, school)
library = mm.minus2_loglik(y, X, V, reml=False)
print(f"ML criterion, our function: {ours:.6f}")
print(f"ML criterion, mmteach:      {library:.6f}")


# %% [markdown] minutes=8 notes="Do the two divisions on the board first; they give REML and ML.\nThen a vote: averaged over many data sets, is ML at 100, above or below? Open the guesses of section 4 only after the search." slideshow={"slide_type": "slide"}
# ## 7. See what ML overlooks
#
# Now we search the lowest point of `ml`. `minimize` needs a place to start, and the other arguments of `ml` in brackets. Its method L-BFGS-B walks downhill step by step, and `callback` names a function that it calls after each step: here it appends the place to our list `steps`. (A function may be handed over like a number: `ml` goes to `search`, and `search` hands it to `minimize`.) `bounds` keep each variance between a ten-thousandth of the variance of the data and ten thousand times as much, because with more extreme values $\mathbf V$ can no longer be inverted. (`jac="3-point"` measures the slope on both sides of a point, and `tol` says how exact the end shall be.)

# %% slideshow={"slide_type": "-"}
def search(function, y, X, groups, start):
    steps = [np.log(start)]
    lowest = np.log(np.var(y) / 10_000)
    highest = np.log(np.var(y) * 10_000)
    found = minimize(function, steps[0], args=(y, X, groups), method="L-BFGS-B",
                     bounds=[(lowest, highest), (lowest, highest)],
                     jac="3-point", tol=1e-12, callback=steps.append)
    return np.exp(found.x), found.fun, np.exp(steps)

ml_variances, ml_lowest, ml_steps = search(ml, y, X, school, start=[9, 576])
print(f"ML:   sigma_b² {ml_variances[0]:.2f}, sigma² {ml_variances[1]:.2f} points²")
reml_variances = fit.varcomp["variance"].to_numpy()
print(f"REML: sigma_b² {reml_variances[0]:.2f}, sigma² {reml_variances[1]:.2f} points²")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (A start is two positive numbers. A search may stop at a place that is not the lowest, so in earnest one starts twice, from different places, and keeps the lower criterion.)
#
# You should have said: $\sigma_b^2$ smaller, $\sigma^2$ the same. ML finds 56.39, little more than half of 102.64. Why?
#
# In equal schools we can follow the numbers by hand. A school mean varies by $\sigma_b^2 + \sigma^2/k$. Now think of the three school *means* as the sample of section 1: three numbers around one estimated mean. The sum of their squared deviations can be divided by $J - 1 = 2$ or by $J = 3$. Then take off $\hat\sigma^2/k$, the part that comes from the students:

# %% slideshow={"slide_type": "subslide"}
scores = y.reshape(3, 4)                            # a row for each school
sigma2_hat = np.mean(scores.var(axis=1, ddof=1))    # average of the three variances
three_means = scores.mean(axis=1)
squares_of_means = np.sum((three_means - three_means.mean()) ** 2)
by_two = squares_of_means / 2 - sigma2_hat / 4
by_three = squares_of_means / 3 - sigma2_hat / 4
print(f"within schools:  {sigma2_hat:.2f} points²")
print(f"between schools: {by_two:.2f} divided by J - 1, {by_three:.2f} divided by J")


# %% [markdown] slideshow={"slide_type": "fragment"}
# These are REML's 102.64 and ML's 56.39. ML measures the school means around their *own* mean and divides by their number, as if this mean had cost nothing.
#
# And why is $\hat\sigma^2$ the same, although in section 3 ML made it too small? There the mean of the school was a fixed effect, and ML took no account of its price. Here the only fixed effect is $\mu$. The mean of a school is $\mu + u_j$ (and an average error), and what the three means tell is used for $\sigma_b^2$. So $\hat\sigma^2$ is made of the 9 differences between students of one school, by ML as by REML; $\mu$ drops out of each of them, and nothing is left that ML could overlook. (On day 2 both variances were smaller by ML; section 10 says why. All this asks for equal schools, and for estimates of $\sigma_b^2$ above zero by both methods.)
#
# One data set proves nothing, so again we make the truth ourselves: many sets of three schools, with mean 50, $\sigma_b^2$ = 100 and $\sigma^2$ = 225. (In fact our twelve scores were drawn in this way.) For each set we use the two hand formulas, divided by $J$ as ML does it and by $J - 1$ as REML does it. A third formula measures the school means around the *true* mean, which in real life nobody knows, and divides by $J$.
#
# A set is a small table, schools by students, and 20,000 of them make a block of numbers with three directions. The 1 in the size of `shifts` gives all students of a school the same shift:

# %% slideshow={"slide_type": "subslide"}
def three_estimates(n_schools, n_students):
    n_sets = 20_000
    rng = np.random.default_rng(seed=1)
    shifts = rng.normal(scale=10, size=(n_sets, n_schools, 1))
    errors = rng.normal(scale=15, size=(n_sets, n_schools, n_students))
    scores = 50 + shifts + errors
    means = scores.mean(axis=2)                       # axis 2: over the students
    within_each_school = scores.var(axis=2, ddof=1)
    from_students = within_each_school.mean(axis=1) / n_students
    around_truth = np.mean((means - 50) ** 2, axis=1)     # axis 1: over the schools
    return pd.DataFrame({
        "true mean known, divided by J": around_truth - from_students,
        "divided by J": means.var(axis=1, ddof=0) - from_students,
        "divided by J - 1": means.var(axis=1, ddof=1) - from_students,
    })


# %% [markdown] notes="Expect 'all three, there are 20,000 sets': reply 'a biased scale stays biased, however often you weigh'. Expect 'dividing by J is wrong': let the first number answer." slideshow={"slide_type": "fragment"}
# **Predict.** Which of the three formulas are right on average? These two numbers are knobs (at least 2 each):

# %% slideshow={"slide_type": "fragment"}
n_schools = 3
n_students = 4
estimates = three_estimates(n_schools, n_students)
print(f"{len(estimates)} sets of {n_schools} schools; the truth is {10**2} points²")
print("averages of the estimates:")
print(estimates.mean().round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the first and the last (the last units are chance). Divided by $J$ around an *estimated* mean, the average is less than half of the truth. So it is not the division by $J$ that is wrong in itself: with the true mean it is right. It is wrong because the mean was estimated from the same three schools. ML puts the mean at its best place, and then takes no account of having done so.
#
# How wide do the estimates spread? A helper draws the three histograms:

# %% slideshow={"slide_type": "subslide"}
label = "estimate of $\\sigma_b^2$ (points²)"
plots.show_sampling(estimates, truth=100, limits=(-100, 500), label=label)
plt.show()
print("averages when estimates below zero are set to zero:")
print(estimates.clip(lower=0).mean().round(0).to_string())

# %% [markdown] numbers_from={"30": "a position of the knob", "40": "a position of the knob"} slideshow={"slide_type": "fragment"}
# *Figure 3. Estimates of the variance between schools from 20,000 sets of three schools; the height is the number of sets. Full line: the average; dotted line: the truth. A few estimates lie outside the picture.*
#
# All three spread widely, because three schools say little about how much schools vary. No denominator changes that. Many estimates are negative. A variance cannot be, so programs stop at zero (more on that in the next lesson). This moves all averages up: here that of ML is 63, still too small, and that of REML 111, a little too large. So it is REML's *formula* that is right on average, in equal schools, with the negative values kept.
#
# **Check.** Turn the knobs: does the division by $J$ become right with 40 students in each school? With 30 schools?
#
# <details><summary>Answer</summary>
# With 40 students it does not: its average is 64.5, near two thirds of the truth, because three school means are still three. With 30 schools of 4 it is 94.6: dividing by 30 or by 29 hardly matters.
# </details>

# %% [markdown] minutes=7.5 notes="The idea in one sentence: twelve numbers, one says something on the mean, eleven on the variances.\nThe moment of the day: the number of the printout of section 4 comes out of eleven differences. Ask before you run: which number do you expect? Expect '54.457' or '102.64': reply 'of which kind is a log-likelihood?' For D and K expect 'the two numbers': reply 'must curves be equal to be lowest at the same place?'\nBoard: log|D'D| = log|X'X| = log 12. The proof is for readers." slideshow={"slide_type": "slide"}
# ## 8. REML: forget the mean
#
# With one school we took contrasts, which do not depend on the mean, and wrote *their* likelihood. We do the same with three schools. Twelve scores have eleven contrasts, none of which follows from the others. The simplest choice is each student minus the last one:

# %% slideshow={"slide_type": "-"}
D = np.vstack([np.eye(11), -np.ones(11)])      # vstack: the second below the first
K = mm.error_contrasts(X)                      # another choice, for later
contrasts = D.T @ y                            # each student minus the last one
print("the first column of D:", D[:, 0].astype(int))
print("the contrasts:    ", contrasts.round(1))
print("with 10 points up:", (D.T @ (y + 10)).round(1))


# %% [markdown] slideshow={"slide_type": "subslide"}
# The ten points have gone again. In general we take $n - p$ such contrasts $\mathbf K'\mathbf y$, where $p$ is the number of columns of $\mathbf X$, so that *all* fixed effects drop out:
#
# $$\mathbf K'\mathbf X = \mathbf 0 \quad\text{and therefore}\quad \mathbf K'\mathbf y = \mathbf K'(\mathbf Z\mathbf u + \boldsymbol\varepsilon), \quad\text{whatever } \boldsymbol\beta \text{ is.} \tag{5}$$
#
# They are called *error contrasts*. These eleven are not independent (they share the last student), but we know their covariance matrix: the covariance matrix of $\mathbf K'\mathbf y$ is $\mathbf K'\mathbf V\mathbf K$. So line (2) holds for them, with mean zero and $\mathbf K'\mathbf V\mathbf K$ in the place of $\mathbf V$.
#
# **Predict.** We compute it at the two REML estimates of the printout. Which number of the printout should come out?

# %% slideshow={"slide_type": "subslide"}
def of_contrasts(K, V):
    contrasts = K.T @ y
    V_of_contrasts = K.T @ V @ K
    distance = contrasts @ inv(V_of_contrasts) @ contrasts
    return len(contrasts) * log_2pi + log_det(V_of_contrasts) + distance

V_hat = V_by_loop(reml_variances[0], reml_variances[1], school)
print("D'X:", (D.T @ X)[:, 0])
print(f"-2 log-likelihood of the 11 contrasts: {of_contrasts(D, V_hat):.4f}")
print(f"REML criterion of the printout:        {fit.criterion:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: the REML criterion, and it is the same number. **The REML criterion is the −2 log-likelihood of contrasts**, up to a number that holds no variance. For our eleven differences this number happens to be zero, as we shall see.
#
# But are these the right contrasts? We might have chosen others. `K = mm.error_contrasts(X)` gives eleven columns of length 1, all at right angles, as in section 2. We compare the two choices at two places: at the estimates and at the $\mathbf V$ of section 5.
#
# **Predict.** What has to be the same at both places, if the choice of the contrasts is not to matter for the estimates?

# %% slideshow={"slide_type": "fragment"}
for place, V_here in [("the estimates", V_hat), ("100 and 225", V)]:
    with_D = of_contrasts(D, V_here)
    with_K = of_contrasts(K, V_here)
    print(f"at {place}: with D {with_D:.4f}, with K {with_K:.4f}, "
          f"difference {with_D - with_K:.4f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: the difference. It is 2.4849 at both places, and this is no accident. Each column of $\mathbf K$ is a combination of the columns of $\mathbf D$, so both hold the same eleven pieces of information, but in other units; and a change of units adds a number to −2 log-likelihood in which no variance occurs. So one curve is the other one moved up, and both are lowest at the same variances.
#
# If the choice does not matter, there should be a formula without $\mathbf K$. There is. Two identities bring back $\mathbf V$ and the GLS residuals $\mathbf r$. For contrasts of length 1 at right angles they are
#
# $$\mathbf y'\mathbf K(\mathbf K'\mathbf V\mathbf K)^{-1}\mathbf K'\mathbf y = \mathbf r'\mathbf V^{-1}\mathbf r, \qquad \log|\mathbf K'\mathbf V\mathbf K| = \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| - \log|\mathbf X'\mathbf X|. \tag{6}$$

# %% slideshow={"slide_type": "-"}
K_V_K = K.T @ V @ K
left_of_first = (K.T @ y) @ inv(K_V_K) @ (K.T @ y)
right_of_second = log_det(V) + log_det(A) - log_det(X.T @ X)
print(f"first identity:  left {left_of_first:.6f}, right {smallest_distance:.6f}")
print(f"second identity: left {log_det(K_V_K):.6f}, right {right_of_second:.6f}")


# %% [markdown] slideshow={"slide_type": "skip"}
# <details><summary>For reading: why (6) holds</summary>
# The contrasts and the GLS estimate have nothing in common: Cov(K′y, β̂) = K′V·V⁻¹X·A⁻¹ = K′X·A⁻¹ = 0. Being normal, they are independent. So the density of <b>y</b> is the product of two densities, that of K′y and that of β̂ ~ N(β, A⁻¹), times a constant for the change from <b>y</b> to these two (with contrasts of length 1 at right angles it is 1/√|X′X|). Take −2 log of both sides: on the left is line (2), on the right line (2) for the contrasts and line (2) for β̂. Insert (3). The terms that hold <b>y</b> are the first identity, all others are the second. In one sentence: ML uses both factors; REML keeps the one in which only the variances occur.
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Put (6) into the likelihood of the contrasts. The term $\log|\mathbf X'\mathbf X|$ holds no variance, and programs leave it out. (Here it is $\log 12$ = 2.4849, just the difference between $\mathbf D$ and $\mathbf K$: this is why our differences hit the printout.) What remains is the **REML criterion** of day 2:
#
# $$-2\ell_{\mathrm{REML}}(\mathbf V) = (n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \mathbf r'\mathbf V^{-1}\mathbf r. \tag{7}$$
#
# Compare it with (4): it is ML plus one new term, and $n - p$ in the place of $n$. As a function:

# %% slideshow={"slide_type": "-"}
def reml(log_variances, y, X, groups):
    sigma2_b, sigma2 = np.exp(log_variances)
    V = V_by_loop(sigma2_b, sigma2, groups)
    beta_hat, A, distance = gls(y, X, V)
    n, p = X.shape
    return (n - p) * log_2pi + log_det(V) + log_det(A) + distance

print(f"our function: {reml(np.log([100, 225]), y, X, school):.6f}")
print(f"mmteach:      {mm.minus2_loglik(y, X, V, reml=True):.6f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# What does the new term do? Take one school again, with $\mathbf V = \sigma^2\mathbf I$. Then $\mathbf X'\mathbf V^{-1}\mathbf X = n/\sigma^2$, and its logarithm is $\log n - \log\sigma^2$. This $-\log\sigma^2$ makes $(n-1)\log\sigma^2$ out of the $n\log\sigma^2$ in $\log|\mathbf V|$. It *is* the $n - 1$ of your first course.

# %% [markdown] minutes=4.5 notes="First the vote: does REML's own term rise or fall with \u03c3_b\u00b2? Expect 'it rises, it is a price, too': reply 'what happens to the variance of the mean, and what is the inverse of that?'\nThen the picture and the search; the map is for readers." slideshow={"slide_type": "slide"}
# ## 9. See the criterion
#
# We look at the terms of (7) one by one, along $\sigma_b^2$. The other variance stays at its estimate, 144.39.
#
# **Predict.** As $\sigma_b^2$ grows, does $\log|\mathbf V|$ rise or fall? And $\mathbf r'\mathbf V^{-1}\mathbf r$? And REML's own term?

# %% slideshow={"slide_type": "skip"}
grid = np.arange(0, 601)                             # sigma_b² = 0, 1, …, 600
price = np.zeros(601)
own_term = np.zeros(601)
distance = np.zeros(601)
for sigma2_b in grid:
    V_here = V_by_loop(sigma2_b, sigma2_hat, school)
    beta_here, A_here, distance_here = gls(y, X, V_here)
    price[sigma2_b] = log_det(V_here)
    own_term[sigma2_b] = log_det(A_here)
    distance[sigma2_b] = distance_here

# %% [markdown] slideshow={"slide_type": "-"}
# Each curve is drawn as the change from its value at zero, so that they fit into one picture:

# %% slideshow={"slide_type": "subslide"}
curve_ml = price + distance
curve_reml = price + own_term + distance
fig, ax = plt.subplots(figsize=(8, 3.8))
ax.plot(grid, price - price[0], ":", color="black", label="log|V|")
ax.plot(grid, distance - distance[0], "-.", color="black", label="r'V⁻¹r")
ax.plot(grid, own_term - own_term[0], "--", color="black", label="log|X'V⁻¹X|")
ax.plot(grid, curve_reml - curve_reml[0], linewidth=4, label="REML: all three")
ax.plot(grid, curve_ml - curve_ml[0], linewidth=2, label="ML: the first two")
ax.plot(np.argmin(curve_ml), curve_ml.min() - curve_ml[0], "o", color="black")
ax.plot(np.argmin(curve_reml), curve_reml.min() - curve_reml[0], "o", color="black")
ax.set_xlabel("σ_b², variance between schools (points²)")
ax.set_ylabel("change from σ_b² = 0")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()
close = grid[curve_reml < curve_reml.min() + 1]      # where it is less than 1 higher
print(f"lowest: ML at {np.argmin(curve_ml)}, REML at {np.argmin(curve_reml)} points²")
fall = curve_reml[0] - curve_reml.min()
print(f"REML falls by {fall:.1f} from 0 to its lowest point")
print(f"REML less than 1 above its lowest point: {close[0]} to {close[-1]} points²")

# %% [markdown] numbers_from={"576": "our own choice of a start"} slideshow={"slide_type": "fragment"}
# *Figure 4. The three terms of the REML criterion along the variance between schools (thin broken lines), and their sums (full lines) with a dot at the lowest point.*
#
# You should have said: $\log|\mathbf V|$ rises, because large variances have their price. $\mathbf r'\mathbf V^{-1}\mathbf r$ falls, because school means that lie far apart become less surprising. REML's own term falls too: $\mathbf X'\mathbf V^{-1}\mathbf X$ is the inverse of the variance of $\hat{\boldsymbol\beta}$, so it becomes smaller when the mean becomes less certain. It makes large variances a little cheaper, and pulls the lowest point to the right, from 56 to 103. And on that side the curve rises very slowly. Along this line ($\sigma^2$ held at 144.39) it falls by 3.0 from 0 to its lowest point; from there to 423, three times as far, it rises by no more than 1. (When $\sigma^2$ may move as well, the fall is smaller; see the next lesson.) These data speak more clearly against a small variance than against a large one.
#
# Last, both variances at once. We search from a poor start, $\sigma_b^2$ = 9 and $\sigma^2$ = 576, and compute the criterion at every step:

# %% slideshow={"slide_type": "subslide"}
reml_found, reml_lowest, reml_steps = search(reml, y, X, school, start=[9, 576])
criterion_of_steps = []
for step in reml_steps:
    criterion_of_steps.append(reml(np.log(step), y, X, school))
print("criterion, step by step:", np.round(criterion_of_steps, 2))
print(f"end: sigma_b² {reml_found[0]:.2f}, sigma² {reml_found[1]:.2f} points²")
print(f"     criterion {reml_lowest:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The criterion falls all the way, to 91.0922 at 102.64 and 144.39: our own search has found the printout of section 4. The largest step down is the first one; then the gains are small and uneven, and at last there are none.
#

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: a map
#
# The way of the search can be seen on a map. `contour` draws lines of equal height over a grid of values. The axes are the two standard deviations, $\sigma_b$ and $\sigma$, in points:

# %% slideshow={"slide_type": "skip"}
sigmas_b = np.linspace(0.5, 40, 60)
sigmas = np.linspace(8, 26, 40)

def draw_map(function, steps, ax, title):
    height = np.zeros((40, 60))
    for row, sigma in enumerate(sigmas):
        for column, sigma_b in enumerate(sigmas_b):
            log_variances = np.log([sigma_b**2, sigma**2])
            height[row, column] = function(log_variances, y, X, school)
    above = height - height.min()
    lines = ax.contour(sigmas_b, sigmas, above, levels=[0.2, 1, 2, 4, 8], colors="grey")
    ax.clabel(lines)                                     # writes the heights
    ax.plot(np.sqrt(steps[:, 0]), np.sqrt(steps[:, 1]), "o-", label="the search")
    ax.set_xlabel("σ_b, between schools (points)")
    ax.set_title(title)

fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4), sharey=True)
draw_map(ml, ml_steps, left, title="ML")
draw_map(reml, reml_steps, right, title="REML")
left.set_ylabel("σ, within schools (points)")
left.legend()
plt.show()

# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 5. The ML criterion (left) and the REML criterion (right) above their lowest value, over the two standard deviations. Low is good; the numbers on the lines are the heights.*
#
# Both searches end at the same height on the vertical axis, $\hat\sigma$ = 12.02 points, but REML ends further to the right, and its lines of equal height are wider in that direction. REML does not only move the estimate. It also admits how little three schools say.

# %% [markdown] minutes=4 notes="The relief of the day: the same functions, an actual field trial. Expect 'the same, the trial is balanced': reply 'which differences give \u03c3\u00b2, and is a genotype in them?'\nBoard: 4 blocks \u00b7 17 differences = 68; 17 of them pay for the genotypes." slideshow={"slide_type": "slide"}
# ## 10. Run it on the field trial
#
# Now the sorghum trial of day 2, with the same functions: `block` takes the place of the school, and $\mathbf X$ has a column for the intercept and one for each genotype but the first.
#
# **Predict.** In the schools ML and REML had the same $\hat\sigma^2$. Day 2 said that here both variances of ML are smaller. Why also $\hat\sigma^2$? (Are genotypes compared inside the blocks, or between them?)

# %% slideshow={"slide_type": "subslide"}
trial = mm.load("sorghum")
grain = trial["yield_kg_ha"].to_numpy()
block = trial["block"].to_numpy()
columns_of_genotypes = mm.build_Z(trial["genotype"])[:, 1:]      # all but G01
X_trial = np.column_stack([np.ones(72), columns_of_genotypes])
print(f"X: {X_trial.shape[0]} rows, {X_trial.shape[1]} columns")

by_ml, criterion_ml, _ = search(ml, grain, X_trial, block, start=[3000, 30000])
by_reml, criterion_reml, _ = search(reml, grain, X_trial, block, start=[3000, 30000])
table = pd.DataFrame({"ML": by_ml, "REML": by_reml}, index=["sigma_b²", "sigma²"])
table["ML / REML"] = table["ML"] / table["REML"]
print(table.round({"ML": 1, "REML": 1, "ML / REML": 3}).to_string())
print(f"REML criterion {criterion_reml:.4f}")
print(f"REML as standard deviations: {np.sqrt(by_reml).round(2)} kg/ha")

# %% [markdown] slideshow={"slide_type": "fragment"}
# (The `_` takes the steps, which we do not need here.) REML's two variances, 2906 and 25627, and its criterion 729.7118 are those of day 2. ML finds three quarters of each.
#
# You should have said: because the genotypes are compared *inside* the blocks, and $\hat\sigma^2$ comes from there, too. Count the differences between the plots of one block:

# %% slideshow={"slide_type": "-"}
inside = 4 * 17                      # 18 plots have 17 differences, in each of 4 blocks
left_over = inside - 17              # 17 genotype coefficients are estimated from them
print(f"differences inside the blocks: 4 times 17 = {inside}")
print(f"left for the error: {left_over}")
print(f"{left_over} / {inside} = {left_over / inside:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# REML divides by the 51 that are left; these are the 51 error degrees of freedom of day 2. ML divides by all 68, as if nobody had estimated a genotype. Hence the factor 0.75. (In this complete trial the other variance has it as well: of four block means one piece of information goes to the overall mean. So both mean squares become three quarters, and with them their difference.)
#
# So balance alone was not the reason why $\hat\sigma^2$ was the same in the schools. Three things came together: equal schools, an estimate $\hat\sigma_b^2$ above zero by ML as well, and *no fixed effect that is compared inside a school*.
#
# **Check.** What would the factor be with 2 genotypes in place of 18, in the same four blocks? And with 18 genotypes in six blocks?
#
# <details><summary>Answer</summary>
# With 2 genotypes there is one difference in each block, 4 in all, and one is used up: 3/4 again. With six blocks 6 · 17 = 102 differences, of which 85 are left: 5/6. It is not the number of the means that counts, but on how many plots each of them rests: one piece of information goes to each mean, as in section 1.
# </details>
#
# ***
#
# One warning. That *both* variances are smaller by ML than by REML (or $\hat\sigma_b^2$ is zero by ML) is so in complete trials. In small blocks with many genotypes ML's $\hat\sigma^2$ is so much too small that it takes off too little of it from the block means; its $\hat\sigma_b^2$ can then even be too large. What holds always is the reason: ML takes no account of the means that it has estimated.

# %% [markdown] minutes=1 notes="Ask who had both guesses right, and why. The sentence to take home: REML uses the part of the data that does not speak of the means." slideshow={"slide_type": "slide"}
# ## 11. Wrap up
#
# Your guesses of section 4 beside the results:

# %% slideshow={"slide_type": "-"}
wrap_up = pd.DataFrame({
    "my guess": [str(my_guess["sigma_b²"]), str(my_guess["sigma²"])],
    "ML": ml_variances.round(2),
    "REML": reml_variances.round(2),
}, index=["sigma_b²", "sigma²"])
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: smaller, and the same.
#
# **To take away**
#
# 1. REML is the likelihood of contrasts, the part of the data that does not depend on the fixed effects. With one sample it divides by $n - 1$.
# 2. As a formula it is the ML criterion plus $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$, up to a constant.
# 3. ML takes no account of the means that it has estimated. So its $\hat\sigma^2$ is too small when fixed effects are compared inside the groups, and its $\hat\sigma_b^2$, as a rule, when groups are few.

# %% [markdown] minutes=0.5 notes="Homework. Number 3 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 12. On your own
#
# 1. **Do.** Measure our differences in other units: `E = 2 * D`. Compute `of_contrasts(E, V_hat)` and `of_contrasts(E, V)`. By how much do they differ from those with `K`, and what does that mean for the estimates?
# 2. **Explain.** In two sentences, to a fellow student: why is REML's estimate of $\sigma_b^2$ larger than ML's?
# 3. **Change one knob.** In section 1 set `n = 2`. Which share of the truth does the division by $n$ find? Guess first.
# 4. **Transfer.** `mm.load("potash")` is a cotton trial with five amounts of potash in each of three blocks. Guess the ratio of the ML variance $\hat\sigma^2$ to that of REML. Then fit `strength ~ C(k2o_lb_ac) + (1 | block)` with `mm.lmm`, and again with `reml=False`.
#
# <details><summary>Answers</summary>
# <ol>
# <li>By 17.7341 at both places. It is another number than with D, but again the same at both places, so the lowest point is where it was.</li>
# <li>ML averages the squared deviations of the school means from their own mean over J, as if this mean had cost nothing. REML works with contrasts, which are free of the mean, and there are only J − 1 of them between three schools.</li>
# <li>One half: with two students, one of the two pieces of information goes to the mean.</li>
# <li>Two thirds, 0.0291 against 0.0437: inside the three blocks there are 3 · 4 = 12 differences, the amounts use up 4 of them, and 8 are left.</li>
# </ol>
# </details>

# %% [markdown] minutes=0.5 notes="Point to the second notebook of the day: what these numbers are good for, and when they mislead." slideshow={"slide_type": "slide"}
# ## 13. In practice and further reading
#
# In practice you write one line, and REML is what you get unless you ask for ML:
#
# ```
# mmteach      mm.lmm("score ~ 1 + (1 | school)", data=schools)            # reml=False for ML
# statsmodels  smf.mixedlm("score ~ 1", data=schools, groups="school").fit()
# R            lmer(score ~ 1 + (1 | school), data = schools)              # REML = FALSE for ML
# SAS          proc mixed; class school; model score = ; random school; run;
# ```
#
# More of these, with answers that check themselves, after the second lesson of the day: [day4_exercises](exercises/day4_exercises.ipynb).
#
# **Next:** [day4_reml_in_use](day4_reml_in_use.ipynb): the same numbers from four programs, what happens when the data break, estimates of zero, several random effects, and which criteria may be compared.
#
# ### Further reading
#
# - Patterson and Thompson (1971), *Recovery of inter-block information when block sizes are unequal*, Biometrika 58, 545–554: REML from error contrasts.
# - Harville (1974), *Bayesian inference for variance components using only error contrasts*, Biometrika 61, 383–385: the criterion without $\mathbf K$.
# - Harville (1977), *Maximum likelihood approaches to variance component estimation and to related problems*, Journal of the American Statistical Association 72, 320–338.
# - Laird and Ware (1982), *Random-effects models for longitudinal data*, Biometrics 38, 963–974.
