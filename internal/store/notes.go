package store

// NotesOf gives the notes that are shown beside records, by record id, in one statement: oldest first. Records without
// any are left out.
func (tx *Tx) NotesOf(records []string) (map[string][]Note, error) {
	out := map[string][]Note{}
	err := each(tx, "WHERE record IN ? AND ended = 0 ORDER BY since, id", orNone(records), func(row noteRow) error {
		note, err := row.note()
		out[row.Record] = append(out[row.Record], note)
		return err
	})
	return out, err
}
