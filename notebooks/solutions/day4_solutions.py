# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # Day 4: solutions
#
# **What you do.** You estimate variances by hand, by ML and by REML, and you write $\mathbf V$ and the REML criterion yourself. You measure the bias of ML, unbalance the schools, and use both criteria for what they are good for.
#
# **How it works.** Each task ends with `check`, which answers in one line and sends nothing anywhere. The tasks marked *worked* show the form. In the exercises the others say `None`: write your lines above it, put your answer in its place, and run the cell again. A number needs no unit.
#
# **What you need.** Both lessons of the day, [day4_reml_from_scratch](../day4_reml_from_scratch.ipynb) for sections 2 and 3 and [day4_reml_in_use](../day4_reml_in_use.ipynb) for the rest. About 50 minutes.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1. Set up
#
# The scores of 12 students in 3 schools, drawn with $\sigma_b^2 = 100$ and $\sigma^2 = 225$:

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import chi2

import mmteach as mm
from mmteach import plots
from mmteach.course import check, progress, quiz

plt.rcParams.update(plots.STYLE)

# %% slideshow={"slide_type": "-"}
schools = mm.load("schools")
y = schools["score"].to_numpy()
school = list(schools["school"])
by_school = schools.groupby("school", observed=True)["score"]
print("the truth: sigma_b² 100, sigma² 225")
print(by_school.agg(["size", "mean", "var"]).round(2))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 2. Do
#
# **Worked.** With the true variances, what is the variance of the mean of all scores? Any combination $\mathbf a'\mathbf y$ has variance $\mathbf a'\mathbf V\mathbf a$; for the mean of twelve scores all weights are 1/12:

# %% slideshow={"slide_type": "-"}
V_true = mm.build_V_cs(100, 225, school)
a = np.full(12, 1 / 12)
check("day4.var_mean", a @ V_true @ a)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Worked.** The estimates need the scores. The residual variance first: squared distances from the means of the schools, over $n$ minus the number of means:

# %% slideshow={"slide_type": "-"}
distances = schools["score"] - by_school.transform("mean")
sigma2 = np.sum(distances**2) / (12 - 3)
check("day4.sigma2", sigma2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The variance between schools by REML, from the school means and `sigma2`. The mean square between schools is 4 times the variance of the school means, and its expectation is $4\sigma_b^2 + \sigma^2$.

# %% slideshow={"slide_type": "-"}
# >>> sigma2_b: the variance between schools by REML, points²
MS_between = 4 * by_school.mean().var()
sigma2_b = (MS_between - sigma2) / 4
# <<<
check("day4.sigma2_b", sigma2_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn: write the criterion.** Write everything yourself, without `mm`:
#
# - $\mathbf V$ (12 × 12), with a double loop over `school`: `sigma2_b` where two rows share a school, and `sigma2` more on the diagonal;
# - $\mathbf X$ (12 × 1), a column of ones;
# - the mean $\hat\mu$ by GLS, and the residuals $\mathbf r$;
# - the four terms of the REML criterion, and their sum.
#
# `np.linalg.slogdet(M)[1]` is the logarithm of a determinant. What is the criterion?

# %% slideshow={"slide_type": "-"}
# >>> criterion: the REML criterion at its minimum
V = sigma2 * np.eye(12)
for row in range(12):
    for other in range(12):
        if school[row] == school[other]:
            V[row, other] = V[row, other] + sigma2_b
X = np.ones((12, 1))
V_inverse = np.linalg.inv(V)
XtViX = X.T @ V_inverse @ X
mean_hat = np.linalg.solve(XtViX, X.T @ V_inverse @ y)
r = y - X @ mean_hat
constant = (12 - 1) * np.log(2 * np.pi)
log_det_V = np.linalg.slogdet(V)[1]
log_det_XtViX = np.linalg.slogdet(XtViX)[1]
distance = r @ V_inverse @ r
criterion = constant + log_det_V + log_det_XtViX + distance
# <<<
check("day4.criterion", criterion)

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Which term is wrong?</summary>
# In the order of the formula the four terms are 20.217, 63.710, −3.834 and 11.000. The last one is no accident: at REML's lowest point <b>r</b>'<b>V</b><sup>−1</sup><b>r</b> is n − p. If only the second term differs, look at the diagonal of your <b>V</b>: it holds both variances.
# </details>
#
# ***
#
# The next cell draws both criteria along $\theta = \sigma_b/\sigma$, each measured from its own minimum. `fit.profiled` is the profiled criterion:

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
fit_ml = fit.refit(reml=False)
thetas = np.linspace(0, 4, 201)
fig, ax = plt.subplots()
for name, one, style in [("REML", fit, "-"), ("ML", fit_ml, "--")]:
    rise = []
    for theta in thetas:
        rise.append(one.profiled([theta]) - one.criterion)
    ax.plot(thetas, rise, style, label=name)
    print(f"{name:4} at theta 0: {rise[0]:.2f}, at theta 4: {rise[-1]:.2f}")
line = chi2.ppf(0.95, df=1)
ax.axhline(line, linestyle=":", color="grey", label=r"95 % quantile of $\chi^2_1$")
ax.set_xlabel(r"$\theta = \sigma_b / \sigma$")
ax.set_ylabel("criterion − its minimum")
ax.legend()
plt.show()


# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 1. The rise of the REML criterion (full line) and of the ML criterion (dashed) above their minima, along $\theta$. Dotted: the 95 % quantile of $\chi^2_1$.*
#
# The height of a curve at some $\theta$ is how much the criterion gains by going to the best $\theta$. Such a gain is called a **likelihood-ratio statistic**. In large samples it follows a $\chi^2$ distribution with one degree of freedom when that $\theta$ is the truth, and 95 % of its values lie below the dotted line; values of $\theta$ with a curve above the line are rejected. Here the line is a rough guide only. It is not valid at $\theta = 0$, the boundary: were that the truth, the estimate would often be zero itself and the rise with it, so the line would be passed less often than in 5 % of data sets. And with three schools it is shaky everywhere else: where schools differ much, ML's curve passes it at the true $\theta$ two to three times too often.

# %% [markdown] slideshow={"slide_type": "slide"} tags=["discuss"]
# ## 3. Explain
#
# Write two or three sentences to each, then compare.
#
# 1. Which values of $\theta$ does the REML curve leave open, and what does that say about $\sigma_b$?
# 2. "ML is biased, so I use REML for everything." When does that lead astray?
# 3. Why does the residual variance come out the same by ML and by REML here, though ML takes no account of the mean that it estimated?
#
# <details><summary>Answers</summary>
# <ol>
# <li>By the dotted line, which is a rough guide here, all of the picture, from no variance between schools to a σ<sub>b</sub> four times as large as σ. (At zero the F test of the two mean squares is exact; its p-value, 0.06, agrees.) Three schools say little about how much schools differ. And the curve is lopsided, so estimate ± 2 SE would be a poor interval.</li>
# <li>When models with different fixed parts are compared. Their REML criteria are likelihoods of different contrasts. Fit both by ML for the comparison, and report variances from REML.</li>
# <li>The schools are equal and both estimates of σ<sub>b</sub><sup>2</sup> are above zero, so the 9 differences inside the schools fix σ<sup>2</sup>. The mean, the only fixed effect, drops out of each of them: there is nothing to overlook, and all that ML overlooks falls on σ<sub>b</sub><sup>2</sup>. Balance alone is not the reason. The potash trial below is balanced too, but its amounts are compared inside the blocks: there ML divides by 12 where REML divides by 8, and σ<sup>2</sup> comes out at two thirds, 0.0291 instead of 0.0437.</li>
# </ol>
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 4. Change one knob
#
# **Worked.** In the first lesson ML's formula was too small on average, and more students in each school did not help. Here is the simulation once more, as a function that you can play with. The truth is 100:

# %% slideshow={"slide_type": "-"}
def average_of_ml(n_schools, n_students):
    """Average ML estimate over 20,000 sets."""
    rng = np.random.default_rng(seed=4)
    u = rng.normal(scale=10, size=(20_000, n_schools, 1))
    error = rng.normal(scale=15, size=(20_000, n_schools, n_students))
    scores = u + error
    school_means = scores.mean(axis=2)
    MS_between = n_students * school_means.var(axis=1, ddof=0)     # ML: divided by J
    MS_within = scores.var(axis=2, ddof=1).mean(axis=1)
    return np.mean((MS_between - MS_within) / n_students)

print("20,000 sets, 3 schools of 40 students")
average = average_of_ml(n_schools=3, n_students=40)
check("day4.ml_average", average)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Students do not replace schools. How many schools of 4 are needed until ML finds nine tenths of the truth on average? Guess first, then change the two numbers below (whole numbers, at least 2, at most a few dozen). Nothing checks this cell:

# %% slideshow={"slide_type": "-"}
J = 3    # schools
k = 4    # students in each
average_here = average_of_ml(J, k)
print(f"{J} schools of {k} students: ML averages {average_here:.1f}, the truth is 100")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** The last two students of S2 are absent on the day of the test. What is the variance between schools by REML now? Is the hand formula still good?

# %% slideshow={"slide_type": "-"}
present = schools.drop(index=[6, 7])        # the two rows are left out
# >>> uneven_b: sigma_b² by REML with two students absent, points²
uneven = mm.lmm("score ~ 1 + (1 | school)", data=present)
uneven_b = uneven.varcomp["variance"].iloc[0]
# <<<
check("day4.uneven", uneven_b)

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Explain.** With fewer students the estimate went *up*. Is that a contradiction?
#
# <details><summary>Answer</summary>
# No. Less data makes an estimate less certain, not smaller. The mean of S2 fell when its best student was away, and with three schools one moved mean moves the estimate far. The hand formula gives 263.66, REML 251.57: in unequal schools it is no longer REML's answer.
# </details>
#
# ***
#
# **Write, without check.** In the sorghum trial with blocks *and* genotypes random, the three variances are below. Take four plots: G01 and G02 in block R1, then G01 and G02 in block R2. Write their $\hat{\mathbf V}$, sixteen numbers, in place of the zeros. (What do two plots share?) The last line counts how many cells agree with the matrix of the fit:

# %% slideshow={"slide_type": "-"}
trial = mm.load("sorghum")
crossed = mm.lmm("yield_kg_ha ~ 1 + (1 | block) + (1 | genotype)", data=trial)
by_name = crossed.varcomp.set_index("group")["variance"]
print(by_name.round(1).to_string())

my_V = np.zeros((4, 4))      # your matrix: np.array([[…], […], […], […]])
four_plots = [0, 1, 18, 19]
V_of_fit = crossed.V.to_numpy()[np.ix_(four_plots, four_plots)]
if np.shape(my_V) == (4, 4):
    n_agree = np.sum(np.isclose(my_V, V_of_fit, rtol=0.001))
    print(f"{n_agree} of 16 cells agree")
else:
    print("my_V needs 4 rows with 4 numbers each")

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details><summary>Answer</summary>
# With b = 2906, g = 30035 and e = 25627 the rows are (b+g+e, b, g, 0), (b, b+g+e, 0, g), (g, 0, b+g+e, b) and (0, g, b, b+g+e), where b+g+e = 58568. Same plot: everything is shared. Same block: b. Same genotype: g. G01 in R1 and G02 in R2 share nothing, so four cells are zero, and the matrix of zeros had those right.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 5. Transfer
#
# The potash trial: fibre strength at five amounts of potash in complete blocks. Do the amounts differ? Compare a model with one mean and a model with a mean for each amount, blocks random in both.

# %% slideshow={"slide_type": "-"}
potash = mm.load("potash")
one_mean = mm.lmm("strength ~ 1 + (1 | block)", data=potash)
each_mean = mm.lmm("strength ~ C(k2o_lb_ac) + (1 | block)", data=potash)
plots.show_points(potash["strength"], potash["k2o_lb_ac"], potash["block"],
                  unit="strength")
plt.show()

# %% [markdown] slideshow={"slide_type": "fragment"}
# *Figure 2. Fibre strength by amount of potash (in lb/acre), with a marker for each block and a line at each mean.*
#
# **Your turn.** How much does the criterion gain by the amounts? This gain is the likelihood-ratio statistic of the amounts. Both fits are by REML: what has to change first? `fit.refit(...)` and `fit.criterion` are enough.

# %% slideshow={"slide_type": "-"}
# >>> statistic: the likelihood-ratio statistic of the amounts
one_mean_ml = one_mean.refit(reml=False)
each_mean_ml = each_mean.refit(reml=False)
statistic = one_mean_ml.criterion - each_mean_ml.criterion
# <<<
check("day4.potash", statistic)

# %% [markdown] slideshow={"slide_type": "fragment"} tags=["discuss"]
# **Explain.** How many degrees of freedom does this statistic have? And why is a chi-squared p-value too optimistic with so few plots?
#
# <details><summary>Answer</summary>
# Four: five means in place of one. The chi-squared distribution holds for many plots. Here ML takes its residual variance from a few degrees of freedom as if it were known, so the statistic comes out too large. The F test of day 6 allows for that.
# </details>
#
# ***
#
# **Explain.** Look at `one_mean.messages` in a cell of your own. What happened to the blocks in that fit, and is anything broken?
#
# <details><summary>Answer</summary>
# A boundary estimate: the variance between blocks is zero. Nothing is broken. Without the amounts, their differences are in the residuals, σ<sup>2</sup> is 0.0842 in place of 0.0437, and against that the block means show no excess. With the amounts in the model it is 0.000975.
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 6. Count
#
# This cell counts the tasks whose latest answer was right. Run it again after each new answer:

# %% slideshow={"slide_type": "-"}
progress("day4")

# %% [markdown] notes="Five minutes, by a show of hands for each letter. Ask one who chose a wrong letter why, before you run the cell with the letters: it says what each wrong answer is." slideshow={"slide_type": "slide"}
# ## 7. End the day with six questions
#
# Six of today's tasks once more, with four answers each. Do not scroll back. The letter alone is worth little: for each of the *other* three answers say by which slip somebody arrives at it, or why it cannot be right (its size, its unit). The reply to a wrong letter names the slip.

# %% slideshow={"slide_type": "-"}
quiz("day4")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Your turn.** Type your letters in quotes, one for each question. The reply says what is wrong with an answer:

# %% slideshow={"slide_type": "-"}
# >>> letters: six letters in quotes
letters = "cdbcbc"
# <<<
quiz("day4", letters)
