package syncer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StateCopying is a storage's state while the newest state is on its way there. A storage is never StateSaving.
const StateCopying = "copying"

// Copies are how many storages confirmed this computer's newest state lately, and how many have to for files to be safe.
type Copies struct {
	Wanted    int
	Confirmed int
}

// Enough tells whether files are safe by what the storages confirmed.
func (c Copies) Enough() bool { return c.Confirmed >= c.Wanted }

const (
	copiesKey  = "copies"
	copiesAll  = "all" // every storage
	mostCopies = 9
)

// tidyCopies reads how many copies a person wants.
func tidyCopies(s string) (string, error) {
	if strings.EqualFold(s, copiesAll) {
		return copiesAll, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > mostCopies {
		return "", ErrUsage
	}
	return strconv.Itoa(n), nil
}

// WantedCopies is how many copies the setting asks for where there are that many storages.
func WantedCopies(all []Setting, storages int) int {
	for _, s := range all {
		if s.Key == copiesKey {
			return wantedCopies(s.Value, storages)
		}
	}
	return storages
}

func wantedCopies(value string, storages int) int {
	if n, err := strconv.Atoi(value); err == nil {
		return n
	}
	return storages
}

// silence is how long there have been fewer storages than wanted that confirm anything.
func (f *facts) silence() time.Duration {
	var silent []time.Duration // of each storage; 0: it confirms
	for _, x := range f.storages {
		var d time.Duration
		if x.err != nil && !x.since.IsZero() {
			d = f.now.Sub(x.since)
		}
		silent = append(silent, d)
	}
	if len(silent) == 0 {
		return 0
	}
	slices.Sort(silent)
	return silent[min(wantedCopies(f.copies, len(silent)), len(silent))-1]
}

// copiesProblems say that there are fewer storages than copies are wanted, which only a person can change.
func (f *facts) copiesProblems() []Problem {
	wanted := wantedCopies(f.copies, len(f.storages))
	if wanted <= len(f.storages) || len(f.storages) == 0 {
		return nil
	}
	return []Problem{Describe(fmt.Errorf("%w: %s are wanted, and there are %s", ErrFewStorages, many(int64(wanted), "copy", "copies"), many(int64(len(f.storages)), "storage", "storages")))}
}

// ErrFewStorages: more copies are wanted than there are storages.
var ErrFewStorages = errors.New("too few storages")

// copying notes how far the copy to a storage is; nil: none is under way.
func (k *keeper) copying(name string, p *Progress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if x := k.storages[name]; x != nil {
		x.copying = p
	}
	poke(k.news)
}

// older tells whether a storage confirmed something before the newest state was made, so that it counts for nothing now.
func (x *storageFacts) older(f facts) bool {
	return x.confirmed.Before(f.newest)
}
