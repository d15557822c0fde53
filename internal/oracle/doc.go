// Package oracle holds tests that search answers exactly: for any question and any reader, the totals, facets,
// histograms, groups, orders and pages of the index are those of a slow and obvious reading of the stored views.
//
// A world of records is published by the commands that people take: markings, tiers raised for sections, recipients,
// vague dates, open counts, records of one event. The oracle reads every stored view of every tier once, and answers a
// question by going through all of them and asking each. Of the code under test it uses the stored bytes, the meaning of
// one date and of one count (which have tests of their own), and nothing of package search but the types of question and
// answer. Questions and readers are drawn at random from a seed, which a failure prints.
//
// Words are invented, so that no analysis of a language changes them: what stems, scripts and synonyms do is tested by
// the relevance tests of package search.
//
// The package has no code that runs.
package oracle
