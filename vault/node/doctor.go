package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

var (
	// ErrExposed: whoever finds the storage's address can use it, without a key.
	ErrExposed = errors.New("storage is open to everybody")
	// ErrCleans: the storage holds more than its own limit, so it may clean up again and again.
	ErrCleans = errors.New("storage is beyond its own limit")
	// ErrAnnounces: the storage tells a public network which blocks it has.
	ErrAnnounces = errors.New("storage tells a public network what it has")
	// ErrStillAnnounces: so it does until it is started again; its settings forbid it.
	ErrStillAnnounces = errors.New("storage tells a public network what it has until it is started again")
	// ErrClock: the storage's clock is far from this computer's.
	ErrClock = errors.New("the clocks of the storage and of this computer differ")
)

// Examination is what can be seen of a storage from here, beside whether it works.
type Examination struct {
	Local  bool   // nobody but this computer can reach it, by its address
	Secure string // what it proves itself with: "pinned", "public" (a certificate that everybody trusts), "" where nothing does

	// Exposed names what answers without a key, of a storage that is not local; nil: nothing.
	Exposed []string

	// Everything: this computer's key opens more of the storage than Roost uses. So its settings could be looked at:
	Everything bool
	Announces  bool  // its settings have it tell a public network which blocks it has
	StillTells bool  // they forbid that, and it was not started since
	CleansAt   int64 // bytes from which on it cleans up by itself, if it does at all; 0: it has no limit of its own

	Clock time.Duration // how far its clock is ahead of ours; within what the answer took it counts as 0
}

// examinePatience is for each of the few requests.
const examinePatience = 30 * time.Second

// doors are what a Kubo serves beside the calls that Roost makes. Its own tokens guard the RPC alone.
var doors = []struct{ method, path, name string }{
	{http.MethodPost, "/api/v0/id", "all of its calls"},
	{http.MethodGet, "/debug/vars", "its inner state (/debug)"},
	{http.MethodGet, "/webui", "its web page (/webui)"},
}

// Examine looks at the storage as a stranger would, and at how much this computer's key opens.
func (k *Kubo) Examine(ctx context.Context) (Examination, error) {
	x := Examination{Local: loopback(k.at.Hostname()), Secure: k.proof}
	if !x.Local {
		for _, d := range doors {
			status, _, err := k.knock(ctx, d.method, d.path, false)
			if err != nil {
				return x, err
			}
			if status < http.StatusBadRequest {
				x.Exposed = append(x.Exposed, d.name)
			}
		}
	}
	before := time.Now()
	status, date, err := k.knock(ctx, http.MethodPost, "/api/v0/id", true)
	if err != nil {
		return x, err
	}
	if status >= http.StatusInternalServerError {
		return x, fmt.Errorf("look at the storage from outside: %w: a proxy answers with status %d", ErrUnreachable, status)
	}
	if there, err := http.ParseTime(date); err == nil {
		x.Clock = apart(before, time.Now(), there)
	}
	if err := k.settings(ctx, &x); err != nil {
		return x, err
	}
	return x, nil
}

// apart is how far there, a clock that shows whole seconds, is ahead of every moment between before and after.
func apart(before, after, there time.Time) time.Duration {
	switch {
	case there.After(after):
		return there.Sub(after)
	case there.Add(time.Second).Before(before):
		return there.Add(time.Second).Sub(before)
	}
	return 0
}

// settings looks at what a key that opens everything may see. A refusal is the better answer.
func (k *Kubo) settings(ctx context.Context, x *Examination) error {
	provide, allowed, err := k.setting(ctx, "Provide.Enabled")
	if err != nil || !allowed {
		return err
	}
	routing, _, err := k.setting(ctx, "Routing.Type")
	x.Everything, x.Announces = true, provide != false && routing != "none" // both are on where nothing is said
	if err == nil && !x.Announces {
		x.StillTells, err = k.providing(ctx)
	}
	if err != nil {
		return err
	}
	u, err := k.Usage(ctx)
	if err != nil || u.StorageMax == 0 {
		return err
	}
	part, _, err := k.setting(ctx, "Datastore.StorageGCWatermark")
	percent, ok := part.(float64)
	if !ok || percent <= 0 || percent > 100 {
		percent = usualWatermark
	}
	x.CleansAt = int64(float64(u.StorageMax) / 100 * percent)
	return err
}

// usualWatermark is the share of its limit from which on Kubo cleans up, in percent.
const usualWatermark = 90

// setting reads one; it is nil where nothing is said.
func (k *Kubo) setting(ctx context.Context, key string) (value any, allowed bool, err error) {
	var answer struct{ Value any }
	c := &call{op: "look at the storage's settings", command: "config", args: []string{key}, limit: k.patience.quick}
	err = k.do(ctx, c, func(r io.Reader) error { return json.NewDecoder(io.LimitReader(r, smallAnswer)).Decode(&answer) })
	if _, said := errors.AsType[*answerError](err); said && !errors.Is(err, ErrUnauthorized) {
		return nil, true, nil // Kubo's answer for what is not set
	}
	if errors.Is(err, ErrUnauthorized) {
		return nil, false, nil
	}
	return answer.Value, err == nil, err
}

// SilenceLine is what does the same as Silence on the storage's own machine.
const SilenceLine = "ipfs config --json Provide.Enabled false"

// providesSince is the minor version of the first Kubo that has the setting.
const providesSince = 38

// Silence has the storage tell nobody any more which blocks it has, from when it is started again. Its settings are read back.
// Errors: ErrAnnounces where this computer's key, or a program in front of the storage, does not let it be changed, and where
// its program is too old to know the setting.
func (k *Kubo) Silence(ctx context.Context) error {
	const op = "have storage tell nobody what it has"
	info, err := k.Info(ctx)
	if err != nil {
		return err
	}
	var major, minor int
	if n, _ := fmt.Sscanf(info.Version, "%d.%d", &major, &minor); n == 2 && major == 0 && minor < providesSince {
		return fmt.Errorf("%w: its program is too old to be told; update it", ErrAnnounces)
	}
	c := &call{
		op: op, command: "config", args: []string{"Provide.Enabled", "false"}, opts: map[string]string{"json": "true"}, limit: k.patience.quick,
	}
	var answer struct{ Value any }
	err = k.do(ctx, c, func(r io.Reader) error { return decodeOne(r, &answer) })
	if errors.Is(err, ErrUnauthorized) {
		return fmt.Errorf("%w: it does not let this computer change that", ErrAnnounces)
	}
	if err != nil {
		return err
	}
	now, _, err := k.setting(ctx, "Provide.Enabled")
	if err == nil && now != false {
		return fmt.Errorf("%w: it took the change and does not show it", ErrAnnounces)
	}
	return err
}

// providing tells whether the running node announces blocks, whatever its settings say by now. One that is too old to tell,
// or may not, is believed its settings.
func (k *Kubo) providing(ctx context.Context) (bool, error) {
	c := &call{op: "ask storage whether it tells what it has", command: "provide/stat", limit: k.patience.quick}
	err := k.do(ctx, c, func(r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		return err
	})
	if _, said := errors.AsType[*answerError](err); said {
		return false, nil // Kubo's answer where nothing provides
	}
	return err == nil, err
}

// knock sends one request and returns the status and the date of the answer.
func (k *Kubo) knock(ctx context.Context, method, path string, key bool) (status int, date string, err error) {
	const op = "look at the storage from outside"
	ctx, cancel := context.WithTimeout(ctx, examinePatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(k.at.String(), "/")+path, nil)
	if err != nil {
		return 0, "", fmt.Errorf("%s: %w", op, err)
	}
	req.Header.Set("User-Agent", "roost")
	if auth := k.auth(); key && auth != "" {
		req.Header.Set("Authorization", auth)
	}
	resp, err := k.base.RoundTrip(req) // which follows nobody elsewhere
	if err != nil {
		return 0, "", fmt.Errorf("%s: %w", op, explain(ctx, ctx, &wireError{err}))
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Date"), nil
}

// place is what an examination needs to know of how a client was made.
type place struct {
	at    *url.URL
	proof string        // see Examination.Secure
	auth  func() string // Authorization header of the moment; "": none
	base  *http.Transport
}
