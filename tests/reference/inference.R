# Writes tests/reference/inference.json: tests, degrees of freedom, marginal means, likelihood
# ratios and intervals by lmerTest, pbkrtest, car, emmeans and lme4.  See README.md for the fields.
#
#   Rscript tests/reference/inference.R [data sets to do again]

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))
suppressPackageStartupMessages({
  library(lmerTest)
  library(pbkrtest)
  library(emmeans)
})
emm_options(lmer.df = "kenward-roger", msg.interaction = TRUE)

# Keeps what R said beside what it computed; an error becomes a field, not a stop.
heard <- function(expr) {
  said <- character()
  value <- tryCatch(
    withCallingHandlers(expr,
      message = function(m) { said <<- c(said, conditionMessage(m)); tryInvokeRestart("muffleMessage") },
      warning = function(w) { said <<- c(said, conditionMessage(w)); tryInvokeRestart("muffleWarning") }),
    error = function(e) { said <<- c(said, paste("error:", conditionMessage(e))); NULL })
  list(value = value, messages = I(trimws(unique(said))))
}
METHODS <- c(satterthwaite = "Satterthwaite", `kenward-roger` = "Kenward-Roger")

fit_lmm <- function(data, formula, reml = TRUE, weights = NULL, ctrl = control) {
  args <- list(formula = as.formula(formula), data = read_data(data), REML = reml,
               control = ctrl)
  if (!is.null(weights)) args$weights <- as.name(weights)
  suppressMessages(do.call(lmerTest::lmer, args))
}
fit_lm <- function(data, formula)
  do.call(lm, list(formula = as.formula(formula), data = read_data(data)))

# ---- tables ---------------------------------------------------------------------------------
coef_table <- function(fit, py) {
  lapply(METHODS, function(ddf) {
    k <- heard(summary(fit, ddf = ddf)$coefficients)
    v <- k$value
    list(messages = k$messages, table = table_of(data.frame(
      name = py(rownames(v)), estimate = v[, 1], se = v[, 2], df = v[, 3], t = v[, 4],
      p = v[, 5])))
  })
}
anova_lmm <- function(fit) {
  out <- list()
  for (ddf in names(METHODS)) for (type in 1:3) {
    k <- heard(anova(fit, type = c("I", "II", "III")[type], ddf = METHODS[[ddf]]))
    v <- k$value
    if (is.null(v) || !nrow(v)) next
    out[[length(out) + 1]] <- list(
      type = unbox(type), df = unbox(ddf), messages = k$messages,
      table = table_of(data.frame(term = rownames(v), sum_sq = v$`Sum Sq`,
        mean_sq = v$`Mean Sq`, num_df = v$NumDF, den_df = v$DenDF, f = v$`F value`,
        p = v$`Pr(>F)`)))
  }
  out
}
anova_car <- function(fit) {
  k <- heard(car::Anova(fit, type = 2, test.statistic = "F"))
  v <- k$value
  if (is.null(v)) return(list(messages = k$messages, table = NULL))
  list(messages = k$messages, table = table_of(data.frame(
    term = rownames(v), f = v$F, num_df = v$Df, den_df = v$Df.res, p = v$`Pr(>F)`)))
}
# Up to three hypotheses of a model: its last coefficient, several coefficients at once, and a
# difference of two.
some_contrasts <- function(fit, py) {
  p <- length(fixef(fit))
  rows <- list(p)
  if (p > 1) rows[[2]] <- if (p == 2) 1:2 else 2:min(p, 4)
  if (p > 2) rows[[3]] <- c(p, 2)
  lapply(seq_along(rows), function(i) {
    r <- rows[[i]]
    L <- diag(p)[r, , drop = FALSE]
    if (i == 3) L <- L[1, , drop = FALSE] - L[2, , drop = FALSE]
    sat <- contestMD(fit, L, ddf = "Satterthwaite")
    krm <- contestMD(fit, L, ddf = "Kenward-Roger")
    kr <- heard(KRmodcomp(fit, L))
    t <- if (is.null(kr$value)) NULL else kr$value$test
    list(L = unname(L), messages = kr$messages,
         estimate = I(as.vector(L %*% fixef(fit))),
         satterthwaite = named(c(f = sat$`F value`, num_df = sat$NumDF, den_df = sat$DenDF,
                                 p = sat$`Pr(>F)`)),
         `kenward-roger` = named(c(f = krm$`F value`, num_df = krm$NumDF, den_df = krm$DenDF,
                                   p = krm$`Pr(>F)`)),
         krmodcomp = if (is.null(t)) NULL else named(c(
           f = t["Ftest", "stat"], num_df = t["Ftest", "ndf"], den_df = t["Ftest", "ddf"],
           scaling = t["Ftest", "F.scaling"], p = t["Ftest", "p.value"],
           f_unscaled = t["FtestU", "stat"])))
  })
}

# ---- emmeans --------------------------------------------------------------------------------
ADJUST <- c("none", "tukey", "sidak", "holm", "bonferroni")
summary_table <- function(e, ...) {
  s <- as.data.frame(summary(e, infer = c(TRUE, TRUE), ...))
  key <- c(estimate = "estimate", emmean = "mean", SE = "se", df = "df", lower.CL = "lower",
           upper.CL = "upper", t.ratio = "t", p.value = "p",
           asymp.LCL = "lower", asymp.UCL = "upper", z.ratio = "t")   # if no mean exists
  names(s) <- ifelse(names(s) %in% names(key), key[names(s)], names(s))
  s
}
# One table with every adjustment of p beside each other, limits unadjusted and (if "tukey" or
# "dunnettx" is asked for) adjusted.
adjusted <- function(con, adjust) {
  base <- summary_table(con, adjust = "none")
  out <- base[setdiff(names(base), c("lower", "upper", "p"))]
  for (a in adjust) out[[paste0("p_", a)]] <- summary_table(con, adjust = a)$p
  for (a in intersect(adjust, c("none", "tukey", "dunnettx", "sidak", "bonferroni"))) {
    s <- summary_table(con, adjust = a)
    out[[paste0("lower_", a)]] <- s$lower
    out[[paste0("upper_", a)]] <- s$upper
  }
  table_of(out)
}
emm <- function(specs, by = NULL, at = NULL, pairwise = TRUE, control = TRUE, custom = NULL,
                nesting = "auto", note = NULL)
  list(specs = specs, by = by, at = at, pairwise = pairwise, control = control,
       custom = custom, nesting = nesting, note = note)
one_emm <- function(fit, s, df = NULL) {
  args <- list(fit, s$specs)
  args$by <- s$by
  args$at <- s$at
  if (identical(s$nesting, "none")) args["nesting"] <- list(NULL)
  if (!is.null(df)) args$lmer.df <- df
  k <- heard(do.call(emmeans, args))
  if (is.null(k$value)) return(list(specs = I(s$specs), messages = k$messages))
  e <- k$value
  nests <- e@model.info$nesting
  contrasts <- setNames(list(), character())
  if (s$pairwise) contrasts$pairwise <- adjusted(contrast(e, "pairwise"), ADJUST)
  if (s$control) contrasts$`trt.vs.ctrl` <-
    adjusted(contrast(e, "trt.vs.ctrl"), c("none", "dunnettx", "holm"))
  if (!is.null(s$custom)) contrasts$custom <-
    adjusted(contrast(e, s$custom), c("none", "holm", "bonferroni"))
  list(specs = I(s$specs), by = if (is.null(s$by)) NULL else I(s$by),
       at = if (is.null(s$at)) NULL else lapply(s$at, I),
       df = unbox(if (is.null(df)) "residual" else df), messages = k$messages,
       note = if (is.null(s$note)) NULL else unbox(s$note),
       custom = if (is.null(s$custom)) NULL else lapply(s$custom, I),
       nesting = if (length(nests)) lapply(nests, I) else NULL,
       averaged_over = I(as.character(e@misc$avgd.over)),
       means = table_of(summary_table(e, adjust = "none")), contrasts = contrasts)
}

# ---- likelihood ratios ----------------------------------------------------------------------
ranova_of <- function(fit) lapply(c(reduce = TRUE, drop = FALSE), function(r) {
  k <- heard(ranova(fit, reduce.terms = r))
  v <- k$value
  if (is.null(v)) return(list(messages = k$messages, table = NULL))
  list(messages = k$messages, table = table_of(data.frame(
    term = rownames(v), npar = v$npar, loglik = v$logLik, aic = v$AIC, lrt = v$LRT, df = v$Df,
    p = v$`Pr(>Chisq)`)))
})
compare_of <- function(id, data, formulas, refit, reml = TRUE, python = formulas) {
  fits <- lapply(formulas, function(f) fit_lmm(data, f, reml = reml))
  k <- heard(do.call(anova, c(unname(fits), list(refit = refit))))
  v <- k$value
  list(id = unbox(id), data = unbox(data), formulas = I(python), reml = unbox(reml),
       refit = unbox(refit), messages = k$messages,
       table = table_of(data.frame(npar = v$npar, aic = v$AIC, bic = v$BIC, loglik = v$logLik,
         deviance = v$deviance, chisq = v$Chisq, df = v$Df, p = v$`Pr(>Chisq)`)))
}

# ---- mixed models ---------------------------------------------------------------------------
case <- function(id, data, formula, emmeans = list(), python = formula, kr = TRUE, note = NULL,
                 weights = NULL, influence = FALSE)
  list(id = id, data = data, formula = formula, emmeans = emmeans, python = python, kr = kr,
       note = note, weights = weights, influence = influence)
cases <- list(
  case("sorghum", "sorghum", "yield_kg_ha ~ genotype + (1|block)", influence = TRUE,
       list(emm("genotype", custom = list(first_two = c(.5, .5, -.5, -.5, rep(0, 14)),
                                          g1_rest = c(1, rep(-1 / 17, 17)))))),
  case("sleepstudy_slopes", "sleepstudy", "reaction_ms ~ days + (days|subject)",
       influence = TRUE),
  case("sleepstudy_quadratic", "sleepstudy", "reaction_ms ~ days + I(days^2) + (days||subject)",
       python = "reaction_ms ~ days + I(days**2) + (days||subject)"),
  case("sleepstudy_missing", "sleepstudy_missing", "reaction_ms ~ days + (days|subject)"),
  case("sleepstudy_weighted", "sleepstudy_weighted", "reaction_ms ~ days + (days|subject)",
       weights = "weight", kr = FALSE, note = "pbkrtest does not take prior weights into account"),
  case("dyestuff2", "dyestuff2", "yield ~ 1 + (1|batch)", note = "boundary"),
  case("penicillin", "penicillin", "diameter_mm ~ 1 + (1|plate) + (1|sample)"),
  case("oats", "oats", "yield ~ nitro + variety + (1|block/variety)",
       list(emm("variety"), emm("variety", at = list(nitro = 0.6)))),
  case("cake", "cake", "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       list(emm("recipe"), emm("temperature"), emm("recipe", by = "temperature"))),
  case("cake_covariate", "cake_unbalanced",
       "angle_deg ~ recipe*temp_f + (1|recipe:replicate)",
       list(emm("recipe"), emm("recipe", at = list(temp_f = 180)),
            emm("recipe", by = "temp_f", at = list(temp_f = c(180, 220))))),
  case("cake_unbalanced", "cake_unbalanced",
       "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       list(emm("recipe", custom = list(a_rest = c(1, -.5, -.5), b_c = c(0, 1, -1))),
            emm("temperature"), emm("temperature", by = "recipe"))),
  case("cake_empty_cell", "cake_empty",
       "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       list(emm("recipe"), emm("temperature"), emm("recipe", by = "temperature")),
       note = "empty cell (C, 205): Type II and III of lmerTest are recorded as they come"),
  case("machines_nested", "machines_unbalanced",
       "score ~ machine + (1|worker) + (1|worker:machine)", list(emm("machine"))),
  case("machines_slopes", "machines_unbalanced", "score ~ machine + (machine|worker)",
       list(emm("machine"))),
  case("orthodont", "orthodont", "distance_mm ~ age*sex + (age|subject)",
       list(emm("sex"), emm("sex", by = "age", at = list(age = c(8, 14))))),
  case("bodyweight", "bodyweight", "weight_g ~ time_d*diet + (time_d|rat)",
       list(emm("diet", by = "time_d", at = list(time_d = c(1, 64))))),
  case("boundary_twoway", "boundary_twoway", "y ~ a*b + (1|g)",
       list(emm("a"), emm("b"), emm("a", by = "b")), note = "boundary, unbalanced"),
  case("boundary_two_terms", "boundary_twoway", "y ~ a*b + (1|g) + (1|a:g)",
       list(emm("a")), note = "boundary, unbalanced"),
  case("boundary_slopes", "boundary_slopes", "y ~ x*treatment + (x|g)",
       list(emm("treatment"), emm("treatment", at = list(x = 0))),
       note = "boundary: correlation 1"),
  case("arabidopsis", "arabidopsis",
       "log1p(fruits) ~ nutrient*clipping + rack + status + (1|population) + (1|genotype)",
       list(emm("nutrient"), emm("nutrient", by = "clipping"), emm("status")),
       python = paste("np.log1p(fruits) ~ nutrient*clipping + rack + status +",
                      "(1|population) + (1|genotype)")),
  case("barley", "barley", "yield_t_ha ~ genotype*fungicide + (1|block/fungicide)",
       list(emm("fungicide"), emm("genotype", pairwise = FALSE, control = FALSE),
            emm("fungicide", by = "genotype", control = FALSE))),
  case("clover", "clover", "biomass ~ site_year + (1|rep) + (1|entry) + (1|entry:site_year)",
       list(emm("site_year"))),
  case("clover_entry_fixed", "clover", "biomass ~ site_year + entry + (1|rep)",
       list(emm("entry", pairwise = FALSE), emm("site_year"))),
  case("pigs_rooms", "pigs_rooms", "dry_matter_pct ~ day*diet + (1|room)",
       list(emm("diet", custom = list(a_b = c(1, -1, 0, 0, 0, 0))), emm("day"),
            emm("day", by = "diet"))),
  case("pigs_rooms_pens", "pigs_rooms", "dry_matter_pct ~ day*diet + (1|room) + (1|pen)",
       list(emm("diet"), emm("day", by = "diet")))
)

run_case <- function(m) {
  fit <- fit_lmm(m$data, m$formula, weights = m$weights)
  frame <- model.frame(fit)
  py <- function(x) { x[!is.na(x)] <- py_names(x[!is.na(x)], frame); x }
  p <- length(fixef(fit))
  hold <- METHODS
  if (!m$kr) { METHODS <<- METHODS["satterthwaite"]; on.exit(METHODS <<- hold) }
  V <- if (m$kr && p <= 40) as.matrix(vcovAdj(fit)) else NULL
  out <- list(
    id = unbox(m$id), data = unbox(m$data), formula = unbox(m$python),
    r_formula = unbox(m$formula), note = if (is.null(m$note)) NULL else unbox(m$note),
    weights = if (is.null(m$weights)) NULL else unbox(m$weights),
    nobs = unbox(nobs(fit)), criterion = unbox(REMLcrit(fit)), theta = named(getME(fit, "theta")),
    sigma = unbox(sigma(fit)), names = I(py(names(fixef(fit)))),
    coefficients = coef_table(fit, py),
    vcov_adjusted = if (is.null(V)) NULL else unname(V),
    anova = anova_lmm(fit),
    anova_car = if (m$kr && length(attr(terms(fit), "term.labels"))) anova_car(fit) else NULL,
    contrasts = if (m$kr) some_contrasts(fit, py) else NULL,
    emmeans = c(list(), unlist(lapply(m$emmeans, function(s) lapply(names(METHODS),
      function(ddf) one_emm(fit, s, ddf))), recursive = FALSE)),
    ranova = ranova_of(fit),
    wald = {
      w <- confint(fit, method = "Wald", parm = "beta_")
      table_of(data.frame(parameter = py(rownames(w)), lower = w[, 1], upper = w[, 2]))
    })
  if (m$influence) out$influence <- list(leverage = I(unname(hatvalues(fit))),
                                         cooks_distance = I(unname(cooks.distance(fit))))
  out
}

# ---- all-fixed models -----------------------------------------------------------------------
lm_cases <- list(
  case("lm_sorghum", "sorghum", "yield_kg_ha ~ genotype + block", influence = TRUE,
       list(emm("genotype"), emm("block"))),
  case("lm_potash", "potash", "strength ~ factor(k2o_lb_ac) + block",
       python = "strength ~ C(k2o_lb_ac) + block", list(emm("block"))),
  case("lm_cake_unbalanced", "cake_unbalanced", "angle_deg ~ recipe*temperature + replicate",
       list(emm("recipe"), emm("recipe", by = "temperature"))),
  case("lm_cake_empty_cell", "cake_empty", "angle_deg ~ recipe*temperature",
       list(emm("recipe"), emm("recipe", by = "temperature"))),
  case("lm_orthodont", "orthodont", "distance_mm ~ age*sex",
       list(emm("sex"), emm("sex", at = list(age = 8)))),
  case("lm_pigs_crd", "pigs_crd", "dry_matter_pct ~ day*diet",
       list(emm("diet"), emm("day", by = "diet"))),
  case("lm_pigs_rooms", "pigs_rooms", "dry_matter_pct ~ day*diet + room",
       list(emm("diet", custom = list(a_b = c(1, -1, 0, 0, 0, 0))))),
  case("lm_clover", "clover", "biomass ~ site_year + rep + entry + entry:site_year",
       list(emm("entry", pairwise = FALSE, control = FALSE, note = "nesting as detected"),
            emm("entry", pairwise = FALSE, control = FALSE, nesting = "none",
                note = "nesting switched off"),
            emm("site_year"),
            emm("entry", by = "site_year", pairwise = FALSE, control = FALSE)))
)
py_lm <- function(x, frame) {
  names(frame) <- sub("^factor\\((.*)\\)$", "C(\\1)", names(frame))
  py_names(sub("factor(", "C(", x, fixed = TRUE), frame)
}
run_lm <- function(m) {
  fit <- fit_lm(m$data, m$formula)
  frame <- model.frame(fit)
  s <- summary(fit)
  k <- s$coefficients
  term <- function(x) sub("factor(", "C(", x, fixed = TRUE)
  rows <- function(v, type) {
    v <- v[rownames(v) != "(Intercept)", , drop = FALSE]
    resid <- v["Residuals", "Df"]
    v <- as.data.frame(v)
    list(type = unbox(type), table = table_of(data.frame(
      term = term(trimws(rownames(v))), sum_sq = v$`Sum Sq`, num_df = v$Df,
      f = v$`F value`, p = v$`Pr(>F)`)))
  }
  # Type III is defined on sum-to-zero coding
  summed <- do.call(lm, list(formula = as.formula(m$formula), data = read_data(m$data),
    contrasts = setNames(rep(list("contr.sum"), sum(vapply(frame, is.factor, NA))),
                         names(frame)[vapply(frame, is.factor, NA)])))
  two <- heard(car::Anova(fit, type = 2))
  three <- heard(car::Anova(summed, type = 3))
  out <- list(
    id = unbox(m$id), data = unbox(m$data), formula = unbox(m$python),
    r_formula = unbox(m$formula), nobs = unbox(nobs(fit)),
    coefficients = table_of(data.frame(name = py_lm(rownames(k), frame), estimate = k[, 1],
      se = k[, 2], t = k[, 3], p = k[, 4])),
    dropped_columns = I(as.character(py_lm(names(coef(fit))[is.na(coef(fit))], frame))),
    sigma = unbox(s$sigma), df_residual = unbox(fit$df.residual),
    r_squared = unbox(s$r.squared), adj_r_squared = unbox(s$adj.r.squared),
    f = named(setNames(s$fstatistic, c("f", "num_df", "den_df"))),
    loglik = unbox(as.numeric(logLik(fit))), aic = unbox(AIC(fit)), bic = unbox(BIC(fit)),
    residual_quantiles = I(unname(quantile(residuals(fit)))),
    anova = c(list(rows(as.matrix(anova(fit)), 1)),
              if (!is.null(two$value)) list(rows(as.matrix(two$value), 2)),
              if (!is.null(three$value)) list(rows(as.matrix(three$value), 3))),
    emmeans = lapply(m$emmeans, function(s) one_emm(fit, s)))
  if (m$influence) out$influence <- list(
    leverage = I(unname(hatvalues(fit))), cooks_distance = I(unname(cooks.distance(fit))),
    standardised_residuals = I(unname(rstandard(fit))))
  out
}

# ---- comparisons ----------------------------------------------------------------------------
s1 <- "reaction_ms ~ days + (1|subject)"
s2 <- "reaction_ms ~ days + (days||subject)"
s3 <- "reaction_ms ~ days + (days|subject)"
s0 <- "reaction_ms ~ 1 + (days|subject)"
q3 <- c("reaction_ms ~ days + I(days^2) + (days|subject)",
        "reaction_ms ~ days + I(days**2) + (days|subject)")
recipe <- "(1|recipe:replicate)"
clover <- "biomass ~ site_year + (1|rep) + (1|entry:site_year)"
comparisons <- list(
  list("sleepstudy_random", "sleepstudy", c(s1, s2, s3), refit = FALSE),
  list("sleepstudy_random_ml", "sleepstudy", c(s1, s2, s3), refit = TRUE),
  list("sleepstudy_fixed", "sleepstudy", c(s0, s3, q3[1]), refit = TRUE,
       python = c(s0, s3, q3[2])),
  list("sorghum_genotype", "sorghum",
       c("yield_kg_ha ~ 1 + (1|block)", "yield_kg_ha ~ genotype + (1|block)"), refit = TRUE),
  list("pastes_cask", "pastes", c("strength ~ 1 + (1|batch)", "strength ~ 1 + (1|batch/cask)"),
       refit = FALSE),
  list("cake_unbalanced_interaction", "cake_unbalanced",
       paste("angle_deg ~", c("recipe", "recipe + temperature", "recipe*temperature"), "+",
             recipe), refit = TRUE),
  list("boundary_terms", "boundary_twoway", c("y ~ a*b + (1|a:g)", "y ~ a*b + (1|g) + (1|a:g)"),
       refit = FALSE),
  list("barley_interaction", "barley",
       paste("yield_t_ha ~", c("genotype + fungicide", "genotype*fungicide"),
             "+ (1|block/fungicide)"), refit = TRUE),
  list("clover_entry_ml", "clover", c(clover, paste(clover, "+ (1|entry)")), refit = TRUE),
  list("clover_entry_reml", "clover", c(clover, paste(clover, "+ (1|entry)")), refit = FALSE)
)

# ---- profile intervals ----------------------------------------------------------------------
# `default` is what confint() prints; `fine` has a denser profile, so a smaller interpolation
# error; `exact` needs no interpolation at all.
profiles <- list(
  list("sleepstudy_slopes", "sleepstudy", s3),
  list("sleepstudy_missing", "sleepstudy_missing", s3),
  list("sleepstudy_double_bar", "sleepstudy", s2),
  list("sorghum", "sorghum", "yield_kg_ha ~ genotype + (1|block)"),
  list("dyestuff", "dyestuff", "yield ~ 1 + (1|batch)"),
  list("dyestuff2", "dyestuff2", "yield ~ 1 + (1|batch)"),
  list("penicillin", "penicillin", "diameter_mm ~ 1 + (1|plate) + (1|sample)"),
  list("pastes", "pastes", "strength ~ 1 + (1|batch/cask)"),
  list("machines_nested", "machines_unbalanced",
       "score ~ machine + (1|worker) + (1|worker:machine)"),
  list("schools", "schools", "score ~ 1 + (1|school)"),
  list("clover", "clover", "biomass ~ site_year + (1|rep) + (1|entry) + (1|entry:site_year)")
)
plain_control <- lmerControl(
  optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), calc.derivs = FALSE,
  check.conv.singular = "ignore")
# What a parameter's name means, in columns, so that nobody has to take the name apart.
describe_parameters <- function(x, frame) {
  random <- grepl("^(sd|cor)_.*\\|", x)
  inside <- sub("\\|.*$", "", sub("^(sd|cor)_", "", x))
  kind <- ifelse(x == "sigma", "sigma", ifelse(random, sub("_.*$", "", x), "fixed"))
  py <- function(y) vapply(y, function(z) if (is.na(z)) NA_character_ else py_names(z, frame), "",
                           USE.NAMES = FALSE)
  first <- ifelse(kind == "cor", sub("^.*\\.", "", inside), ifelse(kind == "sigma", NA,
                  ifelse(kind == "sd", inside, x)))
  second <- ifelse(kind == "cor", sub("\\.[^.]*$", "", inside), NA)
  data.frame(parameter = x, kind = kind, group = ifelse(random, sub("^.*\\|", "", x), NA),
             term = py(first), term2 = py(second))
}
z_of <- function(level) qnorm((1 + level) / 2)

# Exact profile limits: the value at which the deviance, minimised over everything else, lies
# z^2 above its minimum, found by a root search instead of a spline through a profile.
exact_limits <- function(data, formula, level = 0.95) {
  d <- read_data(data)
  args <- list(formula = as.formula(formula), data = d, REML = FALSE, control = control)
  fit <- suppressMessages(do.call(lme4::lmer, args))
  devfun <- suppressMessages(do.call(lme4::lmer, c(args, devFunOnly = TRUE)))
  env <- environment(devfun)
  best <- deviance(fit)
  n <- nobs(fit)
  vc <- as.data.frame(VarCorr(fit), order = "lower.tri")
  kind <- ifelse(is.na(vc$var1), "sigma", ifelse(is.na(vc$var2), "sd", "cor"))
  label <- ifelse(kind == "sigma", "sigma", paste0(ifelse(kind == "sd", "sd_", "cor_"),
    ifelse(kind == "cor", paste0(vc$var2, "."), ""), vc$var1, "|",
    sub("\\.[0-9]+$", "", vc$grp)))    # lme4 calls a second term of a group "subject.1"
  # lower-triangle order within a term is (sd1, cor21, sd2): the order of theta
  to_theta <- function(par) {
    s <- par[kind == "sigma"]
    out <- numeric()
    for (g in unique(vc$grp[kind != "sigma"])) {
      k <- par[vc$grp == g & kind != "sigma"]
      out <- c(out, if (length(k) == 1) k / s
                    else c(k[1], k[2] * k[3], k[3] * sqrt(max(0, 1 - k[2]^2))) / s)
    }
    out
  }
  dev <- function(par) {
    devfun(to_theta(par))
    s2 <- par[kind == "sigma"]^2
    n * log(2 * pi * s2) + env$pp$ldL2() + (env$resp$wrss() + env$pp$sqrL(1)) / s2
  }
  hat <- ifelse(is.na(vc$sdcor), 0, vc$sdcor)
  stopifnot(abs(dev(hat) - best) < 1e-7)
  scale <- ifelse(kind == "cor", 1, sigma(fit))
  low <- ifelse(kind == "cor", -1, ifelse(kind == "sd", 0, 1e-3))
  high <- ifelse(kind == "cor", 1, Inf)
  minimise <- function(f, start, lower, upper) {
    o <- NULL
    for (rho in c(0.1, 0.01, 0.1, 0.001)) {
      start <- pmin(pmax(start, lower), upper)
      o <- suppressWarnings(minqa::bobyqa(start, f, lower, upper, control = list(
        rhobeg = rho, rhoend = 1e-9, maxfun = 20000)))
      start <- o$par
    }
    o
  }
  limit <- function(profile, at, step, bound, z) {
    f <- function(v) sqrt(max(0, profile(v) - best)) - z
    if (is.finite(bound) && f(bound) < 0) return(bound)
    far <- at
    repeat {
      far <- far + step
      if ((bound - far) * sign(step) <= 0) far <- bound
      if (f(far) > 0) break
      step <- 1.6 * step
    }
    uniroot(f, range(at, far), tol = 1e-9 * max(1, abs(at)))$root
  }
  rows <- list()
  for (i in seq_along(hat)) {
    profile <- function(v) {
      f <- function(o) { par <- hat; par[i] <- v; par[-i] <- o * scale[-i]; dev(par) }
      o <- minimise(f, hat[-i] / scale[-i], low[-i], high[-i])
      away <- ifelse(kind == "sd", pmax(hat / scale, 0.5), hat / scale)   # off the boundary
      o2 <- minimise(f, away[-i], low[-i], high[-i])
      min(o$fval, o2$fval)
    }
    if (length(hat) == 1) profile <- dev
    step <- if (kind[i] == "cor") 0.2 else 0.3 * max(hat[i], 0.3 * sigma(fit))
    rows[[i]] <- data.frame(parameter = label[i],
      lower = limit(profile, hat[i], -step, if (kind[i] == "cor") -1 else
        if (kind[i] == "sd") 0 else 1e-3, z_of(level)),
      upper = limit(profile, hat[i], step, if (kind[i] == "cor") 1 else Inf, z_of(level)))
  }
  X <- getME(fit, "X")
  y <- getME(fit, "y")
  bars <- paste0("(", vapply(findbars(as.formula(formula)), deparse, ""), ")", collapse = " + ")
  d2 <- model.frame(fit)
  for (j in seq_len(ncol(X))) {
    rest <- X[, -j, drop = FALSE]
    d2$.X <- rest
    f2 <- as.formula(paste(".y ~ 0", if (ncol(rest)) "+ .X", "+", bars))
    profile <- function(b) {
      d2$.y <- y - X[, j] * b
      g <- suppressMessages(do.call(lme4::lmer, list(formula = f2, data = d2, REML = FALSE,
                                                     control = control)))
      deviance(g)
    }
    b <- fixef(fit)[[j]]
    step <- 1.5 * sqrt(diag(as.matrix(vcov(fit))))[[j]]
    rows[[length(rows) + 1]] <- data.frame(parameter = colnames(X)[j],
      lower = limit(profile, b, -step, -Inf, z_of(level)),
      upper = limit(profile, b, step, Inf, z_of(level)))
  }
  do.call(rbind, rows)
}

profile_of <- function(id, data, formula) {
  fit <- as(fit_lmm(data, formula, ctrl = plain_control), "lmerMod")
  frame <- model.frame(fit)
  one <- function(...) {
    k <- heard(profile(fit, signames = FALSE, ...))
    if (is.null(k$value)) return(list(messages = k$messages))
    lapply(c(`0.95` = .95, `0.80` = .8), function(level) {
      ci <- heard(confint(k$value, level = level))
      if (is.null(ci$value)) return(list(messages = ci$messages))
      list(messages = I(c(k$messages, ci$messages)), table = table_of(cbind(
        describe_parameters(rownames(ci$value), frame),
        lower = ci$value[, 1], upper = ci$value[, 2])))
    })
  }
  exact <- exact_limits(data, formula)
  list(id = unbox(id), data = unbox(data), formula = unbox(formula), default = one(),
       fine = one(delta.cutoff = 1 / 40, maxpts = 2000),
       exact = list(`0.95` = list(messages = I(character()), table = table_of(cbind(
         describe_parameters(exact$parameter, frame), exact[c("lower", "upper")])))))
}

# ---- parametric bootstrap -------------------------------------------------------------------
boots <- list(
  list("sorghum", "sorghum", "yield_kg_ha ~ genotype + (1|block)"),
  list("sleepstudy_slopes", "sleepstudy", s3),
  list("machines_nested", "machines_unbalanced",
       "score ~ machine + (1|worker) + (1|worker:machine)")
)
boot_of <- function(id, data, formula, nsim = 1000) {
  fit <- as(fit_lmm(data, formula, ctrl = plain_control), "lmerMod")
  frame <- model.frame(fit)
  stat <- function(f) {
    v <- as.data.frame(VarCorr(f), order = "lower.tri")
    tag <- ifelse(is.na(v$var1), "sigma", paste0(ifelse(is.na(v$var2), "sd_", "cor_"),
      ifelse(is.na(v$var2), "", paste0(v$var2, ".")), v$var1, "|", v$grp))
    c(fixef(f), setNames(v$sdcor, tag))
  }
  b <- suppressWarnings(suppressMessages(
    bootMer(fit, stat, nsim = nsim, seed = 2024, use.u = FALSE, type = "parametric")))
  t0 <- stat(fit)
  q <- apply(b$t, 2, quantile, c(.025, .975), na.rm = TRUE)
  list(id = unbox(id), data = unbox(data), formula = unbox(formula), nsim = unbox(nsim),
       failed = unbox(sum(!complete.cases(b$t))), singular = unbox(sum(apply(
         b$t[, grepl("^sd_", names(t0)), drop = FALSE], 1, function(x) any(x < 1e-4)))),
       table = table_of(cbind(describe_parameters(names(t0), frame), data.frame(
         estimate = unname(t0), mean = colMeans(b$t, na.rm = TRUE),
         se = apply(b$t, 2, sd, na.rm = TRUE), lower = q[1, ], upper = q[2, ]))))
}

# ---- run ------------------------------------------------------------------------------------
timed <- function(label, expr) {
  t0 <- proc.time()[[3]]
  v <- force(expr)
  cat(sprintf("%-40s %.1f s\n", label, proc.time()[[3]] - t0))
  v
}
data_of <- function(m) if (is.null(m$data)) m[[2]] else m$data
has <- function(l) Filter(function(m) wanted(data_of(m)) && have_data(data_of(m)), l)
every <- function(l, run) unname(lapply(has(l), function(m)
  timed(if (is.null(m$id)) m[[1]] else m$id, run(m))))
absent <- Filter(function(n) !have_data(n), names(course_sets))
if (length(absent)) cat("no data yet:", absent, "\n")
used <- unique(unlist(lapply(has(c(cases, lm_cases, comparisons, profiles)), data_of)))
out <- list(
  versions = versions(c("lme4", "lmerTest", "pbkrtest", "emmeans", "car", "jsonlite")),
  data = lapply(setNames(nm = used), describe_data))
file <- file.path(here, "inference.json")
out$mixed <- every(cases, run_case)
out$fixed <- every(lm_cases, run_lm)
out$compare <- every(comparisons, function(m) do.call(compare_of, m))
out$profile <- every(profiles, function(m) do.call(profile_of, m))
out$bootstrap <- every(boots, function(m) do.call(boot_of, m))
write_reference(out, file, only)
