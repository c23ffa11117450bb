//go:build !headless

package main

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"roost/syncer"
	"roost/ui"
	"roost/vault/format"
)

func versionOf(folder byte, at time.Time, bytes uint64, complete bool) syncer.Version {
	v := syncer.Version{FolderID: format.FolderID{folder}}
	v.Seconds, v.Bytes, v.Complete = at.Unix(), bytes, complete
	return v
}

func TestTheBackupGrowsByItsNewestCompleteVersions(t *testing.T) {
	now := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	day := func(ago int) time.Time { return now.AddDate(0, 0, -ago) }
	versions := []syncer.Version{ // newest first
		versionOf(1, day(0), 900, false), // cut short
		versionOf(1, day(0), 500, true),
		versionOf(2, day(1), 70, true),
		versionOf(1, day(3), 300, true),
		versionOf(1, day(3).Add(-time.Hour), 200, true),
	}
	if got, want := growth(versions, now, 5), []int64{300, 300, 370, 570}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got, want := growth(versions, now, 2), []int64{370, 570}; !slices.Equal(got, want) {
		t.Errorf("of two days %v, want %v", got, want)
	}
	if got := growth(nil, now, 30); got != nil {
		t.Errorf("of nothing %v", got)
	}
}

// stalled is an engine whose storage never answers.
type stalled struct {
	engine
	statuses chan syncer.Status
}

func (e stalled) Watch(ctx context.Context) iter.Seq2[syncer.Status, error] {
	return func(yield func(syncer.Status, error) bool) {
		for {
			select {
			case s, ok := <-e.statuses:
				if !ok {
					yield(syncer.Status{}, errors.New("it ended"))
					return
				}
				if !yield(s, nil) {
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}
}

func (stalled) Activity(context.Context, int) ([]syncer.Activity, error) {
	return []syncer.Activity{{Kind: syncer.ActivityBackup}}, nil
}

func (stalled) Snapshots(ctx context.Context, _ string) ([]syncer.Version, bool, error) {
	<-ctx.Done()
	return nil, false, ctx.Err()
}

// long is an engine that saves until it is told to stop.
type long struct{ engine }

func (long) Backup(ctx context.Context, _ []string, _ syncer.Report) ([]syncer.Saved, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

func TestABackupGoesOnWhenItsWindowIsClosed(t *testing.T) {
	life, end := context.WithCancelCause(t.Context())
	window, closed := context.WithCancel(life)
	closed()
	ended := errors.New("the engine ended")
	time.AfterFunc(20*time.Millisecond, func() { end(ended) })
	if _, err := (view{long{refusing{}}, life}).Backup(window, nil, nil); !errors.Is(err, ended) {
		t.Errorf("it was stopped by: %v", err)
	}
}

func TestAStorageThatDoesNotAnswerHoldsUpNoStatus(t *testing.T) {
	e := stalled{refusing{}, make(chan syncer.Status)}
	next, stop := iter.Pull(view{e, t.Context()}.Watch(t.Context()))
	defer stop()
	var now ui.Now
	told := func(what string, ok func(ui.Now) bool) {
		t.Helper()
		for more := true; !ok(now); {
			if now, more = next(); !more {
				t.Fatalf("waited in vain for %s", what)
			}
		}
	}
	for _, state := range []string{syncer.StateSaving, syncer.StateSafe, syncer.StateWaiting} {
		go func() { e.statuses <- syncer.Status{State: state} }()
		told(state, func(now ui.Now) bool { return now.State == state && !now.At.IsZero() })
	}
	told("what happened", func(now ui.Now) bool { return len(now.Activity) == 1 })
	close(e.statuses)
	for {
		if _, more := next(); !more {
			return // it ends with the engine
		}
	}
}

func (stalled) Space(ctx context.Context) (*syncer.Space, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
