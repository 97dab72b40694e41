# Writes tests/reference/lmm.json: linear mixed models fitted by lme4, polished to about 1e-10 in
# the criterion.  See README.md for the meaning of each field.
#
#   Rscript tests/reference/lmm.R [data sets to do again]

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

# id, data, formula in lme4's grammar; `python` where the transformation is written differently
# (or where this lme4 cannot read the formula and R gets the expansion by hand).
model <- function(id, data, formula, python = formula, reml = TRUE, weights = NULL, note = NULL)
  list(id = id, data = data, formula = formula, python = python, reml = reml,
       weights = weights, note = note)
models <- list(
  model("sorghum_reml", "sorghum", "yield_kg_ha ~ genotype + (1|block)"),
  model("sorghum_ml", "sorghum", "yield_kg_ha ~ genotype + (1|block)", reml = FALSE),
  model("sorghum_cell_means", "sorghum", "yield_kg_ha ~ 0 + genotype + (1|block)"),
  model("schools_reml", "schools", "score ~ 1 + (1|school)"),
  model("schools_ml", "schools", "score ~ 1 + (1|school)", reml = FALSE),
  model("sleepstudy_slopes_reml", "sleepstudy", "reaction_ms ~ days + (days|subject)"),
  model("sleepstudy_slopes_ml", "sleepstudy", "reaction_ms ~ days + (days|subject)",
        reml = FALSE),
  model("sleepstudy_intercepts", "sleepstudy", "reaction_ms ~ days + (1|subject)"),
  model("sleepstudy_double_bar", "sleepstudy", "reaction_ms ~ days + (days||subject)"),
  model("sleepstudy_split_terms", "sleepstudy",
        "reaction_ms ~ days + (1|subject) + (0+days|subject)"),
  model("sleepstudy_slope_only", "sleepstudy", "reaction_ms ~ days + (0+days|subject)"),
  model("sleepstudy_quadratic", "sleepstudy",
        "reaction_ms ~ days + I(days^2) + (days|subject)",
        "reaction_ms ~ days + I(days**2) + (days|subject)"),
  model("sleepstudy_log", "sleepstudy", "log(reaction_ms) ~ log(days + 1) + (1|subject)",
        "np.log(reaction_ms) ~ np.log(days + 1) + (1|subject)"),
  model("sleepstudy_weighted", "sleepstudy_weighted", "reaction_ms ~ days + (days|subject)",
        weights = "weight"),
  model("sleepstudy_weighted_ml", "sleepstudy_weighted", "reaction_ms ~ days + (1|subject)",
        reml = FALSE, weights = "weight"),
  model("sleepstudy_missing", "sleepstudy_missing", "reaction_ms ~ days + (days|subject)",
        note = "rows with a missing cell are dropped; unequal numbers of rows"),
  model("sleepstudy_aliased", "sleepstudy_aliased",
        "reaction_ms ~ days + hours + (1|subject)", note = "hours = 24 days: dropped"),
  model("penicillin", "penicillin", "diameter_mm ~ 1 + (1|plate) + (1|sample)"),
  model("penicillin_ml", "penicillin", "diameter_mm ~ 1 + (1|plate) + (1|sample)",
        reml = FALSE),
  model("pastes", "pastes", "strength ~ 1 + (1|batch/cask)"),
  model("pastes_ml", "pastes", "strength ~ 1 + (1|sample) + (1|batch)", reml = FALSE),
  model("dyestuff", "dyestuff", "yield ~ 1 + (1|batch)"),
  model("dyestuff_ml", "dyestuff", "yield ~ 1 + (1|batch)", reml = FALSE),
  model("dyestuff2", "dyestuff2", "yield ~ 1 + (1|batch)", note = "boundary: theta = 0"),
  model("dyestuff2_ml", "dyestuff2", "yield ~ 1 + (1|batch)", reml = FALSE,
        note = "boundary: theta = 0"),
  model("cake", "cake", "angle_deg ~ recipe*temperature + (1|recipe:replicate)"),
  model("cake_unbalanced", "cake_unbalanced",
        "angle_deg ~ recipe*temperature + (1|recipe:replicate)"),
  model("cake_empty_cell", "cake_empty",
        "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
        note = "one empty cell: one coefficient is dropped"),
  model("machines_slopes", "machines", "score ~ machine + (machine|worker)"),
  model("machines_full_coding", "machines", "score ~ machine + (0+machine|worker)",
        note = "same model as machines_slopes in another basis: same criterion"),
  model("machines_unbalanced", "machines_unbalanced", "score ~ machine + (machine|worker)"),
  model("machines_nested", "machines_unbalanced",
        "score ~ 0 + machine + (1|worker) + (1|worker:machine)"),
  model("machines_crossed", "machines",
        "score ~ 1 + (1|worker) + (1|machine) + (1|worker:machine)",
        "score ~ 1 + (1|worker*machine)"),
  model("orthodont", "orthodont", "distance_mm ~ age*sex + (age|subject)"),
  model("oats_split_plot", "oats", "yield ~ nitro + variety + (1|block/variety)"),
  model("pixel", "pixel", "pixel ~ day + I(day^2) + (day|dog) + (1|side:dog)",
        "pixel ~ day + I(day**2) + (day|dog) + (1|side:dog)"),
  model("rail_ml", "rail", "travel_ns ~ 1 + (1|rail)", reml = FALSE),
  model("oxide", "oxide", "thickness ~ source + (1|lot/wafer)"),
  model("bodyweight", "bodyweight", "weight_g ~ time_d*diet + (time_d|rat)"),
  model("barley_split_plot", "barley",
        "yield_t_ha ~ genotype*fungicide + (1|block/fungicide)"),
  model("arabidopsis", "arabidopsis",
        "log1p(fruits) ~ nutrient*clipping + rack + status + (1|population) + (1|genotype)",
        paste("np.log1p(fruits) ~ nutrient*clipping + rack + status +",
              "(1|population) + (1|genotype)")),
  model("boundary_twoway", "boundary_twoway", "y ~ a*b + (1|g)",
        note = "boundary: theta = 0, unbalanced, fixed factors"),
  model("boundary_slopes", "boundary_slopes", "y ~ x*treatment + (x|g)",
        note = "boundary: correlation 1"),
  model("clover", "clover", "biomass ~ site_year + (1|rep) + (1|entry) + (1|entry:site_year)"),
  model("clover_ml", "clover",
        "biomass ~ site_year + (1|rep) + (1|entry) + (1|entry:site_year)", reml = FALSE),
  model("pigs_rooms", "pigs_rooms", "dry_matter_pct ~ day*diet + (1|room)"),
  model("pigs_rooms_pens", "pigs_rooms", "dry_matter_pct ~ day*diet + (1|room) + (1|pen)",
        note = "the same pen is seen on three days")
)

values_at <- function(devfun, theta, lower) {
  start <- ifelse(lower == 0, 1, 0)
  list(start, ifelse(lower == 0, 1.7 * theta + 0.1, theta - 0.25),
       ifelse(lower == 0, 0.6 * theta + 0.3, 0.5 * theta + 0.15),
       ifelse(seq_along(theta) == max(which(lower == 0)), 0, theta + 0.05))
}

reference <- function(m) {
  d <- read_data(m$data)
  args <- list(formula = as.formula(m$formula), data = d, REML = m$reml, control = control)
  if (!is.null(m$weights)) args$weights <- as.name(m$weights)
  fit <- suppressMessages(do.call(lmer, args))
  devfun <- suppressMessages(do.call(lmer, c(args, devFunOnly = TRUE)))
  theta <- getME(fit, "theta")
  lower <- getME(fit, "lower")
  frame <- model.frame(fit)
  criterion <- if (m$reml) REMLcrit(fit) else deviance(fit)
  stopifnot(abs(devfun(theta) - criterion) < 1e-9 * max(1, abs(criterion)))
  beta <- fixef(fit)
  V <- as.matrix(vcov(fit))
  keep <- if (length(beta) > 40) 1:12 else seq_along(beta)
  groups <- as.data.frame(VarCorr(fit))
  re <- as.data.frame(ranef(fit, condVar = TRUE))
  cnms <- getME(fit, "cnms")
  n_levels <- vapply(getME(fit, "flist")[attr(getME(fit, "flist"), "assign")], nlevels, 1L)
  py <- function(x) { x[!is.na(x)] <- py_names(x[!is.na(x)], frame); x }
  dropped <- attr(getME(fit, "X"), "col.dropped")
  at <- values_at(devfun, unname(theta), lower)
  boundary <- any(theta[lower == 0] < 1e-4) ||
    any(abs(abs(groups$sdcor[!is.na(groups$var2)]) - 1) < 1e-6, na.rm = TRUE)
  list(
    id = unbox(m$id), data = unbox(m$data), formula = unbox(m$python),
    r_formula = unbox(m$formula), reml = unbox(m$reml),
    weights = if (is.null(m$weights)) NULL else unbox(m$weights),
    note = if (is.null(m$note)) NULL else unbox(m$note),
    nobs = unbox(nobs(fit)), n_dropped_rows = unbox(nrow(d) - nobs(fit)),
    npar = unbox(attr(logLik(fit), "df")),
    criterion = unbox(criterion), loglik = unbox(as.numeric(logLik(fit))),
    aic = unbox(AIC(fit)), bic = unbox(BIC(fit)), boundary = unbox(boundary),
    sigma = unbox(sigma(fit)),
    theta = named(theta),
    random = table_of(data.frame(group = names(cnms), n_terms = lengths(cnms),
                                 n_levels = unname(n_levels))),
    fixed = table_of(data.frame(name = py(names(beta)), r_name = names(beta),
                                estimate = unname(beta), se = unname(sqrt(diag(V))))),
    dropped_columns = I(if (length(dropped)) py(names(dropped)) else character()),
    vcov = list(names = I(py(names(beta))[keep]), values = unname(V[keep, keep, drop = FALSE])),
    varcorr = table_of(data.frame(
      group = groups$grp, var1 = py(groups$var1), var2 = py(groups$var2),
      vcov = groups$vcov, sdcor = groups$sdcor)),
    ranef = table_of(data.frame(group = as.character(re$grpvar), level = as.character(re$grp),
                                term = py(as.character(re$term)), estimate = re$condval,
                                sd = re$condsd)),
    objective = list(theta = lapply(at, I), value = I(vapply(at, devfun, 1))),
    scaled_residuals = I(unname(quantile(residuals(fit, "pearson", scaled = TRUE)))),
    rows = I(as.integer(rownames(frame))[1:6] - 1L),
    fitted = I(unname(fitted(fit))[1:6]),
    population = I(unname(predict(fit, re.form = NA))[1:6]),
    residual_ss = unbox(sum(residuals(fit)^2))
  )
}

models <- Filter(function(m) wanted(m$data), models)
present <- Filter(function(m) have_data(m$data), models)
absent <- setdiff(vapply(models, `[[`, "", "data"), vapply(present, `[[`, "", "data"))
if (length(absent)) cat("no data yet:", absent, "\n")
out <- list()
for (m in present) {
  t0 <- proc.time()[[3]]
  out[[m$id]] <- reference(m)
  cat(sprintf("%-26s %18.9f  theta %s  (%.1f s)\n", m$id, out[[m$id]]$criterion,
              paste(format(unlist(out[[m$id]]$theta), digits = 6), collapse = " "),
              proc.time()[[3]] - t0))
}
used <- unique(vapply(present, `[[`, "", "data"))
write_reference(
  list(versions = versions(c("lme4", "nlme", "Matrix", "minqa", "numDeriv", "jsonlite")),
       data = lapply(setNames(nm = used), describe_data), models = unname(out)),
  file.path(here, "lmm.json"), only)
