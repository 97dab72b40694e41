# Times R on one job and prints the result as one line of JSON, for a benchmark that runs Python
# and R side by side.
#
#   Rscript tests/reference/bench.R spec.json      (or "-": the spec comes on standard input)
#
# spec = {
#   "task": "lmer" | "anova" | "emmeans",          default "lmer"
#   "formula": "y ~ x + (1|g)", "reml": true, "weights": null,
#   "repeats": 5, "warmup": 1,
#   "type": 2, "ddf": "Kenward-Roger", "specs": "genotype",        for anova and emmeans
#   "data": {"kind": "csv", "path": "a.csv", "factors": ["g"]}
#         | {"kind": "builtin", "package": "lme4", "name": "InstEval", "factors": [],
#            "export": "a.csv"}                     export (optional): also write the rows there
#         | {"kind": "binary", "folder": "dir", "n": 1000000, "columns": [
#              {"name": "y", "type": "double", "file": "y.bin"},
#              {"name": "i", "type": "int32",  "file": "i.bin"},
#              {"name": "g", "type": "factor", "file": "g.bin", "levels": 1000}]}
# }
# Binary columns are little-endian without a header; a factor is 0-based int32 codes, `levels`
# their number.  `lmer` is timed end to end: formula, model frame, sparse set-up, optimisation,
# all with lme4's own defaults.  `anova` and `emmeans` are timed on a fit made beforehand.

suppressPackageStartupMessages(library(jsonlite))
argument <- commandArgs(trailingOnly = TRUE)
if (length(argument) != 1) stop("usage: Rscript bench.R spec.json")
spec <- fromJSON(if (argument == "-") paste(readLines("stdin", warn = FALSE), collapse = "\n")
                 else argument, simplifyDataFrame = FALSE)
or <- function(x, default) if (is.null(x)) default else x
task <- or(spec$task, "lmer")

suppressPackageStartupMessages({
  library(lme4)
  if (task != "lmer") library(lmerTest)
  if (task != "lmer") library(pbkrtest)
  if (task == "emmeans") library(emmeans)
})

read_binary <- function(s) {
  column <- function(k) {
    path <- file.path(s$folder, k$file)
    read <- function(what, size) {
      x <- readBin(path, what, n = s$n, size = size, endian = "little")
      if (length(x) != s$n) stop(path, " holds ", length(x), " values, not ", s$n)
      x
    }
    switch(k$type,
      double = read("double", 8),
      int32 = read("integer", 4),
      factor = structure(read("integer", 4) + 1L, class = "factor",
                         levels = as.character(seq_len(k$levels))),
      stop("unknown column type ", k$type))
  }
  x <- lapply(s$columns, column)
  names(x) <- vapply(s$columns, `[[`, "", "name")
  structure(x, class = "data.frame", row.names = .set_row_names(s$n))
}
load_data <- function(s) {
  d <- switch(s$kind,
    csv = read.csv(s$path, check.names = FALSE),
    builtin = as.data.frame(getExportedValue(s$package, s$name)),
    binary = read_binary(s),
    stop("unknown kind of data ", s$kind))
  for (f in s$factors) d[[f]] <- factor(d[[f]])
  if (!is.null(s$export)) write.csv(d, s$export, row.names = FALSE, quote = FALSE)
  d
}
peak_mb <- function() {              # high-water mark of the process, from the kernel
  line <- tryCatch(grep("^VmHWM", readLines("/proc/self/status"), value = TRUE),
                   error = function(e) character())
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 1024 else NA
}

d <- load_data(spec$data)
args <- list(formula = as.formula(spec$formula), data = quote(d), REML = or(spec$reml, TRUE))
if (!is.null(spec$weights)) args$weights <- as.name(spec$weights)
before <- peak_mb()
said <- character()
quiet <- function(expr) withCallingHandlers(expr,
  warning = function(w) { said <<- c(said, conditionMessage(w)); tryInvokeRestart("muffleWarning") },
  message = function(m) { said <<- c(said, conditionMessage(m)); tryInvokeRestart("muffleMessage") })
fitter <- if (task == "lmer") lme4::lmer else lmerTest::lmer
fit_once <- function() quiet(do.call(fitter, args))
fit <- if (task == "lmer") NULL else fit_once()
job <- switch(task,
  lmer = function() fit <<- fit_once(),
  anova = function() quiet(anova(fit, type = or(spec$type, 2),
                                 ddf = or(spec$ddf, "Kenward-Roger"))),
  emmeans = function() quiet(summary(emmeans(fit, spec$specs,
                                             lmer.df = tolower(or(spec$ddf, "Kenward-Roger"))))),
  stop("unknown task ", task))
for (i in seq_len(or(spec$warmup, 1))) job()
seconds <- vapply(seq_len(or(spec$repeats, 5)), function(i) {
  gc(FALSE)
  t0 <- as.numeric(Sys.time())
  job()
  as.numeric(Sys.time()) - t0
}, 1)
versions <- lapply(c(R = "base", lme4 = "lme4", lmerTest = "lmerTest", pbkrtest = "pbkrtest",
                     emmeans = "emmeans"), function(p) unbox(as.character(packageVersion(p))))
cat(toJSON(list(
  task = unbox(task), formula = unbox(spec$formula), n = unbox(nobs(fit)),
  median = unbox(median(seconds)), minimum = unbox(min(seconds)), seconds = I(seconds),
  criterion = unbox(-2 * as.numeric(logLik(fit))), theta = I(unname(getME(fit, "theta"))),
  sigma = unbox(sigma(fit)), beta = I(unname(fixef(fit))[seq_len(min(20, length(fixef(fit))))]),
  peak_mb = unbox(peak_mb()), peak_mb_before = unbox(before),
  blas = unbox(basename(or(extSoftVersion()[["BLAS"]], ""))), messages = I(unique(said)),
  versions = versions), digits = I(16), na = "null"), "\n")
