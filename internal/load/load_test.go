package load

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// ticking gives a clock that goes on by a millisecond each time it is read.
func ticking() func() time.Time {
	var reads atomic.Int64
	return func() time.Time { return time.UnixMilli(reads.Add(1)) }
}

func TestRunCountsEveryKind(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	broken := errors.New("broken")
	var made atomic.Int64
	good := func(ctx context.Context, number int) error {
		if made.Add(1) == 100 {
			stop()
			return ctx.Err() // cut off: counted nowhere
		}
		return nil
	}
	kinds := []Kind{{"good", good}, {"bad", func(context.Context, int) error { return broken }}}
	got := Run(ctx, kinds, 1, ticking())
	if got[0].Kind != "good" || got[0].Requests != 99 || got[0].Errors != 0 || got[0].P99 != time.Millisecond {
		t.Errorf("good: %+v", got[0])
	}
	if got[1].Requests != 99 || got[1].Errors != 99 || !errors.Is(got[1].First, broken) || got[1].P50 != 0 {
		t.Errorf("bad: %+v", got[1])
	}
	if got[0].PerSecond <= 0 {
		t.Errorf("%v requests a second", got[0].PerSecond)
	}
}

func TestRunKeepsSoManyUnderWay(t *testing.T) {
	const many = 4
	ctx, stop := context.WithCancel(context.Background())
	var waiting atomic.Int64
	together := func(ctx context.Context, _ int) error {
		if waiting.Add(1) == many {
			stop()
		}
		<-ctx.Done() // ends only when all of them are here
		return ctx.Err()
	}
	if got := Run(ctx, []Kind{{"together", together}}, many, ticking()); got[0].Requests != 0 {
		t.Errorf("%+v", got[0])
	}
}

func TestQuantiles(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for part, want := range map[float64]time.Duration{0.5: 50, 0.95: 95, 0.99: 99, 1: 100} {
		if got := quantile(hundred, part); got != want {
			t.Errorf("%v: %d, want %d", part, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 || quantile(hundred[:1], 0.01) != 1 {
		t.Error("the edges")
	}
}
