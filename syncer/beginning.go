package syncer

import (
	"context"
	"fmt"
	"time"

	"roost/vault/format"
)

// Beginning is how far a person has come with setting this home up. It tells the window where to go on; a home that was
// set up on the command line has the zero value.
type Beginning struct {
	Recovered bool      `json:"recovered,omitempty"` // made from recovery words
	Finished  bool      `json:"finished,omitempty"`  // a person went through all of it
	Asked     time.Time `json:"asked,omitzero"`      // when the words were first asked for; zero: never, so they are not due
	Checked   time.Time `json:"checked,omitzero"`    // when a person last proved to have them; zero: never
	Checks    int       `json:"checks,omitempty"`    // how often they did
}

// checkedAgain is when the recovery words are asked for again, after the first, the second and every further check.
var checkedAgain = []time.Duration{7 * day, 90 * day, 365 * day}

const day = 24 * time.Hour

// WordsDue is when a person should prove again to have the recovery words; zero: they need not.
func (b Beginning) WordsDue() time.Time {
	switch {
	case b.Asked.IsZero():
		return time.Time{}
	case b.Checks == 0:
		return b.Asked
	}
	return b.Checked.Add(checkedAgain[min(b.Checks, len(checkedAgain))-1])
}

// BeginningOf reads how far the setting up of a home is, without its key. folders is how many are kept.
// Errors: ErrNoSetup, and those of damaged settings.
func BeginningOf(dir string) (b Beginning, folders int, err error) {
	h, err := openHome(dir)
	if err != nil {
		return b, 0, err
	}
	return h.cfg.Beginning, len(h.cfg.Folders), nil
}

// NoteWords writes down that the recovery words were asked for, and whether the person had them.
func (e *Engine) NoteWords(_ context.Context, had bool) error {
	now := time.Now()
	return e.changed(func(c *config) error {
		if c.Beginning.Asked.IsZero() {
			c.Beginning.Asked = now
		}
		if had {
			c.Beginning.Checked = now
			c.Beginning.Checks++
		}
		return nil
	})
}

// FinishBeginning writes down that a person went through all of the setting up, or needs no more of it.
func (e *Engine) FinishBeginning(context.Context) error {
	return e.changed(func(c *config) error {
		c.Beginning.Finished = true
		return nil
	})
}

// WordList is what recovery words are made of, in alphabetical order.
func WordList() []string { return format.WordList() }

// SpellWords tells whether text holds recovery words that belong together, of whichever backup. Describe says in words
// what is wrong.
func SpellWords(text string) error {
	if _, err := format.EntropyFromWords(text); err != nil {
		return fmt.Errorf("read the recovery words: %w", err)
	}
	return nil
}
