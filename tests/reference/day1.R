# Writes tests/reference/day1.json: what lm, lmerTest and emmeans say of the lesson of day 1.
#
#   Rscript tests/reference/day1.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))
suppressPackageStartupMessages({ library(lmerTest); library(emmeans) })
options(contrasts = c("contr.treatment", "contr.treatment"))

overview <- function(fit) {
  s <- summary(fit)
  f <- s$fstatistic
  list(estimate = unname(coef(fit)), se = unname(s$coefficients[, 2]), t = unname(s$coefficients[, 3]),
       p = unname(s$coefficients[, 4]), sigma = unbox(s$sigma), df = unbox(fit$df.residual),
       r_squared = unbox(s$r.squared), f = unname(f),
       f_p = unbox(pf(f[[1]], f[[2]], f[[3]], lower.tail = FALSE)),
       loglik = unbox(as.numeric(logLik(fit))))
}
terms_of <- function(a) lapply(split(as.data.frame(a), rownames(a)), function(row)
  lapply(as.list(row), unbox))
means_of <- function(fit, ...) {
  m <- as.data.frame(emmeans(fit, ~ diet, ...))
  list(diet = as.character(m$diet), mean = m$emmean, se = m$SE, df = m$df,
       lower = m$lower.CL, upper = m$upper.CL)
}

cotton <- transform(read_data("potash"), rate = factor(k2o_lb_ac))
number <- lm(strength ~ k2o_lb_ac, cotton)
category <- lm(strength ~ rate, cotton)
pigs <- read_data("pigs_crd")
fit <- lm(dry_matter_pct ~ diet * day, pigs)
pens <- suppressMessages(lmerTest::lmer(dry_matter_pct ~ diet * day + (1 | pen), pigs,
                                        control = control))
averages <- aggregate(dry_matter_pct ~ pen + diet, pigs, mean)
pair <- as.data.frame(pairs(emmeans(fit, ~ diet), adjust = "none"))
pair <- pair[pair$contrast == "B - C", ]

write_json(list(
  versions = versions(c("lme4", "lmerTest", "pbkrtest", "emmeans")),
  number = overview(number), category = overview(category),
  category_means = unname(tapply(cotton$strength, cotton$rate, mean)),
  lack_of_fit = as.numeric(anova(number, category)[2, c("F", "Pr(>F)")]),
  sigma = unbox(sigma(fit)), anova = terms_of(anova(fit)), means = means_of(fit),
  b_minus_c = as.numeric(pair[, c("estimate", "SE", "t.ratio", "p.value")]),
  pen_variances = as.data.frame(VarCorr(pens))$vcov,
  pen_anova = terms_of(anova(pens, type = 2, ddf = "Kenward-Roger")),
  pen_means = means_of(pens, lmer.df = "kenward-roger"),
  average_anova = terms_of(anova(lm(dry_matter_pct ~ diet, averages))),
  two_days = c(sigma(lm(dry_matter_pct ~ diet * day, pigs, subset = day != "3")),
               df.residual(lm(dry_matter_pct ~ diet * day, pigs, subset = day != "3"))),
  rooms_left_out = sigma(lm(dry_matter_pct ~ diet * day, read_data("pigs_rooms")))),
  file.path(here, "day1.json"), digits = 12, pretty = TRUE)
