package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
	"bioincident/internal/load"
)

// mostAtOnce is how many requests a load may have under way.
const mostAtOnce = 256

// benchCommand is hidden: it is for those who measure, not for those who use.
func benchCommand(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Hidden: true, Short: "Measure: fill a database with generated records, and search under load"}
	cmd.AddCommand(benchGenerate(o), benchSearch(o))
	return cmd
}

func benchGenerate(o *options) *cobra.Command {
	var records, from int
	var seed uint64
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Publish generated records, which say that they are none, in bulk",
		Long: "Publish generated records in six languages, which say that they are none: imported by one organization, reviewed as data\n" +
			"sets by a second, published by a third, by the same commands that people take. The same seed and numbers give the same\n" +
			"records; run again after an interruption, it goes on. The folder must not be in use by a server.",
		Example: "  bid bench generate --data DIR --records 100000",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if records < 1 || from < 1 {
				return fault.New(fault.Invalid, "command.bench_range")
			}
			return app.Alone(cmd.Context(), o.settings, func(system *app.System) error {
				meter := newMeter(os.Stderr)
				defer meter.finish()
				filler := load.Filler{Workflow: system.Workflow, Auth: system.Auth, Schema: system.Workflow.Schema, Seed: seed,
					Progress: func(step string, done, total int64) { meter.show(gen.Progress{Step: step, Done: done, Total: total}) }}
				began := time.Now()
				published, err := filler.Fill(cmd.Context(), from, records)
				took := time.Since(began)
				fmt.Fprintf(cmd.OutOrStdout(), "published %d records in %s, %.0f a second\n", published, took.Round(time.Second), float64(published)/took.Seconds())
				return err
			})
		},
	}
	cmd.Flags().IntVar(&records, "records", 1000, "how many")
	cmd.Flags().IntVar(&from, "from", 1, "number of the first: to add to those of an earlier run")
	cmd.Flags().Uint64Var(&seed, "seed", 1, "another seed gives other records")
	return cmd
}

func benchSearch(o *options) *cobra.Command {
	var seconds, concurrency, pid int
	var queries, against string
	cmd := &cobra.Command{
		Use:   "search",
		Short: "Measure how a server on this machine answers searches and reads under load",
		Long: "Send searches (words of six languages, concepts, browsing, each with eight facets too, suggestions) and reads of records\n" +
			"to a server on this machine, and print for each kind how many there were, how many failed, the 50th, 95th and 99th percentile of their times, and how many a\n" +
			"second. With --server, without a token it asks as the public; any address but one of this machine is refused. Without\n" +
			"--server it goes through the socket of the server that runs on --data. A server limits each address: start the one to be\n" +
			"measured with --requests-per-minute 0.\n\n" +
			"--against fills a table of a PostgreSQL with what the public may see, under its own full-text search, asks it the same\n" +
			"in the same run, and removes the table. It is asked without HTTP in between, and knows no concepts.",
		Example: "  bid serve --data DIR --requests-per-minute 0\n  bid bench search --server http://127.0.0.1:8080 --seconds 10 --concurrency 8",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if seconds < 1 || concurrency < 1 || concurrency > mostAtOnce {
				return fault.New(fault.Invalid, "command.load_range", "most", mostAtOnce)
			}
			client, done, err := o.connectHere(cmd.Context(), concurrency)
			if err != nil {
				return err
			}
			defer func() { _ = done() }() // nothing was changed that could be lost
			kinds, err := loadKinds(cmd.Context(), client, queries)
			if err != nil {
				return err
			}
			during := func(kinds []load.Kind) []load.Result {
				ctx, stop := context.WithTimeout(cmd.Context(), time.Duration(seconds)*time.Second)
				defer stop()
				return load.Run(ctx, kinds, concurrency, time.Now)
			}
			results := during(kinds)
			if pid != 0 {
				if err := reportMemory(cmd, pid, o.settings.Data); err != nil {
					return err
				}
			}
			if against != "" {
				others, err := fulltextKinds(cmd, client, against)
				if err != nil {
					return err
				}
				results = append(results, during(others.kinds)...)
				if err := others.Close(cmd.Context()); err != nil {
					return err
				}
			}
			return reportLoad(cmd, results)
		},
	}
	cmd.Flags().IntVar(&pid, "pid", 0, "process of the server: print the memory it uses and the sizes of the files under --data")
	cmd.Flags().StringVar(&against, "against", "", "PostgreSQL to be measured beside it: postgres://…")
	cmd.Flags().IntVar(&seconds, "seconds", 10, "how long; with --against, each")
	cmd.Flags().IntVar(&concurrency, "concurrency", 8, "how many requests at the same time")
	cmd.Flags().StringVar(&queries, "query", "", "file of searches, one on each line, in place of the built-in ones")
	return cmd
}

// connectHere gives a client of a server on this machine, and of no other. No proxy is asked.
func (o *options) connectHere(ctx context.Context, concurrency int) (*gen.Client, func() error, error) {
	if o.server == "" {
		return o.connect(ctx, app.Reading)
	}
	if o.as != "" {
		return nil, nil, fault.New(fault.Invalid, "command.as_over_network")
	}
	if address, err := url.Parse(o.server); err == nil && address.Host != "" && !loopback(address.Hostname()) {
		return nil, nil, fault.New(fault.Invalid, "command.not_loopback", "host", address.Hostname())
	}
	return o.dial(&http.Transport{MaxIdleConnsPerHost: concurrency})
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// loadKinds gives the requests: the searches, and reads of the records that are found first.
func loadKinds(ctx context.Context, client *gen.Client, file string) ([]load.Kind, error) {
	var page gen.SearchAnswer
	response, err := client.Search(ctx, &gen.SearchParams{Limit: 200})
	if err := answer(response, err, &page); err != nil {
		return nil, err
	}
	kinds, err := searchKinds(client, file)
	if err != nil {
		return nil, err
	}
	kinds = append(kinds, searching(client, "browse", []string{""}), faceted(client, "browse, 8 facets", []string{""}))
	if file == "" {
		kinds = append(kinds, faceted(client, "words, 8 facets", load.Words()), suggesting(client, load.Prefixes()))
	}
	if len(page.Hits) == 0 {
		return kinds, nil // nothing to read
	}
	return append(kinds, load.Kind{Name: "record", Do: func(ctx context.Context, number int) error {
		response, err := client.GetIncident(ctx, page.Hits[number%len(page.Hits)].Id, &gen.GetIncidentParams{}) //nolint:bodyclose // answer closes it
		return answer(response, err, nil)
	}}), nil
}

func searchKinds(client *gen.Client, file string) ([]load.Kind, error) {
	if file == "" {
		return []load.Kind{searching(client, "words", load.Words()), searching(client, "concepts", load.Concepts())}, nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fault.New(fault.Invalid, "command.file_unreadable", "file", file).Because(err)
	}
	var queries []string
	for line := range strings.Lines(string(data)) {
		if query := strings.TrimSpace(line); query != "" {
			queries = append(queries, query)
		}
	}
	if len(queries) == 0 {
		return nil, fault.New(fault.Invalid, "command.load_nothing", "file", file)
	}
	return []load.Kind{searching(client, "file", queries)}, nil
}

func searching(client *gen.Client, name string, queries []string) load.Kind {
	return load.Kind{Name: name, Do: func(ctx context.Context, number int) error {
		response, err := client.Search(ctx, &gen.SearchParams{Q: queries[number%len(queries)], Limit: 20}) //nolint:bodyclose // answer closes it
		return answer(response, err, nil)
	}}
}

// eightFacets are those that a page shows first.
func eightFacets() []string {
	return []string{"unit", "cause", "type", "domain", "agent", "area", "decade", "verification"}
}

func faceted(client *gen.Client, name string, queries []string) load.Kind {
	return load.Kind{Name: name, Do: func(ctx context.Context, number int) error {
		params := &gen.SearchParams{Q: queries[number%len(queries)], Limit: 20, Facets: eightFacets()}
		response, err := client.Search(ctx, params) //nolint:bodyclose // answer closes it
		return answer(response, err, nil)
	}}
}

func suggesting(client *gen.Client, prefixes []string) load.Kind {
	return load.Kind{Name: "suggest", Do: func(ctx context.Context, number int) error {
		response, err := client.Suggest(ctx, &gen.SuggestParams{Q: prefixes[number%len(prefixes)], Limit: 10}) //nolint:bodyclose // answer closes it
		return answer(response, err, nil)
	}}
}

// reportLoad prints the figures. A measurement with failures is none.
func reportLoad(cmd *cobra.Command, results []load.Result) error {
	out := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "kind\trequests\terrors\tp50 ms\tp95 ms\tp99 ms\trequests/s\t")
	requests, failures := 0, 0
	var first error
	for _, r := range results {
		row(out, r)
		requests, failures = requests+r.Requests, failures+r.Errors
		if first == nil {
			first = r.First
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failures > 0 {
		return fault.New(fault.Unavailable, "command.load_failed", "requests", requests, "errors", failures).Because(first)
	}
	return cmd.Context().Err()
}

func row(out io.Writer, r load.Result) {
	fmt.Fprintf(out, "%s\t%d\t%d\t%.2f\t%.2f\t%.2f\t%.0f\t\n", r.Kind, r.Requests, r.Errors, ms(r.P50), ms(r.P95), ms(r.P99), r.PerSecond)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
