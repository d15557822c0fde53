// Package realdata holds the tests that read the shared data folder: the importer over all rows of every source that has
// a profile, and the review of a data set of one, on both databases. They are not part of `make test`, which needs nothing
// but the repository; `make realdata REALDATA=DIR` runs them and fails, not skips, when the folder is not there.
//
// What they hold: every row is accounted for, with a reason for each that was refused; the numbers that are stored add
// up to those of the source by year, area and whatever must not be added up, counted by code that shares nothing with the
// importer; nearly every agent or disease that is named is coded; importing again changes nothing, also from a file in
// another encoding; a changed row becomes a situation update; what may not be published in bulk is listed and stays.
package realdata
