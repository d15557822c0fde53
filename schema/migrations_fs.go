package schema

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed migrations/postgres/*.sql migrations/sqlite/*.sql
var migrationFiles embed.FS

// Migrations gives the numbered SQL files of a dialect, sqlite or postgres, in the order in which they run. It panics
// for another dialect: only a programming error asks for one.
func Migrations(dialect string) fs.FS {
	files, err := fs.Sub(migrationFiles, "migrations/"+dialect)
	if err != nil {
		panic(fmt.Sprintf("schema: migrations of %q: %v", dialect, err))
	}
	return files
}
