package syncer

import "time"

// holdOn says why the automatic work of a folder waits, and until when; nil when it does not.
func (k *keeper) holdOn(f *keeping, c config, now time.Time) *Problem {
	if from, to, ok := c.daily("quiet-hours"); ok {
		if until := quietUntil(now, from, to); !until.IsZero() {
			return &Problem{
				Code: "quiet_hours", Severity: info, Title: "These are quiet hours",
				Text: "New changes wait until " + until.Format("15:04") + "; saved files are safe.", Action: "Back up now, or change the hours", Until: until,
			}
		}
	}
	if p := k.e.budgetHold(c, f.config.Low, now); p != nil {
		return p
	}
	return nil
}
