# Writes tests/reference/answers.json: for each question of the exercises the right answer and the
# known wrong ones, in the order of mmteach/course/answers/, computed by R.
#
#   Rscript tests/reference/answers.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))

mixed <- function(formula, d, reml = TRUE)
  suppressMessages(do.call(lmer, list(formula = as.formula(formula), data = d, REML = reml,
                                      control = control)))
# (between, within): the one variance component and the residual variance
components <- function(fit) as.data.frame(VarCorr(fit))$vcov
mean_squares <- function(fit) setNames(anova(fit)$`Mean Sq`, rownames(anova(fit)))
share <- function(v) v[1] / (v[1] + v[2])
kept <- function(v, rows) rows * v[1] / (rows * v[1] + v[2])
blup <- function(fit, group) { u <- ranef(fit)[[group]]; setNames(u[[1]], rownames(u)) }

# ---- day 1 ----------------------------------------------------------------------------------
cotton <- read_data("potash")
straight <- lm(strength ~ k2o_lb_ac, cotton)
kg <- coef(lm(strength ~ I(k2o_lb_ac * 1.12085), cotton))[[2]]
crd <- read_data("pigs_crd")
free <- lm(dry_matter_pct ~ diet * day, crd)
s <- summary(free)$sigma
b3 <- predict(free, data.frame(diet = "B", day = "3"), interval = "confidence")
# X beta of six pens, C the reference (or another one), by R's own coding
six <- c("A", "C", "B", "B", "A", "C")
coded <- function(ref, drop = integer(0)) {
  X <- model.matrix(~ relevel(factor(six), ref))
  X[, drop] <- 0
  as.numeric(X %*% c(20, 3, -2))
}
housed <- read_data("pigs_rooms")
ht <- anova(lm(dry_matter_pct ~ diet * day, housed))
hr <- anova(lm(dry_matter_pct ~ room + diet * day, housed))
pen_v <- components(mixed("dry_matter_pct ~ diet * day + (1 | pen)", crd))
se_pens <- function(pens, days) sqrt(pen_v[1] / pens + pen_v[2] / (pens * days))

day1 <- list(
  day1.slope = c(kg, coef(straight)[[2]] * 1.12085, coef(straight)[[2]], coef(straight)[[1]],
                 summary(straight)$coefficients[2, "t value"], 100 * kg),
  day1.error_df = c(96 - 24, 96 - 1, 96 - 1 - 7 - 2, 96 - 8 - 3, 7 * 2, 24 - 1, 96 - 24 + 1),
  day1.se_cell = c(predict(free, data.frame(diet = "B", day = "3"), se.fit = TRUE)$se.fit,
                   s / sqrt(45), s / sqrt(3), s, s^2 / 15, sqrt(mean(resid(free)^2) / 15),
                   sqrt(2 * s^2 / 15)),
  day1.half = c(b3[[3]] - b3[[1]], s / sqrt(15), b3[[3]] - b3[[2]], b3[[2]], qt(.975, 252) * s / sqrt(45),
                qt(.975, 14) * s / sqrt(15), qt(.95, 252) * s / sqrt(15), qt(.975, 252) * s,
                qnorm(.975) * s / sqrt(15)),
  day1.rows = list(coded("C"), coded("A"), coded("C", 1),
                   20 + 3 * (six == "A") - 2, coded("B")),
  day1.f = c(ht["diet", "F value"], ht["diet", "Sum Sq"] / ht["Residuals", "Sum Sq"],
             ht["diet", "Sum Sq"] / ht["Residuals", "Mean Sq"],
             ht["diet", "Mean Sq"] / (ht["Residuals", "Sum Sq"] / 270),
             1 / ht["diet", "F value"], ht["day", "F value"], hr["diet", "F value"]),
  day1.days = c(se_pens(15, 6), s / sqrt(90), se_pens(15, 3), se_pens(30, 3), se_pens(15, 1),
                se_pens(15, 6)^2))

# ---- day 2 ----------------------------------------------------------------------------------
sorghum <- read_data("sorghum")
fixed <- lm(yield_kg_ha ~ genotype + block, sorghum)
s2 <- summary(fixed)$sigma^2
v <- components(mixed("yield_kg_ha ~ genotype + (1 | block)", sorghum))
ml <- components(mixed("yield_kg_ha ~ genotype + (1 | block)", sorghum, FALSE))
ms <- mean_squares(fixed)
uneven <- subset(sorghum, !(genotype == "G01" & block %in% c("R1", "R2")))
potash <- transform(read_data("potash"), k2o = factor(k2o_lb_ac))
pms <- mean_squares(lm(strength ~ k2o + block, potash))
pb <- (pms[["block"]] - pms[["Residuals"]]) / 5
second <- function(fit) (if (inherits(fit, "lm")) coef(fit) else fixef(fit))[["genotypeG02"]]
raw <- tapply(uneven$yield_kg_ha, uneven$genotype, mean)

out <- list(
  day2.sigma = c(sqrt(s2), s2, sqrt(mean(resid(fixed)^2)),
                 summary(lm(yield_kg_ha ~ genotype, sorghum))$sigma, sqrt(s2 / 4)),
  day2.sigma2_b = c(v[1], sqrt(v[1]), ml[1], (ms[["block"]] - ms[["Residuals"]]) / 4,
                    var(tapply(sorghum$yield_kg_ha, sorghum$block, mean)),
                    ms[["block"]] - ms[["Residuals"]], v[2]),
  day2.correlation = c(share(v), v[1] / v[2], share(sqrt(v)), 1 - share(v)),
  day2.sed = c(sqrt(2 * s2 / 4), sqrt(s2 / 4), sqrt(2 * sum(v) / 4), sqrt(2 * s2), sqrt(s2),
               sqrt(2 * ml[2] / 4), 2 * s2 / 4),
  day2.se_mean = c(sqrt(sum(v) / 4), sqrt(s2 / 4), sqrt(2 * s2 / 4), sqrt(v[1] + v[2] / 4),
                   sqrt(sum(ml) / 4), sum(v) / 4, sqrt(sum(v))),
  day2.uneven = c(second(mixed("yield_kg_ha ~ genotype + (1 | block)", uneven)),
                  second(lm(yield_kg_ha ~ genotype + block, uneven)),
                  raw[["G02"]] - raw[["G01"]], second(fixed)),
  day2.potash = c(pb, pb * 5 / 3, sqrt(pb),
                  components(mixed("strength ~ k2o + (1 | block)", potash, FALSE))[1],
                  pms[["Residuals"]], pms[["block"]] / 5, pms[["block"]] - pms[["Residuals"]],
                  (pms[["k2o"]] - pms[["Residuals"]]) / 5))

# ---- day 3 ----------------------------------------------------------------------------------
pigs <- as.data.frame(VarCorr(mixed("dry_matter_pct ~ day * diet + (1 | room) + (1 | pen)",
                                    read_data("pigs_rooms"))))
pigs <- setNames(pigs$vcov, pigs$grp)[c("room", "pen", "Residual")]
part <- function(v, of) unname(sum(v[of]) / sum(v))
rice <- data.frame(expand.grid(block = factor(1:6), water = factor(1:3), nitrogen = factor(1:5)))
rice$y <- sin(seq_len(nrow(rice))^2)  # any numbers: only the degrees of freedom are read
strata <- summary(aov(y ~ water * nitrogen + Error(block/water), rice))
df <- lapply(strata, function(stratum) stratum[[1]]$Df)
whole <- df[["Error: block:water"]]  # water, error
drivers <- mixed("reaction_ms ~ days + (days | subject)", read_data("sleepstudy"))
G <- matrix(VarCorr(drivers)$subject, 2)
days <- function(G, one = 2, other = 7) drop(c(1, one) %*% G %*% c(1, other))
two_days <- days(G) / sqrt((days(G, 2, 2) + sigma(drivers)^2) * (days(G, 7, 7) + sigma(drivers)^2))
shifted <- G
shifted[2, 2] <- 0
in_block <- outer(c(1, 1, 1, 2), c(1, 1, 1, 2), "==")
in_half <- outer(c(1, 1, 2, 3), c(1, 1, 2, 3), "==")
four <- function(half, own, plot = 180) 200 * in_block + half * in_half + (own + plot) * diag(4)
k <- 5
lower <- sum(lower.tri(diag(k)))
theta <- function(halves = 4, plots = 280) sqrt(halves * (1 / 8 - 1 / plots))
barley_sd <- as.data.frame(VarCorr(mixed(
  "yield_t_ha ~ genotype * fungicide + (1 | block/fungicide)", read_data("barley"))))
barley_sd <- setNames(barley_sd$sdcor, barley_sd$grp)
plants <- read_data("arabidopsis")
columns <- setdiff(names(plants), c("population", "fruits"))
counts <- lapply(setNames(columns, columns), function(name) table(plants$population, plants[[name]]))
inner <- names(which(sapply(counts, function(n) all(colSums(n > 0) == 1))))
outer_one <- names(which(sapply(counts, function(n) all(rowSums(n > 0) == 1))))
full <- names(which(sapply(counts, function(n) all(n > 0))))

out <- c(out, list(
  day3.pen = c(part(pigs, 1:2), part(pigs, 1), part(pigs, 3), part(sqrt(pigs), 1:2),
               part(pigs, 2), sum(pigs[1:2])),
  day3.df = c(whole[2], whole[2] + df[["Error: block"]],
              nlevels(rice$block) * nlevels(rice$water), tail(df[["Error: Within"]], 1),
              df[["Error: block"]], whole[1]),
  day3.days = c(days(G), days(shifted), days(diag(diag(G))), two_days, days(G) + sigma(drivers)^2,
                components(mixed("reaction_ms ~ days + (1 | subject)",
                                 read_data("sleepstudy")))[1]),
  day3.four_plots = c(mean(four(100, 0)), sum(diag(four(100, 0))) / 16, mean(four(0, 100)),
                      sum(four(100, 0)) / 4, sum(four(100, 0)), sqrt(mean(four(100, 0))),
                      mean(four(100, 0, 0))),
  day3.numbers = c(k + lower, lower, k^2, k + lower + 1, k, k - 1),
  day3.theta = c(theta(), theta()^2, theta(plots = Inf),
                 barley_sd[["fungicide:block"]] / barley_sd[["Residual"]], theta(halves = 1),
                 1 / theta()),
  day3.inside = c(inner, outer_one, full)))

# ---- day 4 ----------------------------------------------------------------------------------
schools <- read_data("schools")
fit <- mixed("score ~ 1 + (1 | school)", schools)
fit_ml <- mixed("score ~ 1 + (1 | school)", schools, FALSE)
v <- components(fit)
ml <- components(fit_ml)
means <- tapply(schools$score, schools$school, mean)
inside <- sum((schools$score - means[schools$school])^2)
few <- schools[-c(7, 8), ]  # the last two students of S2 are absent
few_v <- components(mixed("score ~ 1 + (1 | school)", few))
few_means <- tapply(few$score, few$school, mean)
few_inside <- sum((few$score - few_means[few$school])^2)
# -2 log REML likelihood of the schools at given variances, by the determinants themselves
criterion <- function(between, within) {
  V <- between * outer(schools$school, schools$school, "==") + within * diag(12)
  X <- matrix(1, 12, 1)
  XVX <- t(X) %*% solve(V, X)
  r <- schools$score - X %*% solve(XVX, t(X) %*% solve(V, schools$score))
  drop(11 * log(2 * pi) + determinant(V)$modulus + log(XVX) + t(r) %*% solve(V, r))
}
expected_ml <- function(J, k) ((J - 1) / J * (k * 100 + 225) - 225) / k
gain <- function(reml) diff(sapply(c("k2o", "1"), function(x)
  -2 * as.numeric(logLik(mixed(paste("strength ~", x, "+ (1 | block)"), potash, reml)))))[[1]]
reml <- -2 * as.numeric(logLik(fit))

out <- c(out, list(
  day4.var_mean = c(100 / 3 + 225 / 12, 325 / 12, 100 + 225 / 4, 225 / 12,
                    sqrt(100 / 3 + 225 / 12), 325),
  day4.sigma2 = c(v[2], sqrt(v[2]), inside / 12, inside / 11, var(schools$score), v[1]),
  day4.sigma2_b = c(v[1], ml[1], var(means), 4 * var(means), 4 * var(means) - inside / 9,
                    (4 * var(means) - inside / 9) / 3, v[2], sqrt(v[1])),
  day4.criterion = c(reml, -2 * as.numeric(logLik(fit_ml)), reml / -2, reml - 11 * log(2 * pi),
                     reml + log(2 * pi), criterion(ml[1], ml[2]), criterion(var(means), v[2]),
                     criterion(100, 225)),
  day4.ml_average = c(expected_ml(3, 40), expected_ml(3, 4), 100, expected_ml(30, 4)),
  day4.uneven = c(few_v[1], components(mixed("score ~ 1 + (1 | school)", few, FALSE))[1],
                  var(few_means) - few_inside / 7 / (10 / 3), v[1], few_v[2], sqrt(few_v[1])),
  day4.potash = c(gain(FALSE), gain(TRUE), gain(FALSE) / 2, -gain(FALSE))))

# ---- day 5 ----------------------------------------------------------------------------------
deviation <- means[["S3"]] - mean(means)
field <- subset(read_data("barley"), fungicide == "F1")
field_v <- components(mixed("yield_t_ha ~ block + (1 | genotype)", field))
table <- anova(lm(yield_t_ha ~ block + genotype, field))
minus2 <- function(fit) -2 * as.numeric(logLik(fit))
# -2 log REML likelihood of the field without genotypes
zero <- -2 * as.numeric(logLik(lm(yield_t_ha ~ block, field), REML = TRUE))
zero_ml <- -2 * as.numeric(logLik(lm(yield_t_ha ~ block, field)))
by_reml <- minus2(mixed("yield_t_ha ~ block + (1 | genotype)", field))
by_ml <- minus2(mixed("yield_t_ha ~ block + (1 | genotype)", field, FALSE))
lost <- subset(field, genotype != "G03" | block == "B4")
promoted <- names(which.max(blup(mixed("yield_t_ha ~ block + (1 | genotype)", lost), "genotype")))
effects <- coef(lm(yield_t_ha ~ block + genotype, lost))
effects <- effects[grep("^genotype", names(effects))]
plants <- read_data("arabidopsis")
plants$clipping <- relevel(plants$clipping, "unclipped")
plants$log_fruits <- log1p(plants$fruits)
plants_v <- components(mixed(
  "log_fruits ~ rack + nutrient * clipping + status + (1 | genotype)", plants))
rows <- table(plants$genotype)
sleep <- read_data("sleepstudy")
lines <- mixed("reaction_ms ~ days + (days | subject)", sleep)
line <- as.numeric(coef(lines)$subject["335", ])
own <- as.numeric(coef(lm(reaction_ms ~ days, subset(sleep, subject == "335"))))

out <- c(out, list(
  day5.school = c(deviation * kept(v, 4), deviation, mean(means) + deviation * kept(v, 4),
                  deviation * kept(v, 1), deviation * kept(ml, 4), deviation * (1 - kept(v, 4))),
  day5.f_genotype = c(table["genotype", "F value"], table["block", "F value"],
                      anova(lm(yield_t_ha ~ genotype, field))["genotype", "F value"],
                      table["genotype", "Sum Sq"] / table["Residuals", "Sum Sq"],
                      1 / table["genotype", "F value"]),
  day5.lrt = c(zero - by_reml, zero_ml - by_ml, (zero - by_reml) / 2, zero_ml - by_reml),
  day5.factor = c(kept(field_v, 4), kept(field_v, 1), 1 - kept(field_v, 4),
                  kept(sqrt(field_v), 4)),
  day5.promote = c(promoted, sub("^genotype", "", names(which.max(effects)))),
  day5.few = c(kept(plants_v, rows[["5"]]), kept(plants_v, mean(rows)), kept(plants_v, 1),
               1 - kept(plants_v, rows[["5"]]), kept(plants_v, max(rows))),
  day5.line = list(line, line - fixef(lines), own, fixef(lines), rev(line))))

# ---- day 6 ----------------------------------------------------------------------------------
pigs <- read_data("pigs_rooms")
pens <- aggregate(dry_matter_pct ~ room + diet + pen, pigs, mean)
two <- droplevels(subset(pens, room != "room3"))
pen_table <- anova(lm(dry_matter_pct ~ room + diet, pens))
two_ms <- mean_squares(lm(dry_matter_pct ~ room + diet, two))
satt <- function(rooms, pens, weight, rooms_df, pens_df)
  (rooms + weight * pens)^2 / (rooms^2 / rooms_df + (weight * pens)^2 / pens_df)
with_pens <- "dry_matter_pct ~ diet * day + (1 | room) + (1 | pen)"
without <- sub("diet * day", "diet + day", with_pens, fixed = TRUE)
gain_of_days <- function(reml) minus2(mixed(without, pigs, reml)) - minus2(mixed(with_pens, pigs, reml))
barley <- read_data("barley")
whole <- "yield_t_ha ~ fungicide * genotype + (1 | block) + (1 | block:fungicide)"
drop_of <- function(term, reml = TRUE)
  minus2(mixed(sub(paste0(" + (1 | ", term, ")"), "", whole, fixed = TRUE), barley, reml)) -
    minus2(mixed(whole, barley, reml))
halves <- aggregate(yield_t_ha ~ block + fungicide, barley, mean)
tail_of <- function(drop) pchisq(drop, 1, lower.tail = FALSE)
suppressMessages(library(emmeans))
emm_options(msg.interaction = FALSE, pbkrtest.limit = 1000, lmer.df = "kenward-roger")
of_barley <- emmeans(mixed(whole, barley), "fungicide")
f1 <- as.data.frame(of_barley)[1, ]
f1_f2 <- as.data.frame(pairs(of_barley))
# small plots only: the means are balanced, so the difference is that of the plot means
plots <- anova(lm(yield_t_ha ~ block + fungicide * genotype, barley))
plots_se <- sqrt(2 * plots["Residuals", "Mean Sq"] / 280)
plots_df <- plots["Residuals", "Df"]
end <- function(quantile, se = f1_f2$SE) f1_f2$estimate + quantile * se
of_sorghum <- emmeans(mixed("yield_kg_ha ~ genotype + (1 | block)", sorghum), "genotype")
p_of <- function(name, method, ...) {
  table <- as.data.frame(contrast(of_sorghum, method, ...))
  table$p.value[table$contrast == name]
}
n_pens <- 4 * 6 * 3

out <- c(out, list(
  day6.f_pens = c(pen_table["diet", "F value"],
                  anova(lm(dry_matter_pct ~ room + diet * day, pigs))["diet", "F value"],
                  anova(lm(dry_matter_pct ~ diet, pens))["diet", "F value"],
                  pen_table["room", "F value"],
                  pen_table["diet", "Sum Sq"] / pen_table["Residuals", "Sum Sq"]),
  day6.error_df = c(n_pens - 1 - 3 - 5, n_pens - 1 - 5, 3 * n_pens - 6 * 3 - 3,
                    2 * n_pens - 2 - 10, n_pens - 1, 3 * 5),
  day6.lrt = c(gain_of_days(FALSE), gain_of_days(TRUE), gain_of_days(FALSE) / 2,
               -gain_of_days(FALSE)),
  day6.df_mean = c(satt(two_ms[["room"]], two_ms[["Residuals"]], 5, 1, 53),
                   satt(two_ms[["room"]], two_ms[["Residuals"]], 5, 2, 53),
                   satt(two_ms[["room"]], two_ms[["Residuals"]], 1, 1, 53),
                   satt(pen_table["room", "Mean Sq"], pen_table["Residuals", "Mean Sq"], 5, 2, 82),
                   53),
  day6.p_blocks = c(tail_of(drop_of("block")) / 2, tail_of(drop_of("block")),
                    tail_of(drop_of("block", FALSE)) / 2, tail_of(drop_of("block")) / 4,
                    anova(lm(yield_t_ha ~ block + fungicide, halves))["block", "Pr(>F)"]),
  day6.dunnett = c(p_of("G07 - G01", "trt.vs.ctrl"),
                   p_of("G07 - G01", "trt.vs.ctrl", adjust = "none"),
                   p_of("G07 - G01", "trt.vs.ctrl", adjust = "bonferroni"),
                   p_of("G01 - G07", "pairwise"), p_of("G18 - G01", "trt.vs.ctrl")),
  day6.upper = c(end(qt(0.975, f1_f2$df)), end(qnorm(0.975)),
                 end(qt(0.975, plots_df), plots_se), end(qt(0.975, f1_f2$df), f1$SE),
                 end(qt(0.975, f1$df)))))

# ---- day 7 ----------------------------------------------------------------------------------
pairs_of <- function(n) n * (n + 1) / 2
sorghum_ml <- mixed("yield_kg_ha ~ genotype + (1 | block)", sorghum, FALSE)
price <- attr(logLik(sorghum_ml), "df")                      # number of parameters
whole <- read_data("barley")
barley_terms <- "~ fungicide + (1 | block) + (1 | block:fungicide) + (1 | genotype)"
field_fit <- mixed(paste("yield_t_ha", barley_terms), whole)
field_ml <- mixed(paste("yield_t_ha", barley_terms), whole, FALSE)
standard <- function(fit) resid(fit) / (sigma(fit) * sqrt(1 - hatvalues(fit)))
far <- which.max(abs(standard(field_fit)))
t_far <- standard(field_fit)[[far]]
h_far <- hatvalues(field_fit)[[far]]
clover <- read_data("clover")
clover_terms <- "~ site_year + (1 | rep) + (1 | entry) + (1 | entry:site_year)"
of_biomass <- standard(mixed(paste("biomass", clover_terms), clover))
of_log <- standard(mixed(paste("log(biomass)", clover_terms), clover))
places <- ppoints(nrow(clover), a = 3 / 8)
without <- sapply(levels(sleep$subject), function(s) fixef(mixed(
  "reaction_ms ~ days + (days | subject)", subset(sleep, subject != s)))[["days"]])
change <- abs(without - fixef(lines)[["days"]])
own_slopes <- sapply(split(sleep, sleep$subject), function(d)
  coef(lm(reaction_ms ~ days, d))[["days"]])
slow <- tapply(sleep$reaction_ms, sleep$subject, mean)
of_log_yield <- function(reml) AIC(mixed(paste("log(yield_t_ha)", barley_terms), whole, reml))
jacobian <- sum(log(whole$yield_t_ha))
alike <- function(x, apart = c(0, 1)) {
  there <- match(paste(whole$row + apart[1], whole$bed + apart[2]), paste(whole$row, whole$bed))
  cor(x, x[there], use = "complete.obs")
}

out <- c(out, list(
  day7.parameters = c(pairs_of(18), 18, pairs_of(17), 18^2, pairs_of(8)),
  day7.aic = c(AIC(sorghum_ml), AIC(mixed("yield_kg_ha ~ genotype + (1 | block)", sorghum)),
               minus2(sorghum_ml) + 4, minus2(sorghum_ml) + price, BIC(sorghum_ml),
               minus2(sorghum_ml) + 2 * (price - 1)),
  day7.cook = c(cooks.distance(field_fit)[[far]], t_far^2 * h_far / (1 - h_far),
                abs(t_far) / 2 * h_far / (1 - h_far), t_far^2 / 2 * h_far, h_far),
  day7.qq = c(cor(sort(of_log), qnorm(places)), cor(of_log, qnorm(places)),
              cor(sort(of_log), places), cor(sort(of_log), qnorm(places))^2,
              cor(sort(of_biomass), qnorm(places))),
  day7.driver = c(names(which.max(change)),
                  as.character(sleep$subject[which.max(abs(standard(lines)))]),
                  names(which.max(own_slopes)), names(which.max(slow))),
  day7.scales = c(of_log_yield(FALSE) + 2 * jacobian, of_log_yield(FALSE),
                  of_log_yield(FALSE) + jacobian, of_log_yield(FALSE) - 2 * jacobian,
                  of_log_yield(TRUE) + 2 * jacobian, AIC(field_ml)),
  day7.neighbours = c(alike(resid(field_fit)), alike(whole$yield_t_ha),
                      alike(resid(field_fit), c(1, 0)), alike(resid(field_fit), c(0, 2)),
                      alike(resid(field_fit))^2)))

write_json(list(versions = versions(c("lme4", "emmeans", "pbkrtest")), answers = lapply(c(day1, out), function(x)
  I(if (is.list(x)) lapply(x, unname) else unname(x)))),
  file.path(here, "answers.json"), digits = 12, pretty = TRUE)
