package syncer

import (
	"slices"
	"time"

	"roost/syncer/host"
)

// gentleEvery is the least time between two passes where the computer should be spared.
const gentleEvery = 10 * time.Minute

// Why automatic work waits.
const (
	holdQuiet   = "quiet_hours"
	holdMetered = "metered"
	holdBattery = "on_battery"
	holdBudget  = "data_budget"
)

// scarce is something of this computer that may have to be spared.
type scarce struct {
	is          host.Answer // whether it is so now
	key         string      // the setting that says what is done then
	code, title string
	waits       string // what is said when everything waits for the end of it
}

func scarceOn(h host.Facts) []scarce {
	return []scarce{
		{h.Metered, "on-metered", holdMetered, "This network is paid by use", "New changes wait for another network; saved files are safe."},
		{h.OnBattery, "on-battery", holdBattery, "This computer runs on its battery", "New changes wait until it is plugged in; saved files are safe."},
	}
}

// holdOn says why the automatic work of a folder waits, and until when; nil when it does not. Called with the keeper's
// lock.
func (k *keeper) holdOn(f *keeping, c config, now time.Time) *Problem {
	if p := k.holdAll(c, now); p != nil {
		return p
	}
	for _, x := range scarceOn(k.computer) {
		if until := f.last.Add(gentleEvery); x.is == host.Yes && c.value(x.key) == "gentle" && until.After(now) && !f.whole.IsZero() {
			return holding(x.code, x.title, "New changes are saved every 10 minutes; saved files are safe.", "Back up now, or change the setting", until)
		}
	}
	if p := k.e.budgetHold(c, f.config.Low, now); p != nil {
		return p
	}
	return k.roomHold(c, f.config.Low, now)
}

// holdAll says why all automatic work waits, that of every folder and what concerns none, and until when; nil when it does
// not. A pause is told from it. Called with the keeper's lock.
func (k *keeper) holdAll(c config, now time.Time) *Problem {
	if from, to, ok := c.daily("quiet-hours"); ok {
		if until := quietUntil(now, from, to); !until.IsZero() {
			return holding(holdQuiet, "These are quiet hours", "New changes wait until "+until.Format("15:04")+"; saved files are safe.",
				"Back up now, or change the hours", until)
		}
	}
	for _, x := range scarceOn(k.computer) {
		if x.is == host.Yes && c.value(x.key) == "wait" {
			return holding(x.code, x.title, x.waits, "Back up now, or change the setting", now.Add(clockEvery))
		}
	}
	return nil
}

// rests tells whether automatic work that may as well be done later has to wait: what proves and tidies the storages goes
// by what a person chose for the backup, and does nothing where that is gentle. Called with the keeper's lock.
func (k *keeper) rests(c config, now time.Time) bool {
	return c.Paused.After(now) || k.holdAll(c, now) != nil ||
		slices.ContainsFunc(scarceOn(k.computer), func(x scarce) bool { return x.is == host.Yes && c.value(x.key) != "normal" })
}

func holding(code, title, text, action string, until time.Time) *Problem {
	return &Problem{Code: code, Severity: info, Title: title, Text: text, Action: action, Until: until}
}
