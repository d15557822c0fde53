package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"bioincident/api/gen"
	"bioincident/internal/app"
	"bioincident/internal/fault"
)

// connect gives a client of the API: of a server on the network, of the server that holds the folder's lock, or of a
// system built for this command alone. done releases what was opened.
func (o *options) connect(ctx context.Context, parts app.Parts) (client *gen.Client, done func() error, err error) {
	if o.server != "" {
		return o.network()
	}
	local, err := app.Local(ctx, o.settings, parts)
	if err != nil {
		return nil, nil, err
	}
	client, err = gen.NewClient("http://bid", gen.WithHTTPClient(&http.Client{Transport: local}), gen.WithRequestEditorFn(o.header))
	return client, local.Close, err
}

// with runs a command that speaks to the API, and releases what was opened for it.
func (o *options) with(cmd *cobra.Command, parts app.Parts, run func(*gen.Client) error) error {
	client, done, err := o.connect(cmd.Context(), parts)
	if err != nil {
		return err
	}
	err = run(client)
	if closeErr := done(); err == nil {
		return closeErr
	}
	return err
}

func (o *options) network() (*gen.Client, func() error, error) {
	if o.as != "" {
		return nil, nil, fault.New(fault.Invalid, "command.as_over_network")
	}
	if o.token == "" {
		return nil, nil, fault.New(fault.Invalid, "command.token_missing")
	}
	return o.dial(http.DefaultTransport)
}

// dial gives a client of the server over the network.
func (o *options) dial(transport http.RoundTripper) (*gen.Client, func() error, error) {
	address, err := url.Parse(o.server)
	if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
		return nil, nil, fault.New(fault.Invalid, "command.server_malformed", "server", o.server)
	}
	over := &http.Client{Transport: network{transport, o.server}, CheckRedirect: stay}
	client, err := gen.NewClient(o.server, gen.WithHTTPClient(over), gen.WithRequestEditorFn(o.header))
	return client, func() error { over.CloseIdleConnections(); return nil }, err
}

// stay follows no redirect: the token is for the server that was named.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// network says in words that a server does not answer.
type network struct {
	http.RoundTripper
	server string
}

// RoundTrip sends a request.
func (n network) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := n.RoundTripper.RoundTrip(r)
	if err != nil && r.Context().Err() == nil {
		return nil, fault.New(fault.Unavailable, "command.server_silent", "server", n.server).Because(err)
	}
	return response, err
}

// CloseIdleConnections is looked for by http.Client.
func (n network) CloseIdleConnections() {
	if t, ok := n.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// header says who asks and in which language. Parameters nobody gave are taken out: the client writes them empty.
func (o *options) header(_ context.Context, r *http.Request) error {
	query := r.URL.Query()
	for name := range query {
		if query.Get(name) == "" {
			query.Del(name)
		}
	}
	r.URL.RawQuery = query.Encode()
	if r.Header.Get("Idempotency-Key") == "" {
		r.Header.Del("Idempotency-Key")
	}
	r.Header.Set("Accept-Language", o.lang)
	switch {
	case o.server != "" && o.token != "":
		r.Header.Set("Authorization", "Bearer "+o.token)
	case o.server == "" && o.as != "":
		r.Header.Set("Bid-As", o.as)
	}
	return nil
}

// problem is a refusal of the API: an RFC 9457 problem.
type problem struct{ gen.Problem }

// Error says what is wrong, where, and what is missing.
func (p *problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Title)
	if p.Detail != "" && p.Detail != p.Title {
		b.WriteString(": " + p.Detail)
	}
	for _, field := range p.Errors {
		fmt.Fprintf(&b, "\n  %s: %s", field.Pointer, first(field.Detail, field.Code))
	}
	for _, reason := range p.Missing {
		fmt.Fprintf(&b, "\n  %s", first(reason.Detail, reason.Code))
	}
	return b.String()
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// answer reads a JSON answer into out, or gives the problem.
func answer(response *http.Response, err error, out any) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if refused(response) {
		return refusal(response)
	}
	if out == nil {
		_, err := io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(out)
}

// refused tells of every answer that is none: a redirect is not followed.
func refused(response *http.Response) bool { return response.StatusCode >= http.StatusMultipleChoices }

func refusal(response *http.Response) error {
	var p problem
	err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&p.Problem)
	if err != nil || p.Title == "" {
		return fault.New(fault.Unavailable, "command.not_this_server", "status", response.Status)
	}
	return &p
}
