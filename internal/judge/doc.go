// Package judge turns counts of bad events into a verdict on a canary.
//
// The method is seq-binom/v1: a grid-mixture conditional-binomial e-process.
// Given the bad events of both arms in one tick, the canary's share of them
// depends on the rate ratio alone, so whatever both arms share (load, a common
// outage, a change of weight) cancels tick by tick. The mixture of likelihood
// ratios is a supermartingale under the null hypothesis, and Ville's inequality
// bounds the chance that it ever reaches 1/alpha by alpha, at any number of
// looks. Howard, Ramdas, McAuliffe and Sekhon (2021) give the theory of such
// time-uniform tests; Vovk and Wang (2021) that e-values may be averaged under
// any dependence.
//
// Everything here is a pure function of its arguments: no clock, no randomness
// that is not seeded by the caller, no input or output beyond the readers and
// writers that a caller hands in. A State is a value; the same ticks give the
// same State and the same bytes of verdicts.
//
// What the bound promises, and what it does not: it holds for counts whose
// variance is their mean times the dispersion given with the metric, and for
// ratios up to 1 + margin. Evidence for harm accumulates over a rollout, so harm
// that begins late has to outweigh the good ticks before it; the fast lane is
// there for the crudest case.
package judge

// Version names the method. It is part of every State and Verdict, and a State
// of another version is refused, since its sums mean something else.
const Version = "seq-binom/v1"
