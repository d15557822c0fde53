package crash

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// client asks a server as one person.
type client struct {
	base  string
	token string
	as    string // PERSON@ORG, on the socket
	http  *http.Client
}

// answer is what came back. err says that nothing did, or not all of it.
type answer struct {
	status int
	etag   string
	body   []byte
	err    error
}

func (a answer) good() bool { return a.err == nil && a.status >= 200 && a.status < 300 }

// refused tells of a refusal: the server was well and would not.
func (a answer) refused() bool { return a.err == nil && a.status >= 400 && a.status < 500 }

// wrong tells of an answer that a well-meant request never gets, whatever happens to the server.
func (a answer) wrong() bool {
	return a.refused() || a.err == nil && a.status == http.StatusInternalServerError
}

// kind is the status and, where there is a problem, its code.
func (a answer) kind() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.body, &p)
	return fmt.Sprintf("%d %s", a.status, p.Code)
}

func (a answer) String() string {
	return fmt.Sprintf("%d %v %s", a.status, a.err, a.body[:min(len(a.body), 600)])
}

func (c *client) get(path string) answer { return c.send(http.MethodGet, path, "", nil) }

func (c *client) post(path string, in any, headers ...string) answer {
	data, err := json.Marshal(in)
	if err != nil {
		return answer{err: err}
	}
	return c.send(http.MethodPost, path, "application/json", data, headers...)
}

// send sends a request. Headers are "Name: value".
func (c *client) send(method, path, kind string, data []byte, headers ...string) answer {
	r, err := http.NewRequest(method, c.base+path, bytes.NewReader(data))
	if err != nil {
		return answer{err: err}
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.as != "" {
		r.Header.Set("Bid-As", c.as)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	response, err := c.http.Do(r)
	if err != nil {
		return answer{err: err}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return answer{status: response.StatusCode, etag: response.Header.Get("ETag"), body: body, err: err}
}

// line is one line of a bulk answer.
type line struct {
	Progress *struct {
		Step        string
		Done, Total int64
	}
	Result  json.RawMessage
	Problem json.RawMessage
}

// lines reads as many whole lines of a bulk answer as came.
func (a answer) lines() []line {
	var all []line
	scanner := bufio.NewScanner(bytes.NewReader(a.body))
	scanner.Buffer(nil, 1<<24)
	for scanner.Scan() {
		var l line
		if json.Unmarshal(scanner.Bytes(), &l) != nil {
			break
		}
		all = append(all, l)
	}
	return all
}
