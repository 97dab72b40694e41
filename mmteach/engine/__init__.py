"""The engine: from a formula and a table to the estimates, without any n x n matrix.

Each step can be walked by hand; `mmteach.lmm` does no more than these seven lines:

>>> import mmteach as mm
>>> from mmteach.engine import crossproducts, fit, search
>>> formula = "score ~ 1 + (1 | school)"
>>> design = mm.design(formula, mm.load("schools"))                # y, X and the codes of Z
>>> products = crossproducts.CrossProducts.from_design(design)     # one pass: Z'Z, Z'[X y], [X y]'[X y]
>>> d = mm.ProfiledCriterion(products)                             # -2 log-likelihood as a function of theta
>>> theta, path = search.minimise(d)                               # its lowest point
>>> model = fit.Fit(design, products, theta=theta)                 # beta, b, every matrix
>>> round(model.criterion, 4), round(d([1.0]), 4)
(91.0922, 91.1457)

A fit at any other theta is the last line with that theta:

>>> fit.Fit(design, products, theta=[1.0]).criterion == d([1.0])
True
"""
