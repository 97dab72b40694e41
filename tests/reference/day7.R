# Writes tests/reference/day7.json: residuals, Q-Q correlations, Cook's distances and likelihoods
# of the lesson on checking and choosing, by lme4 and stats.
#
#   Rscript tests/reference/day7.R
#
# fits: name -> criterion, npar, fixed (estimate and se by R's names), sigma, vcov (variances and covariances),
# standardised, cooks (in row order), qq (correlation with normal scores, Blom's positions).

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

fit_of <- function(formula, d, reml = TRUE)
  suppressMessages(do.call(lmer, list(formula = as.formula(formula), data = d, REML = reml,
                                      control = control)))
qq_of <- function(x) cor(sort(x), qnorm(ppoints(length(x), a = 3 / 8)))
describe <- function(formula, d, reml = TRUE, rows = FALSE) {
  fit <- fit_of(formula, d, reml)
  t <- unname(resid(fit) / (sigma(fit) * sqrt(1 - hatvalues(fit))))
  out <- list(formula = unbox(formula), criterion = unbox(-2 * as.numeric(logLik(fit))),
              npar = unbox(attr(logLik(fit), "df")), sigma = unbox(sigma(fit)),
              fixed = named(fixef(fit)), se = named(sqrt(diag(as.matrix(vcov(fit))))),
              vcov = I(as.data.frame(VarCorr(fit), order = "lower.tri")$vcov),
              sdcor = I(as.data.frame(VarCorr(fit), order = "lower.tri")$sdcor),
              qq = unbox(qq_of(t)))
  if (rows) out <- c(out, list(standardised = I(t), cooks = I(unname(cooks.distance(fit)))))
  out
}

clover <- read_data("clover")
sleep <- read_data("sleepstudy")
plants <- read_data("arabidopsis")
plants$clipping <- relevel(plants$clipping, "unclipped")
plants$log_fruits <- log1p(plants$fruits)
barley <- read_data("barley")
random <- "site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
no_entry <- "site_year + (1 | rep) + (1 | entry:site_year)"
base <- "log_fruits ~ nutrient * clipping + rack + status +"
simple <- paste(base, "(1 | population) + (1 | genotype)")
one_slope <- paste(base, "(nutrient | population) + (1 | genotype)")
maximal <- paste(base, "(nutrient * clipping | population) + (nutrient * clipping | genotype)")
others <- droplevels(subset(plants, population != "7.SW"))
eight <- aggregate(yield_t_ha ~ block + fungicide, barley, mean)

write_reference(list(
  versions = versions(c("lme4", "jsonlite")),
  fits = list(
    clover = describe(paste("biomass ~", random), clover, rows = TRUE),
    clover_ml = describe(paste("biomass ~", random), clover, FALSE),
    clover_log = describe(paste("log(biomass) ~", random), clover, rows = TRUE),
    clover_log_ml = describe(paste("log(biomass) ~", random), clover, FALSE),
    clover_log_no_entry = describe(paste("log(biomass) ~", no_entry), clover),
    clover_no_entry = describe(paste("biomass ~", no_entry), clover),
    sleep = describe("reaction_ms ~ days + (days | subject)", sleep, rows = TRUE),
    sleep_without_row = describe("reaction_ms ~ days + (days | subject)", sleep[-60, ]),
    sleep_without_332 = describe("reaction_ms ~ days + (days | subject)",
                                 droplevels(subset(sleep, subject != "332")), rows = TRUE),
    plants_simple = describe(simple, plants),
    plants_one_slope = describe(one_slope, plants),
    plants_maximal = describe(maximal, plants),
    others_simple = describe(simple, others),
    others_one_slope = describe(one_slope, others)),
  eight_means_f = unbox(anova(lm(yield_t_ha ~ block + fungicide, eight))["fungicide", "F value"])),
  file.path(here, "day7.json"))
