package syncer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"roost/vault/format"
)

// KeepRules say how many versions of a folder stay: of the newest so many hours, days, weeks, months and years in which
// there is a version, the newest version in each. A version stays if any of them wants it. No number at all keeps
// everything.
type KeepRules struct {
	Hourly  int `json:"hourly,omitempty"`
	Daily   int `json:"daily,omitempty"`
	Weekly  int `json:"weekly,omitempty"`
	Monthly int `json:"monthly,omitempty"`
	Yearly  int `json:"yearly,omitempty"`
}

// Everything tells rules that remove nothing.
func (r KeepRules) Everything() bool { return r == KeepRules{} }

// mostKept is the largest number in a rule.
const mostKept = 100_000

func (r KeepRules) check() error {
	for _, n := range []int{r.Hourly, r.Daily, r.Weekly, r.Monthly, r.Yearly} {
		if n < 0 || n > mostKept {
			return fmt.Errorf("%w: a number of versions is between 0 and %d, not %d", ErrUsage, mostKept, n)
		}
	}
	return nil
}

// KeepPreset are rules that have a name.
type KeepPreset struct {
	Name, About string
	Rules       KeepRules
}

// KeepPresets are all there are, those that keep most first.
func KeepPresets() []KeepPreset {
	return []KeepPreset{
		{"everything", "every version", KeepRules{}},
		{"years", "each day of a month, each week of a year, each month for ten years", KeepRules{Hourly: 48, Daily: 31, Weekly: 53, Monthly: 120}},
		{"year", "each day of a month, each month of a year", KeepRules{Hourly: 24, Daily: 31, Monthly: 12}},
		{"month", "each day of a month", KeepRules{Hourly: 24, Daily: 31}},
	}
}

// Keep says what is kept.
type Keep struct {
	All     KeepRules    // of every folder that has none of its own
	Folders []FolderKeep // that have rules of their own
	Fit     int64        // most that this backup may take on a storage, in bytes; 0: no bound
}

// FolderKeep are the rules of one folder.
type FolderKeep struct {
	Path  string
	Rules KeepRules
}

// Keep lists the rules.
func (e *Engine) Keep(context.Context) (Keep, error) { return keepOf(e.home.config()), nil }

func keepOf(c config) Keep {
	k := Keep{All: c.Keep, Fit: c.Fit}
	for _, f := range c.Folders {
		if f.Keep != nil {
			k.Folders = append(k.Folders, FolderKeep{string(f.Path), *f.Keep})
		}
	}
	return k
}

// KeepChange is what SetKeep changes.
type KeepChange struct {
	Dir     string     // the folder that Rules are for; "": all that have none of their own
	Rules   *KeepRules // nil: they stay as they are
	AsAll   bool       // the folder in Dir has no rules of its own any more
	Fit     int64      // bytes; see Keep
	SetFit  bool
	Preview bool // nothing is written: only what would go is said
}

// SetKeep changes the rules and says what goes by them. Nothing goes before the next Prune, which what runs makes within a
// day. Nil is returned where the storage cannot be reached to say what goes. Errors: ErrUsage, ErrNotAdded; those of Prune.
func (e *Engine) SetKeep(ctx context.Context, ch KeepChange) (*Pruned, error) {
	if err := ch.check(); err != nil {
		return nil, err
	}
	var f folderConfig
	if ch.Dir != "" {
		var err error
		if f, err = e.folder(ch.Dir); err != nil {
			return nil, err
		}
	}
	c := e.home.config()
	c.Folders = slices.Clone(c.Folders)
	ch.apply(&c, f.ID)
	if ch.Preview {
		return e.preview(ctx, c)
	}
	if err := e.changed(func(c *config) error { ch.apply(c, f.ID); return nil }); err != nil {
		return nil, err
	}
	p, err := e.preview(ctx, c)
	if unreachableNow(err) {
		return nil, nil // the rules are written, and what goes by them is seen later
	}
	return p, err
}

func (ch KeepChange) check() error {
	if ch.Rules != nil {
		if err := ch.Rules.check(); err != nil {
			return err
		}
	}
	if ch.Fit < 0 {
		return fmt.Errorf("%w: the room for a backup is a number of bytes", ErrUsage)
	}
	if ch.AsAll && (ch.Dir == "" || ch.Rules != nil) {
		return fmt.Errorf("%w: say which folder goes by the rules of all again, and no rules", ErrUsage)
	}
	return nil
}

// apply makes the change; folder is the id of the one in Dir.
func (ch KeepChange) apply(c *config, folder string) {
	if ch.SetFit {
		c.Fit = ch.Fit
	}
	if ch.Dir == "" && ch.Rules != nil {
		c.Keep = *ch.Rules
	}
	for i := range c.Folders {
		switch {
		case ch.Dir == "" || c.Folders[i].ID != folder:
		case ch.AsAll:
			c.Folders[i].Keep = nil
		case ch.Rules != nil:
			rules := *ch.Rules
			c.Folders[i].Keep = &rules
		}
	}
}

// rulesFor are the rules of a folder that is kept.
func (c config) rulesFor(id format.FolderID) KeepRules {
	for _, f := range c.Folders {
		if f.id() == id {
			if f.Keep != nil {
				return *f.Keep
			}
			return c.Keep
		}
	}
	return KeepRules{} // a folder that is not kept any more: its versions stay
}

// bucket is a kind of time in which one version stays: two moments of one hour have one number.
type bucket struct {
	most   int
	number func(time.Time) int
	last   int
}

// surplus are the versions of one folder, newest first, that the rules do not want. Hours and days are those of the
// local calendar. Of a bucket the newest stays; while a rule wants more than there are buckets, the oldest stays too, so
// that a history does not lose its beginning. These are the rules of restic's forget.
func (r KeepRules) surplus(list []Version, zone *time.Location) []Version {
	if r.Everything() {
		return nil
	}
	buckets := []*bucket{
		{most: r.Hourly, number: func(t time.Time) int { return dayNumber(t)*100 + t.Hour() }},
		{most: r.Daily, number: dayNumber},
		{most: r.Weekly, number: func(t time.Time) int { y, w := t.ISOWeek(); return y*100 + w }},
		{most: r.Monthly, number: func(t time.Time) int { return t.Year()*100 + int(t.Month()) }},
		{most: r.Yearly, number: time.Time.Year},
	}
	for _, b := range buckets {
		b.last = -1
	}
	var out []Version
	for i, v := range list {
		keep := false
		for _, b := range buckets {
			if b.most == 0 {
				continue
			}
			n := b.number(v.Time().In(zone))
			if n == b.last && i < len(list)-1 {
				continue
			}
			keep, b.last = true, n
			b.most--
		}
		if !keep {
			out = append(out, v)
		}
	}
	return out
}

func dayNumber(t time.Time) int { return (t.Year()*100+int(t.Month()))*100 + t.Day() }
