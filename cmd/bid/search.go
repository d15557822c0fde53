package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bioincident/api/gen"
	"bioincident/internal/app"
)

// question is what searches and exports can be asked, flag by flag. A flag is named like the parameter of the API, with
// hyphens.
type question struct {
	flags  *pflag.FlagSet
	lists  []string
	texts  []string
	public bool
}

// filters are the parameters that may be given several times, and what they ask for.
func filters() [][2]string {
	return [][2]string{
		{"unit", "incident, report or surveillance_row"}, {"collection", "name of the collection that records were taken from"},
		{"cause", "how it began"}, {"occurrence", "what it came to"}, {"type", "kind of event, with all below it"},
		{"domain", "who or what was affected"}, {"disease", "disease, with all below it"}, {"agent", "agent or toxin, with all below it"},
		{"area", "country, former State or region, with all that lie in it"}, {"decade", "first year of the decade: 1970"},
		{"year", "year of the reference date"}, {"setting", "in what surroundings"}, {"verification", "how far it is confirmed"},
		{"severity", "how severe it was"}, {"response", "what was done about it"}, {"lesson_phase", "phase from which something was learned"},
		{"language", "language in which the summary can be read"}, {"organization", "short name of the organization"},
	}
}

// questions are the parameters that are given once.
func questions() [][2]string {
	return [][2]string{
		{"began", "when it began: 2014, 2010..2014-06, 2010.., ..2014"}, {"active", "when it was going on"},
		{"reported", "when somebody told of it"}, {"deaths", "how many died: >=10, <5, 10..20, 0"}, {"cases", "how many fell ill"},
		{"sort", "score, published, reference or deaths"}, {"group_of", "only the records of one group"},
	}
}

func askable(flags *pflag.FlagSet) *question {
	q := &question{flags: flags}
	for _, f := range filters() {
		flags.StringArray(flagOf(f[0]), nil, "only "+f[1]+"; may be given several times, - is: not stated")
		q.lists = append(q.lists, f[0])
	}
	for _, f := range questions() {
		flags.String(flagOf(f[0]), "", f[1])
		q.texts = append(q.texts, f[0])
	}
	flags.Bool("certain", false, "only what certainly matches")
	flags.BoolVar(&q.public, "public", false, "as somebody without a name would find it")
	return q
}

func flagOf(parameter string) string { return strings.ReplaceAll(parameter, "_", "-") }

// ask puts what was given into a request.
func (q *question) ask(_ context.Context, r *http.Request) error {
	query := r.URL.Query()
	for _, name := range q.lists {
		values, err := q.flags.GetStringArray(flagOf(name))
		if err != nil {
			return err
		}
		for _, value := range values {
			query.Add(name, value)
		}
	}
	for _, name := range q.texts {
		if value := q.flags.Lookup(flagOf(name)).Value.String(); value != "" {
			query.Set(name, value)
		}
	}
	if q.flags.Lookup("certain").Value.String() == "true" {
		query.Set("certain", "true")
	}
	if q.public {
		query.Set("view", string(gen.SearchParamsViewPublic))
	}
	r.URL.RawQuery = query.Encode()
	return nil
}

func searchCommand(o *options) *cobra.Command {
	params := &gen.SearchParams{}
	var histogram string
	var whole bool
	cmd := &cobra.Command{
		Use:   "search [QUERY]",
		Short: "Find records by words, filters, dates and numbers",
		Long: "Find records by words, filters, dates and numbers, in the view of whoever asks: the public, or the person named by --as.\n" +
			"A date or number that is not known exactly may match; such hits are marked, with the part of the question that is open.",
		Example: "  bid search anthrax --cause accidental --began 1970..1989 --facets area,decade\n" +
			"  bid search --area FRA --area DEU --deaths '>=10' --sort deaths --json",
		Args: cobra.ArbitraryArgs,
	}
	q := askable(cmd.Flags())
	cmd.Flags().StringSliceVar(&params.Facets, "facets", nil, "what to count besides, such as cause,area; all is everything")
	cmd.Flags().StringVar(&histogram, "histogram", "", "count by year or decade of the reference date")
	cmd.Flags().BoolVar(&params.Group, "group", false, "records of one event are one line")
	cmd.Flags().IntVar(&params.Limit, "limit", 20, "lines of one page, 200 at most")
	cmd.Flags().StringVar(&params.Cursor, "cursor", "", "go on from the page before")
	cmd.Flags().BoolVar(&whole, "json", false, "print the answer as the API gives it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		params.Q, params.Histogram = strings.Join(args, " "), gen.SearchParamsHistogram(histogram)
		return o.with(cmd, app.Reading, func(client *gen.Client) error {
			var body json.RawMessage
			response, err := client.Search(cmd.Context(), params, q.ask)
			if err := answer(response, err, &body); err != nil {
				return err
			}
			if whole {
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n", body)
				return err
			}
			var found gen.SearchAnswer
			if err := json.Unmarshal(body, &found); err != nil {
				return err
			}
			return printFound(cmd.OutOrStdout(), found)
		})
	}
	return cmd
}

// printFound prints an answer as tables: hits, total, facets, histogram.
func printFound(to io.Writer, found gen.SearchAnswer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, hit := range found.Hits {
		fmt.Fprintf(table, "%s\t%s\t%s%s\n", hit.Id, first(hit.ReferenceDate, "-"), hit.Title, remarks(hit))
	}
	fmt.Fprintf(table, "\nfound: %d", found.Total)
	if possibly := found.Total - found.Certain; possibly > 0 {
		fmt.Fprintf(table, ", %d of them only possibly", possibly)
	}
	if found.Groups > 0 {
		fmt.Fprintf(table, ", groups: %d", found.Groups)
	}
	if found.Undated > 0 {
		fmt.Fprintf(table, "; without a date for this question: %d", found.Undated)
	}
	fmt.Fprintln(table)
	for _, u := range found.Understood {
		fmt.Fprintf(table, "%s: %s\n", u.Words, u.Label)
	}
	for _, facet := range found.Facets {
		printFacet(table, facet)
	}
	for _, bar := range found.Histogram.Bars {
		fmt.Fprintf(table, "%d\t%d\t%s\n", bar.From, bar.Certainly, maybe(bar.Possibly))
	}
	if found.Next != nil {
		fmt.Fprintf(table, "\nmore: --cursor %s\n", *found.Next)
	}
	return table.Flush()
}

// remarks says what is to be known of a hit besides its title.
func remarks(hit gen.Hit) string {
	var all []string
	if hit.Match == gen.Possibly {
		why := make([]string, len(hit.Why))
		for i, part := range hit.Why {
			why[i] = string(part)
		}
		all = append(all, "may match: "+strings.Join(why, ", "))
	}
	if hit.Restricted {
		all = append(all, "restricted to you")
	}
	if hit.Others > 0 {
		all = append(all, fmt.Sprintf("%d more of %s", hit.Others, hit.Group))
	}
	for _, note := range hit.Notes {
		all = append(all, note.Text)
	}
	if len(all) == 0 {
		return ""
	}
	return "  [" + strings.Join(all, "; ") + "]"
}

func printFacet(to io.Writer, facet gen.Facet) {
	fmt.Fprintf(to, "\n%s (--%s)\n", facet.Label, flagOf(facet.Name))
	for _, v := range append(facet.Values, facet.NotStated) {
		mark := ""
		if v.Selected {
			mark = "*"
		}
		if v.Records > 0 || v.Selected {
			fmt.Fprintf(to, "%d\t%s\t%s%s\n", v.Records, v.Code, v.Label, mark)
		}
	}
}

func maybe(possibly int64) string {
	if possibly == 0 {
		return ""
	}
	return "+" + strconv.FormatInt(possibly, 10) + " possibly"
}
