// Package exchange brings in what others have written down: tables of one source become bodies of records, row by row,
// by a mapping profile.
//
// A profile is data (profiles/*.json), read by one engine: its columns and what each means, the id of a row, collection
// and licence, value tables, the codes of every row and of rows that hold some value. Only what data cannot say is code;
// don_events has some of its own, because its remarks change what its numbers mean. It promises:
//
//   - Every row is accounted for. It becomes a body, or it is refused with its file, line, column, value and the code of
//     a reason. Nothing is left out silently; columns that a profile does not know are listed in the summary.
//   - Values become what they honestly are. ">3000" is at least 3,000 and "75–200 million" a range; "Late 1970s" is the
//     end of a decade, approximately; a year without a month is a year; a name that is not in the vocabularies stays as
//     reported. Nothing is filled in that the source does not say, and a row is refused only when what it says cannot be
//     held: a rate in a column of counts, two numbers in one cell, a country that no vocabulary knows.
//   - A value that contradicts the rest of its row (a detection in the year 3008, a point in another country) is not
//     taken over; the members' narrative tells it in words, and the row is flagged, so that a person looks at it before
//     it is published. The same holds for a name that is only nearly that of an area.
//   - Where a code says less than the words of the source, or says them otherwise, the words are kept.
//   - The same row gives the same bytes, however its file was saved, so that importing it again changes nothing.
//   - Texts are in Normalization Form C, without NUL and other characters that show nothing.
//
// Files are CSV (RFC 4180), packed with gzip or not, with commas, semicolons or tabs. How a file is written is found out
// by reading it through (Inspect) and shown before anything is imported: its encoding, by a byte order mark, by being
// UTF-8, else by which of two code pages makes sense of its bytes; text that had been read by the wrong code page before
// (C√¥te d'Ivoire), which is put right; and for every column of days the order of day and month, which a day after the
// twelfth proves. All of it can be stated instead, and a statement that the file contradicts is refused with the line.
// Lines are counted as an editor counts them, also inside quoted fields.
//
// Countries are found by any name in six languages, inverted names, short forms and known misspellings, and by a guess
// where one name only is near. NA is missing, but in a column of codes of two letters it is Namibia. boxes.json tells in
// which boxes of the map each area lies; they were derived from Natural Earth (public domain), rounded outwards to half a
// degree, those over the antimeridian with their west greater than their east.
//
// Check tells of every row what Import would make of it and writes nothing; both read files the same way. An import that
// was interrupted goes on with the same files, read the same way, after the rows that were taken: a digest over all of
// that tells it from another under the same name.
//
// Mapping needs no database: the driver reads and maps ahead of the one writer, which is the workflow.
package exchange
