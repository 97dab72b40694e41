"""The textbook layer: the matrices X, Z, G, R, V, the likelihoods, Henderson's equations. Read it first."""
