package httpd

import (
	"strings"

	"github.com/gin-gonic/gin"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
	"bioincident/internal/identity"
	"bioincident/internal/store"
)

// asHeader names a person on a trusted connection.
const asHeader = "Bid-As"

// identify finds out who asks and puts it into the context.
func (s *Server) identify(c *gin.Context) {
	op, ok := operation(c)
	if !ok {
		c.Next()
		return
	}
	who, err := s.principal(c)
	if err == nil && op.Secured && who.Anonymous() {
		err = fault.New(fault.Unauthenticated, "auth.required")
	}
	if err != nil {
		if f := fault.Of(err); f.Kind == fault.Unauthenticated && f.Code != "auth.required" {
			s.Store.Events().Record(store.Event{Kind: "refused", Subject: f.Code})
		}
		s.refuse(c, err)
		return
	}
	c.Request = c.Request.WithContext(auth.With(c.Request.Context(), who))
	c.Next()
}

func (s *Server) principal(c *gin.Context) (identity.Principal, error) {
	op, _ := operation(c)
	via, local := trusted(c.Request.Context())
	if c.GetHeader(asHeader) != "" && !local {
		return identity.Principal{}, fault.New(fault.Malformed, "request.bid_as").At("/header/"+asHeader, "request.bid_as")
	}
	bearer, given, err := bearer(c)
	c.Set(keySigned, given || local)
	if !op.Signable {
		return identity.Principal{}, nil // whoever asks, the answer is the same: the database need not be asked
	}
	switch {
	case err != nil:
		return identity.Principal{}, err
	case given:
		return s.Auth.Authenticate(c.Request.Context(), bearer)
	case !local:
		return identity.Principal{}, nil
	}
	return s.local(c, via)
}

// local gives who asks on a trusted connection: the person named, or the operator.
func (s *Server) local(c *gin.Context, via identity.Via) (identity.Principal, error) {
	name := c.GetHeader(asHeader)
	if name == "" {
		return identity.Principal{Operator: true, Via: via}, nil
	}
	who, err := s.Auth.Named(c.Request.Context(), name)
	who.Via = via
	return who, err
}

// bearer reads the Authorization header. Anything but one bearer token is as good as a wrong token.
func bearer(c *gin.Context) (token string, given bool, err error) {
	values := c.Request.Header.Values("Authorization")
	if len(values) == 0 {
		return "", false, nil
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return "", true, fault.New(fault.Unauthenticated, "auth.token")
	}
	return strings.TrimSpace(token), true, nil
}
