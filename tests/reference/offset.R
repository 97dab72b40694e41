# Writes tests/reference/offset.json: models with offsets, by lm and by lme4.
#
#   Rscript tests/reference/offset.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

d <- read_data("sleepstudy")
d$load <- 20 * sqrt(d$days + 1)        # the same columns are made in the tests
d$weight <- 1 + seq_len(nrow(d)) %% 3
new <- d[c(3, 50, 171), ]

model <- function(id, formula, weights = NULL, reml = TRUE)
  list(id = id, formula = formula, weights = weights, reml = reml)
models <- list(
  model("lm_one", "reaction_ms ~ days + offset(load)"),
  model("lm_two_weighted", "reaction_ms ~ days + offset(load) + offset(2 * days)", "weight"),
  model("lm_only", "reaction_ms ~ offset(log(days + 1))"),
  model("lmm_one", "reaction_ms ~ days + offset(load) + (days | subject)"),
  model("lmm_ml_two", "reaction_ms ~ offset(load) + days + offset(3 * log(days + 1)) + (1 | subject)",
        reml = FALSE),
  model("lmm_weighted", "log(reaction_ms) ~ days + offset(load / 400) + (1 | subject)", "weight"))

fit_one <- function(m) {
  mixed <- grepl("|", m$formula, fixed = TRUE)
  w <- if (is.null(m$weights)) rep(1, nrow(d)) else d[[m$weights]]
  fit <- if (mixed) lmer(as.formula(m$formula), d, REML = m$reml, weights = w, control = control)
         else lm(as.formula(m$formula), d, weights = w)
  draws <- rowMeans(simulate(fit, 4000, seed = 1))     # mean of the draws: the offset is in it
  list(id = unbox(m$id), formula = unbox(m$formula), reml = unbox(m$reml),
       weights = if (is.null(m$weights)) NULL else unbox(m$weights),
       estimate = unname(if (mixed) fixef(fit) else coef(fit)),
       se = unname(sqrt(diag(as.matrix(vcov(fit))))),
       sigma = unbox(sigma(fit)), loglik = unbox(as.numeric(logLik(fit))),
       fitted = unname(fitted(fit)), predict = unname(predict(fit, new)),
       population = if (mixed) unname(predict(fit, new, re.form = NA)) else NULL,
       refit = if (mixed) unname(fixef(refit(fit, getME(fit, "y") * 1.1))) else NULL,
       mean_of_draws = unbox(mean(draws)))
}
write_reference(list(versions = versions(c("lme4")), rows = c(2, 49, 170),
                     models = lapply(models, fit_one)), file.path(here, "offset.json"))
