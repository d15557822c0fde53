package httpd

import (
	"context"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"bioincident/api"
	"bioincident/internal/fault"
)

func operation(c *gin.Context) (*api.Operation, bool) {
	value, ok := c.Get(keyOperation)
	if !ok {
		return nil, false
	}
	op, ok := value.(*api.Operation)
	return op, ok
}

// match finds the operation, and refuses what it cannot answer or does not take. A request that goes on has a limited
// body and a limited time.
func (s *Server) match(c *gin.Context) {
	if c.FullPath() == "" {
		c.Next() // to the answer for no route or no method
		return
	}
	op, ok := s.contract.At(c.Request.Method, c.FullPath())
	if !ok {
		s.refuse(c, fault.New(fault.Internal, "route.unknown"))
		return
	}
	c.Set(keyOperation, op)
	if !acceptable(c.GetHeader("Accept"), op.Produces) {
		s.refuseAs(c, fault.New(fault.Malformed, "request.not_acceptable", "media", op.Produces), http.StatusNotAcceptable)
		return
	}
	if err := s.takes(c, op); err != nil {
		s.refuse(c, err)
		return
	}
	cleanParams(c)
	if op.Long {
		s.long(c)
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), s.Settings.Timeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	c.Next()
}

// takes checks media type and size of the body, and limits what will be read of it.
func (s *Server) takes(c *gin.Context, op *api.Operation) error {
	r := c.Request
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil
	}
	if len(op.Consumes) == 0 {
		return malformed("", "request.no_body_taken")
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := params["charset"]
	if err != nil || !contains(op.Consumes, media) || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return fault.New(fault.MediaType, "request.media_type", "media", op.Consumes)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return fault.New(fault.MediaType, "request.encoding", "encoding", encoding)
	}
	most := s.Settings.MaxBody
	if media == "multipart/form-data" {
		most = s.Settings.MaxUpload
	}
	if r.ContentLength > most {
		return fault.New(fault.TooLarge, "request.too_large", "most", most)
	}
	r.Body = http.MaxBytesReader(c.Writer, r.Body, most)
	return nil
}

// cleanParams makes a path parameter that no id can be into one that no id is: then the answer is that of an id that
// does not exist, byte for byte, and no database sees it.
func cleanParams(c *gin.Context) {
	const longest = 130
	for i, p := range c.Params {
		if len(p.Value) > longest || !plain(p.Value) {
			c.Params[i].Value = "-"
		}
	}
}

// plain tells whether a text is UTF-8 without control characters.
func plain(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) < 0
}

func contains(list []string, media string) bool {
	for _, item := range list {
		if strings.EqualFold(item, media) {
			return true
		}
	}
	return false
}

// acceptable tells whether one of the media types that an operation gives is accepted. No header accepts everything.
func acceptable(accept string, produces []string) bool {
	if strings.TrimSpace(accept) == "" || len(produces) == 0 {
		return true
	}
	refused := map[string]bool{}
	accepted := false
	for _, item := range strings.Split(accept, ",") {
		media, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		quality := 1.0
		if q, ok := params["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				quality = 1
			}
		}
		for _, gives := range produces {
			switch {
			case quality == 0 && media == gives:
				refused[gives] = true
			case quality > 0 && covers(media, gives) && !refused[gives]:
				accepted = true
			}
		}
	}
	return accepted
}

func covers(pattern, media string) bool {
	if pattern == "*/*" || pattern == media {
		return true
	}
	family, ok := strings.CutSuffix(pattern, "/*")
	return ok && strings.HasPrefix(media, family+"/")
}

// malformed is a fault of the form of a request at one place.
func malformed(pointer, code string, pairs ...any) *fault.Fault {
	return fault.New(fault.Malformed, "request.malformed").At(pointer, code, pairs...)
}
