// Package realdata holds the tests that read the shared data folder: the importer and the review of a data set over all
// rows of a real source, on both databases. They are not part of `make test`, which needs nothing but the repository;
// `make realdata REALDATA=DIR` runs them and fails, not skips, when the folder is not there.
//
// What they hold: every row is accounted for, with a reason for each that was refused; the numbers that are stored add
// up to those of the source, counted by code that shares nothing with the importer; importing again changes nothing; a
// changed row becomes a situation update; what may not be published in bulk is listed and stays.
package realdata
