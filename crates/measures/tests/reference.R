# What R's laeken and survey say of their own data, for tests/against_r.rs to compare with.
#   Rscript reference.R FOLDER
# writes rows.csv (the data), shares.csv (its tenths) and reference.csv (measure by measure; empty where R has no such part).
suppressMessages({library(laeken); library(survey)})
folder <- commandArgs(trailingOnly = TRUE)[1]
digits <- function(x) ifelse(is.na(x), "", sprintf("%.17g", x))

data(eusilc)
y <- eusilc$eqIncome
w <- eusilc$rb050
eusilc$y <- y
n <- length(y)
median <- weightedMedian(y, w)
line <- as.numeric(arpt(y, weights = w))
eusilc$poor <- as.numeric(y < line)
eusilc$gap <- (line - y) / line * eusilc$poor
# Households of one region are a cluster each; one household is made a stratum of its own.
eusilc$stratum <- as.character(eusilc$db040)
eusilc$alone <- ifelse(eusilc$db030 == eusilc$db030[1], "alone", eusilc$stratum)
design <- svydesign(ids = ~db030, strata = ~stratum, weights = ~rb050, data = eusilc, nest = TRUE)
df <- degf(design)

# A year later incomes have changed, and a fifth of the households are not found again.
eusilc$later <- ifelse(eusilc$db030 %% 5 == 0, NA, y * 1.1 - 4000 * (eusilc$db030 %% 7 == 0))

write.csv(data.frame(value = digits(y), later = digits(eusilc$later), weight = digits(w), stratum = eusilc$stratum,
                     alone = eusilc$alone, cluster = eusilc$db030,
                     unemployed = as.numeric(!is.na(eusilc$pl030) & eusilc$pl030 == "3"),
                     foreign = as.numeric(!is.na(eusilc$pb220a) & eusilc$pb220a == "Other"),
                     crowded = as.numeric(eusilc$hsize > 4)),
          file.path(folder, "rows.csv"), row.names = FALSE, quote = FALSE)

found <- NULL
says <- function(source, measure, arguments = NULL, options = "", value, se = NA, low = NA, high = NA) {
  found <<- rbind(found, data.frame(source, measure, paste(digits(arguments), collapse = " "), options,
                                    digits(value), digits(se), digits(low), digits(high)))
}
# With standard error and interval, as survey has them.
estimates <- function(source, measure, arguments = NULL, options = "", of, degrees = df) {
  ends <- confint(of, df = degrees)
  says(source, measure, arguments, options, as.numeric(coef(of)), as.numeric(SE(of)), ends[1], ends[2])
}

# Poverty.
says("laeken arpr", "headcount_ratio", line, "", arpr(y, weights = w)$value / 100)
says("laeken arpr", "relative_headcount_ratio", 0.6, "", arpr(y, weights = w, p = 0.6)$value / 100)
estimates("survey svymean", "weighted_mean", NULL, "", svymean(~y, design))
estimates("survey svymean", "headcount_ratio", line, "", svymean(~poor, design))
estimates("survey svymean", "poverty_gap", line, "", svymean(~gap, design))
estimates("survey svymean", "squared_poverty_gap", line, "", svymean(~I(gap^2), design))
estimates("survey svymean", "fgt", c(line, 1.5), "", svymean(~I(gap^1.5), design))
estimates("survey svytotal", "number_of_poor", line, "", svytotal(~poor, design))
estimates("survey svyratio", "average_shortfall", line, "",
          svyratio(~I((line - y) * poor), ~poor, design))
estimates("survey svymean of a subset", "watts", line, "",
          svymean(~I(ifelse(poor == 1, log(line / y), 0)), subset(design, y > 0)))
poorest <- y[y < line]; poorest_w <- w[y < line]
says("laeken gini of the poor", "sen", line, "",
     mean(eusilc$poor * w) / mean(w) *
       (weighted.mean((line - poorest) / line, poorest_w) +
          (1 - weighted.mean((line - poorest) / line, poorest_w)) *
            gini(poorest, weights = poorest_w)$value / 100))
says("laeken gini of gaps", "sen_shorrocks_thon", line, "",
     weighted.mean(eusilc$gap, w) * (1 + gini(eusilc$gap, weights = w)$value / 100))

# A line that somebody's income is, exactly.
at <- sort(y)[2000]
estimates("survey svymean", "headcount_ratio", at, "", svymean(~I(as.numeric(y < at)), design))
estimates("survey svymean", "headcount_ratio", at, "at_or_below", svymean(~I(as.numeric(y <= at)), design))

# Inequality. The Gini coefficient's influences come from its definition over all pairs.
differences <- sapply(y, function(x) sum(w * abs(x - y)))
N <- sum(w); Y <- sum(w * y)
G <- sum(w * differences) / (2 * N * Y)
moved <- update(design, moved = differences / (N * Y) - G / N - G * y / Y)
se <- as.numeric(SE(svytotal(~moved, moved)))
t <- qt(0.975, df)
says("laeken gini", "gini", NULL, "", gini(y, weights = w)$value / 100)
says("all pairs, survey svytotal", "gini", NULL, "", G, se, G - t * se, G + t * se)
says("all pairs", "gini", NULL, "corrected", G * n / (n - 1))
# What has no logarithm is left out; survey differentiates the formulas itself.
with <- subset(update(design, l = log(ifelse(y > 0, y, 1)), yl = y * log(ifelse(y > 0, y, 1)),
                      m1 = ifelse(y > 0, y, 1)^-1, h = sqrt(pmax(y, 0)), s = y^2), y > 0)
all <- update(design, s = y^2)
means <- svymean(~y + l + yl + m1 + h, with)
estimates("survey svycontrast", "mean_log_deviation", NULL, "", svycontrast(means, quote(log(y) - l)))
estimates("survey svycontrast", "theil", NULL, "", svycontrast(means, quote(yl / y - log(y))))
estimates("survey svycontrast", "generalized_entropy", -1, "", svycontrast(means, quote((m1 * y - 1) / 2)))
estimates("survey svycontrast", "generalized_entropy", 0.5, "",
          svycontrast(means, quote((h / y^0.5 - 1) / -0.25)))
estimates("survey svycontrast", "generalized_entropy", 2, "",
          svycontrast(svymean(~y + s, all), quote((s / y^2 - 1) / 2)))
estimates("survey svycontrast", "atkinson", 0.5, "", svycontrast(means, quote(1 - h^2 / y)))
estimates("survey svycontrast", "atkinson", 1, "", svycontrast(means, quote(1 - exp(l) / y)))
estimates("survey svycontrast", "atkinson", 2, "", svycontrast(means, quote(1 - 1 / (m1 * y))))

# Quantiles and shares.
for (p in c(0.1, 0.5, 0.9)) {
  says("laeken weightedQuantile", "weighted_quantile", p, "", weightedQuantile(y, w, p))
  for (rule in c("math", "school")) {
    q <- svyquantile(~y, design, p, interval.type = "mean", qrule = rule)$y
    says(paste0("survey svyquantile, ", rule), "weighted_quantile", p,
         c(math = "inverse", school = "")[rule], q[1], q[4], q[2], q[3])
  }
}
says("laeken qsr", "quintile_ratio", NULL, "whole_rows", qsr(y, weights = w)$value)
says("laeken weightedQuantile", "percentile_ratio", c(0.9, 0.1), "",
     weightedQuantile(y, w, 0.9) / weightedQuantile(y, w, 0.1))
order <- order(y)
lorenz <- approxfun(c(0, cumsum(w[order]) / N), c(0, cumsum((w * y)[order]) / Y))
for (p in 1:10 / 10) says("stats approxfun", "income_share", c(p - 0.1, p), "", lorenz(p) - lorenz(p - 0.1))
says("stats approxfun", "palma", NULL, "", (1 - lorenz(0.9)) / lorenz(0.4))
says("stats approxfun", "quintile_ratio", NULL, "", (1 - lorenz(0.8)) / lorenz(0.2))
says("stats approxfun, laeken gini", "wolfson", NULL, "",
     2 * Y / N / median * (2 * (0.5 - lorenz(0.5)) - gini(y, weights = w)$value / 100))

# A stratum with a single cluster.
lonely <- svydesign(ids = ~db030, strata = ~alone, weights = ~rb050, data = eusilc, nest = TRUE)
for (rule in c("adjust", "average", "certainty")) {
  options(survey.lonely.psu = rule)
  estimates(paste0("survey svymean, ", rule), "poverty_gap", line, paste0("alone_", rule),
            svymean(~gap, lonely), degf(lonely))
}

# Multidimensional: poor if deprived in at least half of four indicators of equal weight.
options(survey.lonely.psu = "fail")
deprived <- with(eusilc, cbind(poor, !is.na(pl030) & pl030 == "3", !is.na(pb220a) & pb220a == "Other",
                               hsize > 4))
score <- rowSums(deprived) / 4
design <- update(design, k = as.numeric(score >= 0.5), s = ifelse(score >= 0.5, score, 0))
estimates("survey svymean", "H", NULL, "", svymean(~k, design))
estimates("survey svyratio", "A", NULL, "", svyratio(~s, ~k, design))
estimates("survey svymean", "M0", NULL, "", svymean(~s, design))
for (i in 1:4) {
  counted <- as.numeric(deprived[, i] & score >= 0.5)
  says("stats weighted.mean", paste0("uncensored_", i), NULL, "", weighted.mean(deprived[, i], w))
  says("stats weighted.mean", paste0("censored_", i), NULL, "", weighted.mean(counted, w))
}

# Changes of a panel: rows of both years in the same clusters.
both <- rbind(data.frame(eusilc[c("db030", "stratum", "rb050")], year = 1, income = y),
              data.frame(eusilc[c("db030", "stratum", "rb050")], year = 2, income = eusilc$later))
both <- both[!is.na(both$income), ]
both$poor <- as.numeric(both$income < line)
panel <- svydesign(ids = ~db030, strata = ~stratum, weights = ~rb050, data = both, nest = TRUE)
years <- svyby(~poor, ~year, panel, svymean, covmat = TRUE)
estimates("survey svyby and svycontrast", "change of headcount_ratio", line, "",
          svycontrast(years, c(-1, 1)), degf(panel))
seen <- subset(eusilc, !is.na(later))
now <- seen$later < line; before <- seen$y < line
says("base tapply", "entry", line, "", sum(seen$rb050[!before & now]) / sum(seen$rb050[!before]))
says("base tapply", "exit", line, "", sum(seen$rb050[before & !now]) / sum(seen$rb050[before]))
says("base tapply", "persistence", line, "", sum(seen$rb050[before & now]) / sum(seen$rb050[before]))

# Multidimensional poverty a year later: incomes have changed, the other answers have not.
other <- rowSums(deprived[, 2:4])
both <- rbind(data.frame(eusilc[c("db030", "stratum", "rb050")], year = 1, held = (deprived[, 1] + other) / 4),
              data.frame(eusilc[c("db030", "stratum", "rb050")], year = 2,
                         held = ((eusilc$later < line) + other) / 4))
both <- both[!is.na(both$held), ]
both$k <- as.numeric(both$held >= 0.5); both$s <- both$held * both$k
panel <- svydesign(ids = ~db030, strata = ~stratum, weights = ~rb050, data = both, nest = TRUE)
differs <- function(of) svycontrast(of, c(-1, 1))
by_year <- function(of) svyby(of, ~year, panel, svymean, covmat = TRUE)
estimates("survey svyby and svycontrast", "change of H", NULL, "", differs(by_year(~k)), degf(panel))
estimates("survey svyby and svycontrast", "change of M0", NULL, "", differs(by_year(~s)), degf(panel))
estimates("survey svyby and svycontrast", "change of A", NULL, "",
          differs(svyby(~s, ~year, denominator = ~k, panel, svyratio, covmat = TRUE)), degf(panel))

# Survey's own data: schools drawn by strata, and school districts drawn whole.
data(api)
schools <- rbind(
  data.frame(sample = "apistrat", apistrat[c("api00", "enroll", "api.stu", "pw")],
             stratum = apistrat$stype, cluster = apistrat$snum),
  data.frame(sample = "apiclus1", apiclus1[c("api00", "enroll", "api.stu", "pw")],
             stratum = "all", cluster = apiclus1$dnum))
write.csv(transform(schools, pw = digits(pw)), file.path(folder, "schools.csv"), row.names = FALSE, quote = FALSE)
for (name in unique(schools$sample)) {
  drawn <- svydesign(ids = ~cluster, strata = ~stratum, weights = ~pw, nest = TRUE,
                     data = schools[schools$sample == name, ])
  from <- function(of) paste0("survey ", of, " of ", name)
  estimates(from("svymean"), "weighted_mean", NULL, name, svymean(~api00, drawn), degf(drawn))
  estimates(from("svymean"), "headcount_ratio", 600, name, svymean(~I(as.numeric(api00 < 600)), drawn), degf(drawn))
  estimates(from("svyratio"), "ratio", NULL, name, svyratio(~api.stu, ~enroll, drawn), degf(drawn))
  q <- svyquantile(~api00, drawn, 0.5, interval.type = "mean", qrule = "school")$api00
  says(from("svyquantile"), "weighted_quantile", 0.5, name, q[1], q[4], q[2], q[3])
}

# Tenths only: curves by lm; the quadratic's measures by Datt's closed forms, the beta's by integrate.
shares <- diff(lorenz(0:10 / 10))
writeLines(digits(shares), file.path(folder, "shares.csv"))
p <- 1:9 / 10; L <- cumsum(shares)[1:9]; mu <- Y / N
fit <- coef(lm(I(L * (1 - L)) ~ 0 + I(p^2 - L) + I(L * (p - 1)) + I(p - L)))
a <- fit[[1]]; b <- fit[[2]]; c <- fit[[3]]
e <- -(a + b + c + 1); m <- b^2 - 4 * a; k <- 2 * b * e - 4 * c; r <- sqrt(k^2 - 4 * m * e^2)
at <- function(p) -(b * p + e + sqrt(m * p^2 + k * p + e^2)) / 2
x <- b + 2 * line / mu
H <- -(k + r * x / sqrt(x^2 - m)) / (2 * m)
PG <- H - mu / line * at(H)
s1 <- (r - k) / (2 * m); s2 <- -(r + k) / (2 * m)
P2 <- 2 * PG - H - (mu / line)^2 * (a * H + b * at(H) - r / 16 * log((1 - H / s1) / (1 - H / s2)))
area <- integrate(at, 0, 1, rel.tol = 1e-13, subdivisions = 1000)$value
for (i in 1:3) says("stats lm", paste0("quadratic_", i), NULL, "", fit[[i]])
says("Datt's closed form", "quadratic_headcount", line, "", H)
says("Datt's closed form", "quadratic_gap", line, "", PG)
says("Datt's closed form", "quadratic_squared", line, "", P2)
says("stats integrate", "quadratic_gini", NULL, "", 1 - 2 * area)
fit <- coef(lm(log(p - L) ~ log(p) + log(1 - p)))
theta <- exp(fit[[1]]); g <- fit[[2]]; d <- fit[[3]]
slope <- function(p) 1 - theta * p^g * (1 - p)^d * (g / p - d / (1 - p))
H <- uniroot(function(p) slope(p) - line / mu, c(1e-6, 0.99), tol = 1e-15)$root
says("stats lm", "beta_1", NULL, "", theta)
says("stats lm", "beta_2", NULL, "", g)
says("stats lm", "beta_3", NULL, "", d)
says("stats uniroot", "beta_headcount", line, "", H)
says("stats uniroot", "beta_gap", line, "", H - mu / line * (H - theta * H^g * (1 - H)^d))
says("stats integrate", "beta_squared", line, "",
     integrate(function(p) (1 - mu / line * slope(p))^2, 0, H, rel.tol = 1e-12, subdivisions = 2000)$value)
says("base beta", "beta_gini", NULL, "", 2 * theta * beta(1 + g, 1 + d))

names(found) <- c("source", "measure", "arguments", "options", "value", "se", "low", "high")
write.table(found, file.path(folder, "reference.csv"), sep = ";", row.names = FALSE, quote = FALSE)
