package syncer

import (
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

// holdOn says why the automatic work of a folder waits, and until when; nil when it does not. Called with the keeper's
// lock.
func (k *keeper) holdOn(f *keeping, c config, now time.Time) *Problem {
	if from, to, ok := c.daily("quiet-hours"); ok {
		if until := quietUntil(now, from, to); !until.IsZero() {
			return holding(holdQuiet, "These are quiet hours", "New changes wait until "+until.Format("15:04")+"; saved files are safe.",
				"Back up now, or change the hours", until)
		}
	}
	for _, x := range []struct {
		asks                       host.Answer
		key, code, title, waitText string
	}{
		{k.computer.Metered, "on-metered", holdMetered, "This network is paid by use", "New changes wait for another network; saved files are safe."},
		{k.computer.OnBattery, "on-battery", holdBattery, "This computer runs on its battery", "New changes wait until it is plugged in; saved files are safe."},
	} {
		if x.asks != host.Yes {
			continue
		}
		switch c.value(x.key) {
		case "wait":
			return holding(x.code, x.title, x.waitText, "Back up now, or change the setting", now.Add(clockEvery))
		case "gentle":
			if until := f.last.Add(gentleEvery); until.After(now) && !f.whole.IsZero() {
				return holding(x.code, x.title, "New changes are saved every 10 minutes; saved files are safe.", "Back up now, or change the setting", until)
			}
		}
	}
	if p := k.e.budgetHold(c, f.config.Low, now); p != nil {
		return p
	}
	return k.roomHold(c, f.config.Low, now)
}

func holding(code, title, text, action string, until time.Time) *Problem {
	return &Problem{Code: code, Severity: info, Title: title, Text: text, Action: action, Until: until}
}
