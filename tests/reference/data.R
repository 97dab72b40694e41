# Writes tests/reference/data/*.csv: the public data sets of lme4 and nlme that the reference
# models use, with lower-case column names and factors as plain labels, some with a fixed
# pattern of deletions, and two small simulated sets whose variance estimate is zero.
#
#   Rscript tests/reference/data.R

here <- dirname(normalizePath(sub("--file=", "", grep("--file=", commandArgs(), value = TRUE))))
source(file.path(here, "common.R"))
dir.create(file.path(here, "data"), showWarnings = FALSE)
put <- function(d, name) {
  d <- as.data.frame(lapply(d, function(x) if (is.factor(x)) as.character(x) else x),
                     check.names = FALSE)
  write.csv(d, file.path(here, "data", paste0(name, ".csv")), row.names = FALSE, quote = FALSE,
            na = "")
}
plain <- function(d, names) setNames(as.data.frame(lapply(d[names(names)], identity)), names)

# ---- lme4 -----------------------------------------------------------------------------------
put(plain(Dyestuff, c(Batch = "batch", Yield = "yield")), "dyestuff")
put(plain(Dyestuff2, c(Batch = "batch", Yield = "yield")), "dyestuff2")
put(plain(Penicillin, c(plate = "plate", sample = "sample", diameter = "diameter_mm")),
    "penicillin")
put(plain(Pastes, c(batch = "batch", cask = "cask", sample = "sample", strength = "strength")),
    "pastes")
cake <- plain(lme4::cake, c(recipe = "recipe", replicate = "replicate",
                            temperature = "temperature", temp = "temp_f",
                            angle = "angle_deg"))
put(cake, "cake")
i <- seq_len(nrow(cake))
keep <- i %% 5 != 0 & !(cake$recipe == "B" & i %% 11 < 4) &
  !(cake$temperature == "225" & i %% 4 < 2 & cake$replicate %in% 1:6)
put(cake[keep, ], "cake_unbalanced")
put(cake[keep & !(cake$recipe == "C" & cake$temperature == "205"), ], "cake_empty")

# ---- nlme -----------------------------------------------------------------------------------
nl <- function(name) as.data.frame(getExportedValue("nlme", name))
machines <- plain(nl("Machines"), c(Worker = "worker", Machine = "machine", score = "score"))
put(machines, "machines")
put(machines[-c(2, 3, 6, 8, 9, 12, 19, 20, 27, 33), ], "machines_unbalanced")
put(plain(nl("Orthodont"), c(Subject = "subject", Sex = "sex", age = "age",
                             distance = "distance_mm")), "orthodont")
put(plain(nl("Oats"), c(Block = "block", Variety = "variety", nitro = "nitro",
                        yield = "yield")), "oats")
put(plain(nl("Pixel"), c(Dog = "dog", Side = "side", day = "day", pixel = "pixel")), "pixel")
put(plain(nl("Rail"), c(Rail = "rail", travel = "travel_ns")), "rail")
put(plain(nl("Oxide"), c(Source = "source", Lot = "lot", Wafer = "wafer", Site = "site",
                         Thickness = "thickness")), "oxide")
put(plain(nl("BodyWeight"), c(Rat = "rat", Diet = "diet", Time = "time_d",
                              weight = "weight_g")), "bodyweight")

# ---- sleepstudy, changed --------------------------------------------------------------------
sleep <- read_data("sleepstudy")[c("subject", "days", "reaction_ms")]
put(transform(sleep, weight = 1 + days / 5), "sleepstudy_weighted")
i <- seq_len(nrow(sleep))
d <- sleep[!(i %% 7 == 3 | (sleep$subject == "335" & sleep$days > 2) |
               (sleep$subject == "372" & sleep$days < 6)), ]
i <- seq_len(nrow(d))
d$reaction_ms[i %% 31 == 5] <- NA           # rows that a fit has to drop, and count
d$days[i %% 47 == 9] <- NA
put(d, "sleepstudy_missing")
put(transform(sleep, hours = 24 * days), "sleepstudy_aliased")

# ---- simulated, with a zero variance --------------------------------------------------------
# Group means are pulled together (a negative intra-class correlation), so REML asks for zero.
set.seed(20)
d <- expand.grid(g = sprintf("g%d", 1:8), a = c("a1", "a2", "a3"), b = c("b1", "b2"))
d <- d[!(seq_len(nrow(d)) %in% c(3, 8, 11, 17, 30, 41)), ]
e <- rnorm(nrow(d), sd = 2)
e <- e - 0.9 * ave(e, d$g)
d$y <- round(20 + 1.5 * (d$a == "a2") + 3 * (d$a == "a3") - 2 * (d$b == "b2") +
               1.2 * (d$a == "a3" & d$b == "b2") + e, 3)
put(d, "boundary_twoway")

# Intercepts and slopes that lie on one line: an estimated correlation of one.
set.seed(9)
d <- expand.grid(x = 0:4, g = sprintf("g%02d", 1:9))
d$treatment <- ifelse(as.integer(d$g) %% 2 == 1, "control", "treated")
d <- d[seq_len(nrow(d)) %% 8 != 6, ]
u <- rnorm(9, sd = 2)
d$y <- round(10 + 0.8 * d$x + 1.5 * (d$treatment == "treated") + u[as.integer(d$g)] *
               (1 + 0.3 * d$x) + rnorm(nrow(d), sd = 1.5), 3)
put(d, "boundary_slopes")
