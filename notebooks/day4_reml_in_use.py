# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown] minutes=1.5 notes="Ask who has ever reported a number of a printout without knowing what it was. Read the question aloud; nothing is answered yet.\nThe second half of day 4: teach it after a break. With 50 minutes: in section 3 show the table only (3 minutes less), in section 6 run the search without talking (3), in section 7 run only the table (2); section 8 is homework." slideshow={"slide_type": "slide"}
# # Use REML: read its numbers, and know when they mislead
#
# **The question.** In the first half of the day you built REML. Every statistics program has it as well, and prints a page of numbers without a word on which of them deserve trust. Which numbers may you report, which may you compare, and when does a number look fine although the data say nothing?
#
# **What you can do afterwards**
#
# - read the printout of a mixed model, and say of each number what it means;
# - get the same numbers by four routes, and say which of them ML and REML share, and why;
# - recognise data for which the answer is empty, weak, or at the edge of what is possible;
# - write $\mathbf V$ for two random factors;
# - say which criteria may be compared with each other.
#
# **What you need.** [day4_reml_from_scratch](day4_reml_from_scratch.ipynb), where the two criteria are derived, and the [pair](day2_rcbd_mixed.ipynb) of day 2. **Time.** In class 59 minutes; the parts called *For reading* are for you alone. Alone about two hours.

# %% [markdown] minutes=4 notes="Board, left half: the two criteria, one below the other, the one extra term underlined. They stay there.\nExpect 'why r with beta-hat of this V?': reply 'section 4 shows what happens with another beta'." slideshow={"slide_type": "slide"}
# ## 1. Set up and recall
#
# Twelve students of three schools again. Student $i$ of school $j$ scores $y_{ij} = \mu + u_j + \varepsilon_{ij}$, where the $u_j$ are draws with variance $\sigma_b^2$ (*b* for *between* schools) and the $\varepsilon_{ij}$ are draws with variance $\sigma^2$ (between the students of one school).

# %% slideshow={"slide_type": "skip"}
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize

import mmteach as mm
from mmteach import plots

# %% slideshow={"slide_type": "-"}
plt.rcParams.update(plots.STYLE)       # letter sizes and colours of the course
schools = mm.load("schools")
y = schools["score"].to_numpy()
school = list(schools["school"])
n = len(y)
X = np.ones((n, 1))                    # one column: the common mean
print(f"{n} students of {len(set(school))} schools")
schools.head(3)


# %% [markdown] slideshow={"slide_type": "subslide"}
# Two criteria were the result of the first half. Both are functions of the variances only; $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}$ are the residuals of generalised least squares (GLS), with the same $\mathbf V$. With $n$ rows and $p$ columns in $\mathbf X$,
#
# $$\begin{aligned}
# \text{ML:}\quad & n\log 2\pi + \log|\mathbf V| + \mathbf r'\mathbf V^{-1}\mathbf r, \\
# \text{REML:}\quad & (n-p)\log 2\pi + \log|\mathbf V| + \log|\mathbf X'\mathbf V^{-1}\mathbf X| + \mathbf r'\mathbf V^{-1}\mathbf r.
# \end{aligned}$$
#
# Low is good. We write both once more, so that this notebook runs alone. First $\mathbf V$, by the double loop: $\sigma_b^2$ wherever two rows share a school, and $\sigma^2$ more on the diagonal.

# %% slideshow={"slide_type": "subslide"}
def V_of_groups(sigma2_b, sigma2, groups):
    groups = list(groups)
    n_rows = len(groups)
    V = sigma2 * np.eye(n_rows)
    for row in range(n_rows):
        for other in range(n_rows):
            if groups[row] == groups[other]:
                V[row, other] = V[row, other] + sigma2_b
    return V

first_five = V_of_groups(100, 225, school[:5])     # four students of S1, one of S2
print(first_five)


# %% [markdown] slideshow={"slide_type": "fragment"}
# Then GLS for a given $\mathbf V$. It returns the three things that the criteria need: $\hat{\boldsymbol\beta}$, the matrix $\mathbf X'\mathbf V^{-1}\mathbf X$, and the squared residuals measured with $\mathbf V$, $\mathbf r'\mathbf V^{-1}\mathbf r$:

# %% slideshow={"slide_type": "-"}
def gls_of_V(y, X, V):
    V_inverse = np.linalg.inv(V)
    XtViX = X.T @ V_inverse @ X
    beta = np.linalg.solve(XtViX, X.T @ V_inverse @ y)
    r = y - X @ beta
    return beta, XtViX, r @ V_inverse @ r

def log_det(M):
    return np.linalg.slogdet(M)[1]                 # the logarithm of |M|


# %% [markdown] slideshow={"slide_type": "subslide"}
# And the two criteria. The two functions `…_of_V` take any $\mathbf V$, the other two build it from the groups:

# %% slideshow={"slide_type": "-"}
def ml_of_V(y, X, V):
    beta, XtViX, distance = gls_of_V(y, X, V)
    return len(y) * np.log(2 * np.pi) + log_det(V) + distance

def reml_of_V(y, X, V):
    beta, XtViX, distance = gls_of_V(y, X, V)
    constant = (len(y) - X.shape[1]) * np.log(2 * np.pi)
    return constant + log_det(V) + log_det(XtViX) + distance

def ml_criterion(sigma2_b, sigma2, y, X, groups):
    return ml_of_V(y, X, V_of_groups(sigma2_b, sigma2, groups))

def reml_criterion(sigma2_b, sigma2, y, X, groups):
    return reml_of_V(y, X, V_of_groups(sigma2_b, sigma2, groups))


# %% [markdown] slideshow={"slide_type": "fragment"}
# We compare with the library at the variances from which these scores were drawn:

# %% slideshow={"slide_type": "-"}
V_true = V_of_groups(100, 225, school)
library_ml = mm.minus2_loglik(y, X, V_true, reml=False)
library_reml = mm.minus2_loglik(y, X, V_true, reml=True)
our_ml = ml_criterion(100, 225, y=y, X=X, groups=school)
our_reml = reml_criterion(100, 225, y=y, X=X, groups=school)
print("at sigma_b² 100 and sigma² 225:")
print(f"ML:   ours {our_ml:.4f}, mmteach {library_ml:.4f}")
print(f"REML: ours {our_reml:.4f}, mmteach {library_reml:.4f}")

# %% [markdown] minutes=5 notes="Collect the three guesses by a show of hands before the fit; write the majority on the board.\nExpect 'REML is unbiased, so zero never happens': write it down without comment; section 5 answers.\nThe printout: let a student say each line. The stumbling block is the column sd, which is the root of the variance and not its standard error." slideshow={"slide_type": "slide"}
# ## 2. Guess, fit, read the print
#
# **Commit to a guess** of three things, in place of `None`. You know from the first half that for these schools ML's $\hat\sigma_b^2$ is a good deal smaller than REML's.
#
# - Is the standard error of the *mean* by ML smaller than by REML, the same, or larger?
# - Draw one hundred new data sets like this one (three schools of four) from the variances 100 and 225. For how many of them will REML report $\hat\sigma_b^2$ = 0, exactly zero?
# - Give all columns of $\mathbf X$ in other units, so that their numbers are 10 times as large. Will the lowest REML criterion be smaller, the same, or larger?

# %% slideshow={"slide_type": "-"}
my_guess = {
    "SE of the mean by ML": None,              # "smaller", "same" or "larger"
    "zeros in 100 data sets": None,            # a number
    "REML criterion, columns × 10": None,      # "smaller", "same" or "larger"
}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Now fit first, and read afterwards. The formula says: one mean, and a random shift for each school.

# %% slideshow={"slide_type": "subslide"}
fit = mm.lmm("score ~ 1 + (1 | school)", data=schools)
print(fit.summary())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Read it from the top:
#
# - **REML criterion**, 91.1: the lowest value of our `reml_criterion`. It has no meaning of its own; only differences between two criteria have one, and section 7 says between which.
# - **Scaled residuals**: what is left of each score when the mean and the school are taken off, divided by $\hat\sigma$. None is outside −2 to 2, so no student is odd.
# - **Random effects**: $\hat\sigma_b^2$ = 102.64 and $\hat\sigma^2$ = 144.39, in squared points. The column `sd` holds their roots, 10.13 and 12.02 points: schools differ from each other nearly as much as students of one school do.
# - **Fixed effects**: the mean over all schools there could be, 54.457 points, with standard error 6.800.
#
# > **Common slip: `sd` read as a standard error.** 10.13 says how much *schools* scatter. It does not say how well we know that scatter. The printout has no number for that, because the uncertainty of a variance from three schools is large and lopsided, so "plus or minus one standard error" would describe it badly.
#
# How sure are we of the mean? An interval needs degrees of freedom. `mm.contrast` picks the intercept by its name and gives them (its test, whether the mean is zero, is of no interest here):

# %% slideshow={"slide_type": "-"}
print(mm.contrast(fit, {"Intercept": 1}))


# %% [markdown] notes="Two minutes in pairs. Expect '11, there are 12 scores': reply 'would twelve students of one single school do?' Right: the mean is an average of three school means." slideshow={"slide_type": "fragment"} tags=["discuss"]
# From 25 to 84 points: after twelve tests we hardly know the mean. **Discuss.** There are 12 scores. Why only 2 degrees of freedom?
#
# <details><summary>Answer</summary>
# Because the schools are the draws, and there are three. The mean of all scores is the average of three school means, so its standard error comes from how these three scatter: SE² = (4σ̂<sub>b</sub>² + σ̂²)/12 = 554.94/12, and this sum, the mean square between schools, has 3 − 1 = 2 degrees of freedom. More students in the same three schools would not add a single one.
# </details>
#
# ***

# %% [markdown] minutes=7 notes="Show the table and let the room find the rows in which ML and REML agree; then ask for a reason for each row, one at a time.\nExpect 'balanced, so all agrees': reply 'then why not sigma_b\u00b2?' and keep it for section 4.\nBoard: SE\u00b2 = (4 sigma_b\u00b2 + sigma\u00b2)/12." slideshow={"slide_type": "slide"}
# ## 3. Agree by four routes
#
# A number counts when a second route has given it, too. The first route is our own search. `minimize` looks for the lowest point of a function; we let it walk in the *logarithms* of the two variances, so that neither can become negative. (The inner function `criterion_of_logs` knows `criterion`, `y`, `X` and `groups` from the function around it.)

# %% slideshow={"slide_type": "-"}
def lowest_point(criterion, y, X, groups, start=(100, 200)):
    def criterion_of_logs(log_variances):
        sigma2_b, sigma2 = np.exp(log_variances)
        return criterion(sigma2_b, sigma2, y=y, X=X, groups=groups)

    precision = {"xatol": 1e-8, "fatol": 1e-10}
    found = minimize(criterion_of_logs, np.log(start),
                     method="Nelder-Mead", options=precision)
    return np.exp(found.x), found.fun

variances_reml, lowest_reml = lowest_point(reml_criterion, y, X, school)
variances_ml, lowest_ml = lowest_point(ml_criterion, y, X, school)
print(f"REML: variances {variances_reml.round(2)}, criterion {lowest_reml:.3f}")
print(f"ML:   variances {variances_ml.round(2)}, criterion {lowest_ml:.3f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# With the variances in hand, GLS gives the mean and its standard error, $1/\sqrt{\mathbf X'\mathbf V^{-1}\mathbf X}$. The next function puts five numbers together for our own search:

# %% slideshow={"slide_type": "-"}
five_names = ["sigma_b²", "sigma²", "criterion", "mean", "SE of the mean"]

def five_numbers(variances, lowest_value):
    V_hat = V_of_groups(variances[0], variances[1], school)
    beta, XtViX, distance = gls_of_V(y, X, V_hat)
    se = 1 / np.sqrt(XtViX[0, 0])
    return [variances[0], variances[1], lowest_value, beta[0], se]

own_reml = five_numbers(variances_reml, lowest_reml)
own_ml = five_numbers(variances_ml, lowest_ml)


# %% [markdown] slideshow={"slide_type": "skip"}
# The other three routes: `mm.lmm` (`refit` fits the same model by ML), the library statsmodels, and R's `lmer` from the package lme4. The numbers of R are typed as R prints them:

# %% slideshow={"slide_type": "skip"}
def five_of_mmteach(one):
    variances = list(one.varcomp["variance"])
    return variances + [one.criterion, one.beta.iloc[0], one.se.iloc[0]]

def five_of_statsmodels(one):
    between = one.cov_re.iloc[0, 0]
    return [between, one.scale, -2 * one.llf, one.params.iloc[0], one.bse.iloc[0]]

fit_ml = fit.refit(reml=False)
other_reml = smf.mixedlm("score ~ 1", data=schools, groups="school").fit(reml=True)
other_ml = smf.mixedlm("score ~ 1", data=schools, groups="school").fit(reml=False)
r_prints_reml = [102.6356, 144.3946, 91.0922, 54.4573, 6.8003]
r_prints_ml = [56.3909, 144.3946, 96.5476, 54.4573, 5.5525]


# %% [markdown] slideshow={"slide_type": "subslide"}
# All of it in one table. (statsmodels ends its search a little earlier than the others, so its column has two decimals. Each of its fits has a model of its own: fit *one* model object twice, by REML and then by ML, and the first result will show the likelihood of the second method.)

# %% slideshow={"slide_type": "-"}
def four_routes(own, ours, other, r_prints):
    table = pd.DataFrame(index=five_names)
    table["own search"] = own
    table["mm.lmm"] = five_of_mmteach(ours)
    table["R"] = r_prints
    table = table.round(4)
    table["statsmodels"] = np.round(five_of_statsmodels(other), 2)
    return table

routes_reml = four_routes(own_reml, fit, other_reml, r_prints_reml)
routes_ml = four_routes(own_ml, fit_ml, other_ml, r_prints_ml)
print("REML")
print(routes_reml.to_string())
print("ML")
print(routes_ml.to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Four routes, one answer. Now look down the columns, from REML to ML. Two rows are the same and three are not, and each has its own reason.
#
# - **The mean is the same**, 54.457. GLS weights each school by how exactly its mean is known. Equal schools have equal weights, whatever the variances are, so GLS is the plain average.
# - **$\hat\sigma^2$ is the same**, 144.395. In equal schools it comes from the differences between students of one school, $3 \cdot 3 = 9$ of them, and the mean, our only fixed effect, drops out of each. So there is nothing in them for ML to overlook. In the sorghum run of the first half it was otherwise, because genotypes are compared *inside* the blocks. (And it holds only while $\hat\sigma_b^2$ is above zero by both methods; section 5 has a case where it is not.)
# - **$\hat\sigma_b^2$ is not**: 102.6 by REML, 56.4 by ML. Between the schools there are three means and only two differences, and ML divides by three.
# - **The standard error is not.** For equal schools it is $\sqrt{(4\hat\sigma_b^2 + \hat\sigma^2)/12}$, so a smaller $\hat\sigma_b^2$ makes it smaller: 5.553 by ML, 6.800 by REML. You should have said: smaller.
# - **The criterion is not**, and could not be: the two formulas have different terms. 91.1 is not "better" than 96.5.
#
# The row that hurts is the standard error. The estimate is the same number, but ML makes us believe that we know it better than we do.

# %% [markdown] minutes=10 notes="State the expected symptom before each run. One school: the library refuses, our own code answers, and that is the dangerous kind of answer.\nExpect 'one school: sigma_b\u00b2 is 0': reply 'who could tell a good school from easy questions?' For two schools expect 'without S2, it is the lowest': reply 'which two are left, and how far apart?' For the constant expect 'the estimates': reply 'does a curve that is moved up have another lowest place?' For unequal schools expect 'yes, sigma\u00b2 agrees, we have just seen it': reply 'and why did it?' Expect 'the average is the mean, whatever V is': reply 'S3 has two students; how exactly do we know its mean?'" slideshow={"slide_type": "slide"}
# ## 4. Break it
#
# Four accidents. For each we say first what we expect, because a wrong answer is easy to see only for those who expected something.
#
# **One school.** Take the four students of S1 alone.
#
# **Predict.** What should an honest method answer about $\sigma_b^2$? Which of the two criteria will say so?

# %% slideshow={"slide_type": "subslide"}
one_school = schools[schools["school"] == "S1"]
try:
    mm.lmm("score ~ 1 + (1 | school)", data=one_school)
except ValueError as error:
    print("mm.lmm:", error)

y_S1 = y[:4]
X_S1 = X[:4]
school_S1 = school[:4]
for sigma2_b in [0, 1, 100, 10000]:
    by_reml = reml_criterion(sigma2_b, 144, y=y_S1, X=X_S1, groups=school_S1)
    by_ml = ml_criterion(sigma2_b, 144, y=y_S1, X=X_S1, groups=school_S1)
    print(f"sigma_b² {sigma2_b:5}: REML {by_reml:.4f}, ML {by_ml:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The honest answer is "I cannot know", because $u_1$ and the mean $\mu$ stand in all four scores together: a good school and an easy test look the same. `mm.lmm` refuses, and says why. REML is *flat*: every $\sigma_b^2$ is as good as any other. ML is lowest at zero, so an ML program without that refusal would report "no differences between schools", from data that hold one school.
#
# **Two schools.** There is an answer now, but it comes from a single difference, that of two means.
#
# **Predict.** The three school means are below. We leave out one school at a time. Without which school is $\hat\sigma_b^2$ smallest?

# %% slideshow={"slide_type": "fragment"}
by_school = schools.groupby("school", observed=True)["score"]
print(by_school.mean().round(1).to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# The loop leaves out each school in turn:

# %% slideshow={"slide_type": "-"}
for left_out in ["S1", "S2", "S3"]:
    two_schools = schools[schools["school"] != left_out]
    refit = mm.lmm("score ~ 1 + (1 | school)", data=two_schools)
    between = refit.varcomp["variance"].iloc[0]
    print(f"without {left_out}: sigma_b² {between:.1f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: without S3, because S1 and S2 are the two that lie closest together. But who would have expected 1.4 and 237.9 from the same three schools? A variance from two groups is a number, but hardly information. (You have seen the same when we left out blocks of the sorghum trial.)
#
# **A constant left out.** Some programs leave out $(n-p)\log 2\pi$. **Predict:** what changes, the estimates or the criterion?

# %% slideshow={"slide_type": "fragment"}
constant = (n - 1) * np.log(2 * np.pi)
without_constant = fit.criterion - constant
print(f"criterion {fit.criterion:.3f}, without the constant {without_constant:.3f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The criterion only, because it holds no variance: a constant moves the whole curve up or down and its lowest point stays where it is. So when two *programs* give different criteria and the same variances, look for a constant before you look for an error, and compare criteria only within one program.
#
# **Unequal schools.** The last two students of S3 are absent on the day of the test.
#
# **Predict.** (a) Will ML and REML still agree on $\hat\sigma^2$? (b) Will they still agree on the mean, and will it be the plain average of the ten scores?

# %% slideshow={"slide_type": "subslide"}
y_few = y[:10]
X_few = X[:10]
school_few = school[:10]
few_reml, lowest_few = lowest_point(reml_criterion, y_few, X_few, school_few)
few_ml, lowest_few_ml = lowest_point(ml_criterion, y_few, X_few, school_few)
V_few = V_of_groups(few_reml[0], few_reml[1], school_few)
V_few_ml = V_of_groups(few_ml[0], few_ml[1], school_few)
beta_reml, XtViX_reml, distance_reml = gls_of_V(y_few, X_few, V_few)
beta_ml, XtViX_ml, distance_ml = gls_of_V(y_few, X_few, V_few_ml)
unequal = pd.DataFrame(index=["sigma_b²", "sigma²", "mean"])
unequal["REML"] = [few_reml[0], few_reml[1], beta_reml[0]]
unequal["ML"] = [few_ml[0], few_ml[1], beta_ml[0]]
print(unequal.round(2).to_string())
print(f"plain average of the ten scores: {y_few.mean():.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: no, and no. (a) $\hat\sigma^2$ is 169.72 by REML and 175.53 by ML. In unequal schools the two variances are no longer estimated from separate parts of the data, so when ML has another $\hat\sigma_b^2$, its $\hat\sigma^2$ moves as well (here upwards; in section 10 you will see it go down). (b) Three different means. S3 has two students now; GLS gives its mean less weight than that of a full school, but more than 2 of 10, and how much more depends on $\hat\sigma_b^2$. The plain average gives it exactly 2 of 10.
#
# And the formula from the school means? The mean of $k$ students brings in $\sigma^2/k$, here with $k$ = 4, 4 and 2. The average of 1/4, 1/4 and 1/2 is 1/3, so we put in $k$ = 3:

# %% slideshow={"slide_type": "-"}
few = schools.iloc[:10]
scores_few = few.groupby("school", observed=True)["score"]
sum_of_squares = np.sum((few["score"] - scores_few.transform("mean")) ** 2)
MS_within = sum_of_squares / (10 - 3)
means_few = scores_few.mean()
k_few = 3                                     # from 1/4, 1/4 and 1/2
formula_reml = means_few.var(ddof=1) - MS_within / k_few
formula_ml = means_few.var(ddof=0) - MS_within / k_few
off_reml = formula_reml - few_reml[0]
off_ml = formula_ml - few_ml[0]
print(f"REML: formula {formula_reml:.2f}, {off_reml:.0f} more than the search")
print(f"ML:   formula {formula_ml:.2f}, {off_ml:.0f} more than the search")

# %% [markdown] slideshow={"slide_type": "subslide"}
# They give 22 and 27 points² more than the search. With this $k$ the formula with $J - 1$ is right on average again, but it is no longer REML: it lets a mean of two students count as much as a mean of four. The search weights them.
#
# > **Common slip: the residuals of the ML fit in the REML criterion.** Some notes write $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}_{\mathrm{ML}}$. REML needs the GLS estimate at *the same* variances as those in $\mathbf V$, and it moves while the variances are searched. In equal schools the two agree, and nobody notices. Here we can see it:

# %% slideshow={"slide_type": "-"}
r_right = y_few - beta_reml[0]
r_wrong = y_few - beta_ml[0]
V_few_inverse = np.linalg.inv(V_few)
distance_right = r_right @ V_few_inverse @ r_right
distance_wrong = r_wrong @ V_few_inverse @ r_wrong
wrong = lowest_few - distance_right + distance_wrong
print(f"REML criterion: {lowest_few:.4f}, with the residuals of ML {wrong:.4f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# Too high. It must be, because GLS makes $\mathbf r'\mathbf V^{-1}\mathbf r$ as small as it can be; any other residuals make it larger.

# %% [markdown] minutes=12 notes="One line on why programs use theta; the boundary is the point. Deal the cards: 'I deal the same twelve students anew, so that the schools come out alike'.\nWhat would you report when the printout says zero? The word is 'boundary estimate', and nothing has failed.\nExpect 'negative': reply 'can a variance be negative?' For the second curve expect 'near 0.84 again': reply 'what did mm.lmm print for theta?' For the three starts expect 'at zero': reply 'what is the logarithm of zero?' Expect 'the variance between schools is zero': reply 'the estimate is; look at the last table'.\nThe share of zeros is the number to remember: ask who guessed above 20." slideshow={"slide_type": "slide"}
# ## 5. Search one number, and meet an edge
#
# Many programs do not search two variances. They search the ratio $\theta = \sigma_b/\sigma$ and get $\sigma^2$ by a formula. Why is that possible? Take $\sigma^2$ out of the matrix, $\mathbf V = \sigma^2\mathbf V_\theta$ with $\mathbf V_\theta = \theta^2\mathbf Z\mathbf Z' + \mathbf I$. For a given $\theta$ the best residual variance is then
#
# $$\hat\sigma^2_\theta = \frac{\mathbf r'\mathbf V_\theta^{-1}\mathbf r}{n-p},$$
#
# an average of squares as in your first course, with $n - p$ below. Put it in, and a function of one number is left. It is called the **profiled criterion** $d(\theta)$: for each $\theta$ the criterion at the best $\sigma^2$, with the GLS estimate of $\boldsymbol\beta$.

# %% slideshow={"slide_type": "subslide"}
def profiled_reml(theta, y, X, groups):
    V_theta = V_of_groups(theta**2, 1, groups)
    beta, XtViX, distance = gls_of_V(y, X, V_theta)
    best_sigma2 = distance / (len(y) - X.shape[1])
    return reml_of_V(y, X, best_sigma2 * V_theta)

theta_hat = fit.theta[0]
ratio = np.sqrt(variances_reml[0] / variances_reml[1])
our_d = profiled_reml(theta_hat, y, X=X, groups=school)
print(f"theta of mm.lmm {theta_hat:.4f}, sigma_b / sigma of our search {ratio:.4f}")
print(f"d(theta) ours {our_d:.4f}, mm.lmm {fit.profiled([theta_hat]):.4f}")

# %% [markdown] notes="Deal twelve cards on the table if you have them." slideshow={"slide_type": "subslide"}
# One number instead of two is quicker. But there is a better reason for $\theta$, and to see it we need data of another kind. We deal the same twelve students to three schools anew, so that the schools come out alike. In the order of their scores they go to A, B, C, then back to C, B, A, and the same once more:

# %% slideshow={"slide_type": "-"}
dealt = pd.DataFrame({
    "school": ["A", "B", "C", "C", "B", "A"] * 2,
    "score": np.sort(y),
})
dealt_means = dealt.groupby("school")["score"].mean()
MS_between_dealt = 4 * dealt_means.var()
MS_within_dealt = dealt.groupby("school")["score"].var().mean()
print(dealt_means.round(1).to_string())
print(f"mean squares: between {MS_between_dealt:.1f}, within {MS_within_dealt:.1f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** What would the formula $(\mathrm{MS}_b - \mathrm{MS}_w)/4$ give? And what will REML give?

# %% slideshow={"slide_type": "subslide"}
alike = mm.lmm("score ~ 1 + (1 | school)", data=dealt)
by_formula = (MS_between_dealt - MS_within_dealt) / 4
print(f"formula: {by_formula:.1f}")
print(alike.varcomp[["group", "variance"]].round(2).to_string(index=False))
print(f"sigma² by ML: {alike.refit(reml=False).sigma2:.2f}")
print(alike.messages[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: the formula gives a negative number, and REML stops at zero, because a variance cannot be negative. The program calls this a **boundary estimate**: the estimate lies at the edge of the values that are possible. *Nothing has failed.* The fit is complete, and $\hat{\mathbf V} = \hat\sigma^2\mathbf I$. But what does the zero say?
#
# It does **not** say that the school means are equal; they are 52.2, 55.2 and 56.0. Even if all schools were exactly alike, their means would differ, because different students sit in them. What $\hat\sigma_b^2$ estimates is the *excess*: the variability between schools beyond what the students inside the schools would produce. In equal schools with one mean, zero says that there is no excess.
#
# Let us look at the two curves. First we compute them, for the schools as they are and for the students dealt anew:

# %% slideshow={"slide_type": "subslide"}
thetas = np.linspace(0, 3, 121)
print(f"{len(thetas)} values of theta, from {thetas[0]:.0f} to {thetas[-1]:.0f}")
y_dealt = dealt["score"].to_numpy()
school_dealt = list(dealt["school"])
curve = []
curve_dealt = []
for theta in thetas:
    curve.append(profiled_reml(theta, y, X=X, groups=school))
    curve_dealt.append(profiled_reml(theta, y_dealt, X=X, groups=school_dealt))

# %% [markdown] slideshow={"slide_type": "fragment"}
# `curve` and `curve_dealt` hold the criterion at 121 values of $\theta$. **Predict:** you know where each is lowest. What shape will the second curve have: down and up, up only, or flat?

# %% slideshow={"slide_type": "subslide"}
fig, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(thetas, curve - np.min(curve), label="schools as they are")
ax.plot(thetas, curve_dealt - np.min(curve_dealt), "--", label="students dealt anew")
ax.set_xlabel(r"$\theta = \sigma_b/\sigma$")
ax.set_ylabel("criterion, from its lowest point")
ax.set_ylim(-0.2, 6)
ax.legend()
plt.show()

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 1. The profiled criterion along $\theta$, each curve measured from its own lowest point. Full line: the schools as they are. Dashed: the same students dealt anew.*
#
# The full line is lowest near 0.84. The dashed line, you should have said, rises only, from its left end at $\theta = 0$. (It begins flat, as every such curve does, because the criterion depends on $\theta^2$; the slope 0.0339 of the message is per unit of *variance*.) Zero is a point like any other on this scale, so a search can arrive at it: the school means differ no more than the students inside the schools would make them differ.
#
# **On the logarithmic scale** of our own search there is no such point, because $\log 0$ is minus infinity. Go left in equal steps, $\theta$ = 1, 0.1, 0.01, 0.001, and watch how much the criterion still falls:

# %% slideshow={"slide_type": "-"}
at_zero = profiled_reml(0, y_dealt, X=X, groups=school_dealt)
for theta in [1, 0.1, 0.01, 0.001]:
    above = profiled_reml(theta, y_dealt, X=X, groups=school_dealt) - at_zero
    print(f"theta {theta:5}, log theta {np.log(theta):5.1f}: {above:.6f} too high")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The criterion falls for ever, and ever more slowly. **Predict:** we start our own search, which works on this scale, at three places. Where will it end?

# %% slideshow={"slide_type": "fragment"}
for start_b in [10, 50, 500]:
    variances_dealt, lowest_dealt = lowest_point(
        reml_criterion, y_dealt, X, school_dealt, start=(start_b, 200))
    is_tiny = variances_dealt[0] < 0.001
    print(f"from {start_b:3}: sigma_b² below 0.001: {is_tiny}, "
          f"criterion {lowest_dealt:.4f}")
print(f"criterion at theta = 0: {at_zero:.4f}")


# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: at a tiny number and never at zero, because the search runs down the slope until it gives up. Such a number means nothing. If a program prints a variance that is millions of times smaller than $\hat\sigma^2$, read it as zero. It is the same boundary estimate, met by a program that could not reach the boundary. And zero, once more in plain words: *different students alone would make the school means scatter at least as much as they do.*
#
# **How often does this happen when the truth is not zero?** We draw 100,000 data sets of three schools of four, with the true $\sigma_b^2$ = 100 and $\sigma^2$ = 225. In equal schools, with a mean as the only fixed effect, REML is zero exactly when $\mathrm{MS}_b$ is not larger than $\mathrm{MS}_w$, so a few lines do the work of all these fits. (Axis 1 of the array is the schools, axis 2 the students.)
#
# **Look** at your guess for 100 data sets, and change it now if you like.

# %% slideshow={"slide_type": "subslide"}
def draw_scores(n_sets, n_schools, n_students, rng):
    u = rng.normal(scale=10, size=(n_sets, n_schools, 1))
    error = rng.normal(scale=15, size=(n_sets, n_schools, n_students))
    return 50 + u + error

def reml_is_zero(scores):
    n_students = scores.shape[2]
    school_means = scores.mean(axis=2)
    MS_between = n_students * school_means.var(axis=1, ddof=1)
    MS_within = scores.var(axis=2, ddof=1).mean(axis=1)
    return MS_between <= MS_within

rng = np.random.default_rng(seed=1)
drawn = draw_scores(n_sets=100_000, n_schools=3, n_students=4, rng=rng)
is_zero = reml_is_zero(drawn)
share_zero = np.mean(is_zero)
print(f"{len(drawn):,} data sets")
print(f"REML says zero in {100 * share_zero:.0f} of 100 data sets")

# %% [markdown] slideshow={"slide_type": "subslide"}
# In 29 of 100. The variance between schools was 100 every time, and in more than a quarter of the data sets REML says zero! So with three schools a zero is no surprise.
#
# **Predict.** What would help, more students or more schools? We double the students of each school, or we double the schools instead. Which of the two makes zeros rarer?

# %% slideshow={"slide_type": "fragment"}
for n_schools, n_students in [(3, 4), (3, 8), (6, 4), (12, 4)]:
    rng = np.random.default_rng(seed=1)
    scores = draw_scores(100_000, n_schools, n_students, rng)
    percent = 100 * np.mean(reml_is_zero(scores))
    total = n_schools * n_students
    layout = f"{n_schools:2} schools of {n_students} ({total} students)"
    print(f"{layout}: {percent:.1f} % zeros")

# %% [markdown] notes="Collect answers before opening the box. 'The schools do not differ' is the useful mistake." slideshow={"slide_type": "subslide"} tags=["discuss"]
# You should have said: more schools. Of 24 students, six schools of four give 13.0 % zeros, but three schools of eight give 19.3 %.
#
# **Discuss.** A colleague's printout says that the variance between farms is 0, from four farms. He writes: "The farms do not differ, so we dropped them from the model." What do you answer?
#
# <details><summary>Answer</summary>
# The estimate is zero; the variance need not be. With few groups an estimate of zero is common even when they do differ: in 29 of 100 data sets with three schools. He may write: "The farm means differed no more than the animals inside the farms would make them differ (boundary estimate, four farms)." He need not drop the term: with a variance of zero it adds nothing to <b>V</b>. But what speaks of farms in general, such as the standard error of a mean, now takes every animal as an independent draw, and may be too small.
# </details>
#
# ***

# %% [markdown] slideshow={"slide_type": "skip"}
# ### For reading: how much harm does a zero do?
#
# First we check the short cut `reml_is_zero`: the first 40 data sets, one by one with `mm.lmm`. (`ravel` lays the 3 × 4 scores out in one row, school after school.)

# %% slideshow={"slide_type": "skip"}
n_same = 0
for number in range(40):
    one_set = pd.DataFrame({"school": school, "score": drawn[number].ravel()})
    one_fit = mm.lmm("score ~ 1 + (1 | school)", data=one_set)
    fit_is_zero = one_fit.varcomp["variance"].iloc[0] == 0
    if fit_is_zero == is_zero[number]:
        n_same = n_same + 1
print(f"short cut and mm.lmm agree in {n_same} of 40 data sets")

# %% [markdown] slideshow={"slide_type": "skip"}
# For the students dealt anew the standard error of the mean is 4.27 points, while for the schools as they are it was 6.80. With $\hat\sigma_b^2 = 0$ the twelve students count as twelve independent draws. If that is not true, the interval is too short. By how much? Of the simulated data sets we take those in which REML said zero, and compute for each the ordinary 95 % interval, mean ± $t$ · SE on 11 degrees of freedom. How often does it hold the true mean, 50?

# %% slideshow={"slide_type": "skip"}
print(f"SE, students dealt anew: {alike.se.iloc[0]:.2f} points")
zero_sets = drawn[is_zero].reshape(-1, 12)         # a row of 12 scores for each set
means_zero = zero_sets.mean(axis=1)
se_zero = zero_sets.std(axis=1, ddof=1) / np.sqrt(12)
t_star = stats.t.ppf(0.975, df=11)
holds_50 = np.abs(means_zero - 50) <= t_star * se_zero
print(f"intervals that hold the true mean: {100 * np.mean(holds_50):.0f} of 100")

# %% [markdown] slideshow={"slide_type": "skip"}
# Only 80 of 100, because in truth the schools do differ. That is the price of believing the zero. (`mm.contrast` is more careful here: its method gives 2 degrees of freedom and not 11, hence a longer interval; day 6.)

# %% slideshow={"slide_type": "skip"}
print(mm.contrast(alike, {"Intercept": 1}))

# %% [markdown] minutes=8 notes="Draw the two layouts on the board before the matrices: classes inside schools; blocks against genotypes as a grid.\nExpect 'genotypes in blocks, so nested': reply 'is G01 of block R1 the same genotype as G01 of R2?' Right: crossed.\nThe table: read by names, never by position." slideshow={"slide_type": "slide"}
# ## 6. Several random effects
#
# A second random factor brings one variance and one matrix more:
#
# $$\mathbf V = \sigma_1^2\,\mathbf Z_1\mathbf Z_1' + \sigma_2^2\,\mathbf Z_2\mathbf Z_2' + \sigma^2\,\mathbf I.$$
#
# Remember that $\mathbf Z\mathbf Z'$ has a 1 where two rows share a level. So the rule for a cell of $\mathbf V$ is simple: *add the variance of everything that the two rows share*. Two layouts occur all the time. Factors are **nested** when each level of one lies inside one level of the other, as classes inside schools: class 1 of school A and class 1 of school B have nothing in common but the number. Factors are **crossed** when each level of one meets every level of the other, as blocks and genotypes: G1 in block R1 and G1 in block R2 are the same genotype.
#
# Here is a small example of each, with six rows and the variances 4, 2 and 1 (first factor, second factor, residual):

# %% slideshow={"slide_type": "subslide"}
in_school = ["A", "A", "A", "A", "B", "B"]
in_class = ["A1", "A1", "A2", "A2", "B1", "B1"]
in_block = ["R1", "R1", "R1", "R2", "R2", "R2"]
of_genotype = ["G1", "G2", "G3", "G1", "G2", "G3"]

def V_of_two(groups_1, groups_2):
    Z1Z1t = V_of_groups(1, 0, groups_1)            # with variances 1 and 0 it is ZZ'
    Z2Z2t = V_of_groups(1, 0, groups_2)
    return 4 * Z1Z1t + 2 * Z2Z2t + 1 * np.eye(len(groups_1))

V_nested = V_of_two(in_school, in_class)
V_crossed = V_of_two(in_block, of_genotype)


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Which numbers will be in the cells of the two matrices? Which of the two has more zeros? Take paper and write the first row of each.
#
# We draw them openly: `imshow` draws a matrix as coloured squares, and `text` writes a number into each.

# %% slideshow={"slide_type": "skip"}
def draw_V(V, row_names, ax):
    ax.imshow(V, cmap="Blues", vmin=0, vmax=11)
    for row in range(len(V)):
        for other in range(len(V)):
            ax.text(other, row, f"{V[row, other]:.0f}", ha="center", va="center")
    ax.set_xticks(range(len(V)), labels=row_names, rotation=90)
    ax.set_yticks(range(len(V)), labels=row_names)

names_crossed = []
for row in range(6):
    names_crossed.append(in_block[row] + " " + of_genotype[row])

# %% [markdown] slideshow={"slide_type": "skip"}
# Now the picture:

# %% slideshow={"slide_type": "subslide"}
fig, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.8))
draw_V(V_nested, in_class, left)
left.set_title("nested: classes in schools")
draw_V(V_crossed, names_crossed, right)
right.set_title("crossed: blocks and genotypes")
plt.show()
print(f"zeros: nested {np.sum(V_nested == 0)}, crossed {np.sum(V_crossed == 0)} of 36")

# %% [markdown] slideshow={"slide_type": "subslide"}
# *Figure 2. $\mathbf V$ for six students (left; A1 is class 1 of school A) and for six plots (right), with variances 4, 2 and 1. The colour is proportional to the number.*
#
# You should have said: 7 on the diagonal in both. Nested: 6 in the same class, because two students of one class share the school as well; 4 in the same school but in different classes; 0 else. Crossed: 4 in the same block, 2 for the same genotype, 0 when neither is shared. The nested layout has more zeros, and its $\mathbf V$ falls into separate squares. The crossed one does not: every plot is tied to every other one, directly or through a third.
#
# In a formula each random factor has its own bracket: `(1 | school) + (1 | school:classroom)` nested, or shorter `(1 | school/classroom)`; `(1 | block) + (1 | genotype)` crossed.
#
# Now the sorghum trial with *both* factors random. First the data, and the matrix $\mathbf Z\mathbf Z'$ of each factor:

# %% slideshow={"slide_type": "subslide"}
trial = mm.load("sorghum")
grain = trial["yield_kg_ha"].to_numpy()
n_plots = len(grain)
ones = np.ones((n_plots, 1))
same_block = V_of_groups(1, 0, trial["block"])          # ZZ' of the blocks
same_genotype = V_of_groups(1, 0, trial["genotype"])    # ZZ' of the genotypes
print(f"{n_plots} plots; a row of ZZ' of the blocks has {same_block[0].sum():.0f} ones")
print(f"a row of ZZ' of the genotypes has {same_genotype[0].sum():.0f}")


# %% [markdown] slideshow={"slide_type": "fragment"}
# (A plot shares its block with all 18 plots of the block, itself among them, and its genotype with 4.) Our search is that of section 3, with one variance more. (A program that works with $\theta$ then has one $\theta$ for each random factor.)

# %% slideshow={"slide_type": "subslide"}
def crossed_of_logs(log_variances):
    of_block, of_genotypes, of_plot = np.exp(log_variances)
    V = (of_block * same_block + of_genotypes * same_genotype
         + of_plot * np.eye(n_plots))
    return reml_of_V(grain, ones, V)

fine = {"xatol": 1e-8, "fatol": 1e-10, "maxiter": 2000}
log_start = np.log([3000, 30000, 30000])
end = minimize(crossed_of_logs, log_start, method="Nelder-Mead", options=fine)
own_three = pd.Series(np.exp(end.x), index=["block", "genotype", "Residual"])
print(own_three.round(1).to_string())
print(f"criterion {end.fun:.4f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# And `mm.lmm`. It lists the same variances in another order, so we put the two results side by side *by their names*; pandas looks for each name in both:

# %% slideshow={"slide_type": "-"}
crossed = mm.lmm("yield_kg_ha ~ 1 + (1 | block) + (1 | genotype)", data=trial)
mmteach_three = crossed.varcomp.set_index("group")["variance"]
print("order in mm.lmm:", ", ".join(mmteach_three.index))
by_name = pd.DataFrame({"own search": own_three, "mm.lmm": mmteach_three})
print(by_name.round(1).to_string())
print(f"criterion of mm.lmm {crossed.criterion:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The two agree. Whoever compares by position would have taken the variance of the genotypes for that of the blocks, and found two programs that contradict each other.
#
# You have seen two of the three numbers before: 2906 for the blocks and 25627 for the plots were the answer of day 2, with *fixed* genotypes. In a complete trial, with no estimate at zero, it makes no difference to them whether the genotypes are fixed or random. With lost plots it does.

# %% [markdown] minutes=7 notes="Ask first: is 252.89 a test statistic? Let somebody defend it. Then the middle row.\nFor the factor 10 expect 'smaller, the coefficients shrink': reply 'is there a coefficient in the criterion?' Expect 'REML is better, so compare by REML': reply 'better for variances; the two numbers here are about different data'.\nBoard: 18 log 100 = 82.89, and 252.89 \u2212 82.89 = 170.0 up to rounding." slideshow={"slide_type": "slide"}
# ## 7. Which criteria may you compare?
#
# A lower criterion is a better fit. So a question seems easy to answer: do the genotypes differ? Compare the model with a column of $\mathbf X$ for each genotype against a model with one mean, blocks random in both. As a control we fit the genotypes a second time, with every column of $\mathbf X$ multiplied by 10, as a change of units would do. It is the same model: the coefficients become a tenth, and the fitted values stay. First the columns:

# %% slideshow={"slide_type": "subslide"}
columns = [np.ones(n_plots)]
for name in trial["genotype"].cat.categories[1:]:
    columns.append((trial["genotype"] == name).to_numpy(dtype=float))
X_genotypes = np.column_stack(columns)
block = list(trial["block"])

def lowest_of(criterion, design):
    variances, lowest_value = lowest_point(
        criterion, grain, design, block, start=(3000, 30000))
    return lowest_value

print(f"X has {X_genotypes.shape[1]} columns")

# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** Which of the two criteria will notice the factor 10, and in which direction? (Look at their terms in section 1.)

# %% slideshow={"slide_type": "subslide"}
criteria = pd.DataFrame(index=["one mean", "genotypes", "columns × 10"])
for method, criterion in [("REML", reml_criterion), ("ML", ml_criterion)]:
    criteria[method] = [
        lowest_of(criterion, ones),
        lowest_of(criterion, X_genotypes),
        lowest_of(criterion, 10 * X_genotypes),
    ]
print(criteria.round(2).to_string())
gain = criteria.loc["one mean"] - criteria         # how much lower than one mean
print("gain over one mean")
print(gain.round(2).to_string())

# %% [markdown] slideshow={"slide_type": "subslide"}
# You should have said: REML notices, and its criterion becomes larger, because $\log|\mathbf X'\mathbf V^{-1}\mathbf X|$ does. With 18 columns, each 10 times as large, the determinant grows by $100^{18}$. The REML "gain" of the genotypes is 252.89, or 169.99 in other units. A number that depends on the units of $\mathbf X$ says nothing about genotypes. The gain by ML is 72.31 either way. (Whether that is much for so many more coefficients is a question of tests, day 6.)
#
# There is a deeper reason, too. REML is the likelihood of the error contrasts, the combinations of the data that are free of the fixed effects. With other fixed effects there are other contrasts, here 71 for one mean and 54 for the genotypes. So the two REML criteria are likelihoods of *different data*.
#
# > **Common slip: comparing REML criteria of different fixed parts.** Compare fixed parts by ML. Then fit the model that you chose again by REML, and report those variances.

# %% slideshow={"slide_type": "-"}
print(f"contrasts: one mean {n_plots - 1}, genotypes {n_plots - 18}")
added = 18 * np.log(100)
print(f"18 log 100 = {added:.2f}")


# %% [markdown] slideshow={"slide_type": "subslide"}
# What *is* allowed with REML? Models with the same $\mathbf X$, which differ in their random part. For instance the genotypes with blocks and without. Without blocks $\mathbf V = \sigma^2\mathbf I$, so $\hat\sigma^2$ is the residual sum of squares divided by $n - p$:

# %% slideshow={"slide_type": "-"}
def gain_of_blocks(design):
    beta, XtViX, sum_of_squares = gls_of_V(grain, design, np.eye(n_plots))
    sigma2_alone = sum_of_squares / (n_plots - design.shape[1])
    without = reml_of_V(grain, design, sigma2_alone * np.eye(n_plots))
    return without - lowest_of(reml_criterion, design)

print(f"REML gain of the blocks:          {gain_of_blocks(X_genotypes):.4f}")
print(f"the same with columns times 10:   {gain_of_blocks(10 * X_genotypes):.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Here the units do not matter, because the extra term changes by the same number in both models and cancels in the difference. Such a gain may be used. (How to make a test of it is a question of day 6: the value zero lies at the boundary, and so the usual $\chi^2_1$ table does not apply as it stands.)
#
# | the two models differ in | compare by | because |
# |---|---|---|
# | random part, same $\mathbf X$ | REML (or ML) | same contrasts, so likelihoods of the same data |
# | fixed part | ML | REML criteria depend on how $\mathbf X$ is written |
# | the data (other rows, or the log of $y$) | neither | likelihoods of different data |
# | the program | neither | constants may differ |

# %% [markdown] minutes=1.5 notes="For readers; in class the first sentence only, and the caution: a flat prior is not a neutral one.\nExpect 'so REML is Bayesian': reply 'it is the same number; the reading is a choice'." slideshow={"slide_type": "slide"}
# ## 8. For reading: REML with Bayesian eyes
#
# ML puts the mean at its *best* value. One may also *average* the likelihood over all values of the mean, each with the same weight. That gives REML: not nearly, but exactly.

# %% [markdown] slideshow={"slide_type": "skip"}
# Let us see. For given variances (we take 100 and 225), the likelihood as a function of the mean is a bell curve. We measure it relative to its highest point, because the likelihood itself is a tiny number:

# %% slideshow={"slide_type": "skip"}
beta_true, XtViX_true, distance_true = gls_of_V(y, X, V_true)
best_mean = beta_true[0]
V_true_inverse = np.linalg.inv(V_true)

def squared_distance(mean):
    r = y - mean
    return r @ V_true_inverse @ r

def relative_likelihood(mean):
    more = squared_distance(mean) - squared_distance(best_mean)
    return np.exp(-more / 2)

print(f"at the best mean, {best_mean:.2f}: {relative_likelihood(best_mean):.2f}")
print(f"ten points higher: {relative_likelihood(best_mean + 10):.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# `quad` computes the area under a curve, between two ends; beyond 100 points from the best mean nothing is left. To average a likelihood means to take that area (a constant factor does not matter). ML knows the height of the bell only. Minus twice the logarithm of the area is what must be added to it:

# %% slideshow={"slide_type": "skip"}
area, error_of_area = quad(relative_likelihood, best_mean - 100, best_mean + 100)
averaged = ml_of_V(y, X, V_true) - 2 * np.log(area)
print(f"area under the bell: {area:.4f}")
print(f"ML, averaged over the mean: {averaged:.6f}")
print(f"REML:                       {reml_of_V(y, X, V_true):.6f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# The same number. In Bayesian words: give the mean a *flat prior*, that is, hold each value equally credible before seeing the data. Then REML's likelihood is the likelihood of the variances after the mean has been averaged out.
#
# A Bayesian goes on and asks for the *posterior* of $\theta = \sigma_b/\sigma$: how credible is each value, given the data? It is the prior times the likelihood. With $\log\sigma$ flat as well, the likelihood of $\theta$ is $e^{-d(\theta)/2}$, up to a constant, with the profiled criterion of section 5. We compute it on a grid:

# %% slideshow={"slide_type": "skip"}
grid = np.linspace(0, 20, 2001)
d_of_grid = []
for theta in grid:
    d_of_grid.append(fit.profiled([theta]))
likelihood_of_theta = np.exp(-(np.array(d_of_grid) - fit.criterion) / 2)
highest = grid[np.argmax(likelihood_of_theta)]
print(f"{len(grid)} values of theta from {grid[0]:.0f} to {grid[-1]:.0f}")
print(f"highest at theta {highest:.2f}; REML estimate {theta_hat:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# What is left to choose is a prior for $\theta$. Two people choose two. The first holds all values from 0 to 20 for equally credible. The second doubts that schools differ by much more than their students do, and takes half of a bell curve with standard deviation 1:

# %% slideshow={"slide_type": "skip"}
prior_flat = np.ones(len(grid))
prior_half_bell = np.exp(-(grid**2) / 2)

def posterior_of(prior):
    product = prior * likelihood_of_theta
    return product / np.sum(product)               # the shares add up to 1

posterior_flat = posterior_of(prior_flat)
posterior_half_bell = posterior_of(prior_half_bell)

# %% [markdown] slideshow={"slide_type": "skip"}
# **Predict.** Three schools. Will the two posteriors be nearly the same?

# %% slideshow={"slide_type": "skip"}
step = grid[1] - grid[0]
fig, ax = plt.subplots(figsize=(7, 3.2))
ax.plot(grid, posterior_flat / step, label="prior flat from 0 to 20")
ax.plot(grid, posterior_half_bell / step, "--", label="prior half a bell, SD 1")
ax.set_xlabel(r"$\theta = \sigma_b/\sigma$")
ax.set_ylabel("posterior density")
ax.set_xlim(0, 6)
ax.legend()
plt.show()


# %% [markdown] slideshow={"slide_type": "skip"}
# *Figure 3. The posterior density of $\theta$ for the schools, under two priors.*
#
# And two numbers of each: the middle, and the value below which 95 % of the posterior lies. (`cumsum` adds the shares up from the left; `argmax` finds the first place where the condition is true.)

# %% slideshow={"slide_type": "skip"}
def value_below_which(share, posterior):
    return grid[np.argmax(np.cumsum(posterior) >= share)]

middle_flat = value_below_which(0.5, posterior_flat)
most_flat = value_below_which(0.95, posterior_flat)
middle_half_bell = value_below_which(0.5, posterior_half_bell)
most_half_bell = value_below_which(0.95, posterior_half_bell)
print(f"flat prior:  middle {middle_flat:.2f}, 95 % below {most_flat:.2f}")
print(f"half a bell: middle {middle_half_bell:.2f}, 95 % below {most_half_bell:.2f}")

# %% [markdown] slideshow={"slide_type": "skip"}
# No: with three schools the prior decides much of the answer. Under the flat prior, values of $\sigma_b$ up to ten times $\sigma$ have to be reckoned with; under the other one, hardly more than 1.77 times $\sigma$. With the flat prior the posterior is highest at the REML estimate, but a flat prior is not neutral: before any data it holds $\theta$ between 10 and 20 for ten times as credible as $\theta$ between 0 and 1, and three schools say too little to correct that. (With *two* schools and a flat prior without an upper end there would be no posterior at all, because the area under the curve is infinite.) So, whichever way you prefer, say how many groups you had.

# %% [markdown] minutes=2 notes="Ask who had the 29. Read the card aloud, or let a student do it." slideshow={"slide_type": "slide"}
# ## 9. Wrap up
#
# Your guesses beside the results:

# %% slideshow={"slide_type": "-"}
se_word = "smaller" if own_ml[4] < own_reml[4] else "not smaller"
by_reml_only = criteria["REML"]
is_larger = by_reml_only["columns × 10"] > by_reml_only["genotypes"]
unit_word = "larger" if is_larger else "not larger"
wrap_up = pd.DataFrame(index=list(my_guess))
wrap_up["my guess"] = [str(guess) for guess in my_guess.values()]
wrap_up["result"] = [se_word, f"{100 * share_zero:.0f}", unit_word]
print(wrap_up.to_string())

# %% [markdown] slideshow={"slide_type": "fragment"}
# You should have said: smaller (5.553 against 6.800, because ML's $\hat\sigma_b^2$ is in it), 29 of 100, and larger.
#
# **To take away**
#
# 1. Report variances by REML, and say how many groups they rest on: a variance from two or three groups is a number, but little information.
# 2. An estimate of zero is a boundary estimate, and no failure: beyond what the fixed effects explain, the groups show no more variation than what is inside them would produce. The true variance need not be zero.
# 3. Compare fixed parts by ML; compare REML criteria only when $\mathbf X$, the data and the program are the same.

# %% [markdown] minutes=0.5 notes="Homework. Number 2 is the one to begin with next time." slideshow={"slide_type": "slide"}
# ## 10. On your own
#
# 1. **Do.** In section 4, leave out the first two students of S1 in place of the last two of S3 (`y[2:]`, `X[2:]`, `school[2:]`). What are the two variances by REML and by ML? Compare the two means and the plain average.
# 2. **Explain.** In two sentences, to the colleague with the four farms: why is a variance of zero no proof that the farms are alike?
# 3. **Change one knob.** In section 5 the standard deviation between schools was 10 points (`scale=10` in `draw_scores`). Make it 5, and then 20. Guess first: which of the two gives more zeros?
# 4. **Transfer.** In `mm.load("sleepstudy")` the reaction time of 18 drivers was measured on ten days of a study with short nights. Fit `reaction_ms ~ 1 + (1 | subject)` and `reaction_ms ~ days + (1 | subject)` with `mm.lmm`. By how much is the criterion of the second one lower? Is this number worth reporting? If not, which one is?
#
# <details><summary>Answers</summary>
# <ol>
# <li>By REML 118.70 and 151.56, by ML 68.39 and 149.32. So <em>σ̂</em>² is not the same, and this time ML's is the smaller one. The means are 56.664 by REML and 56.567 by ML, the plain average is 56.170.</li>
# <li>Two sentences are enough: The estimate is the excess of the farm means over what the animals inside the farms would produce, and with four farms chance often makes that excess zero. So the true variance between farms may be well above zero.</li>
# <li>The smaller one: 48 zeros in 100 at 5 points, 11 in 100 at 20 points. Even with schools that differ more than their students do, every ninth data set says zero.</li>
# <li>By 117.86 (1904.33 against 1786.47). It is not worth reporting, because the fixed parts differ, so these REML criteria cannot be compared: with <code>I(days / 10)</code> in place of <code>days</code> the second one is 1781.86. With <code>.refit(reml=False)</code> on both the gain is 116.46 (1910.54 against 1794.08), in any unit.</li>
# </ol>
# </details>
#
# ***
#
# More of these, with answers that check themselves: [day4_exercises](exercises/day4_exercises.ipynb).

# %% [markdown] minutes=0.5 notes="Point to day 5: the variances are known now; what about the schools themselves?" slideshow={"slide_type": "slide"}
# ## 11. In practice and further reading
#
# In practice you write one line, and REML is the default. These four lines fit the same model:
#
# ```
# mmteach      mm.lmm("score ~ 1 + (1 | school)", data=schools)      # reml=False for ML
# statsmodels  smf.mixedlm("score ~ 1", data=schools, groups="school").fit()
# R            lmer(score ~ 1 + (1 | school), data = schools)        # REML = FALSE for ML
# SAS          proc mixed; class school; model score = / solution; random school; run;
# ```
#
# **What to report.** The model as a formula; the method (REML) and the program; each variance or its root, with its unit and the number of groups; the estimates with standard errors and degrees of freedom; and, where a variance is zero, the words "boundary estimate".
#
# **Next:** [day5_shrinkage_blups](day5_shrinkage_blups.ipynb). The variances are estimated; now we ask about the schools and genotypes themselves.
#
# ### Further reading
#
# - Patterson and Thompson (1971), Biometrika 58, 545–554: REML, from trials in incomplete blocks.
# - Harville (1974), Biometrika 61, 383–385: the Bayesian reading of REML.
# - Harville (1977), Journal of the American Statistical Association 72, 320–338: a survey of ML and REML.
# - Pinheiro and Bates (2000), *Mixed-Effects Models in S and S-PLUS*, chapter 2: the profiled criterion.
# - Gelman (2006), Bayesian Analysis 1, 515–534: priors for a variance when groups are few.
# - Bates, Mächler, Bolker and Walker (2015), Journal of Statistical Software 67(1): how lme4 computes it.
