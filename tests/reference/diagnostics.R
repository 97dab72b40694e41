# Writes tests/reference/diagnostics.json: leverages and Cook's distances by lme4 and stats, and
# Wald standard errors of variance parameters from the density of y written out.
#
#   Rscript tests/reference/diagnostics.R
#
# models[]: id data formula weights reml random; leverage cooks_distance (in row order) and, for lm,
# standardised_residuals.  wald[]: id data formula reml; parameter estimate se, where se belongs to log SD,
# atanh of the correlation and log sigma.

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

# ---- leverage and Cook's distance -----------------------------------------------------------
influence_of <- function(id, data, formula, weights = NULL, reml = TRUE, random = TRUE) {
  args <- list(formula = as.formula(formula), data = read_data(data))
  if (!is.null(weights)) args$weights <- as.name(weights)
  fit <- suppressMessages(if (random)
    do.call(lme4::lmer, c(args, list(REML = reml, control = control))) else do.call(lm, args))
  out <- list(id = unbox(id), data = unbox(data), formula = unbox(formula), reml = unbox(reml),
              weights = if (is.null(weights)) NULL else unbox(weights), random = unbox(random),
              leverage = I(unname(hatvalues(fit))), cooks_distance = I(unname(cooks.distance(fit))))
  if (!random) out$standardised_residuals <- I(unname(rstandard(fit)))
  out
}

# ---- curvature of the likelihood ------------------------------------------------------------
# -2 log-likelihood in (log SD, atanh correlation, log SD, ..., log sigma), one term (x|g).
curvature_of <- function(id, data, formula, reml) {
  fit <- suppressMessages(do.call(lme4::lmer, list(
    formula = as.formula(formula), data = read_data(data), REML = reml, control = control)))
  X <- getME(fit, "X")
  y <- getME(fit, "y")
  Z <- as.matrix(getME(fit, "Z"))
  k <- length(getME(fit, "cnms")[[1]])
  minus2 <- function(par) {
    s2 <- exp(2 * par[length(par)])
    S <- if (k == 1) matrix(exp(2 * par[1])) else {
      sd <- exp(par[c(1, 3)])
      outer(sd, sd) * matrix(c(1, tanh(par[2]), tanh(par[2]), 1), 2)
    }
    V <- Z %*% kronecker(diag(ncol(Z) / k), S) %*% t(Z) + s2 * diag(length(y))
    U <- chol(V)
    Xw <- backsolve(U, X, transpose = TRUE)
    r <- qr.resid(qr(Xw), backsolve(U, y, transpose = TRUE))
    2 * sum(log(diag(U))) + sum(r^2) + if (reml) as.numeric(determinant(crossprod(Xw))$modulus) else 0
  }
  vc <- as.data.frame(VarCorr(fit), order = "lower.tri")
  sdcor <- vc$sdcor
  par <- ifelse(is.na(vc$var2), log(sdcor), atanh(pmin(pmax(sdcor, -1), 1)))
  H <- numDeriv::hessian(minus2, par)
  list(id = unbox(id), data = unbox(data), formula = unbox(formula), reml = unbox(reml),
       parameter = I(ifelse(is.na(vc$var1), "sigma", ifelse(is.na(vc$var2), "sd", "cor"))),
       estimate = I(sdcor), se = I(sqrt(diag(2 * solve(H)))))
}

write_reference(list(
  versions = versions(c("lme4", "numDeriv", "jsonlite")),
  models = list(
    influence_of("weighted", "sleepstudy_weighted", "reaction_ms ~ days + (days|subject)", "weight"),
    influence_of("ml", "sleepstudy", "reaction_ms ~ days + (days||subject)", reml = FALSE),
    influence_of("crossed", "penicillin", "diameter_mm ~ 1 + (1|plate) + (1|sample)"),
    influence_of("slopes_by_factor", "machines_unbalanced", "score ~ machine + (machine|worker)"),
    influence_of("boundary", "boundary_twoway", "y ~ a*b + (1|g)"),
    influence_of("lm_weighted", "sleepstudy_weighted", "reaction_ms ~ days + subject", "weight", random = FALSE),
    influence_of("lm", "orthodont", "distance_mm ~ age*sex", random = FALSE)),
  wald = list(
    curvature_of("slopes", "sleepstudy", "reaction_ms ~ days + (days|subject)", TRUE),
    curvature_of("slopes_ml", "sleepstudy", "reaction_ms ~ days + (days|subject)", FALSE),
    curvature_of("intercept", "schools", "score ~ 1 + (1|school)", TRUE))),
  file.path(here, "diagnostics.json"))
