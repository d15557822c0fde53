package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm/logger"
)

// quiet hands GORM's own warnings to slog and never a statement or its values: they hold record content.
type quiet struct {
	log  *slog.Logger
	each func(ctx context.Context) // told of each statement; may be nil
}

func (q quiet) LogMode(logger.LogLevel) logger.Interface { return q }

func (q quiet) Info(context.Context, string, ...any) {}

func (q quiet) Warn(ctx context.Context, format string, args ...any) {
	q.log.WarnContext(ctx, "gorm", "message", fmt.Sprintf(format, args...))
}

func (q quiet) Error(ctx context.Context, format string, args ...any) {
	q.log.ErrorContext(ctx, "gorm", "message", fmt.Sprintf(format, args...))
}

func (q quiet) Trace(ctx context.Context, _ time.Time, _ func() (string, int64), _ error) {
	if q.each != nil {
		q.each(ctx)
	}
}
