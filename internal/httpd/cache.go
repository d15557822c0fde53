package httpd

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"bioincident/api"
)

// cache gives every read that is not a stream an ETag, the hash of the bytes served unless the handler gave the revision,
// and answers 304 to whoever has them. Only what is read without signing in may be kept by a cache, and it must ask.
func (s *Server) cache(c *gin.Context) {
	op, ok := operation(c)
	if !ok || op.Long || op.Method != http.MethodGet {
		c.Next()
		return
	}
	under := c.Writer
	buffer := &buffered{ResponseWriter: under, status: http.StatusOK}
	func() {
		defer func() { c.Writer = under }() // also when the handler panics: what is said then is not held back
		c.Writer = buffer
		c.Next()
	}()
	buffer.send(c, s.shared(c, op))
}

// shared tells whether a cache may keep the answer.
func (s *Server) shared(c *gin.Context, op *api.Operation) bool {
	return !c.GetBool(keySigned) && !op.Secured && op.ID != "getHealth" && op.ID != "getReadiness"
}

// buffered holds an answer back until all of it is there.
type buffered struct {
	gin.ResponseWriter
	body    bytes.Buffer
	status  int
	written bool
}

func (b *buffered) WriteHeader(status int) { b.status, b.written = status, true }
func (b *buffered) WriteHeaderNow()        { b.written = true }
func (b *buffered) Status() int            { return b.status }
func (b *buffered) Size() int              { return b.body.Len() }
func (b *buffered) Flush()                 {}

// Written tells whether the answer is decided: then no other may be written.
func (b *buffered) Written() bool { return b.written }

func (b *buffered) Write(p []byte) (int, error) {
	b.written = true
	return b.body.Write(p)
}

func (b *buffered) WriteString(text string) (int, error) {
	b.written = true
	return b.body.WriteString(text)
}

// send sends the answer, or 304.
func (b *buffered) send(c *gin.Context, shared bool) {
	h := b.ResponseWriter.Header()
	if b.status == http.StatusOK {
		if h.Get("ETag") == "" {
			sum := sha256.Sum256(b.body.Bytes())
			h.Set("ETag", `"`+hex.EncodeToString(sum[:])+`"`)
		}
		if shared {
			h.Set("Cache-Control", "public, no-cache")
		}
		if matches(c.GetHeader("If-None-Match"), h.Get("ETag")) {
			h.Del("Content-Type")
			b.ResponseWriter.WriteHeader(http.StatusNotModified)
			b.ResponseWriter.WriteHeaderNow()
			return
		}
	}
	if b.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(b.body.Len()))
	}
	b.ResponseWriter.WriteHeader(b.status)
	if c.Request.Method == http.MethodHead || b.body.Len() == 0 {
		b.ResponseWriter.WriteHeaderNow()
		return
	}
	_, _ = b.ResponseWriter.Write(b.body.Bytes()) // a reader that went away is seen by its connection
}

// matches compares weakly, as If-None-Match asks.
func matches(header, etag string) bool {
	if strings.TrimSpace(header) == "*" {
		return true
	}
	for _, item := range strings.Split(header, ",") {
		if item = strings.TrimPrefix(strings.TrimSpace(item), "W/"); item != "" && item == etag {
			return true
		}
	}
	return false
}
