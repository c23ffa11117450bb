package catalog

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPatienceEndsAfterItsLimitWithoutProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		why := errors.New("somebody holds it")
		p := patience{limit: time.Second}
		start := time.Now()
		for n := 0; ; n++ {
			if n == 8 {
				p.gained()
				start = time.Now()
			}
			if err := p.wait(context.Background(), why); err != nil {
				if !errors.Is(err, ErrBusy) || !errors.Is(err, why) {
					t.Errorf("wait = %v", err)
				}
				break
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("gave up %v after the last progress", took)
		}
	})
}

func TestPatienceEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		p := patience{limit: time.Hour}
		var err error
		start := time.Now()
		for err == nil {
			err = p.wait(ctx, ErrBusy)
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 30*time.Millisecond {
			t.Errorf("wait = %v after %v", err, time.Since(start))
		}
	})
}
