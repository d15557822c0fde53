// Package exchange brings in what others have written down: tables of one source become bodies of records, row by row,
// by a mapping profile.
//
// A profile is data (profiles/*.json: columns, collection and licence, value tables) and the code that data alone cannot
// say. It promises:
//
//   - Every row is accounted for. It becomes a body, or it is refused with its file, line, column, value and the code of
//     a reason. Nothing is left out silently; columns that a profile does not know are listed in the summary.
//   - Values become what they honestly are. ">3000" is at least 3,000 and "300-400" a range; a year without a month is
//     a year; a name that is not in the vocabularies stays as reported. Nothing is filled in that the source does not
//     say, and a row is refused only when what it says cannot be held: a rate in a column of counts, two numbers in one
//     cell, an area that no vocabulary knows.
//   - A value that contradicts the rest of its row (a detection in the year 3008) is not taken over; the members'
//     narrative tells it in words, and the row is flagged, so that a person looks at it before it is published.
//   - The same row gives the same bytes, so that importing a file again changes nothing.
//   - Texts are in Normalization Form C, without NUL and other characters that show nothing.
//
// Files are CSV in UTF-8 (RFC 4180, with or without a byte order mark). A file in another encoding is refused with the
// line where that shows. Lines are counted as an editor counts them, also inside quoted fields.
//
// Mapping needs no database: the driver reads and maps ahead of the one writer, which is the workflow.
package exchange
