package httpd

import (
	"math"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"golang.org/x/time/rate"

	"bioincident/internal/auth"
	"bioincident/internal/fault"
)

// limiter holds a bucket for each of those who asked lately. Whoever was forgotten has a full bucket again, which they
// would have by then anyhow.
type limiter struct {
	name    string
	rate    Rate
	buckets *expirable.LRU[string, *rate.Limiter]
}

const mostBuckets = 20_000

// newLimiter gives nil when there is no limit.
func newLimiter(name string, r Rate) *limiter {
	if r.PerSecond <= 0 || r.Burst <= 0 {
		return nil
	}
	full := time.Duration(float64(r.Burst) / r.PerSecond * float64(time.Second))
	return &limiter{name: name, rate: r, buckets: expirable.NewLRU[string, *rate.Limiter](mostBuckets, nil, full+time.Minute)}
}

// take takes one request out of a bucket, and gives what is left and, when nothing was, how many seconds to wait.
func (l *limiter) take(key string, now time.Time) (left int, wait int, ok bool) {
	bucket, found := l.buckets.Get(key)
	if !found {
		bucket = rate.NewLimiter(rate.Limit(l.rate.PerSecond), l.rate.Burst)
		l.buckets.Add(key, bucket)
	}
	if !bucket.AllowN(now, 1) {
		return 0, int(math.Ceil((1 - bucket.TokensAt(now)) / l.rate.PerSecond)), false
	}
	return int(bucket.TokensAt(now)), 0, true
}

// apply limits a request and says how much is left, in the headers of the IETF draft.
func (s *Server) apply(c *gin.Context, l *limiter, key string) {
	left, wait, ok := l.take(key, time.UnixMicro(int64(s.Store.Clock())))
	refill := int(math.Ceil(float64(l.rate.Burst) / l.rate.PerSecond))
	c.Header("RateLimit-Policy", strconv.Quote(l.name)+";q="+strconv.Itoa(l.rate.Burst)+";w="+strconv.Itoa(refill))
	c.Header("RateLimit", strconv.Quote(l.name)+";r="+strconv.Itoa(left)+";t="+strconv.Itoa(max(wait, 1)))
	if !ok {
		c.Header("Retry-After", strconv.Itoa(max(wait, 1)))
		s.refuse(c, fault.New(fault.TooMany, "request.too_many", "seconds", max(wait, 1)))
		return
	}
	c.Next()
}

// limitAddress limits what comes from one address, before anything is asked of the database.
func (s *Server) limitAddress(c *gin.Context) {
	if _, local := trusted(c.Request.Context()); local || s.peers == nil {
		c.Next()
		return
	}
	s.apply(c, s.peers, auth.Network(c.ClientIP()))
}

// limitToken limits what is asked with one token, wherever it comes from.
func (s *Server) limitToken(c *gin.Context) {
	if _, local := trusted(c.Request.Context()); local || s.tokens == nil || auth.Who(c.Request.Context()).Anonymous() {
		c.Next()
		return
	}
	token, _, _ := bearer(c)
	s.apply(c, s.tokens, auth.Hash(token))
}
