package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"context"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/fault"
	"bioincident/internal/incident"
	"bioincident/internal/load"
)

// fulltext is the other database and what it is asked.
type fulltext struct {
	*load.Fulltext
	kinds []load.Kind
}

// fulltextKinds fills the other database with what the server exports, and gives the same questions for it.
func fulltextKinds(cmd *cobra.Command, client *gen.Client, url string) (*fulltext, error) {
	other, err := load.OpenFulltext(cmd.Context(), url)
	if err != nil {
		return nil, fault.New(fault.Invalid, "command.file_unreadable", "file", "--against").Because(err)
	}
	response, err := client.ExportIncidents(cmd.Context(), &gen.ExportIncidentsParams{})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if err := copyExport(cmd.Context(), response, other); err != nil {
		return nil, errors.Join(err, other.Close(cmd.Context()))
	}
	size, err := other.Finish(cmd.Context())
	if err != nil {
		return nil, errors.Join(err, other.Close(cmd.Context()))
	}
	fmt.Fprintf(cmd.OutOrStdout(), "PostgreSQL: table and indexes %d MB\n", size>>20)
	asking := func(name string, queries, facets []string) load.Kind {
		return load.Kind{Name: "PostgreSQL " + name, Do: func(ctx context.Context, number int) error {
			_, err := other.Search(ctx, queries[number%len(queries)], facets)
			return err
		}}
	}
	prefixes := load.Prefixes()
	return &fulltext{other, []load.Kind{
		asking("words", load.Words(), nil), asking("browse", []string{""}, nil),
		asking("browse, 8 facets", []string{""}, eightFacets()), asking("words, 8 facets", load.Words(), eightFacets()),
		{Name: "PostgreSQL suggest", Do: func(ctx context.Context, number int) error {
			return other.Suggest(ctx, prefixes[number%len(prefixes)])
		}},
	}}, nil
}

// copyExport puts the records of an export into the other database.
func copyExport(ctx context.Context, response *http.Response, other *load.Fulltext) error {
	if refused(response) {
		return refusal(response)
	}
	const together = 500
	var entries []load.Entry
	decoder := json.NewDecoder(response.Body)
	for {
		var line gen.ExportLine
		if err := decoder.Decode(&line); err != nil {
			if errors.Is(err, io.EOF) {
				return other.Put(ctx, entries)
			}
			return err
		}
		if line.Incident.Id == "" {
			continue
		}
		entry, err := entryOf(line.Incident)
		if err != nil {
			return err
		}
		if entries = append(entries, entry); len(entries) == together {
			if err := other.Put(ctx, entries); err != nil {
				return err
			}
			entries = entries[:0]
		}
	}
}

func entryOf(i gen.Incident) (load.Entry, error) {
	data, err := json.Marshal(i.View)
	if err != nil {
		return load.Entry{}, err
	}
	var body incident.Body
	if err := json.Unmarshal(data, &body); err != nil {
		return load.Entry{}, err
	}
	entry := load.Entry{ID: i.Id, Tier: string(i.Tier), Published: i.Published.UnixMicro(), Title: i.Title, Texts: map[string]string{}}
	for language, words := range body.Narrative.Summary.In {
		entry.Texts[language] = words.Text
	}
	for kind, codes := range incident.Terms(body, incident.Derive(body)) {
		for _, code := range codes {
			if kind == "year" {
				kind, code = "decade", code[:3]+"0"
			}
			entry.Facets = append(entry.Facets, kind+":"+code)
		}
	}
	return entry, nil
}

// reportMemory prints what a process of this machine uses, as Linux tells it, and how large the files of a folder are.
func reportMemory(cmd *cobra.Command, pid int, dir string) error {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return fault.New(fault.Invalid, "command.file_unreadable", "file", fmt.Sprintf("/proc/%d/status", pid)).Because(err)
	}
	for line := range strings.Lines(string(status)) {
		if strings.HasPrefix(line, "Rss") || strings.HasPrefix(line, "VmRSS") {
			fmt.Fprint(cmd.OutOrStdout(), "server ", line)
		}
	}
	sizes := map[string]int64{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		part := "database"
		if strings.Contains(path, string(filepath.Separator)+"index"+string(filepath.Separator)) {
			part = "index"
		}
		sizes[part] += info.Size()
		return nil
	})
	fmt.Fprintf(cmd.OutOrStdout(), "database %d MB, index %d MB\n", sizes["database"]>>20, sizes["index"]>>20)
	return err
}
