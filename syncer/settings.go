package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one thing that a person may choose, as `roost set` and the window show it.
type Setting struct {
	Key     string
	Value   string // as it is now
	Default string
	Values  string // what may stand there, in words
	About   string // half a sentence
}

// setting is a row of the table: how a value is checked, and written the way it is shown.
type setting struct {
	key, standard, values, about string
	tidy                         func(string) (string, error)
}

// settings are all there are, in the order that they are shown in.
var settings = append([]setting{
	{"settle", "5s", durations, "quiet time before a change is saved", span(time.Second, 24*time.Hour)},
	{"max-wait", "30s", durations, "longest that a folder which is never quiet waits", span(time.Second, 24*time.Hour)},
	{"rescan", "6h", durations, "how often a watched folder is looked through anyway", span(10*time.Minute, 30*24*time.Hour)},
	{"rescan-unwatched", "15m", durations, "how often a folder that cannot be watched is looked through", span(10*time.Second, 24*time.Hour)},
	{"confirmed-within", "15m", durations, "how old a storage's last word may be for files to count as safe", span(time.Minute, 7*24*time.Hour)},
	{copiesKey, copiesAll, "a number from 1 to 9, or all", "how many storages have to confirm for files to count as safe", tidyCopies},
	{"limit-up", "none", rates, "most that is sent", rate},
	{"limit-down", "none", rates, "most that is fetched", rate},
	{"quiet-hours", "none", "from-to, such as 22:00-07:00, or none", "hours in which nothing is saved by itself", hours},
	{"data-budget", "none", "bytes a month, such as 50GB, or none", "most that is sent to each storage in a month", size},
	{"on-battery", "gentle", "gentle, normal or wait", "what a computer on battery does", oneOf("gentle", "normal", "wait")},
	{"on-metered", "wait", "gentle, normal or wait", "what is done on a network that is paid by use", oneOf("gentle", "normal", "wait")},
	{findByWords, "off", "on or off", "let the words alone lead to the storage; strangers keep a sealed note and see its address", oneOf("on", "off")},
	{"notifications", "on", "on or off", "say on the desktop when a person is needed", oneOf("on", "off")},
	{"verify", "24h", durations + ", or never", "how often the storages are checked", spanOrNever(time.Hour, 30*24*time.Hour)},
	{"verify-all", "2160h", durations + ", or never", "time in which such checks read all content once", spanOrNever(24*time.Hour, 3*365*24*time.Hour)},
	{"drill", "720h", durations + ", or never", "how often random files are restored to try it", spanOrNever(24*time.Hour, 365*24*time.Hour)},
	{"max-file-size", "none", "bytes, such as 4GB, or none", "larger files are left out", size},
	{"language", "system", "system, en, de, es, fr or ja", "the language of the window", oneOf("system", "en", "de", "es", "fr", "ja")},
	{"theme", "system", "system, light or dark", "the colours of the window", oneOf("system", "light", "dark")},
}, presetSettings()...)

const (
	durations = "a duration, such as 30s, 10m or 6h"
	rates     = "bytes a second, such as 500kB, or none"
)

// Settings lists every setting with its present value.
func (e *Engine) Settings(context.Context) []Setting {
	chosen := e.home.config().Settings
	out := make([]Setting, 0, len(settings))
	for _, s := range settings {
		value := s.standard
		if v, ok := chosen[s.key]; ok {
			value = v
		}
		out = append(out, Setting{Key: s.key, Value: value, Default: s.standard, Values: s.values, About: s.about})
	}
	return out
}

// Set changes a setting; an empty value brings the usual one back. What runs goes by it at once. Errors: ErrUsage.
func (e *Engine) Set(ctx context.Context, key, value string) error {
	return e.SetAll(ctx, map[string]string{key: value})
}

// SetAll is Set for several settings: all of them change, or none.
func (e *Engine) SetAll(_ context.Context, values map[string]string) error {
	tidied := map[string]string{}
	for key, value := range values {
		i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
		if i < 0 {
			return fmt.Errorf("%w: there is no setting %q", ErrUsage, key)
		}
		s := settings[i]
		if value != "" {
			var err error
			if value, err = s.tidy(strings.TrimSpace(value)); err != nil {
				return fmt.Errorf("%w: %s is %s", ErrUsage, key, s.values)
			}
		}
		if value == s.standard {
			value = ""
		}
		tidied[key] = value
	}
	return e.changed(func(c *config) error {
		next := maps.Clone(c.Settings)
		if next == nil {
			next = map[string]string{}
		}
		for key, value := range tidied {
			if value == "" {
				delete(next, key)
			} else {
				next[key] = value
			}
		}
		c.Settings = next
		return nil
	})
}

// value is what a setting is now. One that the file spells wrongly counts as not set: the file may have been edited.
func (c config) value(key string) string {
	i := slices.IndexFunc(settings, func(s setting) bool { return s.key == key })
	if v, err := settings[i].tidy(c.Settings[key]); err == nil {
		return v
	}
	return settings[i].standard
}

// Look is how the window presents itself, as two of the settings have it. The zero value is not known.
type Look struct {
	Language string // "system", or one that there is a translation for
	Theme    string // "system", "light" or "dark"
}

func (c config) look() Look { return Look{Language: c.value("language"), Theme: c.value("theme")} }

// LookOf reads how the window of a home presents itself, without its key: what is shown before an engine runs goes by it,
// too. A home that is not set up, or cannot be read, has the usual look.
func LookOf(dir string) Look {
	var c config
	b, err := os.ReadFile(filepath.Join(dir, configFile))
	if err != nil || json.Unmarshal(b, &c) != nil {
		c = config{} // what is wrong with it is said by who opens it
	}
	return c.look()
}

// duration, bytes and daily read a setting of that kind; 0 and none are "none".
func (c config) duration(key string) time.Duration {
	d, _ := time.ParseDuration(c.value(key)) // the table wrote it
	return d
}

func (c config) bytes(key string) int64 {
	n, _ := ParseSize(c.value(key))
	return n
}

func (c config) daily(key string) (from, to time.Duration, ok bool) {
	return parseHours(c.value(key))
}

func span(least, most time.Duration) func(string) (string, error) {
	return func(s string) (string, error) {
		d, err := time.ParseDuration(s)
		if err != nil || d < least || d > most {
			return "", ErrUsage
		}
		return short(d), nil
	}
}

// short writes 6h rather than 6h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func oneOf(words ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		if s = strings.ToLower(s); slices.Contains(words, s) {
			return s, nil
		}
		return "", ErrUsage
	}
}

func rate(s string) (string, error) {
	return size(strings.TrimSuffix(s, "/s"))
}

func size(s string) (string, error) {
	n, err := ParseSize(s)
	if err != nil {
		return "", err
	}
	return formatSize(n), nil
}

var sizeUnits = []struct {
	name  string
	bytes float64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"T", 1e12}, {"G", 1e9}, {"M", 1e6}, {"k", 1e3}, {"", 1}}

// ParseSize reads "500 kB", "1.5GB" or "none", which is 0. Units are decimal, as on the box of a disk. Errors: ErrUsage.
func ParseSize(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "none") {
		return 0, nil
	}
	for _, u := range sizeUnits {
		if len(s) < len(u.name) || !strings.EqualFold(s[len(s)-len(u.name):], u.name) {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(s[:len(s)-len(u.name)]), 64)
		if err != nil || !(n >= 0) || n*u.bytes > math.MaxInt64/2 {
			return 0, ErrUsage
		}
		return int64(n * u.bytes), nil
	}
	return 0, ErrUsage
}

func formatSize(n int64) string {
	if n == 0 {
		return "none"
	}
	for _, u := range sizeUnits[:4] {
		if float64(n) >= u.bytes {
			return strconv.FormatFloat(float64(n)/u.bytes, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

func hours(s string) (string, error) {
	if strings.EqualFold(s, "none") {
		return "none", nil
	}
	from, to, ok := parseHours(s)
	if !ok {
		return "", ErrUsage
	}
	clock := func(d time.Duration) string { return fmt.Sprintf("%02d:%02d", int(d.Hours()), int(d.Minutes())%60) }
	return clock(from) + "-" + clock(to), nil
}

// parseHours reads "22:00-07:00" as times since midnight; they may span it.
func parseHours(s string) (from, to time.Duration, ok bool) {
	a, b, found := strings.Cut(s, "-")
	f, err := time.Parse("15:04", strings.TrimSpace(a))
	t, err2 := time.Parse("15:04", strings.TrimSpace(b))
	if !found || err != nil || err2 != nil || f.Equal(t) {
		return 0, 0, false
	}
	midnight := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	return f.Sub(midnight), t.Sub(midnight), true
}

// quietUntil is when the quiet hours that now lies in end; zero outside them.
func quietUntil(now time.Time, from, to time.Duration) time.Time {
	// As clocks on the wall show it: not every day has 24 hours.
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	end := func(day int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+day, int(to.Hours()), int(to.Minutes())%60, 0, 0, now.Location())
	}
	switch {
	case from < to && at >= from && at < to, from > to && at < to:
		return end(0)
	case from > to && at >= from:
		return end(1)
	}
	return time.Time{}
}
