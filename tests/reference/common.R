# What both reference scripts share: where data are, how they are read, how a fit is polished,
# how numbers are written.  Sourced by lmm.R and inference.R; `here` is this folder.

suppressPackageStartupMessages({
  library(lme4)
  library(jsonlite)
})
options(contrasts = c("contr.treatment", "contr.treatment"), stringsAsFactors = FALSE,
        warn = 1)

root <- normalizePath(file.path(here, "..", ".."))

# ---- data -----------------------------------------------------------------------------------
# Course data (data/) and the small sets beside this script (data.R writes those).
# The value of each entry: which columns are factors.
course_sets <- list(
  sorghum     = c("block", "genotype"),
  barley      = c("block", "fungicide", "genotype"),
  potash      = c("block"),
  sleepstudy  = c("subject"),
  arabidopsis = c("region", "population", "genotype", "rack", "nutrient", "clipping", "status"),
  schools     = c("school"),
  pigs_crd    = c("pen", "diet", "day"),
  pigs_rooms  = c("room", "pen", "diet", "day"),
  clover      = c("site_year", "rep", "entry")
)
reference_sets <- list(
  dyestuff          = "batch",
  dyestuff2         = "batch",
  penicillin        = c("plate", "sample"),
  pastes            = c("batch", "cask", "sample"),
  cake              = c("recipe", "replicate", "temperature"),
  cake_unbalanced   = c("recipe", "replicate", "temperature"),
  cake_empty        = c("recipe", "replicate", "temperature"),
  machines          = c("worker", "machine"),
  machines_unbalanced = c("worker", "machine"),
  orthodont         = c("subject", "sex"),
  oats              = c("block", "variety"),
  pixel             = c("dog", "side"),
  rail              = "rail",
  oxide             = c("source", "lot", "wafer", "site"),
  bodyweight        = c("rat", "diet"),
  sleepstudy_weighted = "subject",
  sleepstudy_missing  = "subject",
  sleepstudy_aliased  = "subject",
  boundary_twoway   = c("a", "b", "g"),
  boundary_slopes   = c("g", "treatment")
)

# Natural order: numbers by value, otherwise byte order (labels are zero-padded or letters).
natural_levels <- function(x) {
  u <- unique(x[!is.na(x)])
  if (all(grepl("^[0-9]+$", u))) u[order(as.numeric(u))] else sort(u, method = "radix")
}

data_path <- function(name) {
  if (name %in% names(course_sets)) file.path("data", paste0(name, ".csv"))
  else file.path("tests", "reference", "data", paste0(name, ".csv"))
}
full_path <- function(name) {
  folder <- Sys.getenv("MMTEACH_DATA", file.path(root, "data"))
  if (name %in% names(course_sets)) file.path(folder, paste0(name, ".csv"))
  else file.path(here, "data", paste0(name, ".csv"))
}
have_data <- function(name) file.exists(full_path(name))

read_data <- function(name) {
  d <- read.csv(full_path(name), colClasses = NA, check.names = FALSE)
  factors <- c(course_sets, reference_sets)[[name]]
  raw <- read.csv(full_path(name), colClasses = "character", check.names = FALSE)
  for (f in factors) {
    x <- raw[[f]]
    x[x %in% c("", "NA")] <- NA
    d[[f]] <- factor(x, levels = natural_levels(x))
  }
  d
}
describe_data <- function(name) {
  d <- read_data(name)
  factors <- c(course_sets, reference_sets)[[name]]
  list(path = unbox(data_path(name)), n_rows = unbox(nrow(d)),
       factors = lapply(d[factors], levels))
}

# ---- optimiser ------------------------------------------------------------------------------
# BOBYQA from several starts, zeros snapped where the criterion does not rise, then Newton steps
# on the free parameters with Richardson derivatives: theta is good to about 1e-8, far better
# than lme4's defaults, so that a difference in a test is the test's fault.
polish <- function(fn, par, lower, upper, control = list(), ...) {
  diagonal <- lower == 0
  best <- NULL
  for (start in list(par, ifelse(diagonal, 0.3, 0) + 0 * par, par * 3)) {
    rho <- 0.2
    x <- start
    for (again in 1:3) {
      o <- minqa::bobyqa(x, fn, lower = lower, upper = upper,
                         control = list(rhobeg = rho, rhoend = 1e-9, maxfun = 20000))
      x <- o$par
      rho <- 0.02
    }
    if (is.null(best) || o$fval < best$fval) best <- o
  }
  x <- best$par
  for (i in which(diagonal & x < 1e-3)) {
    x0 <- x
    x0[i] <- 0
    if (fn(x0) <= fn(x) + 1e-9) x <- x0
  }
  free <- which(!diagonal | x > 0)
  f <- function(z) { y <- x; y[free] <- z; fn(y) }
  for (again in 1:4) if (length(free) && all(x[free][diagonal[free]] > 1e-3)) {
    z <- x[free]
    g <- numDeriv::grad(f, z)
    if (max(abs(g)) < 1e-9) break
    z1 <- z - as.vector(MASS::ginv(numDeriv::hessian(f, z), tol = 1e-8) %*% g)
    if (any(z1 < lower[free]) || f(z1) > f(z) + 1e-9) break
    x[free] <- z1
  }
  list(par = x, fval = fn(x), convergence = 0, message = "polished")
}
control <- lmerControl(
  optimizer = "polish", calc.derivs = FALSE, restart_edge = FALSE, boundary.tol = 0,
  check.conv.grad = "ignore", check.conv.singular = "ignore", check.conv.hess = "ignore",
  check.nobs.vs.nRE = "ignore", check.nobs.vs.nlev = "ignore", check.nlev.gtr.1 = "ignore")

# ---- names ----------------------------------------------------------------------------------
# R's coefficient names in the form the Python side uses: genotypeG02 -> genotype[T.G02].
py_term <- c("(Intercept)" = "Intercept", "I(days^2)" = "I(days ** 2)",
             "I(day^2)" = "I(day ** 2)", "log(days + 1)" = "np.log(days + 1)")
py_names <- function(r_names, frame) {
  piece <- function(s, others) {
    if (s %in% names(py_term)) return(py_term[[s]])
    for (v in names(frame)) if (is.factor(frame[[v]])) for (l in levels(frame[[v]]))
      if (s == paste0(v, l))
        return(if (l == levels(frame[[v]])[1] || v %in% others) paste0(v, "[", l, "]")
               else paste0(v, "[T.", l, "]"))
    s
  }
  # a factor whose first level appears is coded in full: every level is written without "T."
  single <- unlist(strsplit(r_names, ":", fixed = TRUE))
  full <- character()
  for (v in names(frame)) if (is.factor(frame[[v]]) &&
      paste0(v, levels(frame[[v]])[1]) %in% single) full <- c(full, v)
  vapply(strsplit(r_names, ":", fixed = TRUE),
         function(p) paste(vapply(p, piece, "", others = full), collapse = ":"), "")
}

# ---- JSON -----------------------------------------------------------------------------------
named <- function(x) {            # a named list (JSON object) from a named vector
  out <- lapply(as.list(x), unbox)
  if (!length(out)) out <- setNames(list(), character())
  out
}
table_of <- function(d) {         # a data frame as an object of columns: pd.DataFrame(obj)
  d <- as.data.frame(d)
  for (n in names(d)) if (is.factor(d[[n]])) d[[n]] <- as.character(d[[n]])
  lapply(as.list(d), function(x) { if (is.numeric(x)) x[is.nan(x)] <- NA; I(unname(x)) })
}
versions <- function(packages) {
  list(R = unbox(paste(R.version$major, R.version$minor, sep = ".")),
       packages = named(vapply(packages, function(p) as.character(packageVersion(p)), "")))
}
to_text <- function(x, ...)
  toJSON(x, digits = I(16), na = "null", null = "null", ...)
# With `only` (names of data sets from the command line) the entries of those sets replace the
# ones in the file, and everything else stays as it is.
write_reference <- function(x, file, only = character()) {
  text <- to_text(x)
  if (length(only)) {
    new <- fromJSON(text, simplifyVector = FALSE)
    old <- fromJSON(file, simplifyVector = FALSE)
    if (!identical(old$versions, new$versions)) stop("other versions of R: run without names")
    old$data[names(new$data)] <- new$data
    for (section in setdiff(names(new), c("versions", "data"))) for (entry in new[[section]]) {
      at <- which(vapply(old[[section]], function(o) o$id == entry$id, NA))
      old[[section]][[if (length(at)) at else length(old[[section]]) + 1]] <- entry
    }
    text <- to_text(old, auto_unbox = TRUE)
  }
  part <- paste0(file, ".part")                 # a reader never meets half a file
  writeLines(text, part)
  file.rename(part, file)
  cat(file, round(file.size(file) / 1e3), "kB\n")
}
only <- commandArgs(trailingOnly = TRUE)
wanted <- function(name) !length(only) || name %in% only
