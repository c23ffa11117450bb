package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"roost/vault/node"
)

// mostApart is how far two clocks may differ before a version's time misleads a person.
const mostApart = 5 * time.Minute

// testedKubo is the oldest that the tests run against.
var testedKubo = [2]int{0, 43}

// examine adds what can be seen of a storage beside whether it works: how it is reached, and who else can.
func (e *Engine) examine(ctx context.Context, c connection, info node.Info, used int64, add func(name, good string, err error) bool) {
	k, ok := c.node.(interface { // a Kubo, or a cluster's
		Examine(ctx context.Context) (node.Examination, error)
	})
	if !ok || c.managed != nil { // our own: Roost keeps it as it should be
		return
	}
	x, err := k.Examine(ctx)
	if err != nil {
		add("outside", "", err)
		return
	}
	add("encrypted", wayWords(x), nil)
	if len(x.Exposed) > 0 {
		err = fmt.Errorf("%w: %s", node.ErrExposed, strings.Join(x.Exposed, ", "))
	}
	add("closed", closedWords(x), err)
	add("key", keyWords(x), nil)
	if x.Everything {
		add("silent", "It tells nobody which blocks it has.", announces(x))
		err = nil
		if x.CleansAt > 0 && used >= x.CleansAt {
			err = fmt.Errorf("%w: it cleans up from %s on, and holds %s", node.ErrCleans, formatSize(x.CleansAt), formatSize(used))
		}
		add("cleaning", cleaningWords(x), err)
	}
	err = nil
	if x.Clock.Abs() > mostApart {
		err = fmt.Errorf("%w: by %s", node.ErrClock, x.Clock.Abs().Round(time.Second))
	}
	add("clock", "Its clock agrees with this computer's.", err)
	add("version", versionWords(info.Version), nil)
}

func wayWords(x node.Examination) string {
	switch {
	case x.Secure == "pinned":
		return "The connection is encrypted, and it is the storage of the connection code."
	case x.Secure == "public":
		return "The connection is encrypted, and its certificate is publicly trusted."
	case x.Local:
		return "The connection does not leave this computer."
	}
	return "The connection is not encrypted, as was allowed. Your files are, but who listens can take the storage's key."
}

func closedWords(x node.Examination) string {
	if x.Local {
		return "Only this computer reaches it at this address."
	}
	return "Nobody gets in without a key."
}

func keyWords(x node.Examination) string {
	if x.Everything {
		return "This computer's key opens everything there, which is more than Roost needs."
	}
	return "This computer's key opens what Roost needs, and not the storage's settings."
}

// announces is what a storage tells a public network, as an error; nil: nothing.
func announces(x node.Examination) error {
	switch {
	case x.Announces:
		return fmt.Errorf("%w: %q, run on its computer, turns that off", node.ErrAnnounces, node.SilenceLine)
	case x.StillTells:
		return node.ErrStillAnnounces
	}
	return nil
}

// silence has a storage tell nobody which blocks it has. Errors: ErrUsage where it is none that could be told.
func (e *Engine) silence(ctx context.Context, nc nodeConfig) error {
	c, err := e.reach(ctx, nc)
	if err != nil {
		return err
	}
	k, ok := c.node.(*node.Kubo)
	if !ok || c.managed != nil {
		return fmt.Errorf("%w: there is nothing that Roost could do by itself", ErrUsage)
	}
	if err = k.Silence(ctx); errors.Is(err, node.ErrAnnounces) { // a person has to
		return fmt.Errorf("%w; %q, run on its computer, does", err, node.SilenceLine)
	}
	return err
}

func cleaningWords(x node.Examination) string {
	if x.CleansAt == 0 {
		return "It deletes nothing by itself before it is asked to."
	}
	return "Its own limit leaves space."
}

func versionWords(version string) string {
	switch older, known := olderThan(testedKubo, version); {
	case !known:
		return "Its version is not known."
	case older:
		return "Its program is older than the one that Roost is tested with. An update is a good idea."
	}
	return "Its program is as new as it has to be."
}

// olderThan tells whether a version, "0.43.1", is older than the tested one; not known: it is no version.
func olderThan(tested [2]int, version string) (older, known bool) {
	var have [2]int
	if _, err := fmt.Sscanf(version, "%d.%d", &have[0], &have[1]); err != nil {
		return false, false
	}
	return slices.Compare(have[:], tested[:]) < 0, true
}
