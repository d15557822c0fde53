package httpd

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// long lets a stream take as long as it needs, as long as its other end goes on sending and receiving. The limits of the
// connection are lifted; a watch ends what stands still.
func (s *Server) long(c *gin.Context) {
	control := http.NewResponseController(c.Writer)
	// A writer without deadlines (a recorder in a test) has none to lift.
	_ = control.SetReadDeadline(time.Time{})
	_ = control.SetWriteDeadline(time.Time{})
	w := &watch{control: control, idle: s.Settings.Idle}
	if c.Request.Body != nil {
		c.Request.Body = &watchedBody{c.Request.Body, w}
	}
	c.Writer = &watchedWriter{c.Writer, w}
	c.Next()
}

// watch ends a read or a write that waits too long for the other end. The handler itself may take its time between them.
type watch struct {
	control *http.ResponseController
	idle    time.Duration
}

func (w *watch) during(deadline func(time.Time) error, do func() (int, error)) (int, error) {
	if w.idle <= 0 {
		return do()
	}
	// A deadline in the past ends the call that waits; no clock is asked.
	timer := time.AfterFunc(w.idle, func() { _ = deadline(time.Unix(1, 0)) })
	defer timer.Stop()
	return do()
}

type watchedBody struct {
	io.ReadCloser
	watch *watch
}

// Read reads, not longer than idle.
func (b *watchedBody) Read(p []byte) (int, error) {
	return b.watch.during(b.watch.control.SetReadDeadline, func() (int, error) { return b.ReadCloser.Read(p) })
}

type watchedWriter struct {
	gin.ResponseWriter
	watch *watch
}

// Write writes, not longer than idle.
func (w *watchedWriter) Write(p []byte) (int, error) {
	return w.watch.during(w.watch.control.SetWriteDeadline, func() (int, error) { return w.ResponseWriter.Write(p) })
}

// Flush sends what was written, not longer than idle.
func (w *watchedWriter) Flush() {
	_, _ = w.watch.during(w.watch.control.SetWriteDeadline, func() (int, error) {
		w.ResponseWriter.Flush()
		return 0, nil
	})
}

// Unwrap lets http.ResponseController find what is underneath.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
