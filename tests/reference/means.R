# Writes tests/reference/means.json: means with proportional weights, and contrasts of means by
# the methods eff, consec and poly, by emmeans; multivariate t probabilities by mvtnorm.
#
#   Rscript tests/reference/means.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))
suppressPackageStartupMessages({
  library(lmerTest)
  library(pbkrtest)
  library(emmeans)
})
emm_options(lmer.df = "kenward-roger", msg.interaction = FALSE)
set.seed(1)

read <- function(name) {
  d <- read_data(name)
  d$w <- 1 + seq_len(nrow(d)) %% 3            # the same column is made in the tests
  d
}
fit_of <- function(data, formula, weights) {
  mixed <- grepl("|", formula, fixed = TRUE)
  args <- list(formula = as.formula(formula), data = read(data))
  if (!is.null(weights)) args$weights <- as.name(weights)
  if (mixed) args$control <- control
  suppressMessages(do.call(if (mixed) lmerTest::lmer else lm, args))
}

KEY <- c(estimate = "estimate", emmean = "mean", SE = "se", df = "df", lower.CL = "lower",
         upper.CL = "upper", t.ratio = "t", p.value = "p", asymp.LCL = "lower",
         asymp.UCL = "upper", z.ratio = "t")
plain <- function(e, ...) {
  s <- as.data.frame(summary(e, infer = c(TRUE, TRUE), ...))
  names(s) <- ifelse(names(s) %in% names(KEY), KEY[names(s)], names(s))
  s
}
# Contrasts with the adjustment that emmeans takes by default for the method, and with none.
one_contrast <- function(e, method) {
  con <- contrast(e, method)
  given <- plain(con)
  out <- plain(con, adjust = "none")
  out$p_default <- given$p
  out$lower_default <- given$lower
  out$upper_default <- given$upper
  list(adjust = unbox(attr(getFromNamespace(paste0(method, ".emmc"), "emmeans")(1:3), "adjust")), table = table_of(out))
}
# P(max |T| > |t|) to 1e-6, at whole degrees of freedom, with the correlations of the contrasts.
exactly <- function(e, method) {
  con <- contrast(e, method)
  s <- plain(con, adjust = "none")
  if (anyNA(s$t) || nrow(s) < 2) return(NULL)
  corr <- cov2cor(vcov(con))
  df <- max(1, floor(s$df[1] + 0.25))
  p <- vapply(abs(s$t), function(t) 1 - as.numeric(mvtnorm::pmvt(
    rep(-t, nrow(s)), rep(t, nrow(s)), df = df, corr = corr,
    algorithm = mvtnorm::GenzBretz(maxpts = 2e6, abseps = 1e-6))), 0)
  list(df = unbox(df), t = I(s$t), corr = unname(corr), p = I(p))
}
emm <- function(specs, by = NULL, at = NULL, weights = "proportional", contrasts = TRUE)
  list(specs = specs, by = by, at = at, weights = weights, contrasts = contrasts)
one <- function(fit, s) {
  args <- list(fit, if (length(s$specs)) s$specs else ~1, weights = s$weights)
  args$by <- s$by
  args$at <- s$at
  e <- suppressMessages(do.call(emmeans, args))
  methods <- if (s$contrasts && length(s$specs)) c("eff", "consec", "poly") else character()
  names(methods) <- methods
  list(specs = I(as.character(s$specs)), by = if (is.null(s$by)) NULL else I(s$by),
       at = if (is.null(s$at)) NULL else lapply(s$at, I), weights = unbox(s$weights),
       means = table_of(plain(e, adjust = "none")),
       contrasts = if (length(methods)) lapply(methods, one_contrast, e = e),
       mvt = if (is.null(s$by) && length(methods))
         Filter(Negate(is.null), lapply(methods[1:2], exactly, e = e)))
}

case <- function(id, data, formula, ..., python = formula, weights = NULL)
  list(id = id, data = data, formula = formula, emm = list(...), python = python,
       weights = weights)
cases <- list(
  case("sorghum", "sorghum", "yield_kg_ha ~ genotype + (1|block)", emm("genotype", weights = "equal")),
  case("cake", "cake", "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       emm("temperature"), emm("temperature", by = "recipe")),
  case("cake_unbalanced", "cake_unbalanced",
       "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       emm("recipe"), emm("temperature"), emm("temperature", weights = "equal"), emm("temperature", by = "recipe"),
       emm("recipe", at = list(temperature = c("175", "205"))), emm(character())),
  case("cake_covariate", "cake_unbalanced", "angle_deg ~ recipe*temp_f + (1|recipe:replicate)",
       emm("temp_f", at = list(temp_f = c(180, 200, 230))),
       emm("recipe", by = "temp_f", at = list(temp_f = c(180, 220)))),
  case("cake_empty", "cake_empty", "angle_deg ~ recipe*temperature + (1|recipe:replicate)",
       emm("recipe"), emm("temperature"), emm("recipe", by = "temperature")),
  case("boundary_twoway", "boundary_twoway", "y ~ a*b + (1|g)", emm("a"), emm("b"),
       emm("a", by = "b")),
  case("arabidopsis", "arabidopsis",
       "log1p(fruits) ~ nutrient*clipping + rack + status + (1|population) + (1|genotype)",
       emm("nutrient"), emm("nutrient", by = "clipping"), emm("status"),
       emm("clipping", at = list(nutrient = "8", status = c("Normal", "Transplant"))),
       python = paste("np.log1p(fruits) ~ nutrient*clipping + rack + status +",
                      "(1|population) + (1|genotype)")),
  case("clover_entry_fixed", "clover", "biomass ~ site_year + entry + (1|rep)",
       emm("entry", contrasts = FALSE), emm("site_year")),
  case("lm_cake_unbalanced", "cake_unbalanced", "angle_deg ~ recipe*temperature + replicate",
       emm("recipe"), emm("recipe", by = "temperature"), emm("temperature")),
  case("lm_weighted", "cake_unbalanced", "angle_deg ~ recipe*temperature + replicate",
       emm("recipe"), emm("temperature", by = "recipe"), weights = "w"),
  case("lm_cake_empty", "cake_empty", "angle_deg ~ recipe*temperature", emm("recipe"),
       emm("temperature")),
  case("lm_clover", "clover", "biomass ~ site_year + rep + entry",
       emm("entry", contrasts = FALSE), emm("site_year"), emm("rep"), emm("entry", by = "site_year", contrasts = FALSE)),
  case("lm_clover_interaction", "clover", "biomass ~ site_year + rep + entry + entry:site_year",
       emm("entry", contrasts = FALSE), emm("site_year")),
  case("lm_potash", "potash", "strength ~ factor(k2o_lb_ac) + block", emm("k2o_lb_ac"),
       python = "strength ~ C(k2o_lb_ac) + block"),
  case("lm_sorghum", "sorghum", "yield_kg_ha ~ genotype + block", emm("block"))
)
run <- function(m) {
  cat(m$id, "")
  fit <- fit_of(m$data, m$formula, m$weights)
  list(id = unbox(m$id), data = unbox(m$data), formula = unbox(m$python),
       weights = if (is.null(m$weights)) NULL else unbox(m$weights),
       emmeans = lapply(m$emm, one, fit = fit))
}
used <- unique(vapply(cases, `[[`, "", "data"))
data <- lapply(setNames(used, used), describe_data)
write_reference(
  list(versions = versions(c("lme4", "lmerTest", "pbkrtest", "emmeans", "mvtnorm", "jsonlite")),
       data = data, models = lapply(cases, run)),
  file.path(here, "means.json"))
