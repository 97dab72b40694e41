# Writes tests/reference/structure.json: what day 3 says of wrong random parts, by lme4, lmerTest and
# emmeans. Names of groups are written in Python's order (block:fungicide).
#
#   Rscript tests/reference/structure.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

barley <- read_data("barley")
few <- droplevels(subset(barley, genotype %in% sprintf("G%02d", 1:35)))  # the first 35 genotypes
sleep <- read_data("sleepstudy")
sleep$from_middle <- sleep$days - 4.5
# 72 simulated students of 18 classes in 6 schools, made by the lesson
classes <- read.csv(file.path(here, "data", "classes.csv"), colClasses = c(classroom = "character"))

fit_of <- function(formula, d) suppressMessages(do.call(
  lmerTest::lmer, list(formula = as.formula(formula), data = d, control = control)))
entry <- function(id, formula, d, more = list()) {
  fit <- fit_of(formula, d)
  vc <- as.data.frame(VarCorr(fit))
  c(list(id = unbox(id), formula = unbox(formula), nobs = unbox(nrow(d)),
         criterion = unbox(REMLcrit(fit)),
         varcorr = list(group = sub("fungicide:block", "block:fungicide", vc$grp), var2 = vc$var2,
                        vcov = vc$vcov, sdcor = vc$sdcor)), more(fit))
}
split_plot <- function(fit) {
  F <- anova(fit, type = 2, ddf = "Kenward-Roger")["fungicide", ]
  d <- as.data.frame(pairs(suppressMessages(emmeans::emmeans(
    fit, "fungicide", lmer.df = "kenward-roger"))))
  m <- as.data.frame(suppressMessages(emmeans::emmeans(
    fit, "fungicide", lmer.df = "kenward-roger")))
  g <- summary(suppressMessages(emmeans::emmeans(fit, "genotype", lmer.df = "kenward-roger")))
  g2 <- as.data.frame(emmeans::contrast(suppressMessages(emmeans::emmeans(
    fit, "genotype", lmer.df = "kenward-roger")), list(d = c(-1, 1, rep(0, nrow(g) - 2)))))
  one <- as.data.frame(emmeans::contrast(suppressMessages(emmeans::emmeans(
    fit, ~ fungicide | genotype, at = list(genotype = "G01"), lmer.df = "kenward-roger")),
    "pairwise"))
  list(f = unbox(F[["F value"]]), den_df = unbox(F[["DenDF"]]), p = unbox(F[["Pr(>F)"]]),
       mean = m$emmean, mean_se = m$SE, mean_df = m$df,
       difference = unbox(d$estimate), sed = unbox(d$SE), df = unbox(d$df),
       sed_genotypes = unbox(g2$SE), sed_in_one_genotype = unbox(one$SE))
}
slope <- function(name) function(fit) {
  s <- coef(summary(fit, ddf = "Kenward-Roger"))[name, ]
  list(estimate = unbox(s[["Estimate"]]), se = unbox(s[["Std. Error"]]), df = unbox(s[["df"]]))
}
nothing <- function(fit) list()
whole <- "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)"
blocks <- "yield_t_ha ~ genotype * fungicide + (1 | block)"
line <- "reaction_ms ~ days +"
middle <- "reaction_ms ~ from_middle +"

write_reference(list(
  versions = versions(c("lme4", "lmerTest", "pbkrtest", "emmeans")),
  models = list(
    entry("barley", whole, barley, split_plot),
    entry("barley_forgotten", blocks, barley, split_plot),
    entry("few", whole, few, split_plot),
    entry("few_forgotten", blocks, few, split_plot),
    entry("sleep_1", paste(line, "(1 | subject)"), sleep, slope("days")),
    entry("sleep_bars", paste(line, "(days || subject)"), sleep, slope("days")),
    entry("sleep_bar", paste(line, "(days | subject)"), sleep, slope("days")),
    entry("middle_bars", paste(middle, "(from_middle || subject)"), sleep, slope("from_middle")),
    entry("middle_bar", paste(middle, "(from_middle | subject)"), sleep, slope("from_middle")),
    entry("classes_slash", "score ~ 1 + (1 | school/classroom)", classes, nothing),
    entry("classes_unique", "score ~ 1 + (1 | school) + (1 | unique_class)", classes, nothing),
    entry("classes_crossed", "score ~ 1 + (1 | school) + (1 | classroom)", classes, nothing))),
  file.path(here, "structure.json"))
